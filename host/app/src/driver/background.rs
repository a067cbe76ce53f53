//! The loops that make things happen without a caller: claims, lease renewal, cache refresh, cron, events, sweeps.

use super::entity_events::entity_of;
use super::{QUEUE_DEPTH, StartRequest, lock};
use crate::App;
use crate::error::{AppError, AppResult};
use crate::model::{Emitted, Precondition, WebhookEvent};
use crate::ports::{CommitError, ScheduledDefinition};
use crate::session::MAX_CHAIN_DEPTH;
use std::sync::Arc;
use std::time::Duration;
use stepwright_engine::cron::{CronSchedule, catch_up};
use stepwright_engine::{
    Actor, Definition, DefinitionStatus, Dialect, EmittedEventId, EndpointId, Execution, ExecutionId, RawJson,
    TenantId, Trigger, TriggerInfo, TriggerSource,
};
use tokio::task::JoinSet;

/// Executions taken in one claim.
const CLAIM_BATCH: u32 = 128;
/// Schedules or events handled in one look.
const LOOK_BATCH: u32 = 200;
/// How often expired idempotency answers are deleted.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// How often changed numbers of executions are added up.
const FOLD_EVERY: Duration = Duration::from_secs(2);

/// The running loops; dropping it aborts them.
pub struct Background {
    app: App,
    loops: JoinSet<()>,
}

impl App {
    /// Starts the loops.
    pub fn run_background(&self) -> Background {
        let mut loops = JoinSet::new();
        loops.spawn(repeat(self.clone(), "claim", |app| async move { app.claim_once().await }));
        loops.spawn(repeat(self.clone(), "renew", |app| async move { app.renew_once().await }));
        loops.spawn(repeat(self.clone(), "changes", |app| async move { app.refresh_once().await }));
        loops.spawn(repeat(self.clone(), "schedules", |app| async move { app.schedules_once().await }));
        loops.spawn(repeat(self.clone(), "events", |app| async move { app.events_once().await }));
        loops.spawn(repeat(self.clone(), "agents", |app| async move { app.wake_agents_once().await }));
        loops.spawn(repeat(self.clone(), "sweep", |app| async move { app.sweep_once().await }));
        loops.spawn(repeat(self.clone(), "counts", |app| async move { app.fold_once().await }));
        loops.spawn(repeat(self.clone(), "flow lists", |app| async move { app.list_flows_once().await }));
        Background { app: self.clone(), loops }
    }

    /// Gives back what this node held when it died: for a node whose id outlives the process, such as the only host
    /// of an embedded database. Before [`App::run_background`].
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn recover_leases(&self) -> AppResult<u64> {
        Ok(self.store().release_leases(self.config().node, self.now()).await?)
    }

    /// Claims what is due and drives it; then waits until something may be due.
    async fn claim_once(&self) -> AppResult<Pause> {
        let driver = self.driver();
        let free = u32::try_from(driver.capacity.available_permits()).unwrap_or(u32::MAX).min(CLAIM_BATCH);
        if free == 0 || *driver.shutdown.borrow() {
            return Ok(Pause::For(Duration::from_millis(20)));
        }
        let (now, config) = (self.now(), self.config());
        let full = driver.full_tenants();
        let claimed =
            self.store().claim_due(now, config.node, self.lease_end(), free, config.claim_per_tenant, &full).await?;
        let all = claimed.len() as u32 == free;
        for execution in claimed {
            let id = execution.id;
            if let Err(error) = self.take_up(execution).await {
                tracing::error!(execution = %id, %error, "a claimed execution cannot be driven; its lease will run out");
            }
        }
        if all {
            return Ok(Pause::None);
        }
        let wait = match self.store().next_wake().await? {
            Some(at) => at.since(self.now()).clamp(Duration::from_millis(5), config.poll),
            None => config.poll,
        };
        Ok(Pause::Work(wait))
    }

    async fn take_up(&self, execution: Execution) -> AppResult<()> {
        let found = self.definition_of(&execution).await?;
        let definition = found.ok_or_else(|| {
            let (definition, version) = (execution.definition_id, execution.definition_version);
            AppError::Internal(format!("definition {definition} has no version {version}"))
        })?;
        let driver = self.driver();
        let place =
            driver.place(execution.tenant_id).ok_or_else(|| AppError::Unavailable("no place is left".into()))?;
        self.drive(place, definition, Arc::new(execution));
        Ok(())
    }

    async fn renew_once(&self) -> AppResult<Pause> {
        let ids = self.driver().driven_ids();
        if !ids.is_empty() {
            let until = self.lease_end();
            for lost in self.store().renew_leases(self.config().node, &ids, until).await? {
                self.driver().poke(lost);
            }
        }
        Ok(Pause::For(self.config().lease / 3))
    }

