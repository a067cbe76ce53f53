//! A foreign server of the Model Context Protocol, by hand: as the protocol was before it knew `server/discover`.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What calls of `send` come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    Answers,
    /// Says that it has failed.
    Fails,
    /// Takes the call and says nothing more.
    CutsOff,
}

/// The server: `lookup` tells something, `send` does something.
#[derive(Clone)]
pub struct ForeignServer {
    pub url: String,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    description: String,
    mood: Mood,
    calls: Vec<Value>,
    authorization: Vec<Option<String>>,
}

impl ForeignServer {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/mcp", listener.local_addr().expect("an address"));
        let inner = Inner {
            description: "Looks something up.".into(),
            mood: Mood::Answers,
            calls: Vec::new(),
            authorization: Vec::new(),
        };
        let server = Self { url, inner: Arc::new(Mutex::new(inner)) };
        let app = Router::new().fallback(take).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        server
    }

    /// From now on it says this of `lookup`.
    pub fn describe(&self, description: &str) {
        self.inner.lock().expect("lock").description = description.into();
    }

    pub fn mood(&self, mood: Mood) {
        self.inner.lock().expect("lock").mood = mood;
    }

    /// Every `tools/call` it has got.
    pub fn calls(&self) -> Vec<Value> {
        self.inner.lock().expect("lock").calls.clone()
    }

    /// What the last request said of its sender.
    pub fn authorization(&self) -> Option<String> {
        self.inner.lock().expect("lock").authorization.last().cloned().flatten()
    }
}

fn tool(name: &str, description: &str) -> Value {
    json!({"name": name, "description": description, "inputSchema": {"type": "object",
        "properties": {"what": {"type": "string"}}, "required": ["what"], "additionalProperties": false}})
}

async fn take(State(server): State<ForeignServer>, headers: HeaderMap, body: Bytes) -> Response {
    let Ok(request) = serde_json::from_slice::<Value>(&body) else {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    };
    let said = headers.get("authorization").and_then(|value| value.to_str().ok()).map(str::to_owned);
    server.inner.lock().expect("lock").authorization.push(said);
    let Some(id) = request.get("id") else { return StatusCode::ACCEPTED.into_response() };
    let result = match request["method"].as_str().unwrap_or_default() {
        "initialize" => json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
            "serverInfo": {"name": "foreign", "version": "1"}}),
        "tools/list" => {
            let description = server.inner.lock().expect("lock").description.clone();
            json!({"tools": [tool("lookup", &description), tool("send", "Sends something.")]})
        }
        "tools/call" => {
            let mood = {
                let mut inner = server.inner.lock().expect("lock");
                inner.calls.push(request["params"].clone());
                inner.mood
            };
            match mood {
                Mood::Answers => {
                    let text = format!("found {}", request["params"]["arguments"]["what"]);
                    json!({"content": [{"type": "text", "text": text}], "isError": false})
                }
                Mood::Fails => json!({"content": [{"type": "text", "text": "no such thing"}], "isError": true}),
                Mood::CutsOff => {
                    // Headers are sent, and then the connection breaks.
                    let broken = futures_util::stream::once(async {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        Err::<Bytes, _>(std::io::Error::other("gone"))
                    });
                    return ([("content-type", "application/json")], axum::body::Body::from_stream(broken))
                        .into_response();
                }
            }
        }
        other => {
            let error = json!({"code": -32601, "message": format!("there is no method {other}")});
            return axum::Json(json!({"jsonrpc": "2.0", "id": id, "error": error})).into_response();
        }
    };
    axum::Json(json!({"jsonrpc": "2.0", "id": id, "result": result})).into_response()
}
