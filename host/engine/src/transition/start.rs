//! Creating an execution, and taking it up.

use super::{Env, Transition, TransitionError, Work};
use crate::outcome::EntityRef;
use crate::{
    Definition, EventKind, Execution, ExecutionId, ExecutionKind, ExecutionStatus, InstanceId, Metering, RawJson, Task,
    TaskId, TaskState, TriggerInfo,
};
use std::collections::BTreeMap;

/// What a new execution is made of.
#[derive(Clone, Debug)]
pub struct Start {
    pub id: ExecutionId,
    pub instance_id: Option<InstanceId>,
    pub kind: ExecutionKind,
    pub title: String,
    pub trigger: TriggerInfo,
    pub input: RawJson,
    pub entity: Option<EntityRef>,
    /// Plugin name → component digest.
    pub pins: BTreeMap<String, String>,
}

/// A pending execution of `definition` at version 1. Starts nothing yet: see [`crate::Command::Begin`].
pub fn start(definition: &Definition, args: Start, env: &Env) -> Transition {
    let tasks = definition
        .graph
        .nodes
        .iter()
        .zip(0..)
        .map(|(node, number)| Task {
            id: TaskId(number),
            node: node.id.clone(),
            state: TaskState::Pending,
            round: 0,
            attempts: 0,
            started_at: None,
            metering: Metering::default(),
        })
        .collect();
    let execution = Execution {
        id: args.id,
        tenant_id: definition.tenant_id,
        instance_id: args.instance_id,
        definition_id: definition.id,
        definition_version: definition.version,
        dialect: definition.dialect,
        kind: args.kind,
        title: args.title,
        status: ExecutionStatus::Pending,
        trigger: args.trigger,
        input: args.input,
        entity: args.entity,
        pins: args.pins,
        tasks,
        last_completed: None,
        flow: None,
        record: None,
        lone: None,
        created_at: env.now,
        started_at: None,
        history_seq: 0,
        version: 0,
    };
    let mut work = Work::new(definition, execution, env);
    let detail = serde_json::json!({ "trigger": work.next.trigger.source });
    work.record(EventKind::ExecutionCreated, None, Some(detail));
    work.done()
}

impl Work<'_> {
    pub(super) fn begin(&mut self) -> Result<(), TransitionError> {
        if !matches!(self.next.status, ExecutionStatus::Pending) {
            return Err(self.wrong_status("begin"));
        }
        self.next.status = ExecutionStatus::Running;
        self.next.started_at = Some(self.env.now);
        self.record(EventKind::ExecutionStarted, None, None);
        self.advance();
        Ok(())
    }
}
