//! Commands of people to one execution.

use super::{Access, ExecutionView};
use crate::App;
use crate::driver::Extra;
use crate::error::{AppError, AppResult};
use crate::model::Wake;
use crate::ports::CommitError;
use stepwright_engine::{Command, ExecutionId, apply};

/// How often a command is applied anew because the execution moved on under it.
const MAX_TRIES: u32 = 20;

impl App {
    /// Applies a command to the state the execution has when it is committed.
    ///
    /// # Errors
    /// `NotFound`, `Transition` when it is not legal in that state.
    pub async fn command(&self, access: &Access, id: ExecutionId, command: Command) -> AppResult<ExecutionView> {
        for _ in 0..MAX_TRIES {
            let ExecutionView { execution, definition } = self.execution(access, id).await?;
            let expected = execution.version;
            let was_running = execution.running().next().is_some();
            let transition = apply(&definition, (*execution).clone(), command.clone(), &self.env(access.actor()))?;
            let goes_on = transition.next.running().next().is_some();
            // Whoever runs the outstanding invocations goes on doing so: here it is poked; on another host it may,
            // unless there is something new to run, which it would not notice.
            let keep = was_running && goes_on && (self.driver().drives(id) || command == Command::Pause);
            let wake = if keep { Wake::Keep } else { self.wake_of(&transition.next, None) };
            let write = self.write(transition, expected, wake)?;
            match self.commit_one(&access.view, &definition, write, Extra::default()).await {
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
