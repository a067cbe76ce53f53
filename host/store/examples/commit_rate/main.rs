//! How fast commits go through the committer, against a bare loop that writes the same rows in batches of the same
//! size: `cargo run --release -p stepwright-store --example commit_rate -- <url> [seconds] [workers …]`.
//!
//! Prints JSON. The database must be an empty one; it is filled and left behind.
#![expect(clippy::print_stdout, reason = "the figures are what it is run for")]

mod bare;
// Both sides are measured on equal connections.
#[path = "../../src/nodelay.rs"]
mod nodelay;
mod recorder;

use recorder::Recorder;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use stepwright_app::ports::{CommitStore as _, DefinitionStore as _, TenantStore as _};
use stepwright_app::{Commit, Effects, Environment, ExecutionWrite, Settings, Tenant, UsageDelta, Wake};
use stepwright_engine::ids::IdSource;
use stepwright_engine::{
    Actor, Command, Definition, DefinitionId, DefinitionStatus, Dialect, Env, Execution, ExecutionId, ExecutionKind,
    Graph, HistoryEvent, Metering, Node, NodeId, NodeInstanceId, NodeKind, OnFailure, RawJson, RetryPolicy, Start,
    StepRef, TenantId, Timestamp, Trigger, TriggerInfo,
};
use stepwright_store::{Database, StoreOptions};
use uuid::Uuid;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);
const TENANTS: usize = 8;

#[derive(Default)]
struct Ids(AtomicU64);

impl IdSource for Ids {
    fn fresh(&self) -> Uuid {
        let number = u128::from(self.0.fetch_add(1, Ordering::Relaxed));
        // Spread over the low bits, as random ones are; sorted by time in the high ones.
        let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) & 0x3fff_ffff_ffff_ffff;
        Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 | ((number >> 10) << 80) | spread)
    }
}

/// One execution that is stepped on and on.
pub(crate) struct Runner {
    pub(crate) execution: Execution,
    pub(crate) document: String,
    pub(crate) event: HistoryEvent,
    holder: NodeInstanceId,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    let url = args.next().ok_or("usage: commit_rate <url> [seconds] [workers …]")?;
    let seconds: u64 = args.next().map_or(Ok(5), |text| text.parse())?;
    let mut sizes = args.map(|text| text.parse()).collect::<Result<Vec<usize>, _>>()?;
    if sizes.is_empty() {
        sizes = vec![1, 32, 256, 1024];
    }
    let recorder = Recorder::install()?;
    let db = Database::connect(&url, &StoreOptions::default()).await?;
    db.migrate().await?;
    let ids = Ids::default();
    let definitions = fill(&db, &ids).await?;
    let mut rounds = Vec::new();
    for workers in sizes {
        let mut runners = Vec::new();
        for n in 0..workers {
            runners.push(runner(&ids, &definitions[n % TENANTS])?);
        }
        let starts = runners.iter().map(|runner| runner.commit(0)).collect();
        all(&db, starts).await?;
        recorder.reset();
        let (rate, mut runners) = through_committer(&db, runners, Duration::from_secs(seconds)).await?;
        let batch = recorder.mean("stepwright_commit_batch_size");
        let size = (batch.round() as usize).clamp(1, runners.len());
        let bare = bare::rate(&url, &mut runners, size, Duration::from_secs(seconds)).await?;
        rounds.push(serde_json::json!({
            "workers": workers,
            "commits_per_second": rate.round(),
            "mean_batch": batch,
            "bare_rows_per_second": bare.round(),
            "ratio": rate / bare,
        }));
    }
    db.close().await;
    println!("{}", serde_json::Value::from(rounds));
    Ok(())
}

