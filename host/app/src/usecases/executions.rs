//! Starting and reading executions.

use super::{Access, derived_id};
use crate::App;
use crate::driver::{StartRequest, Waiter};
use crate::error::{AppError, AppResult};
use crate::face::CoreStatus;
use crate::model::{Listed, Paging, Precondition, Profile};
use crate::ports::{CommitError, ExecutionFilter, ExecutionQuery, ExecutionSummary};
use std::sync::Arc;
use std::time::Duration;
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{
    Definition, DefinitionId, DefinitionStatus, Dialect, Execution, ExecutionId, HistoryEvent, RawJson, TenantId,
    TriggerInfo,
};

/// How often a waiting caller asks the database, in case another host drives the execution.
const WAIT_POLL: Duration = Duration::from_millis(500);

/// How to start.
#[derive(Clone, Debug)]
pub struct StartArgs {
    pub input: RawJson,
    pub entity: Option<EntityRef>,
    /// Parts the execution's id is derived from (an idempotency key and its scope); none takes a fresh id.
    pub derive_id: Option<Vec<String>>,
    /// Begin in the same commit; otherwise the execution is queued first.
    pub begin: bool,
    /// Refuse when an execution of the definition was created less than this long ago.
    pub min_interval: Option<Duration>,
    /// The API it is started with, unless that is the definition's own.
    pub dialect: Option<Dialect>,
}

/// An execution with the definition version it runs.
#[derive(Clone, Debug)]
pub struct ExecutionView {
    pub execution: Arc<Execution>,
    pub definition: Arc<Definition>,
}

/// What a start has led to.
#[derive(Clone, Debug)]
pub struct Started {
    pub view: ExecutionView,
    /// The derived id existed: nothing was started now.
    pub existed: bool,
}

impl App {
    /// Starts an execution of a definition and waits at most `wait` for its end.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when the definition is not active, `RecentRun`, `Quota`, `Unavailable`.
    pub async fn start(
        &self,
        access: &Access,
        id: DefinitionId,
        args: StartArgs,
        wait: Duration,
    ) -> AppResult<Started> {
        let tenant = access.tenant_id();
        let definition = self.current_definition(tenant, id).await?.ok_or(AppError::NotFound("definition"))?;
        let execution_id = match &args.derive_id {
            Some(parts) => {
                let tenant = tenant.to_string();
                let parts: Vec<&str> =
                    std::iter::once(tenant.as_str()).chain(parts.iter().map(String::as_str)).collect();
                derived_id(&parts)
            }
            None => ExecutionId::fresh(&**self.ids()),
        };
        if args.derive_id.is_some()
            && let Some(existing) = self.store().execution(tenant, execution_id).await?
        {
            return Ok(Started { view: self.view_of(access.tenant_id(), existing).await?, existed: true });
        }
        if definition.dialect == Dialect::Epilot {
            return Err(AppError::Conflict("the definition is a flow template; flows are started on their own".into()));
        }
        if definition.status != DefinitionStatus::Active {
            return Err(AppError::Conflict(format!("the definition is {}", definition.status.as_str())));
        }
        if definition.graph.nodes.is_empty() {
            let owner = definition.dialect.as_str();
            return Err(AppError::Conflict(format!("the definition is started through the {owner} API only")));
        }
        self.check_open_quota(&access.view).await?;
        let mut preconditions = Vec::new();
        if let Some(interval) = args.min_interval {
            preconditions.push(Precondition::NoExecutionSince { definition: id, since: self.now() - interval });
        }
        if let Some(entity) = &args.entity
            && Profile::of(&definition).singleton
        {
            preconditions.push(Precondition::NoOpenExecution { definition: id, entity: entity.clone() });
        }
        let request = StartRequest {
            id: execution_id,
            title: definition.name.clone(),
            trigger: TriggerInfo::manual(),
            input: args.input,
            entity: args.entity,
            actor: access.actor(),
            begin: args.begin,
            preconditions,
            dialect: args.dialect,
        };
        let ended = (!wait.is_zero()).then(|| self.driver().wait_for(execution_id));
        let started = self.start_execution(&access.view, &definition, request).await;
        let execution = match started {
            Ok(execution) => execution,
            Err(error) => return self.not_started(access, execution_id, args.min_interval, error).await,
        };
        let execution = match ended {
            Some(ended) => self.wait(execution, ended, wait, |e| e.status.is_final()).await?,
            None => execution,
        };
        Ok(Started { view: ExecutionView { execution, definition }, existed: false })
    }

