//! Language models as the application sees them.

use super::agent::{ChatInput, ChatOutput, Finish, TokenUsage, ToolChoice, ToolInfo};
use crate::model::ProviderAccess;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A message of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatMessage {
    Said(ChatInput),
    Model(Vec<ChatOutput>),
    /// Stands for messages that were taken out.
    Summary(String),
}

/// One request, whatever the provider's wire format.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelRequest {
    /// As the provider calls it.
    pub model: String,
    pub system: String,
    pub messages: Vec<ChatMessage>,
    pub tools: Vec<ToolInfo>,
    pub choice: ToolChoice,
    /// JSON Schema of the answer.
    pub schema: Option<serde_json::Value>,
    pub max_tokens: u64,
    pub temperature: Option<f32>,
    /// Where the provider may lead.
    pub allow_private: bool,
    /// For the whole exchange.
    pub timeout: Duration,
}

/// A model's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelAnswer {
    pub output: Vec<ChatOutput>,
    pub finish: Finish,
    /// None: the provider does not say.
    pub usage: Option<TokenUsage>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelFault {
    /// It may pass: too many requests, an error of the server, a broken connection.
    Transient {
        code: String,
        /// The provider names it.
        after: Option<Duration>,
    },
    /// The conversation is too long for the model.
    TooLong,
    Filtered,
    /// Trying again would not help.
    Refused {
        code: String,
        reason: String,
    },
}

/// Asks models.
#[async_trait]
pub trait ModelProvider: Send + Sync {
    /// One attempt.
    async fn complete(&self, access: &ProviderAccess, request: &ModelRequest) -> Result<ModelAnswer, ModelFault>;
}
