//! Outgoing HTTP. Grant: the hosts the plugin declares.
//!
//! Requests leave at once and are not undone when the step fails, so a retried step sends them again: hand
//! [`Context::dedupe_key`](crate::Context) to the other side as its idempotency key.
//!
//! ```no_run
//! # use stepwright_sdk::prelude::*;
//! # fn example(ctx: &Context) -> Result<(), Fault> {
//! use stepwright_sdk::{http::Request, secrets};
//!
//! let charge = Request::post("https://api.example.com/charges")
//!     .header("authorization", format!("Bearer {}", secrets::placeholder("api-key")?))
//!     .header("idempotency-key", &ctx.dedupe_key)
//!     .json(&json!({"amount": 1200}))
//!     .send()?
//!     .success()?;
//! let id: String = charge.json::<Value>()?["id"].to_string();
//! # Ok(()) }
//! ```

#[cfg(target_family = "wasm")]
mod wasi;

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Fault;

#[cfg(not(target_family = "wasm"))]
use crate::testing::sys::http as backend;
#[cfg(target_family = "wasm")]
use wasi as backend;

/// The largest response body unless [`Request::limit`] says otherwise.
pub const DEFAULT_LIMIT: usize = 4 << 20;

/// A request, built step by step; nothing happens before [`Request::send`].
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before `send`"]
pub struct Request {
    /// `GET`, `POST` and the like.
    pub method: String,
    /// `http` or `https`, absolute.
    pub url: String,
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: Vec<u8>,
    /// The largest response body that is read.
    pub limit: usize,
    /// For the connection, for the first byte and between bytes; the host may allow less.
    pub timeout: Option<Duration>,
    unusable: Option<String>,
}

impl Request {
    /// A request with any method.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: Vec::new(),
            limit: DEFAULT_LIMIT,
            timeout: None,
            unusable: None,
        }
    }

    /// `GET`.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }

    /// `POST`.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new("POST", url)
    }

    /// `PUT`.
    pub fn put(url: impl Into<String>) -> Self {
        Self::new("PUT", url)
    }

    /// `PATCH`.
    pub fn patch(url: impl Into<String>) -> Self {
        Self::new("PATCH", url)
    }

    /// `DELETE`.
    pub fn delete(url: impl Into<String>) -> Self {
        Self::new("DELETE", url)
    }

    /// Adds a header.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the body, and says that it is JSON.
    pub fn json(mut self, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.body = body,
            Err(error) => self.unusable = Some(format!("the body is not representable as JSON: {error}")),
        }
        self.header("content-type", "application/json")
    }

    /// Sets the largest response body that is read; a larger one is an error.
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }

    /// Sets the time-outs.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sends the request and reads the response, whatever its status.
    pub fn send(self) -> Result<Response, Error> {
        match self.unusable {
            Some(text) => Err(Error::Invalid(text)),
            None => backend::send(&self),
        }
    }
}

/// A response that has arrived completely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Names, in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// A response with a JSON body, for tests.
    pub fn of(status: u16, body: &impl Serialize) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { status, headers, body: serde_json::to_vec(body).unwrap_or_default() }
    }

    /// The first header of a name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as a type of yours.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    /// An error unless the status is 2xx.
    pub fn success(self) -> Result<Self, Error> {
        if (200..300).contains(&self.status) { Ok(self) } else { Err(Error::Status(self.status)) }
    }
}

/// Why there is no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The request is not one.
    Invalid(String),
    /// The tenant's grant or the host's network rules do not cover it.
    Denied(String),
    /// It took too long.
    TimedOut,
    /// The response's body is larger than the limit.
    TooLarge(usize),
    /// The status is not 2xx; see [`Response::success`].
    Status(u16),
    /// Nobody answered, or not in HTTP.
    Failed(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(text) => write!(f, "invalid request: {text}"),
            Self::Denied(text) => write!(f, "request denied: {text}"),
            Self::TimedOut => f.write_str("request timed out"),
            Self::TooLarge(limit) => write!(f, "response body exceeds {limit} bytes"),
            Self::Status(status) => write!(f, "response status {status}"),
            Self::Failed(text) => write!(f, "request failed: {text}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let (code, retryable) = match error {
            Error::Invalid(_) => ("HTTP_INVALID_REQUEST", false),
            Error::Denied(_) => ("HTTP_DENIED", false),
            Error::TimedOut => ("HTTP_TIMEOUT", true),
            Error::TooLarge(_) => ("HTTP_RESPONSE_TOO_LARGE", false),
            Error::Status(status) => ("HTTP_STATUS", matches!(status, 408 | 425 | 429 | 500..)),
            Error::Failed(_) => ("HTTP_FAILED", true),
        };
        Self { retryable, ..Self::new(code, error.to_string()) }
    }
}
