use crate::kit::ApiResult;
use crate::kit::time::{millis, opt_millis};
use crate::platform::decision::view_decision;
use serde::Serialize;
use serde_json::{Map, Value};
use stepwright_app::usecases::Access;
use stepwright_app::{App, NodeProfile, Profile};
use stepwright_engine::{Definition, Node, NodeKind, OnFailure, RawJson, StepRef, Timestamp, Trigger};
use utoipa::ToSchema;

/// A definition's current version.
#[derive(Serialize, ToSchema)]
#[schema(as = Definition)]
pub struct DefinitionView {
    id: String,
    version: u32,
    dialect: &'static str,
    name: String,
    description: Option<String>,
    icon: Option<String>,
    category: Option<String>,
    /// The schema of the entities it runs on; null means any.
    entity_type: Option<String>,
    /// At most one execution at a time for one entity.
    singleton: bool,
    metadata: Option<Value>,
    /// `draft`, `active`, `paused` or `inactive`.
    status: &'static str,
    trigger: TriggerView,
    /// The zone its days are reckoned in; null means the tenant's.
    timezone: Option<String>,
    /// `pause`, `stop` or `continue`.
    on_failure: &'static str,
    /// What nodes without a number of their own get.
    max_retries: u32,
    nodes: Vec<NodeView>,
    edges: Vec<EdgeView>,
    /// The next tick of an active schedule.
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    next_run_at: Option<Timestamp>,
    /// When the newest execution was created; only for schedules.
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last_run_at: Option<Timestamp>,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// What starts executions.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = DefinitionTrigger)]
enum TriggerView {
    Manual,
    Schedule { cron: String, timezone: Option<String> },
    Event { event: String, conditions: Map<String, Value> },
}

/// A node.
#[derive(Serialize, ToSchema)]
#[schema(as = DefinitionNode)]
struct NodeView {
    id: String,
    name: String,
    /// `manual`, `step` or `decision`.
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    step_type: Option<String>,
    /// As the plugin has normalised it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    config: Option<RawJson>,
    max_retries: u32,
    #[serde(flatten)]
    #[schema(value_type = Object)]
    profile: NodeProfile,
}

/// `to` starts after `from` has ended well.
#[derive(Serialize, ToSchema)]
#[schema(as = DefinitionEdge)]
struct EdgeView {
    from: String,
    to: String,
    /// Of the decision it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
}

/// Views of several definitions, with the state of their schedules.
///
/// # Errors
/// The application's.
pub async fn view_definitions(app: &App, access: &Access, list: &[Definition]) -> ApiResult<Vec<DefinitionView>> {
    let scheduled: Vec<_> =
        list.iter().filter(|d| matches!(d.trigger, Trigger::Schedule { .. })).map(|d| d.id).collect();
    let states = if scheduled.is_empty() { Vec::new() } else { app.schedule_states(access, &scheduled).await? };
    let state_of = |definition: &Definition| {
        let place = scheduled.iter().position(|id| *id == definition.id)?;
        states.get(place).copied()
    };
    Ok(list.iter().map(|d| view_one(app, d, state_of(d).unwrap_or_default())).collect())
}

/// View of one definition, with the state of its schedule.
///
/// # Errors
/// The application's.
pub async fn view_definition(app: &App, access: &Access, definition: &Definition) -> ApiResult<DefinitionView> {
    let state = match definition.trigger {
        Trigger::Schedule { .. } => app.schedule_states(access, &[definition.id]).await?.first().copied(),
        Trigger::Manual | Trigger::Event { .. } => None,
    };
    Ok(view_one(app, definition, state.unwrap_or_default()))
}

/// What a definition names the step by: the bare id for a built-in, else `<plugin>/<step>`.
pub fn step_type_of(app: &App, step: &StepRef) -> String {
    if app.builtins().iter().any(|b| b.info.name == step.plugin) {
        step.step.clone()
    } else {
        format!("{}/{}", step.plugin, step.step)
    }
}

fn view_one(
    app: &App,
    definition: &Definition,
    (next_run_at, last_run_at): (Option<Timestamp>, Option<Timestamp>),
) -> DefinitionView {
    let mut profile = Profile::of(definition);
    let node = |node: &Node| {
        let (kind, step_type, config) = match &node.kind {
            NodeKind::Manual => ("manual", None, None),
            NodeKind::Step { step, config } => ("step", Some(step_type_of(app, step)), Some(config.clone())),
            NodeKind::Decision(decision) => ("decision", None, Some(RawJson::from(view_decision(decision)))),
        };
        NodeView {
            id: node.id.to_string(),
            name: node.name.clone(),
            kind,
            step_type,
            config,
            max_retries: node.retry.max_retries,
            profile: profile.nodes.remove(node.id.as_str()).unwrap_or_default(),
        }
    };
    let nodes = definition.graph.nodes.iter().map(node).collect();
    DefinitionView {
        id: definition.id.to_string(),
        version: definition.version,
        dialect: definition.dialect.as_str(),
        name: definition.name.clone(),
        description: definition.description.clone(),
        icon: profile.icon,
        category: profile.category,
        entity_type: profile.entity_type,
        singleton: profile.singleton,
        metadata: profile.metadata,
        status: definition.status.as_str(),
        trigger: match &definition.trigger {
            Trigger::Manual => TriggerView::Manual,
            Trigger::Schedule { cron } => {
                TriggerView::Schedule { cron: cron.clone(), timezone: definition.timezone.clone() }
            }
            Trigger::Event { event } => {
                TriggerView::Event { event: event.clone(), conditions: profile.trigger_conditions }
            }
        },
        timezone: definition.timezone.clone(),
        on_failure: match definition.on_failure {
            OnFailure::Pause => "pause",
            OnFailure::Stop => "stop",
            OnFailure::Continue => "continue",
        },
        max_retries: profile.max_retries,
        nodes,
        edges: definition
            .graph
            .edges
            .iter()
            .map(|e| EdgeView { from: e.from.to_string(), to: e.to.to_string(), branch: e.branch.clone() })
            .collect(),
        next_run_at,
        last_run_at,
        created_at: definition.created_at,
        updated_at: definition.updated_at,
    }
}
