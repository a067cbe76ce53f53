//! Commands of people to one execution.

use super::{Access, ExecutionView};
use crate::App;
use crate::driver::Extra;
use crate::error::{AppError, AppResult};
use crate::model::Wake;
use crate::ports::CommitError;
use std::sync::Arc;
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
            let transition = apply(&definition, (*execution).clone(), command.clone(), &self.env(access.actor()))?;
            let wake = match (&command, self.wake_of(&transition.next, None)) {
                // Whoever runs the outstanding invocations goes on doing so.
                (Command::Pause, _) => Wake::Keep,
                (_, wake) => wake,
            };
            let write = self.write(transition, expected, wake)?;
            match self.commit_one(&access.view, &definition, write, Extra::default()).await {
                Ok(next) => {
                    self.driver().poke(id);
                    self.driver().hint();
                    return Ok(ExecutionView { execution: Arc::new(next), definition });
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
