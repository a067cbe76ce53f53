use crate::kit::time::millis;
use serde::Serialize;
use serde_json::{Value, json};
use stepwright_app::usecases::{AuditedJournal, ReplayReport};
use stepwright_app::{AgentRun, Confirmation, ConfirmationState, Decision, RunStatus};
use stepwright_engine::agent::Amounts;
use stepwright_engine::{ConfirmationId, ExecutionId, RawJson, Timestamp};
use utoipa::ToSchema;

/// A run of an agent.
#[derive(Serialize, ToSchema)]
#[schema(as = AgentRun)]
pub struct AgentRunView {
    /// The task's `agent_execution_id`.
    id: String,
    #[schema(value_type = String)]
    execution_id: ExecutionId,
    task_id: String,
    agent_id: String,
    agent_version: u32,
    /// `running`, `waiting_approval`, `completed`, `failed` or `cancelled`.
    status: &'static str,
    outcome: Option<String>,
    /// For people.
    response: Option<String>,
    #[schema(value_type = Option<Object>)]
    output: Option<RawJson>,
    /// `{code, reason, info}`; `info.reason` is of a closed list.
    #[schema(value_type = Option<Object>)]
    error: Option<Value>,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    began_at: Timestamp,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// A run, and what it has spent.
#[derive(Serialize, ToSchema)]
#[schema(as = AgentRunDetail)]
pub struct AgentRunDetail {
    #[serde(flatten)]
    run: AgentRunView,
    #[schema(value_type = Object)]
    spent: Amounts,
}

impl AgentRunDetail {
    /// Both together.
    pub const fn new(run: AgentRunView, spent: Amounts) -> Self {
        Self { run, spent }
    }
}

/// View of a run.
pub fn view_run(run: AgentRun) -> AgentRunView {
    let status = run.status.word();
    let (outcome, response, output, error) = match run.status {
        RunStatus::Completed { outcome, response, output, .. } => (outcome, Some(response), Some(output), None),
        RunStatus::Failed(fault) => (None, None, None, Some(json!(fault.fault()))),
        RunStatus::Running | RunStatus::Waiting | RunStatus::Cancelled => (None, None, None, None),
    };
    AgentRunView {
        id: run.id,
        execution_id: run.execution,
        task_id: run.task.to_string(),
        agent_id: run.agent.name,
        agent_version: run.agent.version,
        status,
        outcome,
        response,
        output,
        error,
        began_at: run.began_at,
        updated_at: run.updated_at,
    }
}

/// A journal.
#[derive(Serialize, ToSchema)]
#[schema(as = AgentJournal)]
pub struct JournalView {
    /// Hash of the last row, and through it of all.
    head: String,
    /// Whether every row and text is what was written.
    intact: bool,
    /// The first row that is not.
    broken_at: Option<u64>,
    entries: Vec<EntryView>,
    /// Long texts by their SHA-256, each once.
    texts: std::collections::BTreeMap<String, String>,
}

/// A row.
#[derive(Serialize, ToSchema)]
#[schema(as = AgentJournalEntry)]
struct EntryView {
    seq: u64,
    /// Which host call of the run.
    ordinal: u32,
    /// `asked`, `decided`, `intent` or `result`.
    #[schema(value_type = String)]
    phase: stepwright_engine::agent::Phase,
    kind: String,
    request: String,
    #[schema(value_type = Object)]
    body: RawJson,
    hash: String,
}

/// View of a journal.
pub fn view_journal(audited: AuditedJournal) -> JournalView {
    let AuditedJournal { stored, broken_at } = audited;
    let entries = stored.entries.into_iter().map(|entry| EntryView {
        seq: entry.seq,
        ordinal: entry.ordinal,
        phase: entry.phase,
        kind: entry.kind,
        request: entry.request.to_string(),
        // A row that somebody has changed may be anything.
        body: RawJson::parse_text(entry.body).unwrap_or_default(),
        hash: entry.hash.to_string(),
    });
    JournalView {
        head: stored.head.to_string(),
        intact: broken_at.is_none(),
        broken_at,
        entries: entries.collect(),
        texts: stored.blobs.into_iter().map(|(hash, text)| (hash.to_string(), text)).collect(),
    }
}

/// What came of running a run again.
#[derive(Serialize, ToSchema)]
#[schema(as = AgentReplay)]
pub struct ReplayView {
    /// It has come to exactly what it had come to.
    same: bool,
    status: &'static str,
    /// Why not, when it has failed.
    reason: Option<String>,
    /// Calls that were answered from the journal.
    calls: u32,
    /// Hash of the journal.
    head: String,
}

impl From<ReplayReport> for ReplayView {
    fn from(report: ReplayReport) -> Self {
        let reason = match &report.status {
            RunStatus::Failed(fault) => Some(fault.reason()),
            RunStatus::Running | RunStatus::Waiting | RunStatus::Completed { .. } | RunStatus::Cancelled => None,
        };
        let ReplayReport { same, status, calls, head } = report;
        Self { same, status: status.word(), reason, calls, head: head.to_string() }
    }
}

/// A question to a person.
#[derive(Serialize, ToSchema)]
#[schema(as = Confirmation)]
pub struct ConfirmationView {
    #[schema(value_type = String)]
    id: ConfirmationId,
    run_id: String,
    /// `question`: the agent asks; `tool`: may it call this tool? `outcome`: has this call happened?
    #[schema(value_type = String)]
    kind: stepwright_app::ConfirmationKind,
    question: String,
    tool: Option<String>,
    /// The tool's arguments, or what the question is about.
    #[schema(value_type = Object)]
    detail: RawJson,
    /// What a decision names.
    hash: String,
    /// JSON Schema of what an approval brings.
    #[schema(value_type = Option<Object>)]
    schema: Option<RawJson>,
    /// `pending`, `approved`, `edited`, `rejected` or `expired`.
    status: &'static str,
    decided_by: Option<String>,
    reason: Option<String>,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// View of a question.
pub fn view_confirmation(confirmation: Confirmation) -> ConfirmationView {
    let (status, decided_by, reason) = match confirmation.state {
        ConfirmationState::Pending => ("pending", None, None),
        ConfirmationState::Decided { decision, by, .. } => match decision {
            Decision::Approve { .. } => ("approved", Some(by), None),
            Decision::Edit { .. } => ("edited", Some(by), None),
            Decision::Reject { reason } => ("rejected", Some(by), Some(reason)),
            Decision::Expire => ("expired", None, None),
        },
    };
    ConfirmationView {
        id: confirmation.id,
        run_id: confirmation.run,
        kind: confirmation.kind,
        question: confirmation.question,
        tool: confirmation.tool,
        detail: confirmation.detail,
        hash: confirmation.hash.to_string(),
        schema: confirmation.schema,
        status,
        decided_by,
        reason,
        asked_at: confirmation.asked_at,
        expires_at: confirmation.expires_at,
    }
}
