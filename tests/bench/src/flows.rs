//! Whole flows over HTTP: three trivial WASM steps, 1,024 bytes of JSON, every step durable before the next starts.

use crate::Args;
use crate::client::Client;
use crate::database::Scratch;
use crate::host::{Host, TOKEN};
use crate::load::{self, Target};
use crate::process;
use crate::report::Part;
use anyhow::{Context, Result};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// Measures on SQLite, or in a database of its own on the PostgreSQL server with this admin URL.
pub async fn measure(args: &Args, postgres: Option<&str>, part: &mut Part<'_>) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let database = postgres.map(Scratch::create).transpose()?;
    let name = if postgres.is_some() { "postgres" } else { "sqlite" };
    let host = Host::start(&args.target, dir.path(), database.as_ref().map(Scratch::url))?;
    let target = prepare(args, &host).await?;
    load::closed(&target, 16, 500, "warm-up").await?;

    let measured = Measured { args, host: &host, target: &target, name };
    let concurrency = measured.figures("fresh", part).await?;
    if args.fill > 0 {
        let filled = load::closed(&target, concurrency, args.fill, &format!("{name}: filling")).await?;
        let per_second = (args.fill as f64 / filled.elapsed.as_secs_f64()).round();
        part.set("filled_with", json!({ "flows": args.fill, "flows_per_second": per_second }))?;
        measured.figures("filled", part).await?;
    }
    part.set("peak_rss_mb", json!(process::memory_mb(host.pid())?.1))
}

/// What is being measured.
struct Measured<'a> {
    args: &'a Args,
    host: &'a Host,
    target: &'a Target,
    name: &'a str,
}

impl Measured<'_> {
    /// Reports throughput by concurrency, latency and memory; gives back the concurrency with the best throughput.
    async fn figures(&self, key: &str, part: &mut Part<'_>) -> Result<usize> {
        let mut runs = Vec::new();
        for &concurrency in &self.args.concurrency {
            runs.push(self.throughput(concurrency).await?);
            part.set(key, json!({ "runs": runs }))?;
        }
        let rate = |run: &Value| run["flows_per_second"].as_f64().unwrap_or(0.0);
        let best = runs.iter().max_by(|a, b| rate(a).total_cmp(&rate(b))).cloned().unwrap_or_default();
        let slow = load::open(self.target, 10, Duration::from_secs(self.args.seconds)).await?;
        let (now, peak) = process::memory_mb(self.host.pid())?;
        let figures = json!({
            "best": best,
            "runs": runs,
            "at_10_per_second": { "p50_ms": slow.percentile(0.5), "p99_ms": slow.percentile(0.99), "n": slow.latencies.len() },
            "rss_mb": now,
            "peak_rss_mb": peak,
        });
        part.set(key, figures)?;
        Ok(best["concurrency"].as_u64().unwrap_or(64) as usize)
    }

    async fn throughput(&self, concurrency: usize) -> Result<Value> {
        let flows = self.args.flows;
        let before = (process::cpu_seconds(self.host.pid())?, process::postgres_cpu_seconds());
        let measured = load::closed(self.target, concurrency, flows, self.name).await?;
        let host_cpu = process::cpu_seconds(self.host.pid())? - before.0;
        let mut run = json!({
            "concurrency": concurrency,
            "flows_per_second": (flows as f64 / measured.elapsed.as_secs_f64()).round(),
            "p50_ms": measured.percentile(0.5),
            "p99_ms": measured.percentile(0.99),
            "cpu_ms_per_flow": host_cpu * 1e3 / flows as f64,
        });
        if self.name == "postgres" {
            let database_cpu = process::postgres_cpu_seconds() - before.1;
            run["database_cpu_ms_per_flow"] = json!(database_cpu * 1e3 / flows as f64);
        }
        Ok(run)
    }
}

/// A tenant with the trivial step enabled and a definition of three of them.
async fn prepare(args: &Args, host: &Host) -> Result<Target> {
    let mut operator = Client::connect(&host.address, TOKEN).await?;
    let tenant = operator.json(Method::POST, "/platform/v1/tenants", &json!({ "name": "Bench" })).await?;
    let base = format!("/platform/v1/tenants/{}", tenant["id"].as_str().context("tenant id")?);
    let key = json!({ "dialect": "platform", "scopes": ["platform:read", "platform:write"], "rate_limit_per_minute": 100_000_000 });
    let key = operator.json(Method::POST, &format!("{base}/keys"), &key).await?;
    let guest = args.target.join("guests/bench-echo.wasm");
    let bytes = std::fs::read(&guest).with_context(|| format!("read {}", guest.display()))?;
    let (status, answer) =
        operator.send(Method::POST, &format!("{base}/plugins"), "application/wasm", Bytes::from(bytes)).await?;
    anyhow::ensure!(status == 201, "publish answered {status}: {}", String::from_utf8_lossy(&answer));
    let plugin: Value = serde_json::from_slice(&answer)?;
    let (plugin_name, version) = (text(&plugin["name"])?, text(&plugin["version"])?);
    let enable = format!("{base}/plugins/{plugin_name}/{version}/enable");
    operator.json(Method::POST, &enable, &json!({ "grants": {} })).await?;
    let node = |n: u32| {
        json!({ "id": format!("s{n}"), "name": format!("Step {n}"), "type": "step",
        "step_type": format!("{plugin_name}/echo"), "config": { "field": format!("s{n}") } })
    };
    let definition = json!({ "name": "Three steps", "status": "active", "trigger": { "kind": "manual" },
        "nodes": [node(1), node(2), node(3)],
        "edges": [{ "from": "s1", "to": "s2" }, { "from": "s2", "to": "s3" }] });
    let definition = operator.json(Method::POST, &format!("{base}/definitions"), &definition).await?;
    let path = format!("{base}/definitions/{}/executions?wait=10s", text(&definition["id"])?);
    let body = Bytes::from(json!({ "input": one_kib_object() }).to_string());
    Ok(Target {
        address: host.address.clone(),
        token: text(&key["key"])?.to_owned(),
        path,
        bodies: [body].into(),
        // The finished flow with the last step's mark.
        status: 200,
        marks: &[b"\"s3\"", b"\"completed\""],
    })
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| format!("expected a text, got {value}"))
}

/// A JSON object of exactly 1,024 bytes.
fn one_kib_object() -> Value {
    let mut object = json!({ "id": 12345, "customer": { "name": "Ada Lovelace", "email": "ada@example.com" },
        "items": [{ "sku": "A-1", "quantity": 3, "price_cents": 1299 }, { "sku": "B-2", "quantity": 1, "price_cents": 4999 }],
        "note": "" });
    let missing = 1_024 - object.to_string().len();
    object["note"] = json!("x".repeat(missing));
    object
}
