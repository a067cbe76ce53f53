//! A flow as an execution: what the core shows of it, and its history among everybody's.
//!
//! The execution around a flow keeps the flow as its whole state, and follows it: status, title, entity and pins are
//! the flow's, numbers of versions and events are shared.

use crate::flow::{self, Flow, FlowEvent, FlowHistory, FlowStatus, SyncEvent};
use crate::{
    DefinitionId, Dialect, EventKind, Execution, ExecutionId, ExecutionKind, ExecutionStatus, HistoryEvent, RawJson,
    TenantId, Timestamp, Transition, TriggerInfo,
};
use std::collections::BTreeMap;

/// What the execution around a new flow is made of, besides the flow.
#[derive(Clone, Debug)]
pub struct NewExecution {
    pub id: ExecutionId,
    pub tenant_id: TenantId,
    /// The definition that holds the template.
    pub definition_id: DefinitionId,
    pub definition_version: u32,
    pub trigger: TriggerInfo,
}

impl Execution {
    /// The execution around a flow that has just been started, at version 1.
    pub fn of_flow(new: NewExecution, started: flow::Transition) -> Transition {
        let flow::Transition { next: flow, events, effects: _ } = started;
        let execution = Self { started_at: Some(flow.started_at), ..shell(new, flow.created_at) };
        execution.around(flow, events)
    }

    /// The execution after its flow has moved on.
    pub fn moved(&self, moved: flow::Transition) -> Transition {
        let flow::Transition { next: flow, events, effects: _ } = moved;
        // Without the old flow, which would be copied for nothing.
        let new = NewExecution {
            id: self.id,
            tenant_id: self.tenant_id,
            definition_id: self.definition_id,
            definition_version: self.definition_version,
            trigger: self.trigger.clone(),
        };
        let execution = Self {
            status: self.status.clone(),
            started_at: self.started_at,
            version: self.version,
            ..shell(new, self.created_at)
        };
        execution.around(flow, events)
    }

    fn around(mut self, mut flow: Flow, events: Vec<FlowHistory>) -> Transition {
        let before = self.status.name();
        self.status = flow.core_status();
        self.title.clone_from(&flow.name);
        self.entity = flow.primary();
        self.pins.clone_from(&flow.pins);
        self.version += 1;
        // Claims move an execution's version on without touching the flow.
        flow.version = self.version;
        self.history_seq = flow.history_seq;
        self.flow = Some(Box::new(flow));
        let after = self.status.name();
        let events = events.into_iter().map(|event| line(event, before, after)).collect();
        Transition { next: self, events }
    }
}

/// An execution with no flow in it yet; what it shows is the flow's.
fn shell(new: NewExecution, created_at: Timestamp) -> Execution {
    Execution {
        id: new.id,
        tenant_id: new.tenant_id,
        instance_id: None,
        definition_id: new.definition_id,
        definition_version: new.definition_version,
        dialect: Dialect::Epilot,
        kind: ExecutionKind::Flow,
        title: String::new(),
        status: ExecutionStatus::Pending,
        trigger: new.trigger,
        input: RawJson::empty_object(),
        entity: None,
        pins: BTreeMap::new(),
        tasks: Vec::new(),
        last_completed: None,
        flow: None,
        record: None,
        lone: None,
        created_at,
        started_at: None,
        history_seq: 0,
        version: 0,
    }
}

impl Flow {
    /// The core status (source: contracts/core-model.md 3.2). A flow that is over but still has something running
    /// counts as running: it needs a worker.
    pub fn core_status(&self) -> ExecutionStatus {
        if self.work().next().is_some() || self.next_due().is_some() {
            return ExecutionStatus::Running;
        }
        match (&self.status, self.deleted_at) {
            (FlowStatus::Started, None) => ExecutionStatus::Running,
            (FlowStatus::Started, Some(at)) => ExecutionStatus::Cancelled { at, reason: Some("deleted".into()) },
            (FlowStatus::Done { at }, _) => ExecutionStatus::Completed { at: *at },
            (FlowStatus::Closed { at, .. }, _) => {
                ExecutionStatus::Cancelled { at: *at, reason: self.closing.extra_description.clone() }
            }
        }
    }
}

