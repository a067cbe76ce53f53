//! HydraCore records over HTTP: what a hot record costs against many, and what lists over many cost against few.

use crate::Args;
use crate::client::Client;
use crate::database::Scratch;
use crate::host::{Host, TOKEN};
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
/// Customers the records are of.
const CUSTOMERS: u64 = 100;
/// Times each list is asked.
const ASKED: usize = 40;

/// A tenant's instance, as its agent sees it.
struct Bed {
    address: String,
    proxy: String,
    workflows: String,
}

/// Measures on SQLite, or in a database of its own on the PostgreSQL server with this admin URL.
pub async fn measure(args: &Args, postgres: Option<&str>) -> Result<Value> {
    let dir = tempfile::tempdir()?;
    let database = postgres.map(Scratch::create).transpose()?;
    let host = Host::start(&args.target, dir.path(), database.as_ref().map(Scratch::url))?;
    let bed = Arc::new(prepare(&host).await?);
    contend(&bed, 1).await?;
    contend(&bed, CLIENTS).await?;
    let (mut hot, mut spread) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..ROUNDS {
        hot += contend(&bed, 1).await?;
        spread += contend(&bed, CLIENTS).await?;
    }
    let calls = (ROUNDS * CLIENTS * CALLS) as f64;
    fill(&bed, 0, FEW).await?;
    let few = lists(&bed).await?;
    fill(&bed, FEW, args.records.max(FEW)).await?;
    let many = lists(&bed).await?;
    let ratios: serde_json::Map<String, Value> =
        many.iter().zip(&few).map(|((name, many), (_, few))| (name.clone(), json!(many / few))).collect();
    Ok(json!({
        "hot_per_second": (calls / hot.as_secs_f64()).round(),
        "spread_per_second": (calls / spread.as_secs_f64()).round(),
        "hot_to_spread": spread.as_secs_f64() / hot.as_secs_f64(),
        "few": FEW, "many": args.records.max(FEW),
        "lists_ms_few": serde_json::Map::from_iter(few.into_iter().map(|(name, ms)| (name, json!(ms)))),
        "lists_ms_many": serde_json::Map::from_iter(many.into_iter().map(|(name, ms)| (name, json!(ms)))),
        "lists_many_to_few": ratios,
    }))
}

async fn prepare(host: &Host) -> Result<Bed> {
    let mut operator = Client::connect(&host.address, TOKEN).await?;
    let tenant = operator.json(Method::POST, "/platform/v1/tenants", &json!({ "name": "Bench" })).await?;
    let base = format!("/platform/v1/tenants/{}", text(&tenant["id"])?);
    let instance = operator.json(Method::POST, &format!("{base}/instances"), &json!({ "name": "agent" })).await?;
    let instance = text(&instance["id"])?;
    let proxy = json!({ "dialect": "hydracore", "kind": "proxy_key", "instance_id": instance, "scopes": [],
        "rate_limit_per_minute": 1_000_000_000 });
    let proxy = operator.json(Method::POST, &format!("{base}/keys"), &proxy).await?;
    Ok(Bed {
        address: host.address.clone(),
        proxy: text(&proxy["key"])?.to_owned(),
        workflows: format!("/internal/v1/instances/{instance}/workflows"),
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
        let body = json!({ "customer_id": customer(0), "workflow_type": "custom" });
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

fn customer(n: u64) -> String {
    format!("160c0c4b-9966-4dc1-a916-{:012x}", n % CUSTOMERS)
}

/// Makes records until there are `to`: of all types and many customers, every tenth paused.
async fn fill(bed: &Arc<Bed>, from: u64, to: u64) -> Result<()> {
    const TYPES: [&str; 4] = ["lead", "maintenance", "viewing", "onboarding"];
    let next = Arc::new(AtomicU64::new(from));
    let mut makers = JoinSet::new();
    for _ in 0..64 {
        let (bed, next) = (Arc::clone(bed), Arc::clone(&next));
        makers.spawn(async move {
            let mut client = Client::connect(&bed.address, &bed.proxy).await?;
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= to {
                    return anyhow::Ok(());
                }
                let workflow_type = TYPES[(n % 4) as usize];
                let body = json!({ "customer_id": customer(n), "workflow_type": workflow_type,
                    "reference": format!("R-{n}") });
                let made = client.json(Method::POST, &bed.workflows, &body).await?;
                if n % 10 == 0 {
                    let path = format!("{}/{}", bed.workflows, text(&made["id"])?);
                    let body = json!({ "action": "paused", "status": "paused" });
                    client.json(Method::PATCH, &path, &body).await?;
                }
            }
        });
    }
    while let Some(done) = makers.join_next().await {
        done??;
    }
    Ok(())
}

/// Median milliseconds of every list.
async fn lists(bed: &Bed) -> Result<Vec<(String, f64)>> {
    let mut client = Client::connect(&bed.address, &bed.proxy).await?;
    let total = client.json(Method::GET, &format!("{}?per_page=1", bed.workflows), &json!({})).await?["total"].as_u64();
    let middle = total.unwrap_or(0) / 20 / 2;
    let one = customer(7);
    let queries = [
        ("all", String::new()),
        ("status", "?status=paused".into()),
        ("type", "?workflow_type=lead".into()),
        ("type_and_status", "?workflow_type=lead&status=active".into()),
        ("customer", format!("?customer_id={one}")),
        ("customer_and_status", format!("?customer_id={one}&status=active")),
        ("reference", "?reference=R-77".into()),
        ("nothing", "?status=failed".into()),
        ("last_page", format!("?page={}", (middle * 2).max(1))),
        ("middle_page", format!("?page={}", middle.max(1))),
    ];
    let mut measured = Vec::new();
    for (name, query) in queries {
        let path = format!("{}{query}", bed.workflows);
        let mut times = Vec::new();
        for _ in 0..ASKED {
            let asked = Instant::now();
            client.json(Method::GET, &path, &json!({})).await?;
            times.push(asked.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        measured.push((name.to_owned(), times[times.len() / 2]));
    }
    Ok(measured)
}
