//! Moving records.

use super::RecordView;
use crate::App;
use crate::caches::TenantView;
use crate::error::{AppError, AppResult};
use crate::turns::{Ask, RecordAsk};
use crate::usecases::{Access, ExecutionView};
use std::sync::Arc;
use stepwright_engine::record::{Command, DEFAULT_ACTOR};
use stepwright_engine::{Actor, ExecutionId, InstanceId, TransitionError};

/// Who moves a record, as its history and its guards know them.
#[derive(Clone, Debug)]
pub struct RecordCaller {
    /// In the record's history.
    pub name: String,
    /// For guards.
    pub kind: &'static str,
    /// The only instance whose records may be moved.
    pub instance: Option<InstanceId>,
}

impl RecordCaller {
    /// An agent with the key of its instance; `name` is what it says of itself.
    pub fn agent(instance: InstanceId, name: Option<String>) -> Self {
        Self { name: name.unwrap_or_else(|| DEFAULT_ACTOR.into()), kind: "agent", instance: Some(instance) }
    }

    /// A tenant's user or key, for all of its records.
    pub fn of(actor: &Actor) -> Self {
        let (name, kind) = match actor {
            Actor::System => ("system".into(), "system"),
            Actor::Operator => ("operator".into(), "operator"),
            // Whoever the key speaks for: the key is what can be revoked.
            Actor::Key { id, .. } => (format!("api_key:{id}"), "api_key"),
            Actor::User { subject } => (subject.clone(), "user"),
        };
        Self { name, kind, instance: None }
    }

    pub(crate) fn system() -> Self {
        Self::of(&Actor::System)
    }
}

impl App {
    /// Applies a command to the state the record has when it is committed. Concurrent commands take turns; each sees
    /// what the one before has done.
    ///
    /// # Errors
    /// `NotFound("workflow")`; `Invalid`; `Conflict` when the status does not allow it or a guard refuses.
    pub async fn record_command(
        &self,
        access: &Access,
        caller: &RecordCaller,
        id: ExecutionId,
        command: Command,
    ) -> AppResult<RecordView> {
        self.move_record(&access.view, access.actor(), caller, id, command).await
    }

    pub(crate) async fn move_record(
        &self,
        view: &Arc<TenantView>,
        actor: Actor,
        caller: &RecordCaller,
        id: ExecutionId,
        command: Command,
    ) -> AppResult<RecordView> {
        let RecordCaller { name, kind, instance } = caller.clone();
        let ask = Ask::Record(RecordAsk { command, name, kind, instance });
        match self.take_turn(view, actor, id, ask).await {
            Ok(taken) => RecordView::taken(taken),
            Err(AppError::NotFound(_)) => Err(AppError::NotFound("workflow")),
            Err(error) => Err(error),
        }
    }

    /// The core's commands as far as records know them.
    pub(crate) async fn command_to_record(
        &self,
        view: &Arc<TenantView>,
        actor: Actor,
        id: ExecutionId,
        command: stepwright_engine::Command,
    ) -> AppResult<ExecutionView> {
        use stepwright_engine::Command as Core;
        let ask = match &command {
            Core::Cancel { .. } => Command::Abort,
            Core::Resume => Command::Resume { data: serde_json::Map::new() },
            Core::Begin
            | Core::InvocationFinished { .. }
            | Core::TimerFired
            | Core::WakeDeferred { .. }
            | Core::CompleteTask { .. }
            | Core::SkipTask { .. }
            | Core::ResumeTask { .. }
            | Core::Pause
            | Core::Retry => return Err(TransitionError::IsARecord { command: command.name() }.into()),
        };
        let RecordCaller { name, kind, instance } = RecordCaller::of(&actor);
        let ask = Ask::Record(RecordAsk { command: ask, name, kind, instance });
        self.take_turn(view, actor, id, ask).await.map(|taken| taken.view)
    }
}
