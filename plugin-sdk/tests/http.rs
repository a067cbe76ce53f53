//! Outgoing HTTP under the native harness.

use stepwright_sdk::http::{Error, Request, Response};
use stepwright_sdk::prelude::*;
use stepwright_sdk::secrets;
use stepwright_sdk::testing::Host;

/// Charges an account.
#[step(category = integration)]
fn charge(ctx: &Context, input: Input) -> Result<String, Fault> {
    let request = Request::post("https://api.example.com/charges")
        .header("authorization", format!("Bearer {}", secrets::placeholder("api-key")?))
        .header("idempotency-key", &ctx.dedupe_key)
        .json(&input.parse::<Value>()?)
        .limit(64);
    let answer: Value = request.send()?.success()?.json()?;
    Ok(answer["id"].as_str().unwrap_or_default().to_owned())
}

stepwright_sdk::plugin! {
    hosts: ["api.example.com"],
    secrets: ["api-key"],
    steps: [charge],
}

fn answering(reply: Result<Response, Error>) -> Host {
    Host::of::<Plugin>().secret("api-key").reply("POST", "https://api.example.com/", reply)
}

fn run(host: &Host) -> Result<StepOutcome<Value>, Fault> {
    host.run(charge, json!({}), json!({"amount": 12}))
}

#[test]
fn a_request_carries_placeholder_key_and_body() {
    let host = answering(Ok(Response::of(201, &json!({"id": "ch_1"}))));
    assert_eq!(run(&host).unwrap(), StepOutcome::completed(json!("ch_1")));
    let request = &host.requests()[0];
    let header = |name: &str| request.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(header("idempotency-key"), Some("task-0"));
    assert_eq!(header("content-type"), Some("application/json"));
    assert!(header("authorization").unwrap().starts_with("Bearer "));
    assert_eq!(request.body, br#"{"amount":12}"#);
}

#[test]
fn failures_become_faults_that_say_whether_to_retry() {
    for (reply, code, retryable) in [
        (Ok(Response::of(503, &json!({}))), "HTTP_STATUS", true),
        (Ok(Response::of(429, &json!({}))), "HTTP_STATUS", true),
        (Ok(Response::of(404, &json!({}))), "HTTP_STATUS", false),
        (Ok(Response::of(200, &"x".repeat(65))), "HTTP_RESPONSE_TOO_LARGE", false),
        (Err(Error::TimedOut), "HTTP_TIMEOUT", true),
        (Err(Error::Denied("the host is not granted".to_owned())), "HTTP_DENIED", false),
    ] {
        let fault = run(&answering(reply)).unwrap_err();
        assert_eq!((fault.code.as_str(), fault.retryable), (code, retryable), "{fault}");
    }
}

#[test]
fn requests_of_a_failed_step_have_been_sent_all_the_same() {
    let host = answering(Err(Error::TimedOut));
    run(&host).unwrap_err();
    assert_eq!(host.requests().len(), 1);
}

#[test]
fn a_host_the_manifest_does_not_name_is_denied() {
    let other = |_: &Context| Request::get("https://other.example.com/").send();
    let host = Host::of::<Plugin>().reply("GET", "https://other.example.com/", Ok(Response::of(200, &json!({}))));
    assert!(matches!(host.with(other), Err(Error::Denied(_))));
}
