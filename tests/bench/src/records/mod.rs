//! HydraCore records over HTTP: what a hot record costs against many, and what lists over many cost against few.

mod fill;
mod lists;

use crate::Args;
use crate::client::Client;
use crate::database::Scratch;
use crate::host::{Host, TOKEN};
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use fill::Filled;
use http::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Clients at once.
const CLIENTS: usize = 32;
/// Calls of each client in a round; a hot record's history grows by all of them, and every answer shows all of it.
const CALLS: usize = 25;
/// Rounds, hot and spread in turn, each with new records.
const ROUNDS: usize = 6;
/// Records of the small list.
const FEW: u64 = 10_000;

/// A tenant's instance, as its agent sees it, and the whole tenant, as its dashboard does.
struct Bed {
    address: String,
    proxy: String,
    workflows: String,
    /// Of the API key.
    key: String,
    /// The tenant's path on the platform.
    base: String,
    database: Filled,
}

/// Measures on SQLite, or in a database of its own on the PostgreSQL server with this admin URL.
pub async fn measure(args: &Args, postgres: Option<&str>) -> Result<Value> {
    let dir = tempfile::tempdir()?;
    let database = postgres.map(Scratch::create).transpose()?;
    let host = Host::start(&args.target, dir.path(), database.as_ref().map(Scratch::url))?;
    let filled = Filled::open(dir.path(), database.as_ref().map(Scratch::url)).await?;
    let bed = Arc::new(prepare(&host, filled).await?);
    contend(&bed, 1).await?;
    contend(&bed, CLIENTS).await?;
    let (mut hot, mut spread) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..ROUNDS {
        hot += contend(&bed, 1).await?;
        spread += contend(&bed, CLIENTS).await?;
    }
    let calls = (ROUNDS * CLIENTS * CALLS) as f64;
    templates(&bed).await?;
    bed.database.fill(0, FEW).await?;
    let few = lists::measure(&bed).await?;
    let (many_records, begun) = (args.records.max(FEW), Instant::now());
    bed.database.fill(FEW, many_records).await?;
    eprintln!("filled {} records in {:.0?}", many_records - FEW, begun.elapsed());
    let many = lists::measure(&bed).await?;
    let ratios: serde_json::Map<String, Value> =
        many.iter().zip(&few).map(|((name, many), (_, few))| (name.clone(), json!(many / few))).collect();
    Ok(json!({
        "hot_per_second": (calls / hot.as_secs_f64()).round(),
        "spread_per_second": (calls / spread.as_secs_f64()).round(),
        "hot_to_spread": spread.as_secs_f64() / hot.as_secs_f64(),
        "few": FEW, "many": many_records,
        "lists_ms_few": serde_json::Map::from_iter(few.into_iter().map(|(name, ms)| (name, json!(ms)))),
        "lists_ms_many": serde_json::Map::from_iter(many.into_iter().map(|(name, ms)| (name, json!(ms)))),
        "lists_many_to_few": ratios,
    }))
}

async fn prepare(host: &Host, database: Filled) -> Result<Bed> {
    let mut operator = Client::connect(&host.address, TOKEN).await?;
    let tenant = operator.json(Method::POST, "/platform/v1/tenants", &json!({ "name": "Bench" })).await?;
    let base = format!("/platform/v1/tenants/{}", text(&tenant["id"])?);
    let instance = operator.json(Method::POST, &format!("{base}/instances"), &json!({ "name": "agent" })).await?;
    let instance = text(&instance["id"])?;
    let proxy = json!({ "dialect": "hydracore", "kind": "proxy_key", "instance_id": instance, "scopes": [],
        "rate_limit_per_minute": 1_000_000_000 });
    let proxy = operator.json(Method::POST, &format!("{base}/keys"), &proxy).await?;
    let key = json!({ "dialect": "hydracore", "scopes": ["workflows:*"], "rate_limit_per_minute": 1_000_000_000 });
    let key = operator.json(Method::POST, &format!("{base}/keys"), &key).await?;
    Ok(Bed {
        address: host.address.clone(),
        proxy: text(&proxy["key"])?.to_owned(),
        workflows: format!("/internal/v1/instances/{instance}/workflows"),
        key: text(&key["key"])?.to_owned(),
        base,
        database,
    })
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| format!("expected a text, got {value}"))
}

/// All clients move this many records on, the first client the first record and so on.
async fn contend(bed: &Arc<Bed>, records: usize) -> Result<Duration> {
    let mut client = Client::connect(&bed.address, &bed.proxy).await?;
    let mut paths = Vec::new();
    for _ in 0..records {
        let body = json!({ "customer_id": fill::customer(0), "workflow_type": "custom" });
        let made = client.json(Method::POST, &bed.workflows, &body).await?;
        paths.push(format!("{}/{}", bed.workflows, text(&made["id"])?));
    }
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(Client::connect(&bed.address, &bed.proxy).await?);
    }
    let begun = Instant::now();
    let mut calls = JoinSet::new();
    for (place, mut client) in clients.into_iter().enumerate() {
        let path = paths[place % records].clone();
        calls.spawn(async move {
            for call in 0..CALLS {
                let body = json!({ "action": "moved", "workflow_state": { "by": place, "call": call } });
                let body = Bytes::from(body.to_string());
                let (status, answer) = client.send(Method::PATCH, &path, "application/json", body).await?;
                if status != 200 {
                    bail!("a PATCH answered {status}: {}", String::from_utf8_lossy(&answer));
                }
            }
            Ok(())
        });
    }
    while let Some(done) = calls.join_next().await {
        done??;
    }
    Ok(begun.elapsed())
}

/// One record of each kind that is to be there many times over, and an execution of another API.
async fn templates(bed: &Bed) -> Result<()> {
    let mut agent = Client::connect(&bed.address, &bed.proxy).await?;
    for workflow_type in fill::TYPES {
        for paused in [false, true] {
            let body = json!({ "customer_id": fill::customer(0), "workflow_type": workflow_type,
                "reference": format!("{}-{workflow_type}-{paused}", fill::TEMPLATE) });
            let made = agent.json(Method::POST, &bed.workflows, &body).await?;
            if paused {
                let path = format!("{}/{}", bed.workflows, text(&made["id"])?);
                let body = json!({ "action": "paused", "status": "paused" });
                agent.json(Method::PATCH, &path, &body).await?;
            }
        }
    }
    let mut operator = Client::connect(&bed.address, TOKEN).await?;
    let definition = json!({ "name": fill::TEMPLATE, "trigger": { "kind": "manual" }, "status": "active", "edges": [],
        "nodes": [{ "id": "a", "name": "A", "type": "step", "step_type": "mark_invoices_overdue", "config": {} }] });
    let definitions = format!("{}/definitions", bed.base);
    let made = operator.json(Method::POST, &definitions, &definition).await?;
    let start = format!("{definitions}/{}/executions?wait=20s", text(&made["id"])?);
    let ended = operator.json(Method::POST, &start, &json!({ "input": {} })).await?;
    anyhow::ensure!(ended["status"] == "completed", "the execution of another API: {ended}");
    Ok(())
}
