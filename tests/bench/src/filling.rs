//! Very many executions of a tenant in little time: copies of one that the host has started, written through the store
//! in commits such as the host's own, lists and history included. While it is at work, no host is.

use anyhow::{Context as _, Result, bail, ensure};
use indicatif::ProgressBar;
use std::sync::Arc;
use std::time::Duration;
use stepwright_app::ports::{CommitStore as _, ExecutionFilter, ExecutionStore as _};
use stepwright_app::usecases::flow_execution_id;
use stepwright_app::{Commit, Effects, ExecutionWrite, FlowContexts, FlowListing, Paging, StartKey, UsageDelta, Wake};
use stepwright_engine::flow::Flow;
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{Execution, HistoryEvent, TenantId};
use stepwright_store::{Database, StoreOptions};
use tokio::task::JoinSet;

/// Commits on their way at once; the store writes what has gathered as one transaction.
const AT_ONCE: usize = 2_048;

/// The flow that is copied, with its history.
struct Original {
    execution: Execution,
    history: Vec<HistoryEvent>,
}

/// Adds `many` copies of the newest flow of the tenant with this name to a database no host works on. The copies are
/// about contacts in turns, and a microsecond apart.
pub async fn copies(url: &str, tenant: &str, name: &str, contacts: u64, many: u64, what: &str) -> Result<()> {
    let tenant: TenantId = tenant.parse().context("the tenant's id")?;
    let options = StoreOptions { wait: Duration::from_secs(60), postgres_committers: 4, ..StoreOptions::default() };
    let db = Database::connect(url, &options).await?;
    let original = Arc::new(original(&db, tenant, name).await?);
    let bar = ProgressBar::new(many).with_message(what.to_owned());
    let mut writing = JoinSet::new();
    for n in 0..many {
        if writing.len() >= AT_ONCE {
            written(&mut writing).await?;
        }
        let (db, original, bar) = (db.clone(), Arc::clone(&original), bar.clone());
        writing.spawn(async move {
            db.commit(copy(&original, n, contacts)?).await?;
            bar.inc(1);
            anyhow::Ok(())
        });
    }
    while !writing.is_empty() {
        written(&mut writing).await?;
    }
    bar.finish_and_clear();
    // Numbers of executions are added up by hosts, little by little.
    stepwright_app::ports::ExecutionListStore::fold_counts(&db).await?;
    db.close().await;
    Ok(())
}

async fn written(writing: &mut JoinSet<Result<()>>) -> Result<()> {
    match writing.join_next().await {
        Some(done) => done?,
        None => Ok(()),
    }
}

async fn original(db: &Database, tenant: TenantId, name: &str) -> Result<Original> {
    let page = Paging::After { limit: 100, cursor: None };
    let newest = db.executions(tenant, &ExecutionFilter::default(), page).await?;
    let found = newest.items.into_iter().find(|e| e.flow.as_deref().is_some_and(|flow| flow.name == name));
    let execution = found.with_context(|| format!("there is no flow called {name}"))?;
    let history = db.history(tenant, execution.id, 0, 1_000).await?;
    ensure!(!history.has_more, "the flow has a long history");
    Ok(Original { execution, history: history.items })
}

fn copy(original: &Original, n: u64, contacts: u64) -> Result<Commit> {
    let mut execution = original.execution.clone();
    let Some(flow) = execution.flow.as_deref_mut() else { bail!("the original is no flow") };
    let apart = Duration::from_micros(n + 1);
    rename(flow, &format!("copy{n:06}"), n % contacts.max(1));
    flow.created_at = flow.created_at + apart;
    let entities: Vec<EntityRef> =
        flow.contexts.iter().map(|c| EntityRef { schema: c.entity_schema.clone(), id: c.entity_id.clone() }).collect();
    let id = flow_execution_id(execution.tenant_id, &flow.id);
    let started = StartKey::of(flow.created_at, id);
    let effects = Effects {
        contexts: vec![FlowContexts { execution: id, started, entities }],
        listings: FlowListing::between(id, None, flow).into_iter().collect(),
        ..Effects::default()
    };
    execution.id = id;
    execution.created_at = execution.created_at + apart;
    let (tenant_id, at) = (execution.tenant_id, execution.created_at);
    let document = serde_json::to_string(&execution)?;
    let events = original.history.clone();
    let next = Arc::new(execution);
    let write = ExecutionWrite { expected: 0, next, document, events, wake: Wake::Never, held_by: None };
    let usage = UsageDelta { executions: 1, ..UsageDelta::default() };
    Ok(Commit {
        tenant_id,
        at,
        preconditions: Vec::new(),
        executions: vec![write],
        effects,
        webhooks: Vec::new(),
        usage,
    })
}

/// Another flow of the same shape: its own id, and its own ids of tasks.
fn rename(flow: &mut Flow, id: &str, contact: u64) {
    flow.id = id.to_owned();
    for (place, context) in flow.contexts.iter_mut().enumerate().take(1) {
        context.entity_id = format!("c-{}", contact + place as u64);
    }
    for (number, task) in flow.tasks.iter_mut().enumerate() {
        let own = stepwright_engine::NodeId::new(format!("{id}-{number}"));
        let old = std::mem::replace(&mut task.id, own.clone());
        for edge in &mut flow.edges {
            for end in [&mut edge.from_id, &mut edge.to_id] {
                if *end == old {
                    end.clone_from(&own);
                }
            }
        }
        for current in flow.crt_tasks.iter_mut().filter(|c| c.id == old) {
            current.id.clone_from(&own);
        }
    }
}
