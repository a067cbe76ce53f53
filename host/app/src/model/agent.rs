//! Agents of a tenant, their runs, and what is journalled of them.

use super::ReadWrite;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use stepwright_engine::agent::{Amounts, Entry, Hash, Limits, RunFault};
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{AgentId, AgentRunId, ConfirmationId, ExecutionId, NodeId, RawJson, TenantId, Timestamp};

/// How much an agent may do by itself (source: contracts/plugins.md 4.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentMode {
    #[default]
    Automatic,
    /// A person is asked before anything is changed.
    Approval,
    /// Nothing is changed; what would have been done is told instead.
    Draft,
}

impl AgentMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Automatic, Self::Approval, Self::Draft];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Approval => "approval",
            Self::Draft => "draft",
        }
    }
}

/// What an agent may use; empty grants nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentGrants {
    /// By schema.
    pub entities: ReadWrite,
    /// Step types, `*` for all.
    pub steps: BTreeSet<String>,
    /// Aliases of models; empty means all of the tenant's.
    pub models: BTreeSet<String>,
    /// Tools a person is asked about before each call.
    pub confirm: BTreeSet<String>,
    /// Tools whose effects cannot be taken back, besides those known to be so.
    pub irreversible: BTreeSet<String>,
}

/// What runs of an agent may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentBudget {
    /// One run.
    pub run: Limits,
    /// All runs of one flow together.
    pub flow: Limits,
    /// The same call with the same answer so often is a loop; 0 never is.
    pub max_repeats: u32,
    /// Seconds a person has to answer.
    pub confirm_within: u32,
}

impl Default for AgentBudget {
    fn default() -> Self {
        Self { run: Limits::default(), flow: Limits::default(), max_repeats: 3, confirm_within: 7 * 24 * 3_600 }
    }
}

impl AgentBudget {
    /// Where the author says nothing (source of calls and time: contracts/plugins.md 4.3).
    pub const DEFAULT_RUN: Limits = Limits {
        llm_calls: Some(10),
        tool_calls: Some(100),
        input_tokens: Some(1_000_000),
        output_tokens: Some(100_000),
        cost_micros: None,
        wall_ms: Some(30_000),
        fuel: Some(100_000_000_000),
        bytes: Some(16 << 20),
    };

    /// Of one run, with the defaults.
    pub fn of_run(&self) -> Limits {
        self.run.or(Self::DEFAULT_RUN)
    }
}

/// An agent that tasks name (epilot's `agent_id`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    pub id: AgentId,
    pub tenant_id: TenantId,
    /// What tasks name it by, unique in the tenant.
    pub name: String,
    /// For people.
    pub title: String,
    /// The plugin that provides it, and its id there.
    pub plugin: String,
    pub agent: String,
    /// Checked and normalised by the plugin.
    pub config: RawJson,
    pub mode: AgentMode,
    pub grants: AgentGrants,
    pub budget: AgentBudget,
    /// From 1, one more per replacement.
    pub version: u32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    Running,
    /// A person is asked.
    Waiting,
    Completed {
        outcome: Option<String>,
        response: String,
        output: RawJson,
        entities: Vec<EntityRef>,
    },
    Failed(RunFault),
    Cancelled,
}

impl RunStatus {
    /// The word on the wire (source: contracts/epilot.md 2B "AI agent").
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting_approval",
            Self::Completed { .. } => "completed",
            Self::Failed(_) => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it goes on.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Running | Self::Waiting)
    }
}

/// A run, with everything that must not change while it is interrupted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentRun {
    pub tenant_id: TenantId,
    /// The task's `agent_execution_id`.
    pub id: String,
    /// Its place in lists.
    pub key: AgentRunId,
    pub execution: ExecutionId,
    pub task: NodeId,
    /// The attempt of the task it answers.
    pub attempt: u32,
    /// The agent as it was when the run began.
    pub agent: Agent,
    /// Of the component, hex SHA-256.
    pub digest: String,
    /// Outcomes a conclusion may name.
    pub outcomes: Vec<String>,
    /// The agent's config with the task's parameters.
    pub config: RawJson,
    pub input: RawJson,
    /// Who has set it off.
    pub actor: String,
    pub status: RunStatus,
    pub began_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What a question to a person is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmationKind {
    /// The agent asks.
    Question,
    /// May this tool be called?
    Tool,
    /// This tool was about to be called when the host died, and cannot be called twice: did it happen?
    Outcome,
}

/// What a person says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// With what a question asks for.
    Approve {
        value: Option<RawJson>,
    },
    /// Yes, but with these arguments.
    Edit {
        arguments: RawJson,
    },
    Reject {
        reason: String,
    },
    Expire,
}

/// How far a question is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConfirmationState {
    Pending,
    Decided { decision: Decision, by: String, at: Timestamp },
}

/// A question to a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confirmation {
    pub tenant_id: TenantId,
    pub id: ConfirmationId,
    pub run: String,
    /// The call it is about.
    pub ordinal: u32,
    pub kind: ConfirmationKind,
    /// For people.
    pub question: String,
    /// The tool, unless the agent asks by itself.
    pub tool: Option<String>,
    /// The arguments of the tool, or the question's detail.
    pub detail: RawJson,
    /// Of tool and detail: a decision names it, so that nobody decides on something else than was shown.
    pub hash: Hash,
    /// JSON Schema of what an approval brings.
    pub schema: Option<RawJson>,
    pub state: ConfirmationState,
    pub asked_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Whose budget.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BudgetKey {
    Run(String),
    Flow(ExecutionId),
    /// `YYYY-MM-DD`, UTC.
    Day(String),
}

impl BudgetKey {
    /// Level and name as stored.
    pub fn columns(&self) -> (&'static str, String) {
        match self {
            Self::Run(id) => ("run", id.clone()),
            Self::Flow(id) => ("flow", id.to_string()),
            Self::Day(day) => ("day", day.clone()),
        }
    }
}

/// A change of what was spent.
#[derive(Clone, Debug, PartialEq)]
pub struct Spend {
    pub key: BudgetKey,
    /// Spent now, or reserved.
    pub more: Amounts,
    /// Reserved before, and given back.
    pub back: Amounts,
    /// Refused when it would come to more than this.
    pub limits: Limits,
}

/// A change of what an agent keeps.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryChange {
    pub agent: AgentId,
    pub key: String,
    /// None removes it.
    pub value: Option<RawJson>,
    /// The version it must have; 0 when there must be none.
    pub expected: u64,
}

/// Rows of a journal and whatever stands and falls with them; written in one transaction.
#[derive(Clone, Debug)]
pub struct JournalWrite {
    pub tenant_id: TenantId,
    pub run: String,
    /// The head it must have: whoever else works on the run has moved it on.
    pub expected: Hash,
    pub head: Hash,
    pub entries: Vec<Entry>,
    /// Long texts, by hash.
    pub blobs: Vec<(Hash, String)>,
    /// The run's new state, when it changes.
    pub next: Option<Box<AgentRun>>,
    /// When somebody must look at it, when that changes.
    pub wake_at: Option<Option<Timestamp>>,
    pub spends: Vec<Spend>,
    pub questions: Vec<Confirmation>,
    pub memory: Option<MemoryChange>,
}

/// A journal as stored.
#[derive(Clone, Debug)]
pub struct StoredJournal {
    pub entries: Vec<Entry>,
    pub head: Hash,
    pub blobs: Vec<(Hash, String)>,
}