    async fn not_started(
        &self,
        access: &Access,
        id: ExecutionId,
        interval: Option<Duration>,
        error: CommitError,
    ) -> AppResult<Started> {
        match error {
            // Two requests with one idempotency key at once: the other one has won.
            CommitError::Stale(_) => Ok(Started { view: self.execution(access, id).await?, existed: true }),
            CommitError::Precondition { newest: Some((newest, _)), .. } if newest == id => {
                Ok(Started { view: self.execution(access, id).await?, existed: true })
            }
            // Of a singleton, which knows no interval.
            CommitError::Precondition { .. } if interval.is_none() => {
                Err(AppError::Conflict("the workflow is a singleton and runs on this entity already".into()))
            }
            CommitError::Precondition { newest, .. } => {
                let window = interval.unwrap_or_default();
                let since = newest.map_or(Duration::ZERO, |(_, at)| self.now().since(at));
                let left = window.saturating_sub(since).as_millis().div_ceil(1_000);
                Err(AppError::RecentRun {
                    window_secs: window.as_secs() as u32,
                    retry_after_secs: u32::try_from(left).unwrap_or(u32::MAX).max(1),
                    last_run: newest.map(|(id, _)| id),
                })
            }
            CommitError::Store(error) => Err(error.into()),
            CommitError::EffectConflict(what) => Err(AppError::Internal(format!("{what} clashed on a start"))),
        }
    }

    /// The host is shutting down: whoever waits for an execution's end is answered now.
    pub fn stop_waiting(&self) {
        self.driver().stop_waiting();
    }

    /// Waits until the execution is in such a state, at most this long; gives what is known by then.
    pub(super) async fn wait(
        &self,
        execution: Arc<Execution>,
        mut waiter: Waiter,
        wait: Duration,
        reached: impl Fn(&Execution) -> bool,
    ) -> AppResult<Arc<Execution>> {
        let (tenant, id) = (execution.tenant_id, execution.id);
        let deadline = tokio::time::Instant::now() + wait;
        let mut latest = execution;
        let mut closing = std::pin::pin!(self.driver().closing());
        while !reached(&latest) {
            let look_at = deadline.min(tokio::time::Instant::now() + WAIT_POLL);
            let found = tokio::select! {
                found = tokio::time::timeout_at(look_at, waiter.until(&reached)) => found,
                // The execution goes on after the restart; its caller gets what is known now.
                () = &mut closing => return Ok(latest),
            };
            match found {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => tokio::time::sleep_until(look_at).await,
                Err(_) => {}
            }
            let over = tokio::time::Instant::now() >= deadline;
            // Driven here, it would have been announced.
            if (over || !self.driver().drives(id))
                && let Some(found) = self.store().execution(tenant, id).await?
            {
                latest = Arc::new(found);
            }
            if over {
                break;
            }
        }
        Ok(latest)
    }

