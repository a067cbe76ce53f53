//! Steps that go out.

use std::collections::BTreeMap;
use std::time::Duration;

use stepwright_sdk::http::Request;
use stepwright_sdk::prelude::*;
use stepwright_sdk::secrets;
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, OutgoingRequest, Scheme};

#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Fetch {
    url: String,
    #[serde(default = "get")]
    method: String,
    /// `{secret:NAME}` stands for a placeholder.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// `{secret:NAME}` stands for a placeholder here too; the host must leave it alone.
    #[serde(default)]
    body: String,
    #[serde(default)]
    timeout_ms: Option<u64>,
    /// Bytes of the body that are returned.
    #[serde(default = "prefix")]
    prefix: usize,
}

fn get() -> String {
    "GET".to_owned()
}

fn prefix() -> usize {
    1024
}

/// Fetches a URL; an error is an output too.
#[step(category = integration)]
pub fn fetch(config: Fetch) -> Result<Value, Fault> {
    let mut request = Request::new(config.method, config.url).body(with_secrets(&config.body)?).limit(64 << 20);
    for (name, value) in &config.headers {
        request = request.header(name, with_secrets(value)?);
    }
    if let Some(ms) = config.timeout_ms {
        request = request.timeout(Duration::from_millis(ms));
    }
    Ok(match request.send() {
        Ok(response) => {
            let text = String::from_utf8_lossy(&response.body[..config.prefix.min(response.body.len())]).into_owned();
            let headers: BTreeMap<_, _> = response.headers.into_iter().collect();
            json!({"status": response.status, "headers": headers, "body": text, "length": response.body.len()})
        }
        Err(error) => json!({"error": format!("{error:?}")}),
    })
}

fn with_secrets(text: &str) -> Result<String, Fault> {
    let Some((before, rest)) = text.split_once("{secret:") else { return Ok(text.to_owned()) };
    let (name, after) = rest.split_once('}').unwrap_or((rest, ""));
    Ok(format!("{before}{}{after}", secrets::placeholder(name)?))
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Endless {
    /// `http://host:port/path`
    url: String,
}

/// Reads a body for ever, and forgets what it has read; says how much there was when the host ends it.
#[step]
pub fn endless_body(config: Endless) -> Result<Value, Fault> {
    let failed = |what: &str| Fault::new("FETCH", what);
    let rest = config.url.strip_prefix("http://").ok_or_else(|| failed("not http"))?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let request = OutgoingRequest::new(Fields::new());
    let set = |result: Result<(), ()>| result.map_err(|()| failed("refused part"));
    set(request.set_scheme(Some(&Scheme::Http)))?;
    set(request.set_authority(Some(authority)))?;
    set(request.set_path_with_query(Some(&format!("/{path}"))))?;
    let future = handle(request, None).map_err(|code| failed(&format!("{code:?}")))?;
    future.subscribe().block();
    let response = match future.get() {
        Some(Ok(Ok(response))) => response,
        other => return Err(failed(&format!("{other:?}"))),
    };
    let body = response.consume().map_err(|()| failed("taken"))?;
    let stream = body.stream().map_err(|()| failed("taken"))?;
    let mut bytes = 0_usize;
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(chunk) => bytes += chunk.len(),
            Err(error) => return Ok(json!({"bytes": bytes, "end": format!("{error:?}")})),
        }
    }
}
