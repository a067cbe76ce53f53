//! Why things fail: [`Fault`] ends a call, [`HostError`] is a host call's refusal.

use std::fmt;

use serde_json::Value;

use crate::bindings::types;
use crate::{EntityRef, FieldError};

/// Why a call failed, as it is shown to people and machines.
///
/// A step that returns a fault leaves nothing behind: whatever it staged through host calls is dropped.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// Stable, for machines: `[A-Za-z0-9_]{1,64}`.
    pub code: String,
    /// For people.
    pub reason: String,
    /// Whether the same call may succeed later. Only such faults are retried.
    pub retryable: bool,
    /// Machine-readable detail, a JSON object.
    pub info: Option<Value>,
}

impl Fault {
    /// The code of a config that does not fit the step.
    pub const INVALID_CONFIG: &'static str = "INVALID_CONFIG";
    /// The code of an input that does not fit the step.
    pub const INVALID_INPUT: &'static str = "INVALID_INPUT";
    /// The code of a step, condition or guard the plugin does not have.
    pub const UNKNOWN_ID: &'static str = "UNKNOWN_ID";

    /// A fault that is final; see [`Fault::retryable`].
    pub fn new(code: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { code: code.into(), reason: reason.into(), retryable: false, info: None }
    }

    /// Marks the fault as one that a later attempt may not meet.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }

    /// Adds machine-readable detail, a JSON object.
    #[must_use]
    pub fn with_info(mut self, info: Value) -> Self {
        self.info = Some(info);
        self
    }

    pub(crate) fn invalid_config(errors: &[FieldError]) -> Self {
        let lines: Vec<String> =
            errors.iter().map(|e| format!("{}: {}", pointer_or_root(&e.pointer), e.message)).collect();
        Self::new(Self::INVALID_CONFIG, lines.join("; "))
    }

    pub(crate) fn unknown(what: &str, id: &str) -> Self {
        Self::new(Self::UNKNOWN_ID, format!("this plugin has no {what} `{id}`"))
    }
}

fn pointer_or_root(pointer: &str) -> &str {
    if pointer.is_empty() { "config" } else { pointer }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.reason)
    }
}

impl std::error::Error for Fault {}

impl From<Fault> for types::Fault {
    fn from(fault: Fault) -> Self {
        Self {
            code: fault.code,
            reason: fault.reason,
            retryable: fault.retryable,
            info: fault.info.map(|info| info.to_string()),
        }
    }
}

impl From<types::Fault> for Fault {
    fn from(fault: types::Fault) -> Self {
        let info = fault.info.and_then(|text| serde_json::from_str(&text).ok());
        Self { code: fault.code, reason: fault.reason, retryable: fault.retryable, info }
    }
}

impl From<serde_json::Error> for Fault {
    fn from(error: serde_json::Error) -> Self {
        Self::new("INVALID_JSON", error.to_string())
    }
}

impl From<HostError> for Fault {
    fn from(error: HostError) -> Self {
        let code = match &error {
            HostError::Denied(_) => "DENIED",
            HostError::NotFound => "NOT_FOUND",
            HostError::Conflict(_) => "CONFLICT",
            HostError::Invalid(_) => "INVALID_ARGUMENT",
            HostError::Limit(_) => "LIMIT_EXCEEDED",
            HostError::Unavailable(_) => "UNAVAILABLE",
            HostError::NotConfigured(code) => code,
        };
        let retryable = matches!(error, HostError::Conflict(_) | HostError::Unavailable(_));
        Self { code: code.to_owned(), reason: error.to_string(), retryable, info: None }
    }
}

/// Why a host call was refused. Nothing has changed when it is returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostError {
    /// The tenant's grant does not cover it; the text names the missing grant.
    Denied(String),
    /// No such thing in this tenant.
    NotFound,
    /// The expected version is not the current one, which is given.
    Conflict(u64),
    /// An argument is wrong; the text names it and the rule.
    Invalid(String),
    /// A limit is reached; the text names it and its value.
    Limit(String),
    /// Try again later.
    Unavailable(String),
    /// The tenant has not set up what the call needs; the text is a stable code, such as `mail_not_configured`.
    NotConfigured(String),
}

impl HostError {
    /// `NotFound` as `None`, anything else as it is.
    pub(crate) fn optional<T>(result: Result<T, types::HostError>) -> Result<Option<T>, Self> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(types::HostError::NotFound) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// For arguments and answers that are not the JSON they should be.
    pub(crate) fn not_json(error: &serde_json::Error) -> Self {
        Self::Invalid(format!("not representable as JSON: {error}"))
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(text) => write!(f, "denied: {text}"),
            Self::NotFound => f.write_str("not found"),
            Self::Conflict(version) => write!(f, "conflict: the current version is {version}"),
            Self::Invalid(text) => write!(f, "invalid argument: {text}"),
            Self::Limit(text) => write!(f, "limit reached: {text}"),
            Self::Unavailable(text) => write!(f, "unavailable: {text}"),
            Self::NotConfigured(code) => write!(f, "not configured: {code}"),
        }
    }
}

impl std::error::Error for HostError {}

impl From<types::HostError> for HostError {
    fn from(error: types::HostError) -> Self {
        match error {
            types::HostError::Denied(text) => Self::Denied(text),
            types::HostError::NotFound => Self::NotFound,
            types::HostError::Conflict(version) => Self::Conflict(version),
            types::HostError::Invalid(text) => Self::Invalid(text),
            types::HostError::Limit(text) => Self::Limit(text),
            types::HostError::Unavailable(text) => Self::Unavailable(text),
            types::HostError::NotConfigured(code) => Self::NotConfigured(code),
        }
    }
}

impl EntityRef {
    /// Names an entity.
    pub fn new(schema: impl Into<String>, id: impl Into<String>) -> Self {
        Self { schema: schema.into(), id: id.into() }
    }
}

impl FieldError {
    /// A fault at a JSON pointer into the config, `""` for the whole.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}
