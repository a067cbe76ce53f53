//! Spans of agents, under the names of OpenTelemetry's conventions for generative AI.
//!
//! All of them are of status "Development"; this is the state of `semantic-conventions-genai` of November 2026, and this
//! module is the only place that knows it. What is answered from a journal has no span: nothing happened.

use crate::ports::TokenUsage;
use tracing::{Span, info_span};

/// One activation of a run.
pub(crate) fn invoke_agent(agent: &str, run: &str) -> Span {
    info_span!(
        "invoke_agent",
        "otel.name" = format!("invoke_agent {agent}"),
        "gen_ai.operation.name" = "invoke_agent",
        "gen_ai.agent.name" = agent,
        "gen_ai.conversation.id" = run,
    )
}

/// One call of a model, all its attempts included.
pub(super) fn chat(provider: &str, model: &str, max_tokens: u64, run: &str) -> Span {
    info_span!(
        "chat",
        "otel.name" = format!("chat {model}"),
        "otel.kind" = "client",
        "gen_ai.operation.name" = "chat",
        "gen_ai.provider.name" = provider,
        "gen_ai.request.model" = model,
        "gen_ai.request.max_tokens" = max_tokens,
        "gen_ai.conversation.id" = run,
        "gen_ai.usage.input_tokens" = tracing::field::Empty,
        "gen_ai.usage.output_tokens" = tracing::field::Empty,
        "gen_ai.usage.cache_read.input_tokens" = tracing::field::Empty,
        "error.type" = tracing::field::Empty,
    )
}

/// What a model has used.
pub(super) fn used(span: &Span, usage: &TokenUsage) {
    span.record("gen_ai.usage.input_tokens", usage.input);
    span.record("gen_ai.usage.output_tokens", usage.output);
    span.record("gen_ai.usage.cache_read.input_tokens", usage.cache_read);
}

/// Why there is no answer.
pub(super) fn failed(span: &Span, code: &str) {
    span.record("error.type", code);
}

/// One call of a tool.
pub(super) fn execute_tool(tool: &str, ordinal: u32, run: &str) -> Span {
    info_span!(
        "execute_tool",
        "otel.name" = format!("execute_tool {tool}"),
        "otel.kind" = "internal",
        "gen_ai.operation.name" = "execute_tool",
        "gen_ai.tool.name" = tool,
        "gen_ai.tool.type" = "function",
        "gen_ai.tool.call.id" = ordinal,
        "gen_ai.conversation.id" = run,
    )
}
