//! A model that says what the test wants, behind OpenAI's wire format.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a model makes of the conversation so far.
pub type Script = dyn Fn(&Value) -> Value + Send + Sync;

/// The server.
#[derive(Clone)]
pub struct Model {
    pub url: String,
    script: Arc<Script>,
    pause: Duration,
    requests: Arc<Mutex<Vec<Value>>>,
    failures: Arc<Mutex<Vec<u16>>>,
    bill: Arc<Mutex<Option<(u64, u64)>>>,
    billed: Arc<Mutex<(i64, i64)>>,
}

impl Model {
    /// Starts it; each answer takes this long.
    pub async fn start(pause: Duration, script: impl Fn(&Value) -> Value + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let model = Self {
            url,
            script: Arc::new(script),
            pause,
            requests: Arc::default(),
            failures: Arc::default(),
            bill: Arc::default(),
            billed: Arc::default(),
        };
        let app = Router::new().fallback(take).with_state(model.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        model
    }

    /// The next requests get these statuses instead of an answer.
    pub fn fail_next(&self, statuses: &[u16]) {
        self.failures.lock().expect("lock").extend(statuses.iter().rev());
    }

    /// From now on it bills so many tokens, whatever they were.
    pub fn bill(&self, input: u64, output: u64) {
        *self.bill.lock().expect("lock") = Some((input, output));
    }

    /// Tokens it has billed so far, in and out.
    pub fn billed(&self) -> (i64, i64) {
        *self.billed.lock().expect("lock")
    }

    /// Everything it was asked.
    pub fn requests(&self) -> Vec<Value> {
        self.requests.lock().expect("lock").clone()
    }

    /// `settings.llm` that leads here, under the alias `fast`. A million tokens cost a million millionths.
    pub fn settings(&self) -> Value {
        json!({
            "webhooks": {"allow_private_targets": true},
            "llm": {
                "providers": {"main": {"kind": "openai", "base_url": self.url, "api_key": "k"}},
                "models": {"fast": {"provider": "main", "model": "m-1", "input_price": 1_000_000, "output_price": 1_000_000}},
                "default_model": "fast",
            },
        })
    }
}

/// An answer in words.
pub fn says(text: &str) -> Value {
    json!({"content": text})
}

/// An answer that calls a tool.
pub fn calls(tool: &str, arguments: &Value) -> Value {
    let function = json!({"name": tool, "arguments": arguments.to_string()});
    json!({"content": null, "tool_calls": [{"id": format!("call-{tool}"), "type": "function", "function": function}]})
}

/// How many answers of tools the conversation has.
pub fn answers(request: &Value) -> usize {
    request["messages"].as_array().expect("messages").iter().filter(|m| m["role"] == "tool").count()
}

async fn take(State(model): State<Model>, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).expect("JSON");
    model.requests.lock().expect("lock").push(request.clone());
    tokio::time::sleep(model.pause).await;
    let failure = model.failures.lock().expect("lock").pop();
    if let Some(status) = failure {
        return (StatusCode::from_u16(status).expect("a status"), [("retry-after", "0")], "not now").into_response();
    }
    let message = (model.script)(&request);
    let finish = if message["tool_calls"].is_null() { "stop" } else { "tool_calls" };
    // As a provider bills it: a token for four bytes.
    let usual = (body.len() as u64 / 4, message.to_string().len() as u64 / 4);
    let (input, output) = model.bill.lock().expect("lock").unwrap_or(usual);
    {
        let mut billed = model.billed.lock().expect("lock");
        *billed = (billed.0 + input as i64, billed.1 + output as i64);
    }
    let usage = json!({"prompt_tokens": input, "completion_tokens": output});
    let answer = json!({"choices": [{"message": message, "finish_reason": finish}], "usage": usage});
    axum::Json(answer).into_response()
}
