//! History of a flow: append-only, numbered per execution without gaps.

use super::vocab::{StatusName, SyncEvent};
use crate::{Actor, NodeId, RawJson, Timestamp};
use serde::{Deserialize, Serialize};

/// What happened. Everything entity sync knows, and what only the history tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum FlowEvent {
    Sync(SyncEvent),
    TaskAdded,
    TaskMoved,
    TaskRemoved,
    TaskFailed,
    TaskScheduled,
    ScheduleCancelled,
    TaskWaiting,
    TaskReverted,
    DecisionEvaluated,
    LoopTaken,
    AutomationStarted,
    AutomationEnded,
    AutomationHealed,
    ActionEnded,
    AgentStarted,
    AgentEnded,
}

impl FlowEvent {
    const OWN: [Self; 16] = [
        Self::TaskAdded,
        Self::TaskMoved,
        Self::TaskRemoved,
        Self::TaskFailed,
        Self::TaskScheduled,
        Self::ScheduleCancelled,
        Self::TaskWaiting,
        Self::TaskReverted,
        Self::DecisionEvaluated,
        Self::LoopTaken,
        Self::AutomationStarted,
        Self::AutomationEnded,
        Self::AutomationHealed,
        Self::ActionEnded,
        Self::AgentStarted,
        Self::AgentEnded,
    ];

    /// The inverse of [`Self::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        let own = Self::OWN.into_iter().find(|event| event.as_str() == text);
        own.or_else(|| SyncEvent::parse(text).map(Self::Sync))
    }

    /// The name in the history.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sync(event) => event.as_str(),
            Self::TaskAdded => "TaskAdded",
            Self::TaskMoved => "TaskMoved",
            Self::TaskRemoved => "TaskRemoved",
            Self::TaskFailed => "TaskFailed",
            Self::TaskScheduled => "TaskScheduled",
            Self::ScheduleCancelled => "ScheduleCancelled",
            Self::TaskWaiting => "TaskWaiting",
            Self::TaskReverted => "TaskReverted",
            Self::DecisionEvaluated => "DecisionEvaluated",
            Self::LoopTaken => "LoopTaken",
            Self::AutomationStarted => "AutomationStarted",
            Self::AutomationEnded => "AutomationEnded",
            Self::AutomationHealed => "AutomationHealed",
            Self::ActionEnded => "ActionEnded",
            Self::AgentStarted => "AgentStarted",
            Self::AgentEnded => "AgentEnded",
        }
    }
}

impl From<FlowEvent> for &'static str {
    fn from(event: FlowEvent) -> Self {
        event.as_str()
    }
}

impl TryFrom<String> for FlowEvent {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or_else(|| format!("'{text}' is no event of a flow"))
    }
}

/// One line of history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlowHistory {
    pub seq: u64,
    pub at: Timestamp,
    pub actor: Actor,
    pub event: FlowEvent,
    pub task: Option<NodeId>,
    pub phase: Option<NodeId>,
    /// The execution's status before and after the whole transition.
    pub from: StatusName,
    pub to: StatusName,
    /// Particulars, such as an error or the branches taken.
    pub detail: Option<RawJson>,
}

/// What has to be done in the transaction that saves the transition.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Write an attribute of a context entity. Effects come in order; the last write of an attribute wins.
    SyncEntity { schema: String, id: String, attribute: String, value: serde_json::Value },
    /// Leave nothing of the flow: neither its document nor its history, nor where lists find it.
    Erase,
}
