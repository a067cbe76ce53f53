//! Runs of agents: what a long conversation leaves in the journal, what runs that wait for a person cost, and how
//! quickly one goes on.

mod model;

use crate::Args;
use crate::client::Client;
use crate::host::{Host, TOKEN};
use crate::process;
use crate::report::Part;
use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http::Method;
use model::Model;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Bytes of what a tool puts out.
const OUTPUT: usize = 5 << 10;
/// Tokens of the conversation of the short run when it ends; a token is taken for four bytes.
const TOKENS: usize = 209_000;
/// Bytes the conversation begins with: about as much as an agent's config may have.
const OPENING: usize = 200_000;
/// Bytes the model says with each call, so that the short run comes to its size.
const SAID: usize = (TOKENS * 4 - OPENING) / CALLS[0] - OUTPUT;
/// Calls of the short and of the long run.
const CALLS: [usize; 2] = [100, 1_000];
/// Runs that wait before memory is measured for the first time.
const FIRST: usize = 200;
/// Waiting runs that are answered, one after the other.
const RESUMED: usize = 200;
/// Recorded calls of a run that is resumed.
const RECORDED: usize = 20;

/// Measures on SQLite.
pub async fn measure(args: &Args, part: &mut Part<'_>) -> Result<()> {
    conversations(args, part).await?;
    waiting(args, part).await
}

/// A tenant with an agent, and a flow template of nothing but the agent.
struct Bed {
    host: Host,
    operator: Client,
    epilot: Client,
    base: String,
    template: String,
}

impl Bed {
    async fn make(args: &Args, dir: &std::path::Path, model: &Model) -> Result<Self> {
        let host = Host::start(&args.target, dir, None)?;
        let mut operator = Client::connect(&host.address, TOKEN).await?;
        let tenant = operator.json(Method::POST, "/platform/v1/tenants", &json!({ "name": "Bench" })).await?;
        let base = format!("/platform/v1/tenants/{}", text(&tenant["id"])?);
        operator.json(Method::PATCH, &format!("{base}/settings"), &model.settings()).await?;
        let key = json!({ "dialect": "epilot", "scopes": ["workflow:*"], "rate_limit_per_minute": 100_000_000 });
        let key = operator.json(Method::POST, &format!("{base}/keys"), &key).await?;
        let mut epilot = Client::connect(&host.address, text(&key["key"])?).await?;
        let guest = args.target.join("guests/agent-guest.wasm");
        let bytes = std::fs::read(&guest).with_context(|| format!("read {}", guest.display()))?;
        let (status, answer) =
            operator.send(Method::POST, &format!("{base}/plugins"), "application/wasm", Bytes::from(bytes)).await?;
        ensure!(status == 201, "publish answered {status}: {}", String::from_utf8_lossy(&answer));
        let plugin: Value = serde_json::from_slice(&answer)?;
        let enable = format!("{base}/plugins/agent-guest/{}/enable", text(&plugin["version"])?);
        operator.json(Method::POST, &enable, &json!({ "limits": { "host_calls": 10_000 } })).await?;
        let task =
            json!({ "id": "agent", "name": "Agent", "task_type": "AI_AGENT", "agent_config": { "agent_id": "a" } });
        let template = json!({ "name": "An agent", "tasks": [task], "edges": [] });
        let template = epilot.json(Method::POST, "/v2/flows/templates", &template).await?;
        let template = text(&template["id"])?.to_owned();
        let mut bed = Self { host, operator, epilot, base, template };
        bed.put("entities/order/o1", &json!({ "attributes": {} })).await?;
        Ok(bed)
    }

    async fn put(&mut self, path: &str, body: &Value) -> Result<Value> {
        self.operator.json(Method::PUT, &format!("{}/{path}", self.base), body).await
    }

    async fn get(&mut self, path: &str) -> Result<Value> {
        self.operator.json(Method::GET, &format!("{}/{path}", self.base), &Value::Null).await
    }

    async fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        self.operator.json(Method::POST, &format!("{}/{path}", self.base), body).await
    }

    async fn start(&mut self) -> Result<()> {
        let about = json!([{ "entity_id": "o1", "entity_schema": "order" }]);
        let body = json!({ "flow_template_id": self.template, "contexts": about });
        self.epilot.json(Method::POST, "/v2/flows/executions", &body).await.map(drop)
    }

    /// The only run, once it has ended.
    async fn ended(&mut self) -> Result<Value> {
        let give_up = Instant::now() + Duration::from_secs(600);
        loop {
            let listed = self.get("agent-runs").await?;
            let status = listed["data"][0]["status"].as_str().unwrap_or_default();
            if !matches!(status, "" | "running") {
                let id = text(&listed["data"][0]["id"])?.to_owned();
                return self.get(&format!("agent-runs/{id}")).await;
            }
            ensure!(Instant::now() < give_up, "the run does not end");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| format!("expected a text, got {value}"))
}

/// So many bytes that nobody else has, as somebody might have written them.
fn unique(seed: usize, bytes: usize) -> String {
    use sha2::Digest as _;
    let mut out = String::with_capacity(bytes + 64);
    let mut part = 0_u64;
    while out.len() < bytes {
        let digest = sha2::Sha256::digest(format!("{seed}/{part}"));
        out.extend(digest.iter().map(|byte| char::from(b'a' + byte % 26)));
        out.push(' ');
        part += 1;
    }
    out.truncate(bytes);
    out
}

