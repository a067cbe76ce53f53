//! The transitions (source: contracts/hydracore.md 2A, the table).

use super::{
    Advance, Change, Command, Denial, Entry, Happening, MAX_STATE, NewRecord, Record, RecordError, RecordStatus,
    RecordStatusName, Suspension,
};
use crate::{RawJson, Timestamp};
use serde_json::{Map, Value, json};

/// The result of a transition.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    pub next: Record,
    pub happened: Vec<Happening>,
}

/// What a guard that allows a transition adds to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Amendment {
    /// Merged into the state after everything else.
    pub state: Map<String, Value>,
    pub next_action_at: Option<Timestamp>,
    pub escalation_level: Option<u32>,
}

/// Opens a record.
///
/// # Errors
/// `StateTooLarge`.
pub fn open(new: NewRecord, actor: &str, now: Timestamp) -> Result<Transition, RecordError> {
    let record = Record {
        workflow_type: new.workflow_type,
        customer_id: new.customer_id,
        status: RecordStatus::Active,
        stage: new.stage,
        title: new.title,
        reference: new.reference,
        assigned_to: new.assigned_to,
        approver_id: None,
        escalation_level: 0,
        state: new.state,
        expires_at: new.expires_at,
        next_action_at: new.next_action_at,
        due_told: false,
        created_at: now,
        updated_at: now,
        last_action_at: None,
    };
    check_size(&record.state)?;
    let entry = Entry {
        action: "created".into(),
        actor: actor.into(),
        detail: None,
        from_status: None,
        to_status: RecordStatusName::Active,
        from_stage: None,
        to_stage: record.stage.clone(),
    };
    Ok(Transition { next: record, happened: vec![Happening::Acted(entry)] })
}

/// Applies a command.
///
/// # Errors
/// When the record's status does not allow it.
pub fn apply(record: &Record, command: &Command, actor: &str, now: Timestamp) -> Result<Transition, RecordError> {
    let mut work = Work { before: record, next: record.clone(), actor, now, happened: Vec::new() };
    match command {
        Command::Advance(advance) => work.advance(advance)?,
        Command::Suspend { step, payload } => work.suspend(step, payload.as_ref())?,
        Command::Resume { data } => work.resume(data)?,
        Command::Abort => work.abort()?,
        Command::TimerFired => work.timer_fired()?,
        Command::Deny(denial) => work.deny(denial),
    }
    Ok(Transition { next: work.next, happened: work.happened })
}

impl Transition {
    /// With what a guard has added.
    ///
    /// # Errors
    /// `StateTooLarge`.
    pub fn amended(mut self, amendment: &Amendment) -> Result<Self, RecordError> {
        merge(&mut self.next.state, &amendment.state)?;
        if let Some(at) = amendment.next_action_at {
            set_next_action(&mut self.next, &Change::Set(at));
        }
        if let Some(level) = amendment.escalation_level {
            self.next.escalation_level = level;
        }
        Ok(self)
    }
}

struct Work<'a> {
    before: &'a Record,
    next: Record,
    actor: &'a str,
    now: Timestamp,
    happened: Vec<Happening>,
}

