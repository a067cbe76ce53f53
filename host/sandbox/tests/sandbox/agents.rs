//! Agents: deterministic, limited, and answered by their host alone.

use crate::fixture::{Fixture, guest};
use async_trait::async_trait;
use serde_json::{Value, json};
use stepwright_app::ports::*;
use stepwright_app::session::HostError;
use stepwright_app::{Environment, InvocationLimits};
use stepwright_engine::{Fault, RawJson, TenantId, Timestamp};
use uuid::Uuid;

/// A host that answers everything out of its head, and notes what it was asked.
#[derive(Default)]
struct Puppeteer {
    asked: Vec<String>,
    kept: Vec<(String, RawJson)>,
    /// Takes the instance away at this question.
    stops_at: Option<usize>,
    chats: u32,
}

impl Puppeteer {
    fn note(&mut self, what: impl Into<String>) -> Result<(), Halt> {
        self.asked.push(what.into());
        if self.stops_at.is_some_and(|at| self.asked.len() > at) { Err(Halt::Stopped) } else { Ok(()) }
    }
}

#[async_trait]
impl AgentHost for Puppeteer {
    fn input(&self) -> String {
        "{}".into()
    }
    fn principal(&self) -> (String, String) {
        ("ada".into(), "epilot".into())
    }
    async fn deadline(&mut self) -> Result<Timestamp, Halt> {
        Ok(Timestamp::from_secs(60))
    }
    async fn now(&mut self) -> Result<Timestamp, Halt> {
        self.note("now")?;
        Ok(Timestamp::from_secs(self.asked.len() as i64))
    }
    async fn random(&mut self, len: u32) -> Result<Vec<u8>, Halt> {
        self.note("random")?;
        Ok(vec![7; len as usize])
    }
    async fn note(&mut self, kind: String, _: String) -> Result<(), Halt> {
        Puppeteer::note(self, format!("note {kind}"))
    }
    async fn confirm(&mut self, question: String, _: String, _: Option<String>) -> Result<Answer, Halt> {
        Puppeteer::note(self, format!("confirm {question}"))?;
        Ok(Answer::Approved(Some(RawJson::from(json!({"by": "ada"})))))
    }
    async fn catalog(&mut self, _: Option<u64>) -> Result<Option<ToolCatalog>, Halt> {
        Puppeteer::note(self, "catalog")?;
        let tool = ToolInfo {
            name: "echo".into(),
            description: "Says it again.".into(),
            input_schema: RawJson::empty_object(),
            output_schema: None,
            effect: ToolEffect::Read,
            needs_confirmation: false,
        };
        Ok(Some(ToolCatalog { generation: 7, tools: vec![tool] }))
    }
    async fn call_tools(&mut self, calls: Vec<ToolCall>) -> Result<Vec<Result<ToolResult, ToolError>>, Halt> {
        let mut answers = Vec::new();
        for call in calls {
            Puppeteer::note(self, format!("{} {}", call.tool, call.arguments))?;
            answers.push(match call.tool.as_str() {
                "echo" => Ok(ToolResult {
                    text: call.arguments.clone(),
                    structured: RawJson::parse_text(call.arguments).ok(),
                    untrusted: Some("the test".into()),
                }),
                "fails" => Err(ToolError::Failed(Fault::permanent("NO", "not today"))),
                _ => Err(ToolError::NotFound),
            });
        }
        Ok(answers)
    }
    async fn memory_get(&mut self, key: String) -> Result<Result<Option<MemoryEntry>, HostError>, Halt> {
        let found = self.kept.iter().rfind(|(kept, _)| *kept == key);
        Ok(Ok(found.map(|(key, value)| MemoryEntry { key: key.clone(), version: 1, value: value.clone() })))
    }
    async fn memory_put(&mut self, key: String, value: String, _: Option<u64>) -> Result<Result<u64, HostError>, Halt> {
        let value = RawJson::parse_text(value).map_err(|e| Halt::Misuse(e.to_string()))?;
        self.kept.push((key, value));
        Ok(Ok(1))
    }
    async fn memory_delete(&mut self, _: String) -> Result<Result<bool, HostError>, Halt> {
        Ok(Err(HostError::Denied("no".into())))
    }
    async fn memory_list(
        &mut self,
        _: String,
        _: Option<String>,
        _: u32,
    ) -> Result<Result<Vec<MemoryEntry>, HostError>, Halt> {
        Ok(Ok(Vec::new()))
    }
    async fn memory_search(&mut self, _: String, _: u32) -> Result<Result<Vec<MemoryEntry>, HostError>, Halt> {
        Ok(Ok(Vec::new()))
    }
    fn chat_open(&mut self, _: String, _: ChatOptions) -> Result<ChatId, Halt> {
        self.chats += 1;
        Ok(ChatId(self.chats))
    }
    fn chat_append(&mut self, _: ChatId, parts: Vec<ChatInput>) -> Result<Result<(), LlmError>, Halt> {
        Puppeteer::note(self, format!("append {parts:?}"))?;
        Ok(Ok(()))
    }
    async fn chat_complete(
        &mut self,
        _: ChatId,
        request: CompletionRequest,
    ) -> Result<Result<Completion, LlmError>, Halt> {
        Puppeteer::note(self, format!("complete {:?}", request.tools))?;
        let first = !self.asked.iter().any(|asked| asked.starts_with("echo"));
        let output = if first {
            let (call_id, tool, arguments) = ("c1".into(), "echo".into(), r#"{"n":1}"#.into());
            vec![ChatOutput::ToolCall { call_id, tool, arguments }]
        } else {
            vec![ChatOutput::Text("One.".into())]
        };
        let finish = if first { Finish::ToolCalls } else { Finish::Stop };
        let usage = TokenUsage { input: 3, output: 1, cache_read: 0, estimated: false };
        Ok(Ok(Completion { output, finish, usage, budget_left: vec![("llm_calls".into(), 9)] }))
    }
    fn chat_fork(&mut self, _: ChatId) -> Result<ChatId, Halt> {
        Err(Halt::Misuse("no forks here".into()))
    }
    fn chat_compact(&mut self, _: ChatId, _: u32, _: String) -> Result<Result<(), LlmError>, Halt> {
        Ok(Ok(()))
    }
    fn chat_head(&mut self, _: ChatId) -> Result<String, Halt> {
        Ok("ab".repeat(32))
    }
    fn chat_close(&mut self, _: ChatId) {
        self.chats -= 1;
    }
    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any + Send> {
        self
    }
}

fn limits() -> InvocationLimits {
    InvocationLimits { wall_ms: 2_000, fuel: 200_000_000, host_calls: 1_000, ..InvocationLimits::default() }
}

/// Runs an agent of the guest; gives what came of it and the host back.
async fn run(
    fixture: &Fixture,
    agent: &str,
    config: Value,
    host: Puppeteer,
) -> (Result<AgentConclusion, Fault>, Box<Puppeteer>) {
    let context = CallContext {
        tenant_id: TenantId::from_uuid(Uuid::from_u128(1)),
        environment: Environment::Test,
        dialect: "epilot".into(),
        execution_id: "e".into(),
        definition_id: None,
        node_id: Some("agent".into()),
        attempt: 1,
        dedupe_key: "e/r".into(),
        now: "2026-11-22T09:00:00Z".into(),
        timezone: "UTC".into(),
        actor: "system".into(),
    };
    let call = AgentCall {
        digest: fixture.components.add(guest("agent-guest")),
        agent: agent.into(),
        context,
        config: RawJson::from(config),
        limits: limits(),
        host: Box::new(host),
    };
    let ended = fixture.sandbox.run_agent(call).await;
    let Ok(host) = ended.host.into_any().downcast::<Puppeteer>() else { panic!("another host came back") };
    (ended.result, host)
}

async fn fault(fixture: &Fixture, agent: &str) -> Fault {
    run(fixture, agent, json!({}), Puppeteer::default()).await.0.unwrap_err()
}

#[tokio::test]
async fn an_agent_is_answered_by_its_host_and_says_what_it_has_come_to() {
    let fixture = Fixture::new();
    let acts = json!([
        {"do": "now"}, {"do": "principal"}, {"do": "note", "kind": "began"}, {"do": "tools"},
        {"do": "call", "tool": "echo", "arguments": {"a": 1}}, {"do": "call", "tool": "fails", "arguments": {}},
        {"do": "call_all", "tool": "echo", "arguments": [{"n": 1}, {"n": 2}]},
        {"do": "confirm", "question": "Sure?"}, {"do": "put", "key": "k", "value": [1]}, {"do": "get", "key": "k"},
    ]);
    let script = json!({"acts": acts, "outcome": "done"});
    let (ended, host) = run(&fixture, "script", script, Puppeteer::default()).await;
    let ended = ended.unwrap();
    assert_eq!((ended.outcome.as_deref(), ended.response.as_str()), (Some("done"), "The script is done."));
    let expected = json!([
        "1970-01-01T00:00:01.000Z", "ada", null, ["echo"], {"value": {"a": 1}},
        {"error": "failed with NO: not today"}, [{"value": {"n": 1}}, {"value": {"n": 2}}],
        {"approved": {"by": "ada"}}, 1, [1, [1]],
    ]);
    assert_eq!(ended.output.to_value(), expected);
    assert_eq!(host.asked[1..3], ["note began".to_owned(), "catalog".to_owned()]);
    fixture.assert_idle();
}

#[tokio::test]
async fn a_conversation_is_a_handle_that_the_host_holds() {
    let fixture = Fixture::new();
    let (ended, host) = run(&fixture, "chat", json!({"say": "Count."}), Puppeteer::default()).await;
    let output = ended.unwrap().output.to_value();
    assert_eq!((&output["text"], &output["turns"]), (&json!("One."), &json!(2)));
    assert_eq!(host.chats, 0, "every handle was given back");
}

#[tokio::test]
async fn a_host_takes_the_instance_away_and_nothing_is_left_of_it() {
    let fixture = Fixture::new();
    let acts = json!({"acts": [{"do": "now"}], "times": 5});
    let (ended, host) = run(&fixture, "script", acts, Puppeteer { stops_at: Some(2), ..Puppeteer::default() }).await;
    assert_eq!(ended.unwrap_err().code, "AGENT_HALTED");
    assert_eq!(host.asked.len(), 3);
    fixture.assert_idle();
}

#[tokio::test]
async fn an_agent_gets_the_same_time_and_chance_in_every_activation() {
    let fixture = Fixture::new();
    let once = run(&fixture, "entropy", json!({}), Puppeteer::default()).await.0.unwrap();
    let twice = run(&fixture, "entropy", json!({}), Puppeteer::default()).await.0.unwrap();
    assert_eq!(once, twice);
    // The clock stands where the context says.
    assert!(once.output.as_str().starts_with("\"1795338000000000000 "), "{}", once.output.as_str());
}

#[tokio::test]
async fn every_limit_stops_an_agent_and_says_which_it_was() {
    let fixture = Fixture::new();
    for (agent, code) in [
        ("spin", "LIMIT_FUEL"),
        ("sleep", "LIMIT_WALL_TIME"),
        ("allocate", "LIMIT_MEMORY"),
        ("trap", "COMPONENT_TRAP"),
        ("chatter", "LIMIT_HOST_CALLS"),
        ("talkative", "LIMIT_HANDLES"),
        ("verbose", "LIMIT_OUTPUT"),
    ] {
        let fault = fault(&fixture, agent).await;
        assert_eq!(fault.code, code, "{agent}: {fault:?}");
    }
    assert_eq!(fault(&fixture, "nobody").await.code, "UNKNOWN_ID");
    fixture.assert_idle();
}

#[tokio::test]
async fn what_belongs_to_agents_stops_everybody_else() {
    let fixture = Fixture::new();
    let digest = fixture.components.add(guest("agent-guest"));
    let config = RawJson::from(json!({"acts": [{"do": "now"}]}));
    let checked = fixture.sandbox.validate_agent(&digest, "script", &config, limits()).await.unwrap().unwrap();
    assert_eq!(checked.to_value(), json!({"acts": [{"do": "now"}], "times": 1, "outcome": null}));
    let wrong = RawJson::from(json!({"acts": [{"do": "dance"}]}));
    assert!(fixture.sandbox.validate_agent(&digest, "script", &wrong, limits()).await.unwrap().is_err());
    let steps = fixture.components.add(guest("bench-echo"));
    let fault = fixture.sandbox.validate_agent(&steps, "script", &config, limits()).await.unwrap_err();
    assert_eq!(fault.code, "COMPONENT_UNUSABLE");
}

#[tokio::test]
async fn an_agents_plugin_says_what_it_has_and_asks_for_no_door() {
    let fixture = Fixture::new();
    let info = fixture.sandbox.inspect(guest("agent-guest")).await.unwrap();
    let script = info.agent("script").unwrap();
    assert_eq!(script.outcomes, ["done", "no_eligible_partner"]);
    assert_eq!(script.tools, ["entities_get"]);
    assert_eq!(script.config_schema.to_value()["type"], "object");
    assert!(info.imports.is_empty() && info.steps.is_empty(), "{:?}", info.imports);
}