async fn fill(db: &Database, ids: &Ids) -> Result<Vec<Definition>, Failure> {
    let mut definitions = Vec::new();
    for n in 0..TENANTS {
        let (live, test) = (TenantId::fresh(ids), TenantId::fresh(ids));
        let tenant = |id, paired, slug: String, environment| Tenant {
            id,
            name: slug.clone(),
            slug,
            environment,
            paired,
            settings: Settings::default(),
            created_at: T0,
        };
        db.insert_tenants(
            &tenant(live, test, format!("t{n}"), Environment::Live),
            &tenant(test, live, format!("t{n}-test"), Environment::Test),
        )
        .await?;
        let nodes = (0..4).map(node).collect();
        let definition = Definition {
            id: DefinitionId::fresh(ids),
            tenant_id: live,
            dialect: Dialect::Platform,
            version: 1,
            name: "commit rate".into(),
            description: None,
            status: DefinitionStatus::Active,
            trigger: Trigger::Manual,
            timezone: None,
            graph: Graph::sequence(nodes),
            on_failure: OnFailure::Stop,
            presentation: RawJson::null(),
            created_at: T0,
            updated_at: T0,
        };
        db.insert_definition(&definition, None).await?;
        definitions.push(definition);
    }
    Ok(definitions)
}

fn node(number: usize) -> Node {
    Node {
        id: NodeId::new(format!("node-{number}")),
        name: format!("node {number}"),
        kind: NodeKind::Step {
            step: StepRef { plugin: "core".into(), step: "noop".into(), version: None },
            config: RawJson::empty_object(),
        },
        retry: RetryPolicy::default(),
    }
}

fn runner(ids: &Ids, definition: &Definition) -> Result<Runner, Failure> {
    let env = Env { now: T0, actor: Actor::System, jitter: 0.5 };
    let start = Start {
        id: ExecutionId::fresh(ids),
        instance_id: None,
        kind: ExecutionKind::Flow,
        title: "an execution".into(),
        trigger: TriggerInfo::manual(),
        input: RawJson::from(
            serde_json::json!({ "customer": "c-1017", "amount_cents": 129_900, "note": "x".repeat(300) }),
        ),
        entity: None,
        pins: [("core".to_owned(), "ab".repeat(32))].into(),
    };
    let started = stepwright_engine::start(definition, start, &env).next;
    let begun = stepwright_engine::apply(definition, started, Command::Begin, &env)?;
    let event = begun.events.into_iter().next().ok_or("beginning leaves a line of history")?;
    let document = serde_json::to_string(&begun.next)?;
    Ok(Runner { execution: begun.next, document, event, holder: NodeInstanceId::fresh(ids) })
}

impl Runner {
    /// The commit that moves it from `expected` to the next version.
    fn commit(&self, expected: u64) -> Commit {
        let version = if expected == 0 { self.execution.version } else { expected + 1 };
        let next = Execution { version, ..self.execution.clone() };
        let until = T0 + Duration::from_micros(version);
        let write = ExecutionWrite {
            expected,
            document: self.document.clone(),
            events: vec![HistoryEvent { seq: version, ..self.event.clone() }],
            wake: Wake::Leased { holder: self.holder, until },
            held_by: (expected > 0).then_some(self.holder),
            next: Arc::new(next),
        };
        let metering = Metering { fuel: 12_345, peak_memory: 131_072, host_calls: 3, wall_us: 812 };
        Commit {
            tenant_id: self.execution.tenant_id,
            at: T0,
            preconditions: Vec::new(),
            executions: vec![write],
            effects: Effects::default(),
            webhooks: Vec::new(),
            usage: UsageDelta { executions: 0, steps: 1, metering },
        }
    }
}

async fn all(db: &Database, commits: Vec<Commit>) -> Result<(), Failure> {
    let tasks: Vec<_> = commits
        .into_iter()
        .map(|commit| {
            let db = db.clone();
            tokio::spawn(async move { db.commit(commit).await })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

/// Every runner steps on as fast as its commits go through.
async fn through_committer(db: &Database, runners: Vec<Runner>, time: Duration) -> Result<(f64, Vec<Runner>), Failure> {
    let began = Instant::now();
    let tasks: Vec<_> = runners
        .into_iter()
        .map(|mut runner| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut done = 0u64;
                while began.elapsed() < time {
                    db.commit(runner.commit(runner.execution.version)).await?;
                    runner.execution.version += 1;
                    done += 1;
                }
                Ok::<_, Failure>((done, runner))
            })
        })
        .collect();
    let mut done = 0;
    let mut runners = Vec::new();
    for task in tasks {
        let (count, runner) = task.await??;
        done += count;
        runners.push(runner);
    }
    Ok((done as f64 / began.elapsed().as_secs_f64(), runners))
}
