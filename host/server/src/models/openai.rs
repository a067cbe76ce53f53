//! Chat completions, as OpenAI and many others speak them.

use super::{odd, quoted};
use serde_json::{Value, json};
use stepwright_app::ports::{
    ChatInput, ChatMessage, ChatOutput, Finish, ModelAnswer, ModelFault, ModelRequest, TokenUsage, ToolChoice, ToolInfo,
};

/// The request's body.
pub(super) fn body(request: &ModelRequest) -> Value {
    let mut messages = Vec::with_capacity(request.messages.len() + 1);
    if !request.system.is_empty() {
        messages.push(json!({ "role": "system", "content": request.system }));
    }
    messages.extend(request.messages.iter().map(message));
    let mut body = json!({ "model": request.model, "messages": messages, "max_tokens": request.max_tokens });
    if !request.tools.is_empty() {
        body["tools"] = request.tools.iter().map(tool).collect();
        body["tool_choice"] = match request.choice {
            ToolChoice::Auto => "auto".into(),
            ToolChoice::Required => "required".into(),
            ToolChoice::None => "none".into(),
        };
    }
    if let Some(temperature) = request.temperature {
        body["temperature"] = temperature.into();
    }
    if let Some(schema) = &request.schema {
        let named = json!({ "name": "answer", "schema": schema });
        body["response_format"] = json!({ "type": "json_schema", "json_schema": named });
    }
    body
}

fn message(message: &ChatMessage) -> Value {
    match message {
        ChatMessage::Said(ChatInput::Text(text)) | ChatMessage::Summary(text) => {
            json!({ "role": "user", "content": text })
        }
        ChatMessage::Said(ChatInput::Untrusted(text)) => json!({ "role": "user", "content": quoted(text) }),
        ChatMessage::Said(ChatInput::ToolAnswer { call_id, text, failed }) => {
            let text = if *failed { format!("error: {text}") } else { text.clone() };
            json!({ "role": "tool", "tool_call_id": call_id, "content": text })
        }
        ChatMessage::Model(parts) => {
            let mut said = String::new();
            let mut calls = Vec::new();
            for part in parts {
                match part {
                    ChatOutput::Text(text) => said.push_str(text),
                    ChatOutput::ToolCall { call_id, tool, arguments } => {
                        let function = json!({ "name": tool, "arguments": arguments });
                        calls.push(json!({ "id": call_id, "type": "function", "function": function }));
                    }
                }
            }
            let mut message = json!({ "role": "assistant", "content": (!said.is_empty()).then_some(said) });
            if !calls.is_empty() {
                message["tool_calls"] = calls.into();
            }
            message
        }
    }
}

fn tool(tool: &ToolInfo) -> Value {
    let parameters = tool.input_schema.to_value();
    json!({ "type": "function", "function": {
        "name": tool.name, "description": tool.description, "parameters": parameters } })
}

/// Reads an answer.
pub(super) fn answer(body: &Value) -> Result<ModelAnswer, ModelFault> {
    let choice = body["choices"].get(0).ok_or_else(|| odd("choice"))?;
    let message = choice["message"].as_object().ok_or_else(|| odd("message"))?;
    let mut output = Vec::new();
    if let Some(text) = message.get("content").and_then(Value::as_str).filter(|text| !text.is_empty()) {
        output.push(ChatOutput::Text(text.to_owned()));
    }
    for call in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(|| odd("tool call"));
        output.push(ChatOutput::ToolCall {
            call_id: text(&call["id"])?,
            tool: text(&call["function"]["name"])?,
            arguments: text(&call["function"]["arguments"])?,
        });
    }
    let finish = match choice["finish_reason"].as_str() {
        Some("tool_calls" | "function_call") => Finish::ToolCalls,
        Some("length") => Finish::Length,
        Some("content_filter") => Finish::Filtered,
        Some(_) | None => Finish::Stop,
    };
    Ok(ModelAnswer { output, finish, usage: usage(&body["usage"]) })
}

/// None when nothing is said, or zeros, which nobody bills.
fn usage(usage: &Value) -> Option<TokenUsage> {
    let input = usage["prompt_tokens"].as_u64().filter(|tokens| *tokens > 0)?;
    let output = usage["completion_tokens"].as_u64()?;
    let cache_read = usage["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap_or_default();
    Some(TokenUsage { input, output, cache_read, estimated: false })
}
