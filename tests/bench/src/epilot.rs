//! A flow of a hundred tasks, read and changed over HTTP, in a tenant with few and with very many executions.

use crate::Args;
use crate::client::Client;
use crate::database::Scratch;
use crate::filling;
use crate::host::{Host, TOKEN};
use crate::load::{self, Target};
use crate::report::Part;
use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use std::time::Instant;

/// Tasks of the flow that is measured.
const TASKS: usize = 100;
/// Executions of the tenant at first; what it has more are of the small template.
const FEW: u64 = 100;
const SMALL: &str = "Small";
const SMALL_TASKS: usize = 3;
/// Contacts that the executions are about, in turns.
const CONTACTS: u64 = 500;
/// Requests of each kind for a figure.
const REQUESTS: usize = 300;
const EXECUTIONS: &str = "/v2/flows/executions";

/// Measures on SQLite, or in a database of its own on the PostgreSQL server with this admin URL.
pub async fn measure(args: &Args, postgres: Option<&str>, part: &mut Part<'_>) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let database = postgres.map(Scratch::create).transpose()?;
    let name = if postgres.is_some() { "postgres" } else { "sqlite" };
    let file = format!("sqlite://{}", dir.path().join("bench.db").display());
    let url = database.as_ref().map_or(file.as_str(), Scratch::url);
    let host = Host::start(&args.target, dir.path(), Some(url))?;
    let mut tenant = Tenant::create(&host).await?;
    let large = tenant.template("Large", TASKS).await?;
    let small = tenant.template(SMALL, SMALL_TASKS).await?;
    load::closed(&tenant.starts(&small), 8, FEW, &format!("epilot, {name}: first executions")).await?;
    let few = tenant.figures(&tenant.start(&large).await?).await?;
    part.set(name, json!({ "executions": FEW, "few": few }))?;
    drop(host);
    let begun = Instant::now();
    let more = args.executions.saturating_sub(FEW);
    filling::copies(url, &tenant.id, SMALL, CONTACTS, more, &format!("epilot, {name}: filling")).await?;
    if postgres.is_some() {
        // As the server would by and by.
        crate::database::psql(url, "ANALYZE")?;
    }
    let filled = begun.elapsed().as_secs_f64();
    let host = Host::start(&args.target, dir.path(), Some(url))?;
    tenant.address.clone_from(&host.address);
    let shown = tenant.newest().await?;
    anyhow::ensure!(shown as u64 == args.executions.min(1_000), "{shown} executions are listed");
    let many = tenant.figures(&tenant.start(&large).await?).await?;
    let ratio = |of: &str, figure: &str| {
        many[of][figure].as_f64().unwrap_or_default() / few[of][figure].as_f64().unwrap_or(f64::NAN)
    };
    let ratios = json!({
        "getFlowExecution": { "p50": ratio("getFlowExecution", "p50_ms"), "p99": ratio("getFlowExecution", "p99_ms") },
        "patchTask": { "p50": ratio("patchTask", "p50_ms"), "p99": ratio("patchTask", "p99_ms") },
    });
    part.set(
        name,
        json!({
            "tasks": TASKS, "executions": [FEW, FEW + more], "few": few, "many": many, "many_to_few": ratios,
            "filling_s": filled,
        }),
    )
}

struct Tenant {
    id: String,
    address: String,
    key: String,
}

/// The flow that is measured, and its current task.
struct Flow {
    path: String,
    task: String,
}

impl Tenant {
    /// A tenant with contacts and a key that may do everything with workflows.
    async fn create(host: &Host) -> Result<Self> {
        let mut operator = Client::connect(&host.address, TOKEN).await?;
        let tenant = operator.json(Method::POST, "/platform/v1/tenants", &json!({ "name": "Bench" })).await?;
        let base = format!("/platform/v1/tenants/{}", text(&tenant["id"])?);
        let key = json!({ "dialect": "epilot", "scopes": ["workflow:*"], "environment": "live",
            "rate_limit_per_minute": 100_000_000 });
        let key = operator.json(Method::POST, &format!("{base}/keys"), &key).await?;
        for n in 0..CONTACTS {
            let contact = json!({ "attributes": { "name": format!("Contact {n}") } });
            operator.json(Method::PUT, &format!("{base}/entities/contact/c-{n}"), &contact).await?;
        }
        let id = text(&tenant["id"])?.to_owned();
        Ok(Self { id, address: host.address.clone(), key: text(&key["key"])?.to_owned() })
    }

