//! Transition guards: asked inside a mutation, before it is committed.

use serde_json::Value;

use crate::Context;
use crate::bindings::guards::exports::stepwright::guard::guards as wit;
pub use crate::condition::Info;

/// A guard. Deterministic and quick: at most 50 ms, and a trap or a time-out counts as a refusal.
pub trait Guard {
    /// What catalogues show.
    const INFO: Info;

    /// Whether the transition may happen.
    fn check(context: &Context, transition: &Transition) -> Decision;
}

/// The transition somebody asks for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Transition {
    /// What is asked for.
    pub action: String,
    /// Who asks.
    pub actor: String,
    /// What kind of actor that is.
    pub actor_kind: String,
    /// The status before.
    pub from_status: String,
    /// The status after.
    pub to_status: String,
    /// The stage before.
    pub from_stage: Option<String>,
    /// The stage after.
    pub to_stage: Option<String>,
    /// The type of the workflow.
    pub workflow_type: String,
    /// What the tenant has bound the guard with; an object.
    pub config: Value,
    /// The requested change.
    pub patch: Value,
    /// The record as it stands.
    pub record: Value,
    /// The newest history events, oldest first.
    pub history: Vec<Value>,
}

/// A guard's answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Go ahead.
    Allow,
    /// Go ahead, and change this too.
    AllowWith(Amendment),
    /// Refused.
    Deny {
        /// Stable, for machines: `[A-Za-z0-9_]{1,64}`.
        code: String,
        /// For people.
        reason: String,
    },
}

impl Decision {
    /// Refuses the transition.
    pub fn deny(code: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Deny { code: code.into(), reason: reason.into() }
    }
}

/// What a guard adds to a transition it allows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Amendment {
    /// Merged into the record's state.
    pub state_patch: Option<Value>,
    /// When somebody must act next, RFC 3339.
    pub next_action_at: Option<String>,
    /// How far the matter has been escalated.
    pub escalation_level: Option<u32>,
}

/// A guard as the plugin's table holds it.
#[derive(Debug, Clone, Copy)]
pub struct GuardEntry {
    /// What catalogues show.
    pub info: &'static Info,
    /// Decides.
    pub check: fn(&Context, &Transition) -> Decision,
}

impl GuardEntry {
    /// The entry of a guard.
    pub const fn of<G: Guard>() -> Self {
        Self { info: &G::INFO, check: G::check }
    }

    pub(crate) fn descriptor(&self) -> wit::Descriptor {
        wit::Descriptor {
            id: self.info.id.to_owned(),
            title: self.info.title.to_owned(),
            description: self.info.description.to_owned(),
        }
    }
}

pub(crate) fn transition(from: &wit::Transition) -> Result<Transition, serde_json::Error> {
    Ok(Transition {
        action: from.action.clone(),
        actor: from.actor.clone(),
        actor_kind: from.actor_kind.clone(),
        from_status: from.from_status.clone(),
        to_status: from.to_status.clone(),
        from_stage: from.from_stage.clone(),
        to_stage: from.to_stage.clone(),
        workflow_type: from.workflow_type.clone(),
        config: serde_json::from_str(&from.config)?,
        patch: serde_json::from_str(&from.patch)?,
        record: serde_json::from_str(&from.record)?,
        history: from.history.iter().map(|text| serde_json::from_str(text)).collect::<Result<_, _>>()?,
    })
}

pub(crate) fn to_wit(decision: Decision) -> wit::Decision {
    match decision {
        Decision::Allow => wit::Decision::Allow,
        Decision::AllowWith(amendment) => wit::Decision::AllowWith(wit::Amendment {
            state_patch: amendment.state_patch.map(|patch| patch.to_string()),
            next_action_at: amendment.next_action_at,
            escalation_level: amendment.escalation_level,
        }),
        Decision::Deny { code, reason } => wit::Decision::Deny(wit::Denial { code, reason }),
    }
}
