//! Tools: the tenant's entities, step types and whatever else an agent is granted.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::bindings::tools as wit;
pub use crate::bindings::tools::{Effect, Label, Tool, ToolCatalog};
use crate::sys::tools as sys;
use crate::{Fault, FieldError};

/// A call to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The tool's name.
    pub tool: String,
    /// JSON text; a model's own words are handed on as they are, and refused by the host when they do not fit.
    pub arguments: String,
}

/// What a tool has answered.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolResult {
    /// For a model to read.
    pub text: String,
    /// The same for machines; null when there is none.
    pub value: Value,
    /// Whether it may be trusted.
    pub label: Label,
}

impl ToolResult {
    /// The value as a type of yours.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        Ok(T::deserialize(&self.value)?)
    }
}

/// Why a tool has not answered.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolError {
    /// There is no such tool, or the agent may not use it.
    NotFound,
    /// The tool is not what it was.
    Stale,
    /// The arguments do not fit the schema.
    InvalidArguments(Vec<FieldError>),
    /// The host's policy forbids it; the text names the rule.
    DeniedByPolicy(String),
    /// A person has said no, and why.
    DeniedByHuman(String),
    /// Nobody answered in time.
    ConfirmationExpired,
    /// The tool was called and has failed.
    Failed(Fault),
    /// Whether it was done is not known.
    OutcomeUnknown,
    /// The budget is used up; the text names the dimension.
    BudgetExhausted(String),
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("there is no such tool"),
            Self::Stale => f.write_str("the tool has changed"),
            Self::InvalidArguments(errors) => {
                f.write_str("the arguments do not fit")?;
                errors.iter().try_for_each(|error| write!(f, "; {}: {}", error.pointer, error.message))
            }
            Self::DeniedByPolicy(rule) => write!(f, "not allowed: {rule}"),
            Self::DeniedByHuman(why) => write!(f, "a person has said no: {why}"),
            Self::ConfirmationExpired => f.write_str("nobody has answered in time"),
            Self::Failed(fault) => write!(f, "failed with {fault}"),
            Self::OutcomeUnknown => f.write_str("whether it was done is not known"),
            Self::BudgetExhausted(dimension) => write!(f, "the budget of {dimension} is used up"),
        }
    }
}

impl std::error::Error for ToolError {}

impl From<ToolError> for Fault {
    fn from(error: ToolError) -> Self {
        let code = match &error {
            ToolError::Failed(fault) => return fault.clone(),
            ToolError::NotFound => "TOOL_NOT_FOUND",
            ToolError::Stale => "TOOL_STALE",
            ToolError::InvalidArguments(_) => "INVALID_ARGUMENTS",
            ToolError::DeniedByPolicy(_) => "POLICY_DENIED",
            ToolError::DeniedByHuman(_) => "REJECTED",
            ToolError::ConfirmationExpired => "CONFIRMATION_EXPIRED",
            ToolError::OutcomeUnknown => "OUTCOME_UNKNOWN",
            ToolError::BudgetExhausted(_) => "BUDGET_EXHAUSTED",
        };
        Self::new(code, error.to_string())
    }
}

/// What the agent may use.
pub fn catalog() -> ToolCatalog {
    sys::catalog(None).unwrap_or(ToolCatalog { generation: 0, tools: Vec::new() })
}

/// Calls a tool with a JSON object.
pub fn call(tool: &str, arguments: &Value) -> Result<ToolResult, ToolError> {
    result(sys::call(&to_wit(Request { tool: tool.to_owned(), arguments: arguments.to_string() })))
}

/// Calls tools side by side, at most 16 at once; the results come in the order of the calls.
pub fn call_all(requests: impl IntoIterator<Item = Request>) -> Vec<Result<ToolResult, ToolError>> {
    let calls: Vec<wit::ToolCall> = requests.into_iter().map(to_wit).collect();
    calls.chunks(16).flat_map(sys::call_all).map(result).collect()
}

fn to_wit(request: Request) -> wit::ToolCall {
    wit::ToolCall { tool: request.tool, arguments: request.arguments, generation: None }
}

fn result(from: Result<wit::ToolResult, wit::ToolError>) -> Result<ToolResult, ToolError> {
    match from {
        Ok(result) => {
            let value = result.structured.map(|text| serde_json::from_str(&text)).transpose();
            let value = value.map_err(|error| ToolError::Failed(error.into()))?.unwrap_or(Value::Null);
            Ok(ToolResult { text: result.text, value, label: result.label })
        }
        Err(wit::ToolError::NotFound) => Err(ToolError::NotFound),
        Err(wit::ToolError::Stale) => Err(ToolError::Stale),
        Err(wit::ToolError::InvalidArguments(errors)) => Err(ToolError::InvalidArguments(errors)),
        Err(wit::ToolError::DeniedByPolicy(rule)) => Err(ToolError::DeniedByPolicy(rule)),
        Err(wit::ToolError::DeniedByHuman(why)) => Err(ToolError::DeniedByHuman(why)),
        Err(wit::ToolError::ConfirmationExpired) => Err(ToolError::ConfirmationExpired),
        Err(wit::ToolError::Failed(fault)) => Err(ToolError::Failed(fault.into())),
        Err(wit::ToolError::OutcomeUnknown) => Err(ToolError::OutcomeUnknown),
        Err(wit::ToolError::BudgetExhausted(dimension)) => Err(ToolError::BudgetExhausted(dimension)),
    }
}
