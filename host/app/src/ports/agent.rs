//! What an agent may ask of the host while it runs, as the sandbox sees it.

use crate::error::FieldFault;
use crate::session::HostError;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use stepwright_engine::{Fault, RawJson, Timestamp};

/// Why a host call ends the agent's instance instead of answering.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// The host knows why: it waits for a person, has lost the run to another node, or the journal does not fit.
    #[error("the run was interrupted")]
    Stopped,
    /// The guest has broken the contract; the text says how.
    #[error("{0}")]
    Misuse(String),
}

/// A person's answer (source: wit/run@0.1.0 `answer`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Approved(Option<RawJson>),
    Rejected(String),
    Expired,
}

/// What a tool changes (source: wit/tools@0.1.0 `effect`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolEffect {
    Read,
    Write,
    Irreversible,
}

/// A tool as the agent sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolInfo {
    /// `[a-zA-Z0-9_-]{1,128}`, unique in the catalog.
    pub name: String,
    pub description: String,
    /// JSON Schema of the arguments.
    pub input_schema: RawJson,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<RawJson>,
    pub effect: ToolEffect,
    pub needs_confirmation: bool,
}

/// All tools of an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCatalog {
    /// Another one whenever a tool has changed.
    pub generation: u64,
    pub tools: Vec<ToolInfo>,
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    pub tool: String,
    /// As the guest has written it: JSON, or not.
    pub arguments: String,
    pub generation: Option<u64>,
}

/// What a tool has answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolResult {
    /// For a model to read.
    pub text: String,
    pub structured: Option<RawJson>,
    /// Where it comes from, when that is not to be trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untrusted: Option<String>,
}

/// Why a tool has not answered (source: wit/tools@0.1.0 `tool-error`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolError {
    NotFound,
    Stale,
    InvalidArguments(Vec<FieldFault>),
    DeniedByPolicy(String),
    DeniedByHuman(String),
    ConfirmationExpired,
    Failed(Fault),
    OutcomeUnknown,
    BudgetExhausted(String),
}

/// Something an agent keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemoryEntry {
    pub key: String,
    /// One more per change, from 1.
    pub version: u64,
    pub value: RawJson,
}

/// How a conversation is to be (source: wit/llm@0.1.0 `options`).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatOptions {
    pub model: Option<String>,
    pub max_output_tokens: Option<u32>,
    pub temperature: Option<f32>,
}

/// What an agent adds to a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatInput {
    Text(String),
    Untrusted(String),
    ToolAnswer { call_id: String, text: String, failed: bool },
}

/// What a model has said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatOutput {
    Text(String),
    ToolCall { call_id: String, tool: String, arguments: String },
}

/// Whether a model is to call tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    Auto,
    Required,
    None,
}

/// Why a model has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    Stop,
    ToolCalls,
    Length,
    Filtered,
}

/// Tokens of one answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenUsage {
    pub input: u64,
    pub output: u64,
    /// Of the input, what the provider had in its cache.
    pub cache_read: u64,
    /// The provider did not say; the host has estimated.
    pub estimated: bool,
}

/// A model's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    pub output: Vec<ChatOutput>,
    pub finish: Finish,
    pub usage: TokenUsage,
    /// What is left of each dimension that has a limit.
    pub budget_left: Vec<(String, u64)>,
}

/// A request for an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompletionRequest {
    /// Names of tools.
    pub tools: Vec<String>,
    pub choice: ToolChoice,
    /// JSON Schema of the answer, as the guest has written it.
    pub schema: Option<String>,
}

/// Why a model has not answered (source: wit/llm@0.1.0 `llm-error`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LlmError {
    InvalidRequest(String),
    ModelNotAllowed(String),
    NotConfigured,
    ContextTooLong { limit: u64, have: u64 },
    ContentFiltered,
    BudgetExhausted(String),
    ProviderFailed(String),
}

/// A conversation within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChatId(pub u32);

/// The host of one activation of a run: answers from the journal what was answered before, and journals what is new.
#[async_trait]
pub trait AgentHost: Send {
    /// What the run is about, a JSON object.
    fn input(&self) -> String;
    /// Who has set it off, and through which API.
    fn principal(&self) -> (String, String);
    async fn deadline(&mut self) -> Result<Timestamp, Halt>;
    async fn now(&mut self) -> Result<Timestamp, Halt>;
    async fn random(&mut self, len: u32) -> Result<Vec<u8>, Halt>;
    async fn note(&mut self, kind: String, detail: String) -> Result<(), Halt>;
    async fn confirm(&mut self, question: String, detail: String, schema: Option<String>) -> Result<Answer, Halt>;

    /// None when it still is of the known generation.
    async fn catalog(&mut self, known: Option<u64>) -> Result<Option<ToolCatalog>, Halt>;
    /// Results in the order of the calls.
    async fn call_tools(&mut self, calls: Vec<ToolCall>) -> Result<Vec<Result<ToolResult, ToolError>>, Halt>;

    async fn memory_get(&mut self, key: String) -> Result<Result<Option<MemoryEntry>, HostError>, Halt>;
    async fn memory_put(
        &mut self,
        key: String,
        value: String,
        expected: Option<u64>,
    ) -> Result<Result<u64, HostError>, Halt>;
    async fn memory_delete(&mut self, key: String) -> Result<Result<bool, HostError>, Halt>;
    async fn memory_list(
        &mut self,
        prefix: String,
        after: Option<String>,
        limit: u32,
    ) -> Result<Result<Vec<MemoryEntry>, HostError>, Halt>;
    async fn memory_search(&mut self, query: String, limit: u32) -> Result<Result<Vec<MemoryEntry>, HostError>, Halt>;

    fn chat_open(&mut self, system: String, options: ChatOptions) -> Result<ChatId, Halt>;
    fn chat_append(&mut self, chat: ChatId, parts: Vec<ChatInput>) -> Result<Result<(), LlmError>, Halt>;
    async fn chat_complete(
        &mut self,
        chat: ChatId,
        request: CompletionRequest,
    ) -> Result<Result<Completion, LlmError>, Halt>;
    fn chat_fork(&mut self, chat: ChatId) -> Result<ChatId, Halt>;
    fn chat_compact(&mut self, chat: ChatId, keep_last: u32, summary: String) -> Result<Result<(), LlmError>, Halt>;
    /// Hex SHA-256.
    fn chat_head(&mut self, chat: ChatId) -> Result<String, Halt>;
    fn chat_close(&mut self, chat: ChatId);

    /// For getting the own type back when the call has ended.
    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any + Send>;
}
