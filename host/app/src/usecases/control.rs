//! Commands of people to one execution.

use super::{Access, ExecutionView};
use crate::App;
use crate::caches::TenantView;
use crate::driver::Extra;
use crate::error::{AppError, AppResult};
use crate::model::{OutboxMail, Wake};
use crate::ports::CommitError;
use std::sync::Arc;
use stepwright_engine::{Actor, Command, Execution, ExecutionId, TaskState, apply};

/// How often a command is applied anew because the execution moved on under it.
const MAX_TRIES: u32 = 20;

impl App {
    /// Applies a command to the state the execution has when it is committed.
    ///
    /// # Errors
    /// `NotFound`, `Transition` when it is not legal in that state.
    pub async fn command(&self, access: &Access, id: ExecutionId, command: Command) -> AppResult<ExecutionView> {
        self.apply_command(&access.view, access.actor(), id, command).await
    }

    /// A mail has been sent or given up: a task that has deferred itself to wait for that runs now.
    ///
    /// # Errors
    /// `Unavailable`; the task then runs when it has said it would.
    pub async fn mail_ended(&self, mail: &OutboxMail) -> AppResult<()> {
        let Some(id) = mail.execution_id else { return Ok(()) };
        if let Some(run) = mail.flow_run() {
            return self.wake_flow_run(mail.tenant_id, id, run).await;
        }
        let Some(task) = mail.task() else { return Ok(()) };
        let Some(view) = self.tenant_view(mail.tenant_id).await? else { return Ok(()) };
        let execution = self.store().execution(mail.tenant_id, id).await?;
        let waits = |e: &Execution| e.task(task).is_some_and(|t| matches!(t.state, TaskState::Deferred { .. }));
        if !execution.as_ref().is_some_and(waits) {
            return Ok(());
        }
        match self.apply_command(&view, Actor::System, id, Command::WakeDeferred { task }).await {
            // Meanwhile it has woken up by itself, or has ended.
            Ok(_) | Err(AppError::Transition(_) | AppError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn apply_command(
        &self,
        view: &Arc<TenantView>,
        actor: Actor,
        id: ExecutionId,
        command: Command,
    ) -> AppResult<ExecutionView> {
        for _ in 0..MAX_TRIES {
            let found = self.store().execution(view.tenant.id, id).await?.ok_or(AppError::NotFound("execution"))?;
            if found.flow.is_some() {
                return self.command_to_flow(view, actor, found, command).await;
            }
            if found.record.is_some() {
                return self.command_to_record(view, actor, id, command).await;
            }
            let ExecutionView { execution, definition } = self.view_of(view.tenant.id, found).await?;
            let expected = execution.version;
            let was_running = execution.running().next().is_some();
            let transition = apply(&definition, (*execution).clone(), command.clone(), &self.env(actor.clone()))?;
            let goes_on = transition.next.running().next().is_some();
            // Whoever runs the outstanding invocations goes on doing so: here it is poked; on another host it may,
            // unless there is something new to run, which it would not notice.
            let keep = was_running && goes_on && (self.driver().drives(id) || command == Command::Pause);
            let wake = if keep { Wake::Keep } else { self.wake_of(&transition.next, None) };
            let write = self.write(transition, expected, wake)?;
            match self.commit_one(view, &definition, write, Extra::default()).await {
                Ok(next) => {
                    self.driver().poke(id);
                    self.driver().hint();
                    return Ok(ExecutionView { execution: next, definition });
                }
                Err(CommitError::Stale(_)) => {}
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(error @ (CommitError::EffectConflict(_) | CommitError::Precondition { .. })) => {
                    return Err(AppError::Internal(error.to_string()));
                }
            }
        }
        Err(AppError::Unavailable("the execution keeps changing; try again".into()))
    }
}
