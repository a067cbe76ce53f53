//! `trigger-webhook`.
//!
//! The request leaves from inside the step, through `wasi:http`, and not by way of the durable outbox of event webhooks:
//! an automation's next action and its task depend on what the other side answers, which an outbox could only tell
//! later. So it is at-least-once: a step that is run again after a crash or a transient failure sends it again, with the
//! same `Idempotency-Key`.

use std::collections::BTreeMap;

use stepwright_sdk::http::{Error, Request};
use stepwright_sdk::prelude::*;

use crate::grant::missing;
use crate::scope::Scope;
use crate::text::{Text, check_value, filled, filled_value};

/// Bytes of a response's body that are read.
const MAX_RESPONSE: usize = 64 << 10;
const MAX_HEADERS: usize = 50;
/// What the step or the host writes.
const RESERVED: [&str; 6] =
    ["connection", "content-length", "content-type", "host", "idempotency-key", "transfer-encoding"];

/// How the request is made.
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    #[default]
    Post,
    Put,
    Patch,
}

/// Where to, with what.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// An absolute http or https URL; its path may hold placeholders, its host may not. The tenant grants the host.
    #[schemars(length(min = 1, max = 2000))]
    url: String,
    #[serde(default)]
    method: Method,
    /// Header names and values, at most 50; values may hold placeholders, also `{{secret.name}}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(length(max = 50))]
    headers: BTreeMap<String, String>,
    /// The JSON body, whose texts may hold placeholders; `{{entity}}` alone is the whole entity. Without a body the
    /// execution, the task, the entity's name and the outputs of the actions before are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
}

/// What the other side has answered.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    status: u16,
    /// The body: JSON if it is, else a text.
    body: Value,
}

/// Sends a request to a host the tenant has granted, and fails unless the answer is a success.
#[step(id = "trigger-webhook", title = "Call a webhook", category = integration, validate = check)]
pub fn trigger_webhook(ctx: &Context, config: Config, input: Input) -> Result<Output, Fault> {
    let scope = Scope::new(&input);
    let url = filled_url(&config.url, &scope)?;
    let body = match &config.body {
        Some(body) => filled_value(body, &scope)?,
        None => standard_body(ctx, &input)?,
    };
    let method = match config.method {
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
    };
    let mut request = Request::new(method, &url).limit(MAX_RESPONSE).header("idempotency-key", &ctx.dedupe_key);
    for (name, value) in &config.headers {
        request = request.header(name, filled(value, &scope)?);
    }
    let response = match request.json(&body).send() {
        Ok(response) => response,
        Err(Error::Denied(why)) => return Err(denied(&url, &why)),
        Err(error) => return Err(error.into()),
    };
    let text = response.text();
    let answer = serde_json::from_str(&text).unwrap_or(Value::String(text));
    let status = response.status;
    match response.success() {
        Ok(_) => Ok(Output { status, body: answer }),
        Err(error) => {
            let mut fault = Fault::from(error);
            fault.info = Some(json!({ "status": status, "body": answer }));
            Err(fault)
        }
    }
}

/// The host's answer to a host that is not granted, and to one that leads into the network the host stands in.
fn denied(url: &str, why: &str) -> Fault {
    let host = authority(url).unwrap_or_default();
    if why.contains("granted") || why.contains("manifest") {
        return missing(&format!("http: {host}"));
    }
    Fault::new("HTTP_DENIED", format!("{host}: {why}"))
}

fn standard_body(ctx: &Context, input: &Input) -> Result<Value, Fault> {
    let mut outputs = serde_json::Map::new();
    for action in input.completed() {
        outputs.insert(action.to_owned(), input.output(action)?.unwrap_or_default());
    }
    let entity = input.entity.as_ref().map(|e| json!({ "schema": e.schema, "id": e.id }));
    Ok(json!({
        "id": ctx.dedupe_key,
        "execution_id": ctx.execution_id,
        "task_id": ctx.node_id,
        "sent_at": ctx.now,
        "entity": entity,
        "outputs": outputs,
    }))
}

/// Scheme and authority stay as they are written; what is filled into the rest is percent-encoded.
fn filled_url(url: &str, scope: &Scope<'_>) -> Result<String, Fault> {
    let at = url.find("://").map_or(0, |at| at + 3);
    let end = url[at..].find(['/', '?', '#']).map_or(url.len(), |end| at + end);
    let (fixed, rest) = url.split_at(end);
    let mut whole = fixed.to_owned();
    let parsed = Text::parse(rest).map_err(|why| Fault::new(Fault::INVALID_CONFIG, why))?;
    whole.push_str(&parsed.fill_with(scope, encoded)?);
    Ok(whole)
}

fn encoded(text: String) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Host and port of an absolute URL.
fn authority(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']');
    (!authority.is_empty() && authority.chars().all(plain)).then_some(authority)
}

fn check(config: &Config, _: &Context) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if authority(&config.url).is_none() {
        let rule = "must be an absolute http or https URL whose host is written out";
        errors.push(FieldError::new("/url", rule));
    } else if let Err(why) = Text::parse(&config.url) {
        errors.push(FieldError::new("/url", why));
    }
    if config.headers.len() > MAX_HEADERS {
        errors.push(FieldError::new("/headers", format!("at most {MAX_HEADERS} headers")));
    }
    for (name, value) in &config.headers {
        let pointer = format!("/headers/{}", name.replace('~', "~0").replace('/', "~1"));
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(token) {
            errors.push(FieldError::new(&pointer, "is not a header name"));
        }
        if RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) {
            errors.push(FieldError::new(&pointer, "is written by the step itself"));
        }
        if value.chars().any(char::is_control) {
            errors.push(FieldError::new(&pointer, "must not contain line breaks or control characters"));
        }
        errors.extend(Text::parse_with_secrets(value).err().map(|why| FieldError::new(&pointer, why)));
    }
    errors.extend(config.body.iter().flat_map(|body| check_value("/body", body)));
    errors
}
