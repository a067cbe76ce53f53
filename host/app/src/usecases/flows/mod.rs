//! Flows (epilot): starting, reading, commanding and deleting them by the id clients know them by.

mod control;
mod entities;
mod in_entity;
mod others;
mod search;
mod start;

use entities::titled;
pub use search::{FlowPage, MOST_HITS, TaskPage};
pub use start::StartFlowArgs;

use super::{Access, ExecutionView, flow_execution_id};
use crate::App;
use crate::error::{AppError, AppResult};
use crate::face::as_flow;
use crate::ports::{ExecutionOrder, ExecutionQuery};
use std::sync::Arc;
use std::time::Duration;
use stepwright_engine::flow::{Command, Flow, FlowError, FlowErrorKind};
use stepwright_engine::{Definition, Dialect, Execution, ExecutionId, TenantId};

/// Flows found by one entity at most.
const MOST_FOUND: u32 = 1_000;
/// How long a caller waits for decisions at most.
const DECIDING: Duration = Duration::from_secs(5);
/// Characters of a UUID as it is written; other spellings are no ids.
const UUID_LENGTH: usize = 36;

/// A flow with what stands around it.
#[derive(Clone, Debug)]
pub struct FlowView {
    /// Of the execution around the flow: for its history, for example.
    pub execution: ExecutionId,
    pub flow: Flow,
    /// The version of the template it was started from.
    pub definition: Arc<Definition>,
}

impl FlowView {
    /// # Errors
    /// `NotFound` when the execution is no flow, or the flow was deleted.
    fn of(execution: Execution, definition: Arc<Definition>) -> AppResult<Self> {
        match execution.flow {
            Some(flow) if flow.deleted_at.is_none() => Ok(Self { execution: execution.id, flow: *flow, definition }),
            Some(_) | None => Err(AppError::NotFound("execution")),
        }
    }

    /// Another API's execution, for showing only.
    pub(crate) fn of_foreign(view: ExecutionView) -> Self {
        Self { execution: view.execution.id, flow: as_flow(&view), definition: view.definition }
    }

    fn of_view(view: ExecutionView) -> AppResult<Self> {
        Self::of(Arc::unwrap_or_clone(view.execution), view.definition)
    }
}

impl App {
    /// One flow, or another API's execution shown as one, which goes by its UUID.
    ///
    /// # Errors
    /// `NotFound`, also when it was deleted.
    pub async fn flow(&self, access: &Access, flow: &str) -> AppResult<FlowView> {
        let tenant = access.tenant_id();
        if let Some(found) = self.store().execution(tenant, flow_execution_id(tenant, flow)).await? {
            return FlowView::of_view(self.view_of(tenant, found).await?);
        }
        let foreign = self.foreign_to_flows(tenant, flow).await?.ok_or(AppError::NotFound("execution"))?;
        Ok(FlowView::of_foreign(self.view_of(tenant, foreign).await?))
    }

    /// Another API's execution, by the id it has among flows.
    async fn foreign_to_flows(&self, tenant: TenantId, flow: &str) -> AppResult<Option<Execution>> {
        let id: Option<ExecutionId> = flow.parse().ok().filter(|_| flow.len() == UUID_LENGTH);
        match id {
            Some(id) => Ok(self.store().execution(tenant, id).await?.filter(|e| e.flow.is_none())),
            None => Ok(None),
        }
    }

    /// What could not be done because there is no such flow: another API's execution is known, but not changed here.
    async fn unless_foreign<T>(&self, access: &Access, flow: &str, done: AppResult<T>) -> AppResult<T> {
        if let Err(AppError::NotFound("execution")) = done
            && let Some(foreign) = self.foreign_to_flows(access.tenant_id(), flow).await?
        {
            return Err(AppError::Foreign(foreign.dialect));
        }
        done
    }

    /// Applies a command to the state the flow has when it is committed. The decisions that come of it are made before
    /// this returns, and shown, but for patches of tasks and schedules that are run at once: they give the task as it is
    /// then, which a loop may reset. A command that changes nothing is fine.
    ///
    /// # Errors
    /// `NotFound` for the flow, a task or a phase; `Invalid` with the message for the client; `Conflict` when it
    /// comes too late; `Foreign`.
    pub async fn flow_command(&self, access: &Access, flow: &str, command: Command) -> AppResult<FlowView> {
        self.flow_command_if(access, flow, command, |_| Ok(())).await
    }

    /// As [`Self::flow_command`], if `allowed` has nothing against it in the very state the command is applied to.
    ///
    /// # Errors
    /// As there, and what `allowed` refuses with.
    pub async fn flow_command_if(
        &self,
        access: &Access,
        flow: &str,
        command: Command,
        allowed: impl Fn(&Flow) -> AppResult<()> + Send + Sync + 'static,
    ) -> AppResult<FlowView> {
        let id = flow_execution_id(access.tenant_id(), flow);
        let as_done = matches!(command, Command::PatchTask { .. } | Command::RunScheduleNow { .. });
        let mut command = command;
        if let Command::PatchFlow(patch) = &mut command
            && let Some(contexts) = patch.contexts.take()
        {
            let entities = self.require_entities(access.tenant_id(), &contexts).await?;
            patch.contexts = Some(titled(contexts, &entities));
        }
        let done = self.apply_to_flow_if(&access.view, access.actor(), id, command, Box::new(allowed)).await;
        let done = FlowView::of_view(self.unless_foreign(access, flow, done).await?)?;
        let decided = self.decided(access, &done).await;
        Ok(if as_done { done } else { decided.unwrap_or(done) })
    }