/// A line of a flow's history as the execution tells it. What the core knows itself goes by the core's name; the
/// particulars are the flow's in any case.
fn line(event: FlowHistory, before: &'static str, after: &'static str) -> HistoryEvent {
    let mut detail = serde_json::json!({ "event": event.event, "from": event.from, "to": event.to });
    if let Some(task) = &event.task {
        detail["task"] = task.as_str().into();
    }
    if let Some(phase) = &event.phase {
        detail["phase"] = phase.as_str().into();
    }
    if let Some(particulars) = &event.detail {
        detail["detail"] = particulars.to_value();
    }
    HistoryEvent {
        seq: event.seq,
        at: event.at,
        actor: event.actor,
        kind: kind_of(event.event),
        task: None,
        from: before.into(),
        to: after.into(),
        detail: Some(RawJson::from(detail)),
    }
}

const fn kind_of(event: FlowEvent) -> EventKind {
    match event {
        FlowEvent::Sync(SyncEvent::FlowStarted) => EventKind::ExecutionStarted,
        FlowEvent::Sync(SyncEvent::FlowCompleted) => EventKind::ExecutionCompleted,
        FlowEvent::Sync(SyncEvent::FlowCancelled) => EventKind::ExecutionCancelled,
        FlowEvent::Sync(SyncEvent::FlowReopened) => EventKind::ExecutionResumed,
        _ => EventKind::FlowChanged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Actor;
    use crate::flow::{
        Command, Context, Entities, Env, FlowPatch, FlowTrigger, Ids, StartFlow, StatusName, TaskPatch, TaskStatus,
        Template, TriggerType,
    };
    use serde_json::json;
    use std::cell::Cell;

    struct Counter(Cell<u32>);

    impl Ids for Counter {
        fn fresh(&self) -> String {
            self.0.set(self.0.get() + 1);
            format!("id{:06}", self.0.get())
        }
    }

    fn with_env<T>(secs: i64, act: impl FnOnce(&Env<'_>) -> T) -> T {
        let (ids, entities) = (Counter(Cell::new(secs as u32 * 100)), Entities::new());
        let now = Timestamp::from_secs(secs);
        act(&Env { now, actor: &Actor::System, jitter: 0.5, ids: &ids, entities: &entities })
    }

    fn started(kind: serde_json::Value) -> Transition {
        let mut task = json!({ "id": "a", "name": "a" });
        task.as_object_mut().unwrap().extend(kind.as_object().unwrap().clone());
        let template: Template =
            serde_json::from_value(json!({ "name": "test", "tasks": [task], "edges": [] })).unwrap();
        let args = StartFlow {
            id: "flow0001".into(),
            flow_template_id: "template".into(),
            contexts: vec![Context {
                entity_id: "c1".into(),
                entity_schema: "contract".into(),
                is_primary: true,
                title: None,
            }],
            about_nothing: false,
            trigger: FlowTrigger { kind: TriggerType::Manual, automation_config: None, diff: None },
            purposes: Vec::new(),
            chain: None,
            configured_reasons: Vec::new(),
            assigned_to: Vec::new(),
            pins: [("conditions".to_owned(), "ab".to_owned())].into(),
        };
        let new = NewExecution {
            id: ExecutionId::from_uuid(uuid::Uuid::from_u128(1)),
            tenant_id: TenantId::from_uuid(uuid::Uuid::from_u128(2)),
            definition_id: DefinitionId::from_uuid(uuid::Uuid::from_u128(3)),
            definition_version: 4,
            trigger: TriggerInfo::manual(),
        };
        Execution::of_flow(new, with_env(1, |env| flow::start(&template, args, env)).unwrap())
    }

    fn manual() -> Transition {
        started(json!({ "task_type": "MANUAL" }))
    }

    fn automation() -> Transition {
        started(json!({ "task_type": "AUTOMATION", "automation_config": { "flow_id": "greet" } }))
    }

    fn apply(execution: &Execution, secs: i64, command: Command) -> Transition {
        let flow = execution.flow.as_deref().unwrap();
        execution.moved(with_env(secs, |env| flow::apply(flow, command, env)).unwrap())
    }

    fn status(status: StatusName) -> Command {
        Command::PatchFlow(FlowPatch { status: Some(status), ..FlowPatch::default() })
    }

    #[test]
    fn a_started_flow_runs_and_shows_itself_in_the_execution() {
        let Transition { next, events } = manual();
        assert_eq!(next.status, ExecutionStatus::Running);
        assert_eq!((next.version, next.title.as_str(), next.definition_version), (1, "test", 4));
        assert_eq!(next.entity, Some(crate::outcome::EntityRef { schema: "contract".into(), id: "c1".into() }));
        assert_eq!(next.pins["conditions"], "ab");
        assert_eq!(next.history_seq, events.len() as u64);
        assert_eq!(events[0].kind, EventKind::ExecutionStarted);
        assert_eq!((&*events[0].from, &*events[0].to), ("pending", "running"));
        assert!(!next.is_working());
        assert_eq!(next.next_due(), None);
    }

    #[test]
    fn a_flow_that_is_done_is_completed_and_says_so_in_the_history() {
        let Transition { next, .. } = manual();
        let task = next.flow.as_ref().unwrap().tasks[0].id.clone();
        let patch = TaskPatch { status: Some(TaskStatus::Completed), ..TaskPatch::default() };
        let done = apply(&next, 2, Command::PatchTask { task, patch: Box::new(patch) });
        assert_eq!(done.next.status, ExecutionStatus::Completed { at: Timestamp::from_secs(2) });
        let last = done.events.iter().find(|e| e.kind == EventKind::ExecutionCompleted).unwrap();
        assert_eq!(last.detail.as_ref().unwrap().to_value()["event"], "FlowCompleted");
        assert_eq!((&*last.from, &*last.to), ("running", "completed"));
        let reopened = apply(&done.next, 3, status(StatusName::Started));
        assert_eq!(reopened.next.status, ExecutionStatus::Running);
        assert!(reopened.events.iter().any(|e| e.kind == EventKind::ExecutionResumed));
    }

    #[test]
    fn a_closed_or_deleted_flow_is_cancelled() {
        let Transition { next, .. } = manual();
        let closed = apply(&next, 2, status(StatusName::Closed));
        assert_eq!(closed.next.status, ExecutionStatus::Cancelled { at: Timestamp::from_secs(2), reason: None });
        let deleted = apply(&next, 2, Command::Delete { soft: true });
        assert!(deleted.next.status.is_final());
    }

    #[test]
    fn a_flow_closed_while_an_automation_runs_keeps_its_worker_until_the_run_has_ended() {
        let Transition { next, .. } = automation();
        assert!(next.is_working());
        let closed = apply(&next, 2, status(StatusName::Closed)).next;
        assert_eq!((closed.is_working(), closed.status.name()), (true, "running"));
        let task = &closed.flow.as_ref().unwrap().tasks[0];
        let (task, attempt) = (task.id.clone(), task.attempt);
        let found = crate::flow::Resolved::Unknown;
        let ended = apply(&closed, 3, Command::AutomationResolved { task, attempt, found }).next;
        assert_eq!(ended.status, ExecutionStatus::Cancelled { at: Timestamp::from_secs(2), reason: None });
    }

    #[test]
    fn the_version_of_the_execution_leads() {
        let mut next = manual().next;
        // A claim.
        next.version = 7;
        let moved = apply(&next, 2, Command::Delete { soft: true }).next;
        assert_eq!((moved.version, moved.flow.as_ref().unwrap().version), (8, 8));
    }

    #[test]
    fn a_flow_survives_its_document() {
        let next = automation().next;
        let text = serde_json::to_string(&next).unwrap();
        assert_eq!(serde_json::from_str::<Execution>(&text).unwrap(), next);
    }

    #[test]
    fn the_core_refuses_to_command_a_flow() {
        let next = manual().next;
        let definition = crate::Definition {
            id: next.definition_id,
            tenant_id: next.tenant_id,
            dialect: Dialect::Epilot,
            version: 1,
            name: "test".into(),
            description: None,
            status: crate::DefinitionStatus::Active,
            trigger: crate::Trigger::Manual,
            timezone: None,
            graph: crate::Graph::default(),
            on_failure: crate::OnFailure::Stop,
            presentation: RawJson::null(),
            created_at: Timestamp::from_secs(0),
            updated_at: Timestamp::from_secs(0),
        };
        let env = crate::Env { now: Timestamp::from_secs(1), actor: Actor::System, jitter: 0.5 };
        let refused = crate::apply(&definition, next, crate::Command::Pause, &env).unwrap_err();
        assert_eq!(refused.to_string(), "cannot pause: the execution is a flow");
    }
}
