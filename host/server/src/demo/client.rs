//! Calls to the host's own HTTP surface without a socket: what a dialect makes of a body is the dialect's business.

use anyhow::{Context as _, bail};
use axum::body::{Body, to_bytes};
use http::{Method, Request, header};
use serde_json::Value;
use stepwright_api::kit::ApiService;
use tower::ServiceExt as _;

/// More than any answer has.
const MAX_ANSWER: usize = 1 << 20;

/// Speaks with one key.
pub struct Client<'a> {
    pub api: &'a ApiService,
    pub key: &'a str,
}

impl Client<'_> {
    /// The answer's body.
    ///
    /// # Errors
    /// When the answer is no success.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path, None).await
    }

    /// The answer's body.
    ///
    /// # Errors
    /// When the answer is no success.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let request = Request::builder()
            .method(method.clone())
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key))
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))?;
        let response = match self.api.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status();
        let bytes = to_bytes(response.into_body(), MAX_ANSWER).await?;
        if !status.is_success() {
            bail!("{method} {path} answered {status}: {}", String::from_utf8_lossy(&bytes));
        }
        serde_json::from_slice(&bytes).with_context(|| format!("{method} {path} answered no JSON"))
    }
}
