//! Making executions: pins, first commit, and the hand-over to the driver.

use super::flow_work::CONDITIONS;
use super::saving::Extra;
use crate::App;
use crate::caches::TenantView;
use crate::error::{AppError, AppResult};
use crate::model::{ExecutionWrite, Precondition, UsageDelta, Wake};
use crate::ports::CommitError;
use crate::session::StagedStart;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use stepwright_engine::decision::Test;
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{
    Actor, Command, Definition, Dialect, Execution, ExecutionId, ExecutionKind, NodeKind, RawJson, Start, Transition,
    TriggerInfo, TriggerSource, apply, start,
};

/// How old a count of open executions may be; while it is renewed, as old again as that takes.
const RECOUNT: Duration = Duration::from_secs(5);

/// A request to start an execution.
pub(crate) struct StartRequest {
    pub id: ExecutionId,
    pub title: String,
    pub trigger: TriggerInfo,
    pub input: RawJson,
    pub entity: Option<EntityRef>,
    pub actor: Actor,
    /// Begin at once, in the same commit; otherwise it is queued and a worker takes it up.
    pub begin: bool,
    pub preconditions: Vec<Precondition>,
    /// The API it is started with, unless that is the definition's own.
    pub dialect: Option<Dialect>,
}

impl App {
    /// Starts an execution and, when there is room, drives it here.
    ///
    /// # Errors
    /// `Unavailable`; a precondition or an id that exists as [`CommitError`].
    pub(crate) async fn start_execution(
        &self,
        view: &Arc<TenantView>,
        definition: &Arc<Definition>,
        request: StartRequest,
    ) -> Result<Arc<Execution>, CommitError> {
        let (app, view, definition) = (self.clone(), Arc::clone(view), Arc::clone(definition));
        // A task of its own: a caller that goes away between the commit and the hand-over must not leave an
        // execution that is leased but driven by nobody.
        let started = tokio::spawn(async move { app.start_and_drive(view, definition, request).await }).await;
        started.unwrap_or_else(|e| Err(internal(AppError::Internal(format!("starting panicked: {e}")))))
    }

    async fn start_and_drive(
        &self,
        view: Arc<TenantView>,
        definition: Arc<Definition>,
        request: StartRequest,
    ) -> Result<Arc<Execution>, CommitError> {
        let place = self.driver().try_place(definition.tenant_id);
        let StartRequest { id, title, trigger, input, entity, actor, begin, preconditions, dialect } = request;
        let args = Start {
            id,
            instance_id: None,
            kind: kind_of(definition.dialect),
            title,
            trigger,
            input,
            entity,
            pins: pins(&view, &definition),
        };
        let env = self.env(actor);
        let mut transition = start(&definition, args, &env);
        transition.next.dialect = dialect.unwrap_or(definition.dialect);
        transition.next.lone = crate::usecases::lone_node(&definition).map(Box::new);
        if begin && place.is_some() {
            transition = followed_by(&definition, transition, Command::Begin, &env);
        }
        let holder = place.is_some().then_some(self.config().node);
        let wake = self.wake_of(&transition.next, holder);
        let write = self.write(transition, 0, wake).map_err(internal)?;
        let usage = UsageDelta { executions: 1, ..UsageDelta::default() };
        let extra = Extra { preconditions, usage, ..Extra::default() };
        let execution = self.commit_one(&view, &definition, write, extra).await?;
        metrics::counter!("stepwright_executions_started_total").increment(1);
        self.driver().count_open(definition.tenant_id, 1);
        match (place, wake) {
            (Some(place), Wake::Leased { .. }) => self.drive(place, definition, Arc::clone(&execution)),
            _ => self.driver().hint(),
        }
        Ok(execution)
    }