    /// The flow with its decisions made, if there were any to wait for (source: contracts/epilot.md, Start: what is
    /// answered is the state after all synchronous steps; only automations and agents run afterwards). What was asked
    /// for is done already, so a decision that takes long, or a database that is away, only means that the decision is
    /// shown being made.
    async fn decided(&self, access: &Access, done: &FlowView) -> Option<FlowView> {
        if !done.flow.is_deciding() {
            return None;
        }
        // Before it is looked at: what is decided in between must not be missed.
        let waiter = self.driver().wait_for(done.execution);
        let found = self.store().execution(access.tenant_id(), done.execution).await.ok()??;
        let reached = |execution: &Execution| !execution.flow.as_deref().is_some_and(Flow::is_deciding);
        let found = self.wait(Arc::new(found), waiter, DECIDING, reached).await.ok()?;
        FlowView::of(Arc::unwrap_or_clone(found), Arc::clone(&done.definition)).ok()
    }

    /// Cancels the schedule that is armed under this id; its task is skipped.
    ///
    /// # Errors
    /// `NotFound`, also when the schedule was used up or replaced; `Invalid` when the flow does not run.
    pub async fn cancel_flow_schedule(&self, access: &Access, flow: &str, schedule: &str) -> AppResult<()> {
        let found = self.flow(access, flow).await?.flow;
        let Some(task) = found.task_of_schedule(schedule) else {
            return Err(match found.is_started() {
                true => AppError::NotFound("schedule"),
                false => refused(&FlowError::NotStarted(found.status.name())),
            });
        };
        let command = Command::CancelSchedule { task: task.id.clone(), schedule_id: Some(schedule.to_owned()) };
        match self.flow_command(access, flow, command).await {
            // Something else was faster.
            Err(AppError::Conflict(_)) => Err(AppError::NotFound("schedule")),
            done => done.map(drop),
        }
    }

    /// Flows about an entity, ended ones and other APIs' executions included, newest first, at most 1000. Without a
    /// schema, entities of every schema with this id count.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn search_flows_by_entity(
        &self,
        access: &Access,
        schema: Option<&str>,
        entity: &str,
    ) -> AppResult<Vec<FlowView>> {
        let tenant = access.tenant_id();
        let found = self.store().flows_of(tenant, schema, entity, MOST_FOUND).await?;
        let mut flows = self.flow_views(tenant, found).await?;
        let about = ExecutionQuery {
            entity_schema: schema.map(str::to_owned),
            entity_id: Some(entity.to_owned()),
            // Flows are found by all their contexts already.
            without: Some(Dialect::Epilot),
            order: ExecutionOrder::Created,
            ..ExecutionQuery::default()
        };
        for foreign in self.store().execution_page(tenant, &about, 0, MOST_FOUND).await? {
            flows.push(FlowView::of_foreign(self.view_of(tenant, foreign).await?));
        }
        flows.sort_by_key(|view| std::cmp::Reverse((view.flow.created_at, view.execution)));
        flows.truncate(MOST_FOUND as usize);
        Ok(flows)
    }

    /// Deletes a flow. A `soft` deletion keeps it and its history, out of everybody's sight; otherwise nothing is
    /// left of it. Entity sync is told either way, with the same commit.
    ///
    /// # Errors
    /// `NotFound`; `Foreign`.
    pub async fn delete_flow(&self, access: &Access, flow: &str, soft: bool) -> AppResult<()> {
        let tenant = access.tenant_id();
        let id = flow_execution_id(tenant, flow);
        let done = self.apply_to_flow(&access.view, access.actor(), id, Command::Delete { soft }).await;
        self.unless_foreign(access, flow, done).await.map(drop)
    }
}

/// A flow's refusal as a use case's.
pub(crate) fn refused(error: &FlowError) -> AppError {
    match (error.kind(), error) {
        (FlowErrorKind::NotFound, FlowError::UnknownTask(_)) => AppError::NotFound("task"),
        (FlowErrorKind::NotFound, FlowError::UnknownPhase(_)) => AppError::NotFound("phase"),
        (FlowErrorKind::NotFound, _) => AppError::NotFound("execution"),
        (FlowErrorKind::Invalid, error) => AppError::invalid("", error.to_string()),
        (FlowErrorKind::Stale, error) => AppError::Conflict(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stepwright_engine::NodeId;
    use stepwright_engine::flow::StatusName;

    #[test]
    fn refusals_are_told_apart_by_what_a_client_can_do() {
        let task = || NodeId::new("t");
        assert_eq!(refused(&FlowError::Deleted), AppError::NotFound("execution"));
        assert_eq!(refused(&FlowError::UnknownTask(task())), AppError::NotFound("task"));
        assert_eq!(refused(&FlowError::UnknownPhase(task())), AppError::NotFound("phase"));
        assert_eq!(refused(&FlowError::NotStarted(StatusName::Done)), AppError::invalid("", "Execution is done"));
        let stale = FlowError::StaleAttempt { task: task(), attempt: 2 };
        assert_eq!(refused(&stale), AppError::Conflict("attempt 2 of task t is not awaited".into()));
    }
}
