use serde_json::{Value, json};
use stepwright_sdk::llm::LlmError;
use stepwright_sdk::testing::{Host, Reply};

use crate::assistant;

fn about() -> Value {
    json!({"entity_schema": "order", "entity_id": "o1"})
}

fn host() -> Host {
    Host::new().entity("order", "o1", json!({"amount": 3}))
}

#[test]
fn the_model_works_with_the_tools_until_it_answers() {
    let look = Reply::call("entities_get", json!({"schema": "order", "id": "o1"}));
    let host = host().replies([look, Reply::text("It is three.")]);
    let concluded = host.run_agent(assistant, json!({"prompt": "How much?"}), about()).expect("a conclusion");
    assert_eq!(concluded.outcome.as_deref(), Some("answered"));
    assert_eq!(
        (concluded.output["text"].as_str(), concluded.response.as_str()),
        (Some("It is three."), "It is three.")
    );
    assert_eq!(host.tool_calls().len(), 1);
}

#[test]
fn a_result_of_a_schema_names_its_outcome() {
    let shaped = Reply::text(r#"{"outcome": "missing_input", "missing": ["phone"]}"#);
    let host = host().replies([Reply::text("There is no phone number."), shaped]);
    let config = json!({"prompt": "Call them.", "output_schema": {"type": "object"}});
    let concluded = host.run_agent(assistant, config, about()).expect("a conclusion");
    assert_eq!(
        (concluded.outcome.as_deref(), &concluded.output["missing"]),
        (Some("missing_input"), &json!(["phone"]))
    );
}

#[test]
fn turns_have_an_end() {
    let look = || Reply::call("entities_get", json!({"schema": "order", "id": "o1"}));
    let host = host().replies([look(), look(), look()]);
    let concluded =
        host.run_agent(assistant, json!({"prompt": "Look.", "max_turns": 2}), about()).expect("a conclusion");
    assert_eq!((concluded.outcome.as_deref(), host.tool_calls().len()), (Some("max_turns"), 2));
}

#[test]
fn a_model_that_fails_is_a_fault_of_the_run() {
    let host = host().replies([Reply::Fails(LlmError::ProviderFailed("HTTP_500".into()))]);
    let fault = host.run_agent(assistant, json!({"prompt": "Hello."}), about()).expect_err("a fault");
    assert_eq!(fault.code, "LLM_ERROR");
    let fault = host.run_agent(assistant, json!({"prompt": " "}), about()).expect_err("a fault");
    assert!(fault.reason.contains("/prompt"), "{}", fault.reason);
}