    async fn client(&self) -> Result<Client> {
        Client::connect(&self.address, &self.key).await
    }

    /// A template of manual tasks in a row; gives its id.
    async fn template(&self, name: &str, tasks: usize) -> Result<String> {
        let task = |n: usize| json!({ "id": format!("t{n}"), "name": format!("Task {n}"), "task_type": "MANUAL" });
        let edge =
            |n: usize| json!({ "id": format!("e{n}"), "from_id": format!("t{}", n - 1), "to_id": format!("t{n}") });
        let body = json!({ "name": name, "tasks": (0..tasks).map(task).collect::<Vec<_>>(),
            "edges": (1..tasks).map(edge).collect::<Vec<_>>() });
        let made = self.client().await?.json(Method::POST, "/v2/flows/templates", &body).await?;
        Ok(text(&made["id"])?.to_owned())
    }

    /// Starts of a template, about the contacts in turns.
    fn starts(&self, template: &str) -> Target {
        let bodies = (0..CONTACTS).map(|n| Bytes::from(start_of(template, n).to_string())).collect();
        Target {
            address: self.address.clone(),
            token: self.key.clone(),
            path: EXECUTIONS.to_owned(),
            bodies,
            status: 201,
            marks: &[b"\"STARTED\""],
        }
    }

    /// How many executions a list shows.
    async fn newest(&self) -> Result<usize> {
        let listed = self.client().await?.json(Method::GET, "/v1/workflows/executions", &Value::Null).await?;
        Ok(listed.as_array().map_or(0, Vec::len))
    }

    async fn start(&self, template: &str) -> Result<Flow> {
        let flow = self.client().await?.json(Method::POST, EXECUTIONS, &start_of(template, 0)).await?;
        let path = format!("{EXECUTIONS}/{}", text(&flow["id"])?);
        let task = format!("{path}/tasks/{}", text(&flow["tasks"][0]["id"])?);
        Ok(Flow { path, task })
    }

    /// Reads and changes the flow in turns, by one caller.
    async fn figures(&self, flow: &Flow) -> Result<Value> {
        let mut client = self.client().await?;
        let (mut gets, mut patches) = (Vec::new(), Vec::new());
        // The first tenth warms up.
        for n in 0..REQUESTS + REQUESTS / 10 {
            let change = json!({ "name": format!("Task, {n} times changed") });
            let sent = Instant::now();
            client.json(Method::PATCH, &flow.task, &change).await?;
            let patched = sent.elapsed().as_secs_f64() * 1e3;
            let sent = Instant::now();
            let shown = client.json(Method::GET, &flow.path, &Value::Null).await?;
            let got = sent.elapsed().as_secs_f64() * 1e3;
            anyhow::ensure!(
                shown["tasks"][0]["name"] == change["name"],
                "the change is not shown: {}",
                shown["tasks"][0]
            );
            if n >= REQUESTS / 10 {
                gets.push(got);
                patches.push(patched);
            }
        }
        let figure = |mut all: Vec<f64>| {
            all.sort_by(f64::total_cmp);
            json!({ "p50_ms": all[all.len() / 2], "p99_ms": all[all.len() * 99 / 100] })
        };
        Ok(json!({ "getFlowExecution": figure(gets), "patchTask": figure(patches) }))
    }
}

fn start_of(template: &str, contact: u64) -> Value {
    json!({ "flow_template_id": template,
        "contexts": [{ "entity_id": format!("c-{contact}"), "entity_schema": "contact" }] })
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| format!("expected a text, got {value}"))
}
