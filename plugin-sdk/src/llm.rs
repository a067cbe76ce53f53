//! Language models. The host holds the conversation, the credentials and the bill.

use std::fmt;

use serde_json::Value;

use crate::Fault;
use crate::bindings::llm as wit;
pub use crate::bindings::llm::{Finish, ToolChoice, Usage};
use crate::sys::llm::Conversation as Handle;
use crate::tools::{Request, ToolError, ToolResult};

/// Begins a conversation with the tenant's default model. `system` is what the model is told to be.
pub fn conversation(system: impl Into<String>) -> Conversation {
    Options::default().begin(system)
}

/// How a conversation is to be.
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use = "nothing happens before `begin`"]
pub struct Options {
    model: Option<String>,
    max_output_tokens: Option<u32>,
    temperature: Option<f32>,
}

impl Options {
    /// One of the tenant's aliases.
    pub fn model(mut self, alias: impl Into<String>) -> Self {
        self.model = Some(alias.into());
        self
    }

    /// Tokens of one answer.
    pub fn max_output_tokens(mut self, most: u32) -> Self {
        self.max_output_tokens = Some(most);
        self
    }

    /// Left out where a model does not take it.
    pub fn temperature(mut self, temperature: f32) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// Begins a conversation.
    pub fn begin(self, system: impl Into<String>) -> Conversation {
        let options = wit::Options {
            model: self.model,
            max_output_tokens: self.max_output_tokens,
            temperature: self.temperature,
        };
        Conversation { handle: Handle::new(&system.into(), &options) }
    }
}

/// A conversation that the host holds.
#[derive(Debug)]
pub struct Conversation {
    handle: Handle,
}

/// A tool call of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// As the model named it.
    pub call_id: String,
    /// The tool's name.
    pub tool: String,
    /// What the model has written.
    pub arguments: String,
}

impl ToolCall {
    /// For [`crate::tools::call_all`].
    pub fn request(&self) -> Request {
        Request { tool: self.tool.clone(), arguments: self.arguments.clone() }
    }
}

/// What a model has said.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// Its texts and tool calls in order.
    pub output: Vec<Output>,
    /// Why it stopped.
    pub finish: Finish,
    /// Tokens used.
    pub usage: Usage,
    /// What is left of each dimension that has a limit.
    pub budget_left: Vec<(String, u64)>,
}

/// A part of what a model has said.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Words.
    Text(String),
    /// A call.
    Call(ToolCall),
}

impl Completion {
    /// All its words.
    pub fn text(&self) -> String {
        let texts = self.output.iter().filter_map(|part| match part {
            Output::Text(text) => Some(text.as_str()),
            Output::Call(_) => None,
        });
        texts.collect()
    }

    /// All its calls.
    pub fn calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.output.iter().filter_map(|part| match part {
            Output::Call(call) => Some(call),
            Output::Text(_) => None,
        })
    }
}

impl Conversation {
    /// Adds something the user says.
    pub fn say(&mut self, text: impl Into<String>) -> Result<(), LlmError> {
        Ok(self.handle.append(&[wit::Input::Text(text.into())])?)
    }

    /// Adds something from a source that is not to be trusted.
    pub fn quote(&mut self, text: impl Into<String>) -> Result<(), LlmError> {
        Ok(self.handle.append(&[wit::Input::Untrusted(text.into())])?)
    }

    /// Adds what came of the model's calls, failures included.
    pub fn answer<'c>(
        &mut self,
        results: impl IntoIterator<Item = (&'c ToolCall, Result<ToolResult, ToolError>)>,
    ) -> Result<(), LlmError> {
        let answer = |(call, result): (&ToolCall, Result<ToolResult, ToolError>)| {
            let (text, failed) = match result {
                Ok(result) => (result.text, false),
                Err(error) => (error.to_string(), true),
            };
            wit::Input::ToolAnswer(wit::ToolAnswer { call_id: call.call_id.clone(), text, failed })
        };
        let parts: Vec<wit::Input> = results.into_iter().map(answer).collect();
        Ok(self.handle.append(&parts)?)
    }