impl Work<'_> {
    fn advance(&mut self, advance: &Advance) -> Result<(), RecordError> {
        let to = self.target(advance.status)?;
        advance.stage.apply(&mut self.next.stage);
        advance.approver_id.apply(&mut self.next.approver_id);
        advance.assigned_to.apply(&mut self.next.assigned_to);
        advance.expires_at.apply(&mut self.next.expires_at);
        set_next_action(&mut self.next, &advance.next_action_at);
        if let Some(level) = advance.escalation_level {
            self.next.escalation_level = level;
        }
        merge(&mut self.next.state, &advance.state)?;
        if let Some(to) = to {
            self.enter(to, &advance.action);
        }
        self.acted(&advance.action, advance.detail.clone());
        Ok(())
    }

    /// The status a PATCH leads to; `None` leaves it as it is.
    fn target(&self, asked: Option<RecordStatusName>) -> Result<Option<RecordStatusName>, RecordError> {
        use RecordStatusName as Name;
        match (&self.before.status, asked) {
            (
                RecordStatus::Completed { .. }
                | RecordStatus::Expired { .. }
                | RecordStatus::Cancelled { .. }
                | RecordStatus::Failed { .. },
                _,
            ) => Err(self.terminal()),
            (_, None) => Ok(None),
            (RecordStatus::Suspended(_), Some(Name::Suspended)) => Ok(None),
            (RecordStatus::Suspended(_), Some(to @ (Name::Cancelled | Name::Expired | Name::Failed))) => Ok(Some(to)),
            // A second way back would lose the merge that resuming does.
            (
                RecordStatus::Suspended(_),
                Some(Name::Active | Name::AwaitingApproval | Name::Paused | Name::Completed),
            ) => Err(RecordError::UseResume),
            (RecordStatus::Active | RecordStatus::AwaitingApproval { .. } | RecordStatus::Paused { .. }, Some(to)) => {
                Ok(Some(to))
            }
        }
    }

    fn suspend(&mut self, step: &str, payload: Option<&Map<String, Value>>) -> Result<(), RecordError> {
        match self.before.status.name() {
            name if name.is_terminal() => return Err(self.terminal()),
            RecordStatusName::Suspended => return Err(RecordError::AlreadySuspended),
            _ => {}
        }
        payload.map_or(Ok(()), check_size)?;
        self.next.status = RecordStatus::Suspended(Box::new(Suspension {
            step: step.into(),
            at: self.now,
            payload: payload.cloned(),
            before: self.before.status.name(),
        }));
        self.acted("suspended", Some(RawJson::from(json!({ "step": step }))));
        Ok(())
    }

    fn resume(&mut self, data: &Map<String, Value>) -> Result<(), RecordError> {
        let suspension = match &self.before.status {
            RecordStatus::Suspended(suspension) => suspension,
            status if status.name().is_terminal() => return Err(self.terminal()),
            status => return Err(RecordError::NotSuspended(status.name())),
        };
        if let Some(payload) = &suspension.payload {
            extend(&mut self.next.state, payload);
        }
        merge(&mut self.next.state, data)?;
        self.next.status = RecordStatus::Active;
        self.acted("resumed", Some(RawJson::from(json!({ "step": suspension.step }))));
        Ok(())
    }

    fn abort(&mut self) -> Result<(), RecordError> {
        if self.before.status.name().is_terminal() {
            return Err(self.terminal());
        }
        self.next.status = RecordStatus::Cancelled { at: self.now };
        self.next.next_action_at = None;
        self.acted("aborted", None);
        Ok(())
    }

    fn timer_fired(&mut self) -> Result<(), RecordError> {
        if self.before.next_due().is_none_or(|due| due > self.now) {
            return Err(RecordError::NothingDue);
        }
        if self.before.expires_at.is_some_and(|at| at <= self.now) {
            self.next.status = RecordStatus::Expired { at: self.now };
            self.acted("expired", None);
            return Ok(());
        }
        self.next.due_told = true;
        self.happened.extend(self.before.next_action_at.map(|at| Happening::NextActionDue { at }));
        Ok(())
    }

    fn deny(&mut self, denial: &Denial) {
        let Denial { action, guard, code, reason, to_status, to_stage } = denial;
        let detail = json!({
            "action": action, "guard": guard, "code": code, "reason": reason,
            "to_status": to_status, "to_stage": to_stage,
        });
        let entry = self.entry("guard_denied", Some(RawJson::from(detail)));
        self.happened.push(Happening::Denied(entry));
    }

    fn enter(&mut self, to: RecordStatusName, action: &str) {
        let (at, since) = (self.now, self.now);
        if to == self.before.status.name() {
            return;
        }
        self.next.status = match to {
            RecordStatusName::Active => RecordStatus::Active,
            RecordStatusName::AwaitingApproval => RecordStatus::AwaitingApproval { since },
            RecordStatusName::Paused => RecordStatus::Paused { since },
            RecordStatusName::Suspended => RecordStatus::Suspended(Box::new(Suspension {
                // A PATCH names no step, its stage stands for it.
                step: self.next.stage.clone().unwrap_or_else(|| action.to_owned()),
                at,
                payload: None,
                before: self.before.status.name(),
            })),
            RecordStatusName::Completed => RecordStatus::Completed { at },
            RecordStatusName::Expired => RecordStatus::Expired { at },
            RecordStatusName::Cancelled => RecordStatus::Cancelled { at },
            RecordStatusName::Failed => RecordStatus::Failed { at },
        };
    }

    /// An action: it counts as the record's last one.
    fn acted(&mut self, action: &str, detail: Option<RawJson>) {
        self.next.updated_at = self.now;
        self.next.last_action_at = Some(self.now);
        let entry = self.entry(action, detail);
        self.happened.push(Happening::Acted(entry));
    }

    fn entry(&self, action: &str, detail: Option<RawJson>) -> Entry {
        Entry {
            action: action.into(),
            actor: self.actor.into(),
            detail,
            from_status: Some(self.before.status.name()),
            to_status: self.next.status.name(),
            from_stage: self.before.stage.clone(),
            to_stage: self.next.stage.clone(),
        }
    }

    const fn terminal(&self) -> RecordError {
        RecordError::Terminal(self.before.status.name())
    }
}

/// A new instant is told anew when it comes; the same one is not.
fn set_next_action(record: &mut Record, change: &Change<Timestamp>) {
    let before = record.next_action_at;
    change.apply(&mut record.next_action_at);
    record.due_told &= record.next_action_at == before;
}

/// Top-level members of `patch` replace those of `state`; `null` is a value (source: contracts/hydracore.md 1A.2).
fn extend(state: &mut Map<String, Value>, patch: &Map<String, Value>) {
    state.extend(patch.iter().map(|(name, value)| (name.clone(), value.clone())));
}

fn merge(state: &mut Map<String, Value>, patch: &Map<String, Value>) -> Result<(), RecordError> {
    if patch.is_empty() {
        return Ok(());
    }
    extend(state, patch);
    check_size(state)
}

fn check_size(state: &Map<String, Value>) -> Result<(), RecordError> {
    // A map of values always serializes.
    let bytes = serde_json::to_vec(state).map_or(0, |text| text.len());
    if bytes > MAX_STATE { Err(RecordError::StateTooLarge { bytes }) } else { Ok(()) }
}
