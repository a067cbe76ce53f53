//! Fixtures: the eight step types as their plugins describe them, definitions and executions of this dialect.

mod bodies;
mod projection;
mod updates;
mod webhooks;

use super::{Catalog, Faults, Spec};
use crate::kit::fields::field_name;
use serde_json::{Value, json};
use stepwright_app::usecases::{DefinitionDraft, NodeDraftKind};
use stepwright_app::{StepCategory, StepDescriptor};
use stepwright_engine::{
    Actor, Command, Definition, DefinitionId, Env, Execution, ExecutionId, ExecutionKind, Fault, Graph, Metering, Node,
    NodeId, NodeKind, Outcome, RawJson, RetryPolicy, Start, StepRef, TaskId, TenantId, Timestamp, Transition,
    TriggerInfo, apply, start,
};
use uuid::Uuid;

/// 2026-11-22T09:00:00Z.
pub(super) const NINE: Timestamp = Timestamp::from_secs(1_795_338_000);

/// A host's built-ins: the eight, and one of another API.
pub(super) fn builtins() -> Vec<StepDescriptor> {
    use StepCategory::{Action, Delivery, Integration, Summary};
    [
        ("trigger-webhook", Integration),
        ("payments_summary", Summary),
        ("invoicing_ar_summary", Summary),
        ("forms_submission_digest", Summary),
        ("mark_invoices_overdue", Action),
        ("generate_recurring_invoice", Action),
        ("send_invoice_reminder", Action),
        ("create_notification", Delivery),
        ("send_email", Delivery),
    ]
    .into_iter()
    .map(|(id, category)| StepDescriptor {
        id: id.into(),
        title: id.replace('_', " "),
        description: format!("What {id} does."),
        category,
        config_schema: RawJson::from(json!({ "type": "object" })),
        output_schema: None,
        requires_delivery: category == Summary,
        delivers: category == Delivery,
    })
    .collect()
}

/// What a create body states, and its faults as `(field, message)`.
pub(super) fn created(body: &Value) -> (Spec, Vec<(String, String)>) {
    let builtins = builtins();
    let (spec, faults) = super::create(body, &Catalog::pick(builtins.iter())).unwrap();
    (spec, listed(faults))
}

/// What an update body states, and its faults as `(field, message)`.
pub(super) fn updated(current: &Definition, body: &Value) -> (Spec, Vec<(String, String)>) {
    let builtins = builtins();
    let (spec, faults) = super::update(current, body, &Catalog::pick(builtins.iter())).unwrap();
    (spec, listed(faults))
}

fn listed(faults: Faults) -> Vec<(String, String)> {
    faults.into_vec().into_iter().map(|f| (field_name(&f.pointer), f.message)).collect()
}

/// The definition the application makes of a legal body.
pub(super) fn definition(body: &Value) -> Definition {
    let (spec, faults) = created(body);
    assert_eq!(faults, [], "the fixture is legal");
    saved(spec.draft(&Catalog::pick(builtins().iter())))
}

fn saved(draft: DefinitionDraft) -> Definition {
    let nodes = draft.nodes.into_iter().map(|node| {
        let NodeDraftKind::Step { step_type, config } = node.kind else { panic!("a node that is no step") };
        let step = StepRef { plugin: "invoicing".into(), step: step_type, version: None };
        let kind = NodeKind::Step { step, config };
        Node { id: NodeId::new(node.id), name: node.name, kind, retry: RetryPolicy::times(node.max_retries) }
    });
    Definition {
        id: DefinitionId::from_uuid(Uuid::from_u128(1)),
        tenant_id: TenantId::from_uuid(Uuid::from_u128(2)),
        dialect: draft.dialect,
        version: 1,
        name: draft.name,
        description: draft.description,
        status: draft.status,
        trigger: draft.trigger,
        timezone: draft.timezone,
        graph: Graph { nodes: nodes.collect(), edges: draft.edges },
        on_failure: draft.on_failure,
        presentation: draft.presentation,
        created_at: NINE,
        updated_at: NINE,
    }
}

/// A workflow of two steps.
pub(super) fn two_steps() -> Definition {
    definition(&json!({
        "name": "Weekly payments",
        "schedule": "0 9 * * 1",
        "steps": [
            { "step_type": "payments_summary", "step_config": { "date_range": "last_week" } },
            { "step_type": "send_email", "step_config": { "to": "boss@example.com", "subject": "Payments" } },
        ],
    }))
}

/// A run in the making; every command takes place one second after the one before.
pub(super) struct Running {
    pub definition: Definition,
    pub execution: Execution,
    pub last: Vec<stepwright_engine::HistoryEvent>,
    now: Timestamp,
}

impl Running {
    /// A run that has just been queued at nine.
    pub(super) fn queued(definition: Definition, trigger: TriggerInfo) -> Self {
        let args = Start {
            id: ExecutionId::from_uuid(Uuid::from_u128(3)),
            instance_id: None,
            kind: ExecutionKind::Run,
            title: definition.name.clone(),
            trigger,
            input: RawJson::empty_object(),
            entity: None,
            pins: std::collections::BTreeMap::new(),
        };
        let Transition { next, events } = start(&definition, args, &env(NINE));
        Self { definition, execution: next, last: events, now: NINE }
    }

    /// Lets `command` happen.
    #[must_use]
    pub(super) fn then(mut self, command: Command) -> Self {
        self.now = self.now + std::time::Duration::from_secs(1);
        let Transition { next, events } = apply(&self.definition, self.execution, command, &env(self.now)).unwrap();
        Self { execution: next, last: events, ..self }
    }

    /// Lets the first attempt of a step end.
    #[must_use]
    pub(super) fn finish(self, task: u32, outcome: Outcome) -> Self {
        let metering = Metering::default();
        self.then(Command::InvocationFinished { task: TaskId(task), attempt: 1, outcome, metering })
    }
}

fn env(now: Timestamp) -> Env {
    Env { now, actor: Actor::System, jitter: 0.0 }
}

/// A step's good end.
pub(super) fn done(output: Value) -> Outcome {
    Outcome::Completed { output: RawJson::from(output), entity_refs: Vec::new() }
}

/// A step's bad end.
pub(super) fn refused() -> Outcome {
    Outcome::Failed(Fault::permanent("SMTP_550", "mailbox unavailable"))
}
