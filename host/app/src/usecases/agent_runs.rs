//! Runs of agents: looking at them, and answering what they ask.

use super::{Access, ExecutionView, schema_faults};
use crate::App;
use crate::driver::Replayed;
use crate::error::{AppError, AppResult, FieldFault};
use crate::model::{
    AgentRun, BudgetKey, Confirmation, ConfirmationKind, ConfirmationState, Decision, Listed, Paging, RunStatus,
    StoredJournal,
};
use stepwright_engine::agent::{Amounts, Hash, Journal};
use stepwright_engine::{ConfirmationId, ExecutionId, RawJson};

/// Bytes of a reason.
const MAX_REASON: usize = 4 << 10;
/// Bytes of what an approval brings.
const MAX_VALUE: usize = 256 << 10;

/// What a person decides.
#[derive(Clone, Debug)]
pub struct DecisionDraft {
    /// Of what the person has seen.
    pub hash: Option<Hash>,
    pub decision: Decision,
}

/// A journal, and whether it is what was written.
#[derive(Clone, Debug)]
pub struct AuditedJournal {
    pub stored: StoredJournal,
    /// The first row that is not, when there is one.
    pub broken_at: Option<u64>,
}

/// What came of running a run again.
#[derive(Clone, Debug)]
pub struct ReplayReport {
    /// It has come to exactly what it had come to.
    pub same: bool,
    pub status: RunStatus,
    /// Calls that were answered from the journal.
    pub calls: u32,
    /// Hash of the journal.
    pub head: Hash,
}

impl App {
    /// Runs, newest first; of one execution, when it is named.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn agent_runs(
        &self,
        access: &Access,
        execution: Option<ExecutionId>,
        page: Paging,
    ) -> AppResult<Listed<AgentRun>> {
        Ok(self.store().runs(access.tenant_id(), execution, page).await?)
    }

    /// One run, and what it has spent.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn agent_run(&self, access: &Access, id: &str) -> AppResult<(AgentRun, Amounts)> {
        let tenant = access.tenant_id();
        let run = self.store().run(tenant, id).await?.ok_or(AppError::NotFound("agent run"))?;
        let spent = self.store().spent(tenant, &[BudgetKey::Run(run.id.clone())]).await?;
        Ok((run, spent.first().copied().unwrap_or_default()))
    }

    /// A run's journal, checked.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn agent_journal(&self, access: &Access, id: &str) -> AppResult<AuditedJournal> {
        let stored = self.store().journal(access.tenant_id(), id).await?.ok_or(AppError::NotFound("agent run"))?;
        let checked = Journal::verified(id, stored.entries.clone(), stored.head);
        let broken_at = match checked {
            Err(broken) => Some(broken.seq),
            Ok(_) => {
                let wrong = stored.blobs.iter().find(|(hash, text)| Hash::of_text(text) != *hash);
                let names = |hash: &Hash| {
                    let name = hash.to_string();
                    stored.entries.iter().find(|entry| entry.body.contains(&name)).map_or(0, |entry| entry.seq)
                };
                wrong.map(|(hash, _)| names(hash))
            }
        };
        Ok(AuditedJournal { stored, broken_at })
    }

    /// Runs an ended run again, from its journal alone: nothing is called, nothing is written.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` while it goes on.
    pub async fn replay_agent_run(&self, access: &Access, id: &str) -> AppResult<ReplayReport> {
        let tenant = access.tenant_id();
        let run = self.store().run(tenant, id).await?.ok_or(AppError::NotFound("agent run"))?;
        if run.status.is_open() {
            return Err(AppError::Conflict("the run goes on".into()));
        }
        let stored = self.store().journal(tenant, id).await?.ok_or(AppError::NotFound("agent run"))?;
        let execution = self.store().execution(tenant, run.execution).await?.ok_or(AppError::NotFound("execution"))?;
        let ExecutionView { execution, definition } = self.view_of(tenant, execution).await?;
        let _slot = self.slot(access).await;
        let Replayed { status, calls, head } =
            self.replay(&access.view, definition, execution, run.clone(), stored).await?;
        Ok(ReplayReport { same: status == run.status, status, calls, head })
    }

    /// Questions, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn confirmations(
        &self,
        access: &Access,
        run: Option<&str>,
        pending: bool,
        page: Paging,
    ) -> AppResult<Listed<Confirmation>> {
        Ok(self.store().confirmations(access.tenant_id(), run, pending, page).await?)
    }

    /// One question.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn confirmation(&self, access: &Access, id: ConfirmationId) -> AppResult<Confirmation> {
        let found = self.store().confirmation(access.tenant_id(), id).await?;
        found.ok_or(AppError::NotFound("confirmation"))
    }

    /// Decides a question; the run goes on at once.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when it was decided already, has expired, or is not what the caller has seen; `Invalid`.
    pub async fn decide_confirmation(
        &self,
        access: &Access,
        id: ConfirmationId,
        draft: DecisionDraft,
    ) -> AppResult<Confirmation> {
        let (tenant, now) = (access.tenant_id(), self.now());
        let found = self.confirmation(access, id).await?;
        if draft.hash.is_some_and(|seen| seen != found.hash) {
            return Err(AppError::Conflict("the question is about something else than was seen".into()));
        }
        let faults = decision_faults(&found, &draft.decision);
        if !faults.is_empty() {
            return Err(AppError::Invalid(faults));
        }
        let late =
            || AppError::Conflict("nobody can answer this question any more: it was decided or has expired".into());
        if found.state != ConfirmationState::Pending || found.expires_at <= now {
            return Err(late());
        }
        let by = access.actor().label();
        let state = ConfirmationState::Decided { decision: draft.decision, by, at: now };
        if !self.store().decide(tenant, id, &state, now).await? {
            return Err(late());
        }
        // Should this host die here, the loop takes the run up.
        if let Err(error) = self.wake_agent_run(tenant, &found.run, now).await {
            tracing::warn!(run = found.run, %error, "a decided run is taken up later");
        }
        Ok(Confirmation { state, ..found })
    }
}