    /// The writes of executions a step has started: pending, to be claimed by anybody.
    pub(crate) fn children(
        &self,
        view: &TenantView,
        parent: &Execution,
        starts: Vec<StagedStart>,
    ) -> AppResult<Vec<ExecutionWrite>> {
        starts
            .into_iter()
            .map(|staged| {
                let parent = Some((parent.id, staged.depth));
                let args = Start {
                    id: staged.id,
                    instance_id: None,
                    kind: kind_of(staged.definition.dialect),
                    title: staged.definition.name.clone(),
                    trigger: TriggerInfo { source: TriggerSource::Flow, scheduled_for: None, event: None, parent },
                    input: staged.input,
                    entity: staged.entity,
                    pins: pins(view, &staged.definition),
                };
                let transition = start(&staged.definition, args, &self.env(Actor::System));
                self.write(transition, 0, Wake::At(self.now()))
            })
            .collect()
    }

    /// The write of an execution that an event starts: pending, to be claimed by anybody.
    pub(crate) fn queued(
        &self,
        view: &TenantView,
        definition: &Definition,
        id: ExecutionId,
        trigger: TriggerInfo,
        input: RawJson,
        entity: Option<EntityRef>,
    ) -> AppResult<ExecutionWrite> {
        let args = Start {
            id,
            instance_id: None,
            kind: kind_of(definition.dialect),
            title: definition.name.clone(),
            trigger,
            input,
            entity,
            pins: pins(view, definition),
        };
        let transition = start(definition, args, &self.env(Actor::System));
        self.write(transition, 0, Wake::At(self.now()))
    }

    /// Refuses a start when the tenant has too many open executions. The count is at most [`RECOUNT`] old, so a burst
    /// may overshoot by what ends meanwhile, never by what starts here.
    pub(crate) async fn check_open_quota(&self, view: &TenantView) -> AppResult<()> {
        let tenant = view.tenant.id;
        let limit = view.tenant.settings.quotas.open_executions;
        let now = self.now();
        let open = match self.driver().open_count(tenant, now, RECOUNT) {
            Some(open) => open,
            None => {
                let open = self.store().open_executions(tenant).await?;
                self.driver().set_open(tenant, now, open);
                open
            }
        };
        if open >= limit {
            return Err(AppError::Quota(format!("{open} executions are open, {limit} are allowed")));
        }
        Ok(())
    }
}

/// The component digests the definition's steps run on, as enabled now. Plugins that are not enabled are left out;
/// their steps fail with a fault that says so.
fn pins(view: &TenantView, definition: &Definition) -> BTreeMap<String, String> {
    let mut pins = BTreeMap::new();
    let mut pin = |name: &str| {
        if !pins.contains_key(name)
            && let Some(plugin) = view.enabled(name)
        {
            pins.insert(name.to_owned(), plugin.enablement.digest.clone());
        }
    };
    for node in &definition.graph.nodes {
        match &node.kind {
            NodeKind::Step { step, .. } => pin(&step.plugin),
            NodeKind::Decision(decision) => {
                for test in decision.branches.iter().flat_map(|branch| &branch.tests) {
                    match test {
                        Test::Compare { .. } => pin(CONDITIONS),
                        // Bare ids were resolved when the definition was saved.
                        Test::Custom(custom) => {
                            if let Some((plugin, _)) = custom.component.rsplit_once('/') {
                                pin(plugin);
                            }
                        }
                    }
                }
            }
            NodeKind::Manual => {}
        }
    }
    pins
}

/// Both transitions as one.
pub(super) fn followed_by(
    definition: &Definition,
    first: Transition,
    command: Command,
    env: &stepwright_engine::Env,
) -> Transition {
    let Transition { next, mut events } = first;
    let version = next.version;
    match apply(definition, next.clone(), command, env) {
        Ok(mut second) => {
            events.append(&mut second.events);
            second.next.version = version;
            Transition { next: second.next, events }
        }
        Err(_) => Transition { next, events },
    }
}

const fn kind_of(dialect: Dialect) -> ExecutionKind {
    match dialect {
        Dialect::Softsolz => ExecutionKind::Run,
        Dialect::Hydracore | Dialect::Epilot | Dialect::Smartmca | Dialect::Platform => ExecutionKind::Flow,
    }
}

fn internal(error: AppError) -> CommitError {
    CommitError::Store(crate::ports::StoreError::Inconsistent(error.to_string()))
}