    /// Lets the model answer, with these tools of the catalog.
    pub fn complete(&mut self, tools: &[String]) -> Result<Completion, LlmError> {
        self.complete_with(tools, ToolChoice::Auto, None)
    }

    /// As [`Self::complete`], with a say in whether it calls tools and in the shape of its answer.
    pub fn complete_with(
        &mut self,
        tools: &[String],
        choice: ToolChoice,
        schema: Option<&Value>,
    ) -> Result<Completion, LlmError> {
        let schema = schema.map(Value::to_string);
        let done = self.handle.complete(tools, choice, schema.as_deref())?;
        let part = |part| match part {
            wit::Output::Text(text) => Output::Text(text),
            wit::Output::ToolCall(call) => {
                Output::Call(ToolCall { call_id: call.call_id, tool: call.tool, arguments: call.arguments })
            }
        };
        Ok(Completion {
            output: done.output.into_iter().map(part).collect(),
            finish: done.finish,
            usage: done.usage,
            budget_left: done.budget_left,
        })
    }

    /// A second conversation that begins like this one.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { handle: self.handle.fork() }
    }

    /// Replaces all but the newest messages by a summary.
    pub fn compact(&mut self, keep_last: u32, summary: &str) -> Result<(), LlmError> {
        Ok(self.handle.compact(keep_last, summary)?)
    }

    /// Hex SHA-256 of everything said so far.
    pub fn head(&self) -> String {
        self.handle.head()
    }
}

/// Why a model has not answered.
#[derive(Debug, Clone, PartialEq)]
pub enum LlmError {
    /// The text names the argument and the rule.
    InvalidRequest(String),
    /// The tenant has no such alias, or the agent may not use it.
    ModelNotAllowed(String),
    /// The tenant has set up no model access.
    NotConfigured,
    /// The conversation has grown too long, in tokens.
    ContextTooLong {
        /// What the model takes.
        limit: u64,
        /// What it was asked to take.
        have: u64,
    },
    /// The provider's filter has stopped it.
    ContentFiltered,
    /// The text names the dimension.
    BudgetExhausted(String),
    /// Given up after all attempts; a stable code.
    ProviderFailed(String),
}

impl fmt::Display for LlmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidRequest(text) => write!(f, "invalid request: {text}"),
            Self::ModelNotAllowed(alias) => write!(f, "model `{alias}` is not allowed"),
            Self::NotConfigured => f.write_str("no model access is set up"),
            Self::ContextTooLong { limit, have } => {
                write!(f, "the conversation has {have} tokens, the model takes {limit}")
            }
            Self::ContentFiltered => f.write_str("the provider's filter has stopped it"),
            Self::BudgetExhausted(dimension) => write!(f, "the budget of {dimension} is used up"),
            Self::ProviderFailed(code) => write!(f, "the provider has failed: {code}"),
        }
    }
}

impl std::error::Error for LlmError {}

impl From<wit::LlmError> for LlmError {
    fn from(error: wit::LlmError) -> Self {
        match error {
            wit::LlmError::InvalidRequest(text) => Self::InvalidRequest(text),
            wit::LlmError::ModelNotAllowed(alias) => Self::ModelNotAllowed(alias),
            wit::LlmError::NotConfigured => Self::NotConfigured,
            wit::LlmError::ContextTooLong(much) => Self::ContextTooLong { limit: much.limit, have: much.have },
            wit::LlmError::ContentFiltered => Self::ContentFiltered,
            wit::LlmError::BudgetExhausted(dimension) => Self::BudgetExhausted(dimension),
            wit::LlmError::ProviderFailed(code) => Self::ProviderFailed(code),
        }
    }
}

impl From<LlmError> for Fault {
    fn from(error: LlmError) -> Self {
        let code = match &error {
            LlmError::BudgetExhausted(_) => "BUDGET_EXHAUSTED",
            LlmError::InvalidRequest(_)
            | LlmError::ModelNotAllowed(_)
            | LlmError::NotConfigured
            | LlmError::ContextTooLong { .. }
            | LlmError::ContentFiltered
            | LlmError::ProviderFailed(_) => "LLM_ERROR",
        };
        Self::new(code, error.to_string())
    }
}
