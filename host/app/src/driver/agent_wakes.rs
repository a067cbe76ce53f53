//! Taking up runs of agents again: a person has decided, or nobody has in time.

use super::Pause;
use super::agent_budget::settlement;
use crate::App;
use crate::error::{AppError, AppResult};
use crate::model::{AgentRun, ConfirmationState, JournalWrite, Paging, RunStatus};
use crate::ports::JournalError;
use stepwright_engine::flow::{AgentReport, AgentState, Command, TaskStatus};
use stepwright_engine::{Actor, Execution, TenantId, Timestamp};

/// Runs looked at at once.
const LOOK_BATCH: u32 = 200;
/// Questions of one run that are looked at for the next that expires.
const QUESTIONS: u32 = 100;

impl App {
    /// Takes up every run that is due.
    ///
    /// # Errors
    /// `Unavailable`; the runs stay due.
    pub async fn wake_agents_once(&self) -> AppResult<Pause> {
        let due = self.store().due_runs(self.now(), LOOK_BATCH).await?;
        for (tenant, run, since) in due {
            if let Err(error) = self.wake_agent_run(tenant, &run, since).await {
                tracing::warn!(run, %error, "an agent's run cannot be taken up; it is tried again");
            }
        }
        Ok(Pause::For(self.config().poll))
    }

    /// Takes a run up that waits.
    pub(crate) async fn wake_agent_run(&self, tenant: TenantId, id: &str, seen: Timestamp) -> AppResult<()> {
        let (Some(view), Some(run)) = (self.tenant_view(tenant).await?, self.store().run(tenant, id).await?) else {
            return Ok(());
        };
        if !run.status.is_open() {
            return Ok(self.store().postpone_run(tenant, id, seen, None).await?);
        }
        let execution = self.store().execution(tenant, run.execution).await?;
        match execution.as_ref().and_then(|execution| awaited(execution, &run)) {
            Some(AgentState::WaitingApproval) => {
                let next = self.next_expiry(tenant, id).await?;
                let report = AgentReport::Running;
                let command = Command::AgentReported { task: run.task.clone(), attempt: run.attempt, report };
                match self.apply_to_flow(&view, Actor::System, run.execution, command).await {
                    Ok(_) => Ok(self.store().postpone_run(tenant, id, seen, next).await?),
                    // Meanwhile somebody has done without the agent.
                    Err(AppError::NotFound(_) | AppError::Invalid(_) | AppError::Conflict(_)) => Ok(()),
                    Err(error) => Err(error),
                }
            }
            // Whoever works on it has not told yet that it waits.
            Some(AgentState::Running) => Ok(()),
            Some(AgentState::Completed { .. } | AgentState::Failed { .. } | AgentState::Cancelled { .. }) | None => {
                self.cancel_agent_run(run).await
            }
        }
    }

    /// When the next open question expires that is not due yet.
    async fn next_expiry(&self, tenant: TenantId, run: &str) -> AppResult<Option<Timestamp>> {
        let page = Paging::Offset { limit: QUESTIONS, offset: 0 };
        let open = self.store().confirmations(tenant, Some(run), true, page).await?.items;
        let now = self.now();
        let pending = open.iter().filter(|question| question.state == ConfirmationState::Pending);
        Ok(pending.map(|question| question.expires_at).filter(|at| *at > now).min())
    }

    /// Nobody waits for the run any more.
    pub(crate) async fn cancel_agent_run(&self, run: AgentRun) -> AppResult<()> {
        let Some(stored) = self.store().journal(run.tenant_id, &run.id).await? else { return Ok(()) };
        // A host that has died over it may have left something booked.
        let spends = run.held.as_ref().map(|held| settlement(&run, held, held.at_most(stored.beat_at)));
        let next = AgentRun { status: RunStatus::Cancelled, held: None, updated_at: self.now(), ..run.clone() };
        let write = JournalWrite {
            next: Some(Box::new(next)),
            wake_at: Some(None),
            spends: spends.unwrap_or_default(),
            ..JournalWrite::nothing(&run, stored.head)
        };
        match self.store().write_journal(&write).await {
            Ok(()) | Err(JournalError::Stale) => Ok(()),
            Err(JournalError::Store(error)) => Err(error.into()),
            Err(error @ (JournalError::Exhausted { .. } | JournalError::Memory(_))) => {
                Err(AppError::Internal(error.to_string()))
            }
        }
    }
}

/// Whether a task in this status still is its agent's; in any other, somebody has put it there.
pub(super) const fn is_at_it(status: TaskStatus) -> bool {
    matches!(status, TaskStatus::InProgress | TaskStatus::WaitingForConfirmation)
}

/// How far the run is for its flow; none when the flow has gone on without it.
fn awaited<'e>(execution: &'e Execution, run: &AgentRun) -> Option<&'e AgentState> {
    let flow = execution.flow.as_deref().filter(|flow| flow.deleted_at.is_none())?;
    let task = flow.tasks.iter().find(|task| task.id == run.task && task.attempt == run.attempt)?;
    if !is_at_it(task.status) {
        return None;
    }
    let known = task.agent()?.run.as_ref().filter(|known| known.execution_id == run.id)?;
    Some(&known.state)
}
