//! A fresh database per test, and things to put into it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use stepwright_app::ports::{CommitError, CommitStore as _, DefinitionStore as _, TenantStore as _};
use stepwright_app::{
    Commit, Effects, Environment, ExecutionWrite, Precondition, Settings, Tenant, UsageDelta, Wake, WebhookEvent,
};
use stepwright_engine::ids::IdSource;
use stepwright_engine::{
    Actor, Definition, DefinitionId, DefinitionStatus, Dialect, EndpointId, Env, Execution, ExecutionId, ExecutionKind,
    Graph, HistoryEvent, Node, NodeId, NodeInstanceId, NodeKind, OnFailure, RawJson, RetryPolicy, Start, StepRef,
    TenantId, Timestamp, Trigger, TriggerInfo,
};
use stepwright_store::{Database, StoreOptions};
use uuid::Uuid;

mod databases;
mod plans;
pub use databases::{on_empty_postgres, on_postgres, on_sqlite, plain_user, postgres_admin};
pub use plans::{Cases, May, Watch};

/// Runs each body once per database: `on_both!(a_name, another_name);`.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                $crate::support::on_sqlite(|bed| async move { super::$name(&bed).await }).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                $crate::support::on_postgres(|bed| async move { super::$name(&bed).await }).await;
            })+
        }
    };
}
pub(crate) use on_both;

/// Ids that sort by the order they were made in.
#[derive(Debug, Default)]
pub struct Ids(AtomicU64);

impl IdSource for Ids {
    fn fresh(&self) -> Uuid {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        Uuid::from_u128(
            0x0193_0000_0000_7000_8000_0000_0000_0000 | (u128::from(number >> 10) << 80) | u128::from(number),
        )
    }
}

/// A database of the test's own.
#[derive(Clone)]
pub struct Bed {
    pub db: Database,
    pub url: String,
    pub ids: Arc<Ids>,
}

/// Some instant; tests count from it.
pub const T0: Timestamp = Timestamp::from_secs(1_800_000_000);

/// `T0` and some seconds.
pub fn at(secs: u64) -> Timestamp {
    T0 + Duration::from_secs(secs)
}

pub fn options() -> StoreOptions {
    StoreOptions { postgres_connections: 6, wait: Duration::from_secs(5), ..StoreOptions::default() }
}

/// An execution with what its next write needs.
#[derive(Clone)]
pub struct Loaded {
    pub execution: Execution,
    pub definition: Definition,
}

impl Bed {
    pub async fn open(url: String) -> Self {
        let db = Database::connect(&url, &options()).await.unwrap();
        db.migrate().await.unwrap();
        Self { db, url, ids: Arc::default() }
    }

    /// A second host on the same database.
    pub async fn second_host(&self) -> Self {
        let db = Database::connect(&self.url, &options()).await.unwrap();
        Self { db, url: self.url.clone(), ids: Arc::clone(&self.ids) }
    }

    pub fn node(&self) -> NodeInstanceId {
        NodeInstanceId::fresh(&*self.ids)
    }

    /// A live tenant with its sandbox.
    pub async fn tenant(&self, slug: &str) -> TenantId {
        let (live, test) = (TenantId::fresh(&*self.ids), TenantId::fresh(&*self.ids));
        let tenant = |id, paired, slug: String, environment| Tenant {
            id,
            name: slug.clone(),
            slug,
            environment,
            paired,
            settings: Settings::default(),
            created_at: T0,
        };
        let pair = (
            tenant(live, test, slug.to_owned(), Environment::Live),
            tenant(test, live, format!("{slug}-test"), Environment::Test),
        );
        self.db.insert_tenants(&pair.0, &pair.1).await.unwrap();
        live
    }

    pub fn new_definition(&self, tenant: TenantId) -> Definition {
        let node = |id: &str| Node {
            id: NodeId::new(id),
            name: id.to_owned(),
            kind: NodeKind::Step {
                step: StepRef { plugin: "core".into(), step: "noop".into(), version: None },
                config: RawJson::empty_object(),
            },
            retry: RetryPolicy::default(),
        };
        Definition {
            id: DefinitionId::fresh(&*self.ids),
            tenant_id: tenant,
            dialect: Dialect::Platform,
            version: 1,
            name: "a definition".into(),
            description: None,
            status: DefinitionStatus::Active,
            trigger: Trigger::Manual,
            timezone: None,
            graph: Graph::sequence(vec![node("first"), node("second")]),
            on_failure: OnFailure::Stop,
            presentation: RawJson::null(),
            created_at: T0,
            updated_at: T0,
        }
    }

