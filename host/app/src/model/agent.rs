//! Agents of a tenant, their runs, and what is journalled of them.

use super::ReadWrite;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;
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
    /// Servers of the Model Context Protocol whose tools it may use, `*` for all.
    pub mcp: BTreeSet<String>,
    /// What it may still do once it has read what strangers have written.
    pub untrusted: UntrustedPolicy,
}

/// What becomes of a call after a run has read something that is not to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUntrusted {
    Allow,
    /// A person is asked.
    Confirm,
    Deny,
}

impl OnUntrusted {
    /// Every choice with its word on the wire.
    pub const WORDS: [(&'static str, Self); 3] =
        [("allow", Self::Allow), ("confirm", Self::Confirm), ("deny", Self::Deny)];
}

/// By what a tool changes: who can write into what an agent reads must not be able to act through it. Reading is always
/// allowed, and so is what a person is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UntrustedPolicy {
    /// What is committed inside.
    pub write: OnUntrusted,
    /// What cannot be taken back.
    pub irreversible: OnUntrusted,
}

impl Default for UntrustedPolicy {
    fn default() -> Self {
        Self { write: OnUntrusted::Confirm, irreversible: OnUntrusted::Deny }
    }
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
    /// Of its budgets, while an activation goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<HeldBudget>,
    pub began_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Time and fuel that an activation may use: booked before it begins, so that several at once do not overdraw what they
/// have in common, and settled when it ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBudget {
    pub wall_ms: u64,
    pub fuel: u64,
    /// When the activation began.
    pub at: Timestamp,
    /// The day it is booked on, also when it ends on another.
    pub day: String,
}

impl HeldBudget {
    /// How often a host that works on a run gives a sign of life.
    pub const BEAT: Duration = Duration::from_secs(1);
    /// More than any processor does in a millisecond.
    const FUEL_PER_MS: u64 = 4_000_000;

    /// All that is held.
    pub fn amounts(&self) -> Amounts {
        Amounts { wall_ms: self.wall_ms, fuel: self.fuel, ..Amounts::default() }
    }

    /// What an activation that nobody has settled can have used at most: its host has died within two beats of its
    /// last sign of life.
    pub fn at_most(&self, last_sign: Option<Timestamp>) -> Amounts {
        let lived = last_sign.map_or(Duration::ZERO, |sign| sign.since(self.at)) + 2 * Self::BEAT;
        let wall_ms = u64::try_from(lived.as_millis()).unwrap_or(u64::MAX).min(self.wall_ms);
        let fuel = wall_ms.saturating_mul(Self::FUEL_PER_MS).min(self.fuel);
        Amounts { wall_ms, fuel, ..Amounts::default() }
    }
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

impl JournalWrite {
    /// Of a run whose journal has this head: nothing changes.
    pub fn nothing(run: &AgentRun, head: Hash) -> Self {
        Self {
            tenant_id: run.tenant_id,
            run: run.id.clone(),
            expected: head,
            head,
            entries: Vec::new(),
            blobs: Vec::new(),
            next: None,
            wake_at: None,
            spends: Vec::new(),
            questions: Vec::new(),
            memory: None,
        }
    }
}

/// A journal as stored.
#[derive(Clone, Debug)]
pub struct StoredJournal {
    pub entries: Vec<Entry>,
    pub head: Hash,
    /// When its host last gave a sign of life.
    pub beat_at: Option<Timestamp>,
    pub blobs: Vec<(Hash, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_died_can_have_used_what_it_had_until_two_beats_after_its_last_sign() {
        let at = Timestamp::from_micros(1_000_000_000);
        let held = HeldBudget { wall_ms: 30_000, fuel: 100_000_000_000, at, day: "2026-11-22".into() };
        let never = held.at_most(None);
        assert_eq!((never.wall_ms, never.fuel), (2_000, 8_000_000_000));
        let later = held.at_most(Some(at + Duration::from_secs(5)));
        assert_eq!((later.wall_ms, later.fuel), (7_000, 28_000_000_000));
        // Never more than it had.
        let long = held.at_most(Some(at + Duration::from_secs(3_600)));
        assert_eq!(long, held.amounts());
    }
}
