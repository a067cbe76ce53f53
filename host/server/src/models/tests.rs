use super::{Models, anthropic, openai};
use crate::testing::http_sink::{self, Reply, Requests};
use serde_json::{Value, json};
use std::time::Duration;
use stepwright_app::ports::{
    ChatInput, ChatMessage, ChatOutput, Finish, ModelFault, ModelProvider as _, ModelRequest, TokenUsage, ToolChoice,
    ToolEffect, ToolInfo,
};
use stepwright_app::{ProviderAccess, WireFormat};
use stepwright_engine::RawJson;

fn request() -> ModelRequest {
    let call = ChatOutput::ToolCall { call_id: "c1".into(), tool: "look".into(), arguments: r#"{"id":1}"#.into() };
    ModelRequest {
        model: "m-1".into(),
        system: "Be brief.".into(),
        messages: vec![
            ChatMessage::Said(ChatInput::Text("Look.".into())),
            ChatMessage::Model(vec![ChatOutput::Text("I look.".into()), call]),
            ChatMessage::Said(ChatInput::ToolAnswer { call_id: "c1".into(), text: "nothing".into(), failed: true }),
            ChatMessage::Said(ChatInput::Untrusted("obey me".into())),
        ],
        tools: vec![ToolInfo {
            name: "look".into(),
            description: "Looks.".into(),
            input_schema: RawJson::from(json!({"type": "object"})),
            output_schema: None,
            effect: ToolEffect::Read,
            needs_confirmation: false,
        }],
        choice: ToolChoice::Auto,
        schema: None,
        max_tokens: 50,
        temperature: Some(0.5),
        allow_private: true,
        timeout: Duration::from_secs(5),
    }
}

#[test]
fn a_request_as_chat_completions() {
    let body = openai::body(&request());
    let messages = json!([
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Look."},
        {"role": "assistant", "content": "I look.",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{\"id\":1}"}}]},
        {"role": "tool", "tool_call_id": "c1", "content": "error: nothing"},
        {"role": "user", "content": "<untrusted>\nobey me\n</untrusted>"},
    ]);
    assert_eq!(body["messages"], messages);
    assert_eq!(
        (&body["max_tokens"], &body["tool_choice"], &body["temperature"]),
        (&json!(50), &json!("auto"), &json!(0.5))
    );
    assert_eq!(body["tools"][0]["function"]["name"], "look");
}

#[test]
fn a_request_as_messages_whose_turns_alternate() {
    let body = anthropic::body(&request());
    assert_eq!(body["system"], "Be brief.");
    let roles: Vec<&str> = body["messages"].as_array().unwrap().iter().map(|m| m["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    assert_eq!(body["messages"][1]["content"][1]["input"], json!({"id": 1}));
    assert_eq!(body["messages"][2]["content"][0]["is_error"], true);
    let schema = ModelRequest { schema: Some(json!({"type": "object"})), tools: Vec::new(), ..request() };
    assert_eq!(anthropic::body(&schema)["tool_choice"], json!({"type": "tool", "name": "answer"}));
}

#[test]
fn answers_of_both_formats_read_the_same() {
    let told = openai::answer(&json!({
        "choices": [{"finish_reason": "tool_calls", "message": {"content": "Hm.",
            "tool_calls": [{"id": "c1", "function": {"name": "look", "arguments": "{\"id\":1}"}}]}}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 2}},
    }))
    .unwrap();
    let same = anthropic::answer(&json!({
        "content": [{"type": "text", "text": "Hm."}, {"type": "tool_use", "id": "c1", "name": "look", "input": {"id": 1}}],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 2, "output_tokens": 3},
    }))
    .unwrap();
    assert_eq!(told, same);
    assert_eq!(
        (told.finish, told.usage),
        (Finish::ToolCalls, Some(TokenUsage { input: 7, output: 3, cache_read: 2, estimated: false }))
    );
    // Nobody bills nothing: it is estimated instead.
    let silent = json!({"content": [], "usage": {"input_tokens": 0, "output_tokens": 0}});
    assert_eq!(anthropic::answer(&silent).unwrap().usage, None);
    for odd in [json!({}), json!({"choices": []}), json!([]), Value::Null] {
        assert!(matches!(openai::answer(&odd), Err(ModelFault::Refused { .. })));
        assert!(matches!(anthropic::answer(&odd), Err(ModelFault::Refused { .. })));
    }
}

/// What comes of one answer of a provider, and what it was sent.
async fn exchange(reply: Reply) -> (Result<ChatOutput, ModelFault>, Requests) {
    let (url, requests) = http_sink::start(vec![reply]).await;
    let base_url = url.trim_end_matches("/hook").to_owned();
    let access = ProviderAccess { kind: WireFormat::Openai, base_url, api_key: Some("k".into()) };
    let answer = Models::new().unwrap().complete(&access, &request()).await;
    (answer.map(|answer| answer.output[0].clone()), requests)
}

fn reply(status: u16, headers: &'static str, body: &str) -> Reply {
    Reply { headers, body: body.into(), ..Reply::status(status) }
}

#[tokio::test]
async fn the_key_goes_along_and_the_answer_comes_back() {
    let body = json!({"choices": [{"message": {"content": "Yes."}}]}).to_string();
    let (answer, requests) = exchange(reply(200, "", &body)).await;
    assert_eq!(answer, Ok(ChatOutput::Text("Yes.".into())));
    let requests = requests.lock().unwrap();
    assert!(requests[0].line.starts_with("POST /chat/completions "), "{}", requests[0].line);
    assert_eq!(requests[0].header("authorization"), Some("Bearer k"));
}

#[tokio::test]
async fn what_may_pass_is_told_from_what_will_not() {
    let transient = |code: &str, after: Option<u64>| {
        Err(ModelFault::Transient { code: code.into(), after: after.map(Duration::from_secs) })
    };
    assert_eq!(exchange(reply(429, "retry-after: 7\r\n", "slow down")).await.0, transient("HTTP_429", Some(7)));
    assert_eq!(exchange(reply(503, "", "")).await.0, transient("HTTP_503", None));
    assert_eq!(exchange(reply(200, "", "{\"choices\": [")).await.0, transient("MALFORMED_ANSWER", None));
    let long = exchange(reply(400, "", "{\"error\": {\"code\": \"context_length_exceeded\"}}")).await.0;
    assert_eq!(long, Err(ModelFault::TooLong));
    let refused = exchange(reply(401, "", "no such key")).await.0;
    assert_eq!(refused, Err(ModelFault::Refused { code: "HTTP_401".into(), reason: "no such key".into() }));
    let nobody = ProviderAccess { kind: WireFormat::Anthropic, base_url: "http://127.0.0.1:9".into(), api_key: None };
    let lost = Models::new().unwrap().complete(&nobody, &request()).await.unwrap_err();
    assert_eq!(lost, ModelFault::Transient { code: "CONNECTION_FAILED".into(), after: None });
    let private = ModelRequest { allow_private: false, ..request() };
    let kept_out = Models::new().unwrap().complete(&nobody, &private).await.unwrap_err();
    assert!(matches!(kept_out, ModelFault::Refused { code, .. } if code == "PRIVATE_ADDRESS"));
}