    /// A definition in the database.
    pub async fn definition(&self, tenant: TenantId) -> Definition {
        let definition = self.new_definition(tenant);
        self.db.insert_definition(&definition, None).await.unwrap();
        definition
    }

    /// A start that has not been committed.
    pub fn start(&self, definition: &Definition, now: Timestamp) -> (Execution, Vec<HistoryEvent>) {
        let start = Start {
            id: ExecutionId::fresh(&*self.ids),
            instance_id: None,
            kind: ExecutionKind::Flow,
            title: "an execution".into(),
            trigger: TriggerInfo::manual(),
            input: RawJson::empty_object(),
            entity: None,
            pins: [("core".to_owned(), "ab".repeat(32))].into(),
        };
        let transition = stepwright_engine::start(definition, start, &env(now));
        (transition.next, transition.events)
    }

    /// A started execution in the database.
    pub async fn execution(&self, definition: &Definition, now: Timestamp, wake: Wake) -> Loaded {
        let (execution, events) = self.start(definition, now);
        self.db.commit(commit_of(write(0, execution.clone(), events, wake), now)).await.unwrap();
        Loaded { execution, definition: definition.clone() }
    }

    /// Many commits at the same time.
    pub async fn commit_all(&self, commits: Vec<Commit>) -> Vec<Result<(), CommitError>> {
        let tasks: Vec<_> = commits
            .into_iter()
            .map(|commit| {
                let db = self.db.clone();
                tokio::spawn(async move { db.commit(commit).await })
            })
            .collect();
        let mut results = Vec::new();
        for task in tasks {
            results.push(task.await.unwrap());
        }
        results
    }
}

pub fn env(now: Timestamp) -> Env {
    Env { now, actor: Actor::System, jitter: 0.5 }
}

impl Loaded {
    /// The execution's next state: begun, or with its first running task completed.
    pub fn next(&self, now: Timestamp) -> (Execution, Vec<HistoryEvent>) {
        use stepwright_engine::{Command, ExecutionStatus, Metering, Outcome, TaskState};
        let command = if matches!(self.execution.status, ExecutionStatus::Pending) {
            Command::Begin
        } else {
            let task = self.execution.running().next().unwrap();
            let TaskState::Running { attempt, .. } = task.state else { unreachable!("it is running") };
            let outcome = Outcome::Completed { output: RawJson::empty_object(), entity_refs: Vec::new() };
            Command::InvocationFinished { task: task.id, attempt, outcome, metering: Metering::default() }
        };
        let transition =
            stepwright_engine::apply(&self.definition, self.execution.clone(), command, &env(now)).unwrap();
        (transition.next, transition.events)
    }

    /// The commit of the next state.
    pub fn step(&self, now: Timestamp, wake: Wake) -> Commit {
        let (next, events) = self.next(now);
        commit_of(write(self.execution.version, next, events, wake), now)
    }

    /// Takes the next state over, once it is committed.
    pub fn advanced(&self, now: Timestamp) -> Self {
        Self { execution: self.next(now).0, definition: self.definition.clone() }
    }
}

pub fn write(expected: u64, next: Execution, events: Vec<HistoryEvent>, wake: Wake) -> ExecutionWrite {
    let document = serde_json::to_string(&next).unwrap();
    ExecutionWrite { expected, next: Arc::new(next), document, events, wake, held_by: None }
}

pub fn commit_of(write: ExecutionWrite, now: Timestamp) -> Commit {
    Commit { executions: vec![write.clone()], ..empty_commit(write.next.tenant_id, now) }
}

pub fn empty_commit(tenant_id: TenantId, at: Timestamp) -> Commit {
    Commit {
        tenant_id,
        at,
        preconditions: Vec::<Precondition>::new(),
        executions: Vec::new(),
        effects: Effects::default(),
        webhooks: Vec::<(WebhookEvent, Vec<EndpointId>)>::new(),
        usage: UsageDelta::default(),
    }
}

/// JSON from a literal.
pub fn json(value: serde_json::Value) -> RawJson {
    RawJson::from(value)
}