    async fn refresh_once(&self) -> AppResult<Pause> {
        let counter = self.store().change_counter().await?;
        if self.caches().saw_change(counter) {
            self.caches().invalidate();
        }
        Ok(Pause::For(self.config().poll))
    }

    /// Fires due cron ticks.
    ///
    /// # Errors
    /// `Unavailable`; the tick stands and is tried again.
    pub async fn schedules_once(&self) -> AppResult<Pause> {
        let due = self.store().due_schedules(self.now(), LOOK_BATCH).await?;
        let full = due.len() as u32 == LOOK_BATCH;
        let mut firing = JoinSet::new();
        for schedule in due {
            // Side by side, so that their commits share a flush; one that cannot fire holds up no other.
            let app = self.clone();
            firing.spawn(async move {
                let definition = schedule.definition;
                if let Err(error) = app.fire(schedule).await {
                    tracing::warn!(%definition, %error, "a cron tick could not be handled; it is tried again");
                    return false;
                }
                true
            });
        }
        let failed = firing.join_all().await.contains(&false);
        if failed {
            return Ok(Pause::For(self.config().poll));
        }
        let wait = match self.store().next_tick().await? {
            _ if full => Duration::ZERO,
            Some(at) => at.since(self.now()).clamp(Duration::from_millis(5), self.config().poll),
            None => self.config().poll,
        };
        Ok(Pause::For(wait))
    }

    async fn fire(&self, due: ScheduledDefinition) -> AppResult<()> {
        let ScheduledDefinition { tenant_id, definition: id, tick } = due;
        let definition = self.store().definition(tenant_id, id).await?.map(Arc::new);
        let live = definition.filter(|d| d.status == DefinitionStatus::Active);
        let (Some(definition), Some(view)) = (live, self.tenant_view(tenant_id).await?) else {
            self.store().move_tick(tenant_id, id, tick, None).await?;
            return Ok(());
        };
        let Some(schedule) = cron_of(&definition, &view.tenant.settings.timezone) else {
            self.store().move_tick(tenant_id, id, tick, None).await?;
            return Ok(());
        };
        let decided = catch_up(&schedule, tick, self.now(), self.config().misfire_grace);
        // A run of the workflow is active: this tick waits as one queued run, further ticks are dropped
        // (source: contracts/softsolz.md 2C).
        let fire = match decided.fire {
            Some(fire) if definition.dialect == Dialect::Softsolz => {
                let open = self.store().open_executions_of(tenant_id, id, QUEUE_DEPTH).await?.len();
                let room = open < QUEUE_DEPTH as usize;
                if !room {
                    tracing::info!(definition = %id, tick = %fire, "cron tick dropped: a run is active and one is queued");
                }
                room.then_some(fire)
            }
            other => other,
        };
        let quota = self.check_open_quota(&view).await;
        if let Err(error) = &quota {
            tracing::warn!(tenant = %tenant_id, definition = %id, %error, "cron tick dropped");
        }
        let Some(fire) = fire.filter(|_| quota.is_ok()) else {
            self.store().move_tick(tenant_id, id, tick, decided.next).await?;
            return Ok(());
        };
        let request = StartRequest {
            id: ExecutionId::fresh(&**self.ids()),
            title: definition.name.clone(),
            trigger: TriggerInfo {
                scheduled_for: Some(fire),
                source: TriggerSource::Schedule,
                event: None,
                parent: None,
            },
            input: RawJson::empty_object(),
            entity: None,
            actor: Actor::System,
            begin: false,
            preconditions: vec![Precondition::TickUnfired { definition: id, tick, next: decided.next }],
            dialect: None,
        };
        match self.start_execution(&view, &definition, request).await {
            Ok(execution) => {
                tracing::info!(execution = %execution.id, definition = %id, tick = %fire, "cron tick fired")
            }
            // Another host was first.
            Err(CommitError::Precondition { .. }) => {}
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(error) => tracing::error!(definition = %id, %error, "cron tick could not start an execution"),
        }
        Ok(())
    }

    /// Starts the definitions whose event trigger matches what was emitted.
    ///
    /// # Errors
    /// `Unavailable`; the event stays and is tried again.
    pub async fn events_once(&self) -> AppResult<Pause> {
        let events = self.store().unhandled_events(LOOK_BATCH).await?;
        let full = events.len() as u32 == LOOK_BATCH;
        let mut failed = false;
        for (tenant, event) in events {
            let (id, kind) = (event.id, event.kind.clone());
            if let Err(error) = self.handle_event(tenant, event).await {
                tracing::warn!(event = %id, kind, %error, "an event could not be handled; it is tried again");
                failed = true;
            }
        }
        Ok(Pause::For(if full && !failed { Duration::ZERO } else { self.config().poll }))
    }

