//! `kill -9` at every boundary of an agent's journal.

use crate::platform::guest;
use crate::support::model::{Model, answers, calls, says};
use crate::support::process::Server;
use crate::support::{Client, eventually};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// Rows of the journal of a run that nothing interrupts: the catalog; three calls of the model and two of a tool with
/// an intent and a result each.
const ROWS: usize = 11;

/// A tenant with everything a run needs.
struct Play {
    base: String,
    /// What starts flows: a key, and a template.
    key: String,
    template: String,
}

impl Play {
    async fn set(operator: &Client, model: &Model) -> Self {
        let put = json!({"entities": {"write": ["made"]}, "irreversible": ["entities_put"]});
        let budget = json!({"llm_calls": 50, "wall_ms": 300_000});
        let mut agent = json!({"agent": "agent-guest/chat", "config": {"say": "Go."}, "grants": put, "budget": budget});
        let made = operator.post("/platform/v1/tenants", &json!({"name": "Crash"})).await.expect(201).json();
        let base = format!("/platform/v1/tenants/{}", made["id"].as_str().unwrap());
        operator.json("PATCH", &format!("{base}/settings"), &model.settings()).await.expect(200);
        let key = json!({"dialect": "epilot", "scopes": crate::epilot::GRANTS, "environment": "live", "rate_limit_per_minute": 100_000});
        let key = operator.post(&format!("{base}/keys"), &key).await.expect(201).json();
        let epilot = operator.with_key(key["key"].as_str().unwrap());
        let task = json!({"id": "agent", "name": "Agent", "task_type": "AI_AGENT", "agent_config": {"agent_id": "a"}});
        let template =
            crate::epilot::template(&epilot, &json!({"name": "With an agent", "tasks": [task], "edges": []})).await;
        let wasm = [("content-type", "application/wasm")];
        let bytes = Some(guest("agent-guest"));
        let plugin = operator.send("POST", &format!("{base}/plugins"), &wasm, bytes).await.expect(201).json();
        let enable = format!("{base}/plugins/agent-guest/{}/enable", plugin["version"].as_str().unwrap());
        operator.post(&enable, &json!({})).await.expect(200);
        agent["id"] = json!("a");
        agent["name"] = json!("A");
        operator.post(&format!("{base}/agents"), &agent).await.expect(201);
        let order = json!({"attributes": {}});
        operator.json("PUT", &format!("{base}/entities/order/o1"), &order).await.expect(201);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self { base, key: text(&key["key"]), template: text(&template["id"]) }
    }

    /// Starts a flow.
    async fn flow(&self, operator: &Client) {
        let about = json!([{"entity_id": "o1", "entity_schema": "order"}]);
        let body = json!({"flow_template_id": self.template, "contexts": about});
        operator.with_key(&self.key).post("/v2/flows/executions", &body).await.expect(201);
    }

    /// Starts a flow; gives the run of its agent.
    async fn start(&self, operator: &Client, known: usize) -> String {
        self.flow(operator).await;
        eventually("the agent's run", || async {
            let runs = operator.get(&format!("{}/agent-runs", self.base)).await.expect(200).json()["data"].clone();
            let runs = runs.as_array().unwrap();
            (runs.len() > known).then(|| runs[0]["id"].as_str().unwrap().to_owned())
        })
        .await
    }

    async fn journal(&self, operator: &Client, run: &str) -> Value {
        operator.get(&format!("{}/agent-runs/{run}/journal", self.base)).await.expect(200).json()
    }

    /// Says of every call that nobody knows about that it has not happened: what a tool does inside is committed with
    /// its result, so this is true.
    async fn answer(&self, operator: &Client) -> usize {
        let path = format!("{}/confirmations?pending=true", self.base);
        let asked = operator.get(&path).await.expect(200).json()["data"].clone();
        let asked = asked.as_array().unwrap();
        for question in asked {
            assert_eq!(question["kind"], "outcome", "{question}");
            let path = format!("{}/confirmations/{}/decide", self.base, question["id"].as_str().unwrap());
            operator.post(&path, &json!({"decision": "reject"})).await.expect(200);
        }
        asked.len()
    }
}

fn server(dir: &Path) -> Server {
    Server::start(dir, &[])
}

#[tokio::test]
async fn an_agent_survives_kill_nine_at_every_boundary_of_its_journal() {
    let model = Model::start(Duration::from_millis(60), |request| match answers(request) {
        n @ 0..2 => {
            // Each run makes things of its own: the model names them by the run's first message count only.
            calls("entities_put", &json!({"schema": "made", "id": format!("n{n}"), "patch": {"by": n}}))
        }
        _ => says("Done."),
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let mut running = server(dir.path());
    let mut operator = running.operator();
    let play = Play::set(&operator, &model).await;
    let (mut asked, mut crashes_in_llm, mut crashes_in_tool) = (0, 0, 0);
    for boundary in 0..=ROWS {
        let before = model.requests().len();
        let run = play.start(&operator, boundary).await;
        // As soon as so many rows are there.
        let give_up = Instant::now() + Duration::from_secs(20);
        while play.journal(&operator, &run).await["entries"].as_array().unwrap().len() < boundary {
            assert!(Instant::now() < give_up, "row {boundary} of {run} did not come");
        }
        running.kill();
        running = server(dir.path());
        operator = running.operator();
        let shown = eventually("the run's end", || async {
            let shown = operator.get(&format!("{}/agent-runs/{run}", play.base)).await.expect(200).json();
            (shown["status"] == "completed" || shown["status"] == "waiting_approval" || shown["status"] == "failed")
                .then_some(shown)
        })
        .await;
        if shown["status"] == "waiting_approval" {
            asked += play.answer(&operator).await;
        }
        let shown = eventually("the run's end", || async {
            let shown = operator.get(&format!("{}/agent-runs/{run}", play.base)).await.expect(200).json();
            (shown["status"] == "completed" || shown["status"] == "failed").then_some(shown)
        })
        .await;
        assert_eq!(shown["status"], "completed", "{shown}");
        let journal = play.journal(&operator, &run).await;
        assert_eq!(journal["intact"], true);
        let count = |kind: &str, phase: &str| {
            let entries = journal["entries"].as_array().unwrap().iter();
            entries.filter(|e| e["kind"] == kind && e["phase"] == phase).count()
        };
        // Nothing recorded was done again; what was not recorded was done again openly.
        assert_eq!((count("llm", "result"), count("tool", "result"), count("catalog", "result")), (3, 2, 1));
        let again = count("llm", "intent") - 3;
        crashes_in_llm += again;
        crashes_in_tool += count("tool", "intent") - 2;
        assert!(again <= 1);
        let requests = model.requests().len() - before;
        assert!(requests == 3 + again || requests + 1 == 3 + again, "{requests} requests, {again} open intents");
        let spent = shown["spent"]["llm_calls"].as_u64().unwrap() as usize;
        assert_eq!(spent, 3 + again, "every call that was announced is paid for");
    }
    // Twelve runs, each of which puts the same two things once more.
    for n in 0..2 {
        let made = operator.get(&format!("{}/entities/made/n{n}", play.base)).await.expect(200).json();
        assert_eq!(made["version"], json!(ROWS + 1), "{made}");
    }
    println!(
        "{} kills: {crashes_in_llm} inside an open call of the model, {crashes_in_tool} inside an open call of a tool ({asked} questions)",
        ROWS + 1
    );
    assert!(crashes_in_llm >= 3, "the test must have hit the model's calls");
}