fn decision_faults(question: &Confirmation, decision: &Decision) -> Vec<FieldFault> {
    let too_large = |json: &RawJson| json.as_str().len() > MAX_VALUE;
    match decision {
        Decision::Approve { value: Some(value) } if too_large(value) => {
            vec![FieldFault::new("/value", format!("must have at most {MAX_VALUE} bytes"))]
        }
        Decision::Approve { value } => match (&question.schema, value) {
            (Some(schema), value) => {
                let value = value.clone().unwrap_or_default();
                let faults = schema_faults(schema, &value).into_iter();
                let place = |fault: FieldFault| {
                    let pointer = fault.pointer.strip_prefix("/config").unwrap_or_default().to_owned();
                    FieldFault::new(format!("/value{pointer}"), fault.message)
                };
                faults.map(place).collect()
            }
            (None, _) => Vec::new(),
        },
        Decision::Edit { .. } if question.kind != ConfirmationKind::Tool => {
            vec![FieldFault::new("/decision", "only the arguments of a tool can be edited")]
        }
        Decision::Edit { arguments } if too_large(arguments) => {
            vec![FieldFault::new("/arguments", format!("must have at most {MAX_VALUE} bytes"))]
        }
        Decision::Edit { arguments } if !arguments.to_value().is_object() => {
            vec![FieldFault::new("/arguments", "must be an object")]
        }
        Decision::Edit { .. } | Decision::Expire => Vec::new(),
        Decision::Reject { reason } if reason.len() > MAX_REASON => {
            vec![FieldFault::new("/reason", format!("must have at most {MAX_REASON} bytes"))]
        }
        Decision::Reject { .. } => Vec::new(),
    }
}