    async fn handle_event(&self, tenant: TenantId, event: Emitted) -> AppResult<()> {
        let Some(view) = self.tenant_view(tenant).await? else {
            return self.forget_event(tenant, event.id).await;
        };
        if self.handle_internal(&view, &event).await? {
            return self.forget_event(tenant, event.id).await;
        }
        let depth = event.depth + 1;
        let allowed = depth <= MAX_CHAIN_DEPTH && self.check_open_quota(&view).await.is_ok();
        let definitions = match allowed {
            true => self.store().definitions_for_event(tenant, &event.kind).await?,
            false => {
                tracing::warn!(event = %event.id, kind = event.kind, "event starts nothing: chain too deep or quota used up");
                Vec::new()
            }
        };
        let data = event.data.to_value();
        let entity = entity_of(&data);
        let root = match definitions.is_empty() {
            true => event.id.to_string(),
            false => self.root_of(tenant, &event).await?,
        };
        for definition in definitions {
            if self.may_start(&definition, &data, entity.as_ref()).await? {
                self.start_by_event(&view, &Arc::new(definition), &event, &root, entity.as_ref()).await?;
            }
        }
        let webhooks = self.webhooks_of_event(&view, &event.kind, &event.data, self.now());
        self.take_event(tenant, event.id, webhooks).await
    }

    async fn forget_event(&self, tenant: TenantId, event: EmittedEventId) -> AppResult<()> {
        self.take_event(tenant, event, Vec::new()).await
    }

    /// The event has been handled; whoever takes it first sends its webhooks.
    async fn take_event(
        &self,
        tenant: TenantId,
        event: EmittedEventId,
        webhooks: Vec<(WebhookEvent, Vec<EndpointId>)>,
    ) -> AppResult<()> {
        let commit = crate::model::Commit {
            tenant_id: tenant,
            at: self.now(),
            preconditions: vec![Precondition::EventUnhandled { event }],
            executions: Vec::new(),
            effects: crate::model::Effects::default(),
            webhooks,
            usage: crate::model::UsageDelta::default(),
        };
        match self.store().commit(commit).await {
            Ok(()) | Err(CommitError::Precondition { .. }) => Ok(()),
            Err(error) => Err(AppError::Unavailable(error.to_string())),
        }
    }

    async fn fold_once(&self) -> AppResult<Pause> {
        self.store().fold_counts().await?;
        Ok(Pause::For(FOLD_EVERY))
    }

    async fn sweep_once(&self) -> AppResult<Pause> {
        let deleted = self.store().sweep(self.now(), 1_000).await?;
        Ok(Pause::For(if deleted == 1_000 { Duration::ZERO } else { SWEEP_EVERY }))
    }
}

/// The schedule of a definition, when it has one that parses.
pub(crate) fn cron_of(definition: &Definition, tenant_zone: &str) -> Option<CronSchedule> {
    match &definition.trigger {
        Trigger::Schedule { cron } => {
            CronSchedule::parse(cron, definition.timezone.as_deref().unwrap_or(tenant_zone)).ok()
        }
        Trigger::Manual | Trigger::Event { .. } => None,
    }
}

/// How long a loop rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    None,
    For(Duration),
    /// As long, unless work is hinted at.
    Work(Duration),
}

async fn repeat<F: Future<Output = AppResult<Pause>>>(app: App, name: &'static str, look: impl Fn(App) -> F) {
    let mut failures = 0u32;
    loop {
        let pause = match look(app.clone()).await {
            Ok(pause) => {
                if failures > 0 {
                    tracing::info!(name, failures, "background loop recovered");
                }
                failures = 0;
                pause
            }
            Err(error) => {
                failures += 1;
                if failures == 1 {
                    tracing::warn!(name, %error, "background loop failed; it goes on trying");
                }
                Pause::For(Duration::from_millis(200 * u64::from(failures.min(25))))
            }
        };
        if failures == 0 {
            let rest = match pause {
                Pause::None => Duration::ZERO,
                Pause::For(wait) | Pause::Work(wait) => wait,
            };
            app.driver().beats().beat(name, app.now() + rest);
        }
        match pause {
            Pause::None => tokio::task::yield_now().await,
            Pause::For(wait) => tokio::time::sleep(wait).await,
            Pause::Work(wait) => {
                let _ = tokio::time::timeout(wait, app.driver().work.notified()).await;
            }
        }
    }
}

impl Background {
    /// Stops taking up work, lets running steps finish until `patience` is over, and gives the rest back to the
    /// database, where another host (or the next start) takes it up at once.
    pub async fn drain(mut self, patience: Duration) {
        self.app.driver().shutdown.send_replace(true);
        self.loops.abort_all();
        let give_up = tokio::time::Instant::now() + patience;
        while !lock(&self.app.driver().driven).is_empty() && tokio::time::Instant::now() < give_up {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        match self.app.store().release_leases(self.app.config().node, self.app.now()).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "executions handed back"),
            Err(error) => tracing::warn!(%error, "leases could not be given back; they will run out"),
        }
    }
}
