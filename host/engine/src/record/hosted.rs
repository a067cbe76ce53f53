//! A record as an execution: what the core shows of it, and its history among everybody's.

use super::{Happening, Record, RecordStatus, RecordStatusName, Transition};
use crate::outcome::EntityRef;
use crate::{
    Actor, DefinitionId, Dialect, EventKind, Execution, ExecutionId, ExecutionKind, ExecutionStatus, Fault,
    HistoryEvent, InstanceId, RawJson, TenantId, Timestamp, TriggerInfo,
};

/// What the execution around a new record is made of, besides the record.
#[derive(Clone, Debug)]
pub struct NewRecordExecution {
    pub id: ExecutionId,
    pub tenant_id: TenantId,
    pub instance_id: InstanceId,
    /// The one that stands for the record's type.
    pub definition_id: DefinitionId,
}

impl Execution {
    /// The execution around a record that has just been opened, at version 1.
    pub fn of_record(new: NewRecordExecution, opened: Transition, actor: &Actor) -> crate::Transition {
        let record = &opened.next;
        let now = record.created_at;
        let execution = Self {
            id: new.id,
            tenant_id: new.tenant_id,
            instance_id: Some(new.instance_id),
            definition_id: new.definition_id,
            definition_version: 1,
            dialect: Dialect::Hydracore,
            kind: ExecutionKind::Record,
            title: String::new(),
            status: ExecutionStatus::Pending,
            trigger: TriggerInfo::manual(),
            input: RawJson::empty_object(),
            entity: Some(EntityRef { schema: "customer".into(), id: record.customer_id.to_string() }),
            pins: std::collections::BTreeMap::new(),
            tasks: Vec::new(),
            last_completed: None,
            flow: None,
            record: None,
            lone: None,
            created_at: now,
            started_at: Some(now),
            history_seq: 0,
            version: 0,
        };
        execution.around_record(opened, actor, now)
    }

    /// The execution after its record has moved on.
    pub fn advanced(&self, moved: Transition, actor: &Actor, now: Timestamp) -> crate::Transition {
        // Without the old record, which would be copied for nothing.
        let shell = Self {
            id: self.id,
            tenant_id: self.tenant_id,
            instance_id: self.instance_id,
            definition_id: self.definition_id,
            definition_version: self.definition_version,
            dialect: self.dialect,
            kind: self.kind,
            title: String::new(),
            status: self.status.clone(),
            trigger: self.trigger.clone(),
            input: self.input.clone(),
            entity: self.entity.clone(),
            pins: self.pins.clone(),
            tasks: Vec::new(),
            last_completed: None,
            flow: None,
            record: None,
            lone: None,
            created_at: self.created_at,
            started_at: self.started_at,
            history_seq: self.history_seq,
            version: self.version,
        };
        shell.around_record(moved, actor, now)
    }

    fn around_record(mut self, moved: Transition, actor: &Actor, now: Timestamp) -> crate::Transition {
        let Transition { next: record, happened } = moved;
        let before = self.status.name();
        self.status = record.core_status();
        self.title = record.title.clone().unwrap_or_else(|| record.workflow_type.as_str().to_owned());
        self.version += 1;
        let after = self.status.name();
        let mut events = Vec::with_capacity(happened.len());
        for happening in happened {
            self.history_seq += 1;
            let (kind, detail) = told(happening);
            events.push(HistoryEvent {
                seq: self.history_seq,
                at: now,
                actor: actor.clone(),
                kind,
                task: None,
                from: before.into(),
                to: after.into(),
                detail,
            });
        }
        self.record = Some(Box::new(record));
        crate::Transition { next: self, events }
    }
}

impl Record {
    /// The core status (source: contracts/core-model.md 3.2).
    pub fn core_status(&self) -> ExecutionStatus {
        match &self.status {
            RecordStatus::Active => ExecutionStatus::Running,
            RecordStatus::AwaitingApproval { since } => ExecutionStatus::Waiting { at: *since },
            RecordStatus::Paused { since } => ExecutionStatus::Paused { at: *since, node: None },
            RecordStatus::Suspended(suspension) => ExecutionStatus::Suspended { at: suspension.at },
            RecordStatus::Completed { at } => ExecutionStatus::Completed { at: *at },
            RecordStatus::Expired { at } => ExecutionStatus::Expired { at: *at },
            RecordStatus::Cancelled { at } => ExecutionStatus::Cancelled { at: *at, reason: None },
            RecordStatus::Failed { at } => {
                let fault = Fault::permanent("RECORD_FAILED", "the record was set to failed");
                ExecutionStatus::Failed { at: *at, task: None, fault }
            }
        }
    }
}

/// An event's kind and detail: what the core knows itself goes by the core's name.
fn told(happening: Happening) -> (EventKind, Option<RawJson>) {
    let entry = match happening {
        Happening::Acted(entry) => entry,
        Happening::Denied(entry) => return (EventKind::RecordDenied, RawJson::of(&entry).ok()),
        Happening::NextActionDue { at } => {
            let detail = serde_json::json!({ "next_action_at": at.to_rfc3339_secs() });
            return (EventKind::RecordDue, Some(RawJson::from(detail)));
        }
    };
    let kind = match (entry.from_status, entry.to_status) {
        (None, _) => EventKind::ExecutionCreated,
        (Some(from), to) if from == to => EventKind::RecordChanged,
        (Some(RecordStatusName::Suspended), RecordStatusName::Active) => EventKind::ExecutionResumed,
        (Some(_), RecordStatusName::Active | RecordStatusName::AwaitingApproval) => EventKind::RecordChanged,
        (Some(_), RecordStatusName::Paused) => EventKind::ExecutionPaused,
        (Some(_), RecordStatusName::Suspended) => EventKind::ExecutionSuspended,
        (Some(_), RecordStatusName::Completed) => EventKind::ExecutionCompleted,
        (Some(_), RecordStatusName::Expired) => EventKind::ExecutionExpired,
        (Some(_), RecordStatusName::Cancelled) => EventKind::ExecutionCancelled,
        (Some(_), RecordStatusName::Failed) => EventKind::ExecutionFailed,
    };
    // An entry always serializes: its members are texts.
    (kind, RawJson::of(&entry).ok())
}