/// The journal of a conversation that grows: bytes per call must not.
async fn conversations(args: &Args, part: &mut Part<'_>) -> Result<()> {
    let mut measured = Vec::new();
    let opening = unique(usize::MAX, OPENING);
    for calls in CALLS {
        let dir = tempfile::tempdir()?;
        let model = Model::start(calls, SAID).await?;
        let mut bed = Bed::make(args, dir.path(), &model).await?;
        for n in 0..calls {
            let attributes = json!({ "attributes": { "text": unique(n, OUTPUT) } });
            bed.put(&format!("entities/note/n{n}"), &attributes).await?;
        }
        let budget = json!({ "llm_calls": 10_000, "tool_calls": 10_000, "input_tokens": 100_000_000_000_u64,
            "output_tokens": 100_000_000, "wall_ms": 300_000, "fuel": 1_000_000_000_000_u64, "bytes": 64 << 20 });
        let agent = json!({ "id": "a", "name": "A", "agent": "agent-guest/chat", "config": { "say": opening },
            "grants": { "entities": { "read": ["note"] } }, "budget": budget });
        bed.post("agents", &agent).await?;
        let begun = Instant::now();
        bed.start().await?;
        let run = bed.ended().await?;
        let seconds = begun.elapsed().as_secs_f64();
        ensure!(run["status"] == "completed", "the run of {calls} calls has failed: {}", run["error"]);
        ensure!(run["spent"]["tool_calls"] == json!(calls), "other calls than meant: {}", run["spent"]);
        let bytes = run["spent"]["bytes"].as_u64().context("bytes of the journal")?;
        let last = model.largest();
        let begun = Instant::now();
        let replayed = bed.post(&format!("agent-runs/{}/replay", text(&run["id"])?), &Value::Null).await?;
        ensure!(replayed["same"] == true, "the replay comes to something else: {replayed}");
        measured.push((calls, bytes));
        let figures = json!({ "calls": calls, "journal_bytes": bytes, "journal_mb": bytes as f64 / 1e6,
            "last_request_bytes": last, "last_request_tokens": last / 4, "seconds": seconds,
            "replay_ms": begun.elapsed().as_secs_f64() * 1e3 });
        part.set(&format!("conversation_of_{calls}_calls"), figures)?;
    }
    let [(short, few), (long, many)] = [measured[0], measured[1]];
    let opening = opening.len() as u64;
    let first = (few.saturating_sub(opening)) as f64 / short as f64;
    let rest = (many - few) as f64 / (long - short) as f64;
    part.set(
        "bytes_per_call",
        json!({ "of_the_first": first, "of_the_rest": rest, "rest_to_first": rest / first, "tool_output": OUTPUT,
            "said": SAID }),
    )
}

/// What waiting costs, and how quickly it ends.
async fn waiting(args: &Args, part: &mut Part<'_>) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let model = Model::start(0, 0).await?;
    let mut bed = Bed::make(args, dir.path(), &model).await?;
    let get = json!({ "do": "call", "tool": "entities_get", "arguments": { "schema": "order", "id": "o1" } });
    let mut acts = vec![json!({ "do": "now" }); RECORDED - 1];
    acts.push(get);
    acts.push(json!({ "do": "confirm", "question": "Sure?" }));
    let agent = json!({ "id": "a", "name": "A", "agent": "agent-guest/script", "config": { "acts": acts },
        "grants": { "entities": { "read": ["order"] } } });
    bed.post("agents", &agent).await?;
    let runs = args.waiting.max(FIRST);
    let begun = Instant::now();
    for _ in 0..FIRST {
        bed.start().await?;
    }
    asked(&mut bed, FIRST).await?;
    let before = process::memory_mb(bed.host.pid())?.0;
    for _ in FIRST..runs {
        bed.start().await?;
    }
    asked(&mut bed, runs).await?;
    let began_in = begun.elapsed().as_secs_f64();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let after = process::memory_mb(bed.host.pid())?.0;
    part.set(
        "waiting",
        json!({ "runs": runs, "seconds": began_in, "rss_mb_with_the_first": before, "rss_mb_with_all": after,
            "more_mb": after - before }),
    )?;
    let page = bed.get("confirmations?pending=true&limit=200").await?;
    let questions = page["data"].as_array().context("questions")?.clone();
    let mut took = Vec::new();
    for question in questions.iter().take(RESUMED) {
        let decide = format!("confirmations/{}/decide", text(&question["id"])?);
        let run = format!("agent-runs/{}", text(&question["run_id"])?);
        let begun = Instant::now();
        bed.post(&decide, &json!({ "decision": "approve" })).await?;
        while bed.get(&run).await?["status"] != "completed" {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        took.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    ensure!(!took.is_empty(), "nobody waits");
    took.sort_by(f64::total_cmp);
    part.set(
        "resume",
        json!({ "recorded_calls": RECORDED, "n": took.len(), "p50_ms": took[took.len() / 2],
            "p99_ms": took[took.len() * 99 / 100] }),
    )
}

/// Until so many questions are asked.
async fn asked(bed: &mut Bed, count: usize) -> Result<()> {
    let give_up = Instant::now() + Duration::from_secs(900);
    loop {
        let (mut seen, mut cursor) = (0, String::new());
        loop {
            let page = bed.get(&format!("confirmations?pending=true&limit=200{cursor}")).await?;
            seen += page["data"].as_array().map_or(0, Vec::len);
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        if seen >= count {
            return Ok(());
        }
        ensure!(Instant::now() < give_up, "only {seen} of {count} runs wait");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
