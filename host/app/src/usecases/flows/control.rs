//! Commands to flows: load, apply, commit with the version it had, and again when somebody was faster.

use super::refused;
use crate::App;
use crate::caches::TenantView;
use crate::driver::{Extra, FlowMoved};
use crate::error::{AppError, AppResult};
use crate::model::{Effects, Wake};
use crate::ports::CommitError;
use crate::usecases::ExecutionView;
use stepwright_engine::flow::{self, ActionState, Flow, FlowError, FlowPatch, StatusName};
use stepwright_engine::{Actor, Command, Execution, ExecutionId, NodeId, TenantId, TransitionError};

/// How often a command is applied anew because the flow or one of its entities moved on under it.
const MAX_TRIES: u32 = 20;

/// Whether a caller may do something to a flow; the refusal inside.
pub(super) type Allowed<'a> = &'a (dyn Fn(&Flow) -> AppResult<()> + Send + Sync);

impl App {
    /// Applies a command to a flow and saves what comes of it.
    pub(crate) async fn apply_to_flow(
        &self,
        view: &TenantView,
        actor: Actor,
        id: ExecutionId,
        command: flow::Command,
    ) -> AppResult<ExecutionView> {
        self.apply_to_flow_if(view, actor, id, command, &|_| Ok(())).await
    }

    /// As [`Self::apply_to_flow`], if `allowed` has nothing against it in the very state the command is applied to.
    pub(super) async fn apply_to_flow_if(
        &self,
        view: &TenantView,
        actor: Actor,
        id: ExecutionId,
        command: flow::Command,
        allowed: Allowed<'_>,
    ) -> AppResult<ExecutionView> {
        for _ in 0..MAX_TRIES {
            let found = self.store().execution(view.tenant.id, id).await?.ok_or(AppError::NotFound("execution"))?;
            let ExecutionView { execution, definition } = self.view_of(view.tenant.id, found).await?;
            match execution.flow.as_deref() {
                Some(flow) if flow.deleted_at.is_none() => allowed(flow)?,
                Some(_) | None => return Err(AppError::NotFound("execution")),
            }
            let moved = self.move_flow(&execution, command.clone(), &actor, Effects::default()).await?;
            let FlowMoved { transition, effects } = match moved {
                Ok(moved) => moved,
                Err(FlowError::NothingToDo) => return Ok(ExecutionView { execution, definition }),
                Err(error) => return Err(refused(&error)),
            };
            // Whoever works on it goes on doing so: here it is poked; elsewhere it would not notice what is new.
            let keep = execution.is_working() && transition.next.is_working() && self.driver().drives(id);
            let wake = if keep { Wake::Keep } else { self.wake_of(&transition.next, None) };
            let write = self.write(transition, execution.version, wake)?;
            if write.document.len() > crate::driver::MAX_DOCUMENT {
                return Err(AppError::invalid("", "the execution would become too large"));
            }
            let extra = Extra { effects, ..Extra::default() };
            match self.commit_one(view, &definition, write, extra).await {
                Ok(next) => {
                    self.driver().poke(id);
                    self.driver().hint();
                    return Ok(ExecutionView { execution: next, definition });
                }
                Err(CommitError::Stale(_) | CommitError::EffectConflict(_)) => {}
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(error @ CommitError::Precondition { .. }) => return Err(AppError::Internal(error.to_string())),
            }
        }
        Err(AppError::Unavailable("the execution keeps changing; try again".into()))
    }

    /// The core's commands as far as flows know them.
    pub(crate) async fn command_to_flow(
        &self,
        view: &TenantView,
        actor: Actor,
        execution: Execution,
        command: Command,
    ) -> AppResult<ExecutionView> {
        let (name, status) = (command.name(), execution.status.name());
        let Some(command) = for_flow(&command) else {
            return Err(TransitionError::IsAFlow { command: name }.into());
        };
        let unknown_key = execution.flow.as_deref().is_some_and(|flow| !awaits(flow, &command));
        if unknown_key {
            return Err(TransitionError::UnknownResumeKey.into());
        }
        match self.apply_to_flow(view, actor, execution.id, command).await {
            Err(AppError::Invalid(_)) => Err(TransitionError::WrongStatus { command: name, status }.into()),
            done => done,
        }
    }

    /// A mail of an automation has been sent or given up: an action that has put itself off to wait for that goes on.
    pub(crate) async fn wake_flow_run(&self, tenant: TenantId, id: ExecutionId, run: &str) -> AppResult<()> {
        let Some(view) = self.tenant_view(tenant).await? else { return Ok(()) };
        let Some(execution) = self.store().execution(tenant, id).await? else { return Ok(()) };
        let Some(task) = execution.flow.as_deref().and_then(|flow| deferred(flow, run)) else { return Ok(()) };
        let command = flow::Command::RunScheduleNow { task, schedule_id: None };
        match self.apply_to_flow(&view, Actor::System, id, command).await {
            // Meanwhile it has woken up by itself, or has ended.
            Ok(_) | Err(AppError::NotFound(_) | AppError::Invalid(_) | AppError::Conflict(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn for_flow(command: &Command) -> Option<flow::Command> {
    match command {
        Command::Cancel { reason } => Some(flow::Command::PatchFlow(FlowPatch {
            status: Some(StatusName::Closed),
            extra_description: reason.clone(),
            ..FlowPatch::default()
        })),
        Command::ResumeTask { resume_key, data } => {
            Some(flow::Command::ResumeAction { resume_key: resume_key.clone(), data: data.clone() })
        }
        Command::Begin
        | Command::InvocationFinished { .. }
        | Command::TimerFired
        | Command::WakeDeferred { .. }
        | Command::CompleteTask { .. }
        | Command::SkipTask { .. }
        | Command::Pause
        | Command::Resume
        | Command::Retry => None,
    }
}

/// Whether an action waits for the key of a call-back; true for every other command.
fn awaits(flow: &Flow, command: &flow::Command) -> bool {
    let flow::Command::ResumeAction { resume_key: wanted, .. } = command else { return true };
    let runs = flow.tasks.iter().filter_map(|task| task.automation()?.run.as_ref());
    let mut current = runs.filter_map(|run| run.current());
    current.any(|(_, state)| matches!(state, ActionState::Waiting { resume_key, .. } if resume_key == wanted))
}

/// The task whose run has put itself off.
fn deferred(flow: &Flow, run: &str) -> Option<NodeId> {
    let task = flow.tasks.iter().find(|task| {
        let run = task.automation().and_then(|a| a.run.as_ref()).filter(|r| r.execution_id == run);
        run.and_then(|r| r.current()).is_some_and(|(_, state)| matches!(state, ActionState::Deferred { .. }))
    })?;
    Some(task.id.clone())
}
