//! Language models: both wire formats, over one HTTP client that reaches checked addresses only.
//!
//! By hand rather than with a library: two formats are needed, without streaming, and what is journalled must not change
//! with somebody else's types.

mod anthropic;
mod openai;
#[cfg(test)]
mod tests;

use crate::webhooks::client::{checked_client, leads_nowhere_private};
use async_trait::async_trait;
use serde_json::Value;
use std::time::Duration;
use stepwright_app::ports::{ModelAnswer, ModelFault, ModelProvider, ModelRequest};
use stepwright_app::{ProviderAccess, WireFormat};

const USER_AGENT: &str = concat!("Stepwright/", env!("CARGO_PKG_VERSION"));
/// Bytes of an answer that are read.
const MAX_ANSWER: usize = 4 << 20;
/// Characters of a provider's own words that are kept.
const MAX_WORDS: usize = 500;
/// Above every request's own.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Asks providers.
pub struct Models {
    /// Connects to public addresses only.
    public: reqwest::Client,
    /// For tenants whose operator lets them reach private addresses.
    any: reqwest::Client,
}

impl Models {
    /// # Errors
    /// When the TLS library offers no usable protocol version.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self {
            public: checked_client(true, USER_AGENT, TIMEOUT)?,
            any: checked_client(false, USER_AGENT, TIMEOUT)?,
        })
    }

    async fn exchange(
        &self,
        url: &str,
        headers: Vec<(&'static str, String)>,
        body: &Value,
        request: &ModelRequest,
    ) -> Result<Value, ModelFault> {
        let url = reqwest::Url::parse(url).map_err(|error| refused("INVALID_URL", error.to_string()))?;
        if !request.allow_private && !leads_nowhere_private(&url) {
            return Err(refused("PRIVATE_ADDRESS", "the provider's URL leads to an address that is not public".into()));
        }
        let client = if request.allow_private { &self.any } else { &self.public };
        let mut call = client.post(url).timeout(request.timeout).json(body);
        for (name, value) in headers {
            call = call.header(name, value);
        }
        let mut response = call.send().await.map_err(|error| broken(&error))?;
        let status = response.status().as_u16();
        let after = response.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after = after.and_then(|text| text.trim().parse::<f64>().ok()).filter(|seconds| *seconds >= 0.0);
        let after = after.map(|seconds| Duration::from_secs_f64(seconds.min(86_400.0)));
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_ANSWER {
                return Err(refused("ANSWER_TOO_LARGE", format!("the answer has more than {MAX_ANSWER} bytes")));
            }
        }
        if (200..300).contains(&status) {
            // Cut off or garbled on the way; the next attempt may be whole.
            return serde_json::from_slice(&bytes)
                .map_err(|_| ModelFault::Transient { code: "MALFORMED_ANSWER".into(), after: None });
        }
        Err(fault_of(status, after, &String::from_utf8_lossy(&bytes)))
    }
}

#[async_trait]
impl ModelProvider for Models {
    async fn complete(&self, access: &ProviderAccess, request: &ModelRequest) -> Result<ModelAnswer, ModelFault> {
        let base = access.base_url.trim_end_matches('/');
        let key = access.api_key.clone().unwrap_or_default();
        match access.kind {
            WireFormat::Openai => {
                let headers = vec![("authorization", format!("Bearer {key}"))];
                let url = format!("{base}/chat/completions");
                openai::answer(&self.exchange(&url, headers, &openai::body(request), request).await?)
            }
            WireFormat::Anthropic => {
                let headers = vec![("x-api-key", key), ("anthropic-version", anthropic::VERSION.to_owned())];
                let url = format!("{base}/v1/messages");
                anthropic::answer(&self.exchange(&url, headers, &anthropic::body(request), request).await?)
            }
        }
    }
}

fn refused(code: &str, reason: String) -> ModelFault {
    ModelFault::Refused { code: code.into(), reason }
}

/// An answer that is not of the format; never repeated, since the provider has done (and billed) its work.
fn odd(what: &str) -> ModelFault {
    refused("UNEXPECTED_ANSWER", format!("the answer has no usable {what}"))
}

fn broken(error: &reqwest::Error) -> ModelFault {
    let code = if error.is_timeout() {
        "TIMEOUT"
    } else if error.is_connect() {
        "CONNECTION_FAILED"
    } else {
        "CONNECTION_LOST"
    };
    ModelFault::Transient { code: code.into(), after: None }
}

/// What a status that is no success means.
fn fault_of(status: u16, after: Option<Duration>, words: &str) -> ModelFault {
    let words: String = words.chars().take(MAX_WORDS).collect();
    match status {
        408 | 409 | 425 | 429 | 500..=599 => ModelFault::Transient { code: format!("HTTP_{status}"), after },
        _ if too_long(&words) => ModelFault::TooLong,
        400 if words.contains("content_filter") || words.contains("content_policy") => ModelFault::Filtered,
        _ => refused(&format!("HTTP_{status}"), words),
    }
}

/// Providers say it in their own words only.
fn too_long(words: &str) -> bool {
    ["context_length_exceeded", "prompt is too long", "maximum context length"]
        .iter()
        .any(|known| words.contains(known))
}

/// Untrusted words as a model is to read them.
fn quoted(text: &str) -> String {
    format!("<untrusted>\n{text}\n</untrusted>")
}
