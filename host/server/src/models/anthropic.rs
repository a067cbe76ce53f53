//! Messages, as Anthropic speaks them.

use super::{odd, quoted};
use serde_json::{Value, json};
use stepwright_app::ports::{
    ChatInput, ChatMessage, ChatOutput, Finish, ModelAnswer, ModelFault, ModelRequest, TokenUsage, ToolChoice, ToolInfo,
};

/// Of the wire format.
pub(super) const VERSION: &str = "2023-06-01";
/// The tool a model is made to call when its answer must have a schema.
const ANSWER: &str = "answer";

/// The request's body.
pub(super) fn body(request: &ModelRequest) -> Value {
    let mut body = json!({
        "model": request.model, "max_tokens": request.max_tokens, "messages": messages(&request.messages),
    });
    if !request.system.is_empty() {
        body["system"] = request.system.clone().into();
    }
    let mut tools: Vec<Value> = request.tools.iter().map(tool).collect();
    let mut choice = match request.choice {
        ToolChoice::Auto => json!({ "type": "auto" }),
        ToolChoice::Required => json!({ "type": "any" }),
        ToolChoice::None => json!({ "type": "none" }),
    };
    if let Some(schema) = &request.schema {
        tools.push(json!({ "name": ANSWER, "description": "Gives the answer.", "input_schema": schema }));
        if request.tools.is_empty() {
            choice = json!({ "type": "tool", "name": ANSWER });
        }
    }
    if !tools.is_empty() {
        body["tools"] = tools.into();
        body["tool_choice"] = choice;
    }
    if let Some(temperature) = request.temperature {
        body["temperature"] = temperature.into();
    }
    body
}

/// Turns alternate: what one side says in a row is one message.
fn messages(said: &[ChatMessage]) -> Vec<Value> {
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in said {
        let (role, parts) = match message {
            ChatMessage::Said(ChatInput::Text(text)) | ChatMessage::Summary(text) => ("user", vec![words(text)]),
            ChatMessage::Said(ChatInput::Untrusted(text)) => ("user", vec![words(&quoted(text))]),
            ChatMessage::Said(ChatInput::ToolAnswer { call_id, text, failed }) => {
                let answer =
                    json!({ "type": "tool_result", "tool_use_id": call_id, "content": text, "is_error": failed });
                ("user", vec![answer])
            }
            ChatMessage::Model(parts) => ("assistant", parts.iter().map(spoken).collect()),
        };
        match turns.last_mut() {
            Some((last, all)) if *last == role => all.extend(parts),
            _ => turns.push((role, parts)),
        }
    }
    turns.into_iter().map(|(role, content)| json!({ "role": role, "content": content })).collect()
}

fn words(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

fn spoken(part: &ChatOutput) -> Value {
    match part {
        ChatOutput::Text(text) => words(text),
        ChatOutput::ToolCall { call_id, tool, arguments } => {
            // What is no JSON was refused by the tool; here it only has to be an object again.
            let input: Value = serde_json::from_str(arguments).unwrap_or_else(|_| json!({}));
            json!({ "type": "tool_use", "id": call_id, "name": tool, "input": input })
        }
    }
}

fn tool(tool: &ToolInfo) -> Value {
    json!({ "name": tool.name, "description": tool.description, "input_schema": tool.input_schema.to_value() })
}

/// Reads an answer.
pub(super) fn answer(body: &Value) -> Result<ModelAnswer, ModelFault> {
    let parts = body["content"].as_array().ok_or_else(|| odd("content"))?;
    let mut output = Vec::new();
    for part in parts {
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or_else(|| odd("part"));
        match part["type"].as_str() {
            Some("text") => output.push(ChatOutput::Text(text(&part["text"])?)),
            Some("tool_use") if part["name"] == ANSWER => output.push(ChatOutput::Text(part["input"].to_string())),
            Some("tool_use") => output.push(ChatOutput::ToolCall {
                call_id: text(&part["id"])?,
                tool: text(&part["name"])?,
                arguments: part["input"].to_string(),
            }),
            // Of no use to an agent.
            Some(_) | None => {}
        }
    }
    let calls = output.iter().any(|part| matches!(part, ChatOutput::ToolCall { .. }));
    let finish = match body["stop_reason"].as_str() {
        Some("tool_use") if calls => Finish::ToolCalls,
        Some("max_tokens") => Finish::Length,
        Some("refusal") => Finish::Filtered,
        Some(_) | None => Finish::Stop,
    };
    Ok(ModelAnswer { output, finish, usage: usage(&body["usage"]) })
}

/// None when nothing is said, or zeros, which nobody bills. What was written to or read from a cache is input too.
fn usage(usage: &Value) -> Option<TokenUsage> {
    let of = |name: &str| usage[name].as_u64().unwrap_or_default();
    let cache_read = of("cache_read_input_tokens");
    let input = of("input_tokens") + cache_read + of("cache_creation_input_tokens");
    let output = usage["output_tokens"].as_u64()?;
    (input > 0).then_some(TokenUsage { input, output, cache_read, estimated: false })
}