    /// One execution.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn execution(&self, access: &Access, id: ExecutionId) -> AppResult<ExecutionView> {
        let execution = self.store().execution(access.tenant_id(), id).await?.ok_or(AppError::NotFound("execution"))?;
        self.view_of(access.tenant_id(), execution).await
    }

    pub(crate) async fn view_of(&self, tenant: TenantId, execution: Execution) -> AppResult<ExecutionView> {
        debug_assert_eq!(tenant, execution.tenant_id);
        let found = self.definition_of(&execution).await?;
        let definition = found.ok_or(AppError::NotFound("definition"))?;
        Ok(ExecutionView { execution: Arc::new(execution), definition })
    }

    /// Whole executions, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn executions(
        &self,
        access: &Access,
        filter: &ExecutionFilter,
        page: Paging,
    ) -> AppResult<Listed<ExecutionView>> {
        let listed = self.store().executions(access.tenant_id(), filter, page).await?;
        let mut items = Vec::with_capacity(listed.items.len());
        for execution in listed.items {
            items.push(self.view_of(access.tenant_id(), execution).await?);
        }
        Ok(Listed { items, has_more: listed.has_more })
    }

    /// A page of executions of all dialects, and how many there are in all.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn execution_page(
        &self,
        access: &Access,
        query: &ExecutionQuery,
        offset: u64,
        limit: u32,
    ) -> AppResult<(Vec<ExecutionView>, u64)> {
        let tenant = access.tenant_id();
        let (page, total) = tokio::join!(
            self.store().execution_page(tenant, query, offset, limit),
            self.store().execution_total(tenant, query)
        );
        let mut items = Vec::new();
        for execution in page? {
            items.push(self.view_of(tenant, execution).await?);
        }
        Ok((items, total?))
    }

    /// As [`Self::execution_page`], first everything in the first group of core statuses, then the next, each in the
    /// order of the query; a query for some statuses leaves out what is in none of them.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn execution_page_by_status(
        &self,
        access: &Access,
        query: &ExecutionQuery,
        groups: &[Vec<String>],
        offset: u64,
        limit: u32,
    ) -> AppResult<(Vec<ExecutionView>, u64)> {
        let (mut found, mut total) = (Vec::new(), 0);
        for group in groups {
            let wanted = |status: &&String| query.statuses.is_empty() || query.statuses.contains(status);
            let statuses: Vec<String> = group.iter().filter(wanted).cloned().collect();
            if statuses.is_empty() {
                continue;
            }
            let query = ExecutionQuery { statuses, ..query.clone() };
            let before = total;
            total += self.store().execution_total(access.tenant_id(), &query).await?;
            let left = limit - found.len() as u32;
            let skipped = offset.saturating_sub(before);
            if left > 0 && offset + u64::from(limit) > before && before + skipped < total {
                let page = self.store().execution_page(access.tenant_id(), &query, skipped, left).await?;
                for execution in page {
                    found.push(self.view_of(access.tenant_id(), execution).await?);
                }
            }
        }
        Ok((found, total))
    }

    /// Whether no execution of the definition on this entity is open.
    pub(crate) async fn is_idle_on(&self, definition: &Definition, entity: &EntityRef) -> AppResult<bool> {
        let open = ExecutionQuery {
            definition: Some(definition.id),
            entity_schema: Some(entity.schema.clone()),
            entity_id: Some(entity.id.clone()),
            statuses: CoreStatus::names(CoreStatus::is_open),
            ..ExecutionQuery::default()
        };
        Ok(self.store().execution_total(definition.tenant_id, &open).await? == 0)
    }

    /// Executions without their tasks, newest first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn execution_summaries(
        &self,
        access: &Access,
        filter: &ExecutionFilter,
        page: Paging,
    ) -> AppResult<Listed<ExecutionSummary>> {
        Ok(self.store().execution_summaries(access.tenant_id(), filter, page).await?)
    }

    /// History behind `after`, oldest first.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn history(
        &self,
        access: &Access,
        id: ExecutionId,
        after: u64,
        limit: u32,
    ) -> AppResult<Listed<HistoryEvent>> {
        if self.store().execution(access.tenant_id(), id).await?.is_none() {
            return Err(AppError::NotFound("execution"));
        }
        Ok(self.store().history(access.tenant_id(), id, after, limit).await?)
    }
}
