//! A workflow as its author states it, and the definition it is kept as.

use super::Catalog;
use crate::softsolz::wire::{TriggerType, Visibility, WorkflowStatus, WorkflowStep};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stepwright_app::usecases::{DefinitionDraft, NodeDraft, NodeDraftKind};
use stepwright_engine::{
    Definition, DefinitionStatus, Dialect, Edge, Node, NodeId, NodeKind, OnFailure, RawJson, Trigger,
};

/// All members of a workflow that an author sets.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::softsolz) struct Spec {
    /// Trimmed.
    pub name: String,
    pub description: Option<String>,
    pub trigger_type: TriggerType,
    pub cron_expression: Option<String>,
    pub timezone: String,
    pub status: WorkflowStatus,
    pub visibility: Visibility,
    pub shared_user_ids: Vec<Value>,
    pub shared_role_ids: Vec<Value>,
    pub steps: Vec<WorkflowStep>,
}

/// What the core does not look into.
#[derive(Serialize, Deserialize)]
struct Presentation {
    visibility: Visibility,
    #[serde(default)]
    shared_user_ids: Vec<Value>,
    #[serde(default)]
    shared_role_ids: Vec<Value>,
    /// As the author wrote them; the nodes hold them with the defaults of the step filled in.
    #[serde(default)]
    step_configs: Vec<Value>,
}

impl Default for Presentation {
    fn default() -> Self {
        Self {
            visibility: Visibility::Tenant,
            shared_user_ids: Vec::new(),
            shared_role_ids: Vec::new(),
            step_configs: Vec::new(),
        }
    }
}

impl Spec {
    /// What a workflow is where its author says nothing.
    pub(super) fn unstated() -> Self {
        let Presentation { visibility, shared_user_ids, shared_role_ids, .. } = Presentation::default();
        Self {
            name: String::new(),
            description: None,
            trigger_type: TriggerType::Schedule,
            cron_expression: None,
            timezone: "UTC".into(),
            status: WorkflowStatus::Active,
            visibility,
            shared_user_ids,
            shared_role_ids,
            steps: Vec::new(),
        }
    }

    /// What the author of a stored workflow has stated.
    pub(super) fn of(definition: &Definition) -> Self {
        let Presentation { visibility, shared_user_ids, shared_role_ids, mut step_configs } =
            definition.presentation.read().unwrap_or_default();
        let (trigger_type, cron_expression) = match &definition.trigger {
            Trigger::Schedule { cron } => (TriggerType::Schedule, Some(cron.clone())),
            Trigger::Manual | Trigger::Event { .. } => (TriggerType::Manual, None),
        };
        let steps = definition
            .graph
            .nodes
            .iter()
            .enumerate()
            .map(|(i, node)| WorkflowStep {
                step_type: step_type(node).to_owned(),
                step_config: step_configs.get_mut(i).map_or_else(|| config(node), Value::take),
            })
            .collect();
        Self {
            name: definition.name.clone(),
            description: definition.description.clone(),
            trigger_type,
            cron_expression,
            timezone: definition.timezone.clone().unwrap_or_else(|| "UTC".into()),
            status: match definition.status {
                DefinitionStatus::Active => WorkflowStatus::Active,
                DefinitionStatus::Draft | DefinitionStatus::Paused | DefinitionStatus::Inactive => {
                    WorkflowStatus::Paused
                }
            },
            visibility,
            shared_user_ids,
            shared_role_ids,
            steps,
        }
    }

    /// The definition to be checked and saved. Steps the catalogue does not know become manual nodes: such a draft is
    /// only ever checked, and the other steps keep their places in it.
    pub(in crate::softsolz) fn draft(&self, catalog: &Catalog<'_>) -> DefinitionDraft {
        let nodes: Vec<NodeDraft> = self
            .steps
            .iter()
            .take(super::rules::MAX_STEPS)
            .enumerate()
            .map(|(i, step)| NodeDraft {
                id: format!("step-{i}"),
                name: step.step_type.clone(),
                kind: if catalog.get(&step.step_type).is_some() {
                    let config = RawJson::from(&step.step_config);
                    NodeDraftKind::Step { step_type: step.step_type.clone(), config }
                } else {
                    NodeDraftKind::Manual
                },
                max_retries: 0,
            })
            .collect();
        let edges =
            nodes.windows(2).map(|pair| Edge::plain(NodeId::new(&pair[0].id), NodeId::new(&pair[1].id))).collect();
        let presentation = Presentation {
            visibility: self.visibility,
            shared_user_ids: self.shared_user_ids.clone(),
            shared_role_ids: self.shared_role_ids.clone(),
            step_configs: self.steps.iter().map(|s| s.step_config.clone()).collect(),
        };
        DefinitionDraft {
            dialect: Dialect::Softsolz,
            name: self.name.clone(),
            description: self.description.clone(),
            status: match self.status {
                WorkflowStatus::Active => DefinitionStatus::Active,
                WorkflowStatus::Paused => DefinitionStatus::Paused,
            },
            trigger: match &self.cron_expression {
                Some(cron) if self.trigger_type == TriggerType::Schedule => Trigger::Schedule { cron: cron.clone() },
                _ => Trigger::Manual,
            },
            timezone: Some(self.timezone.clone()),
            nodes,
            edges,
            on_failure: OnFailure::Stop,
            presentation: RawJson::of(&presentation).unwrap_or_default(),
        }
    }
}

/// The core's names of what [`Spec::of`] shows as `status`.
pub(in crate::softsolz) fn core_definition_statuses(status: WorkflowStatus) -> Vec<String> {
    use DefinitionStatus::{Active, Draft, Inactive, Paused};
    let statuses: &[DefinitionStatus] = match status {
        WorkflowStatus::Active => &[Active],
        WorkflowStatus::Paused => &[Paused, Draft, Inactive],
    };
    statuses.iter().map(|status| status.as_str().to_owned()).collect()
}

/// The step type of a node; every node of this dialect is a step.
pub(super) fn step_type(node: &Node) -> &str {
    match &node.kind {
        NodeKind::Step { step, .. } => &step.step,
        NodeKind::Manual => "manual",
        NodeKind::Decision(_) => "decision",
    }
}

fn config(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Step { config, .. } => config.to_value(),
        NodeKind::Manual | NodeKind::Decision(_) => json!({}),
    }
}
