use serde_json::{Value, json};
use stepwright_sdk::http::{Error, Response};
use stepwright_sdk::testing::Host;

use super::{host, input, places};
use crate::trigger_webhook;

const URL: &str = "https://hooks.example.com/";

fn answering(status: u16) -> Host {
    host().reply("POST", URL, Ok(Response::of(status, &json!({ "ok": status }))))
}

#[test]
fn a_request_carries_the_step_s_key_and_what_the_execution_is_about() {
    let host = answering(200);
    let outcome = host.run(trigger_webhook, json!({ "url": URL }), input()).unwrap();
    assert_eq!(outcome.output().unwrap(), &json!({ "status": 200, "body": { "ok": 200 } }));
    let request = host.requests().remove(0);
    let header = |name: &str| request.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    assert_eq!((header("idempotency-key"), header("content-type")), (Some("task-0"), Some("application/json")));
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["entity"], json!({ "schema": "contact", "id": "c1" }));
    assert_eq!((&body["outputs"]["0"]["id"], &body["id"]), (&json!("o-1"), &json!("task-0")));
}

#[test]
fn path_headers_and_body_are_filled_in() {
    let host = host().secret("crm").reply("PUT", URL, Ok(Response::of(204, &Value::Null)));
    let config = json!({
        "url": format!("{URL}c/{{{{entity.first_name}}}}%20?mail={{{{entity.email.0.email}}}}"), "method": "PUT",
        "headers": { "authorization": "Bearer {{secret.crm}}", "x-id": "{{entity._id}}" },
        "body": { "contact": "{{entity}}" },
    });
    host.run(trigger_webhook, config, input()).unwrap();
    let request = host.requests().remove(0);
    assert_eq!(request.url, format!("{URL}c/Ada%20?mail=ada%40example.com"));
    assert!(request.headers.contains(&("x-id".into(), "c1".into())));
    assert!(request.headers.contains(&("authorization".into(), "Bearer {{secret:crm}}".into())));
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["contact"]["first_name"], "Ada");
}

#[test]
fn an_answer_that_is_no_success_fails_and_may_be_tried_again_when_it_is_the_servers_fault() {
    for (status, retryable) in [(400, false), (404, false), (429, true), (503, true)] {
        let fault = answering(status).run(trigger_webhook, json!({ "url": URL }), input()).unwrap_err();
        assert_eq!((fault.code.as_str(), fault.retryable), ("HTTP_STATUS", retryable), "{status}");
        assert_eq!(fault.info.unwrap()["status"], status);
    }
    let host = host().reply("POST", URL, Err(Error::TimedOut));
    let fault = host.run(trigger_webhook, json!({ "url": URL }), input()).unwrap_err();
    assert_eq!((fault.code.as_str(), fault.retryable), ("HTTP_TIMEOUT", true));
}

#[test]
fn a_host_that_is_not_granted_is_named() {
    let host = host().reply("POST", URL, Err(Error::Denied("the host is not granted".into())));
    let fault = host.run(trigger_webhook, json!({ "url": URL }), input()).unwrap_err();
    assert_eq!(fault.code, "GRANT_MISSING");
    assert!(fault.reason.contains("http: hooks.example.com"), "{}", fault.reason);
    let private = super::host().reply("POST", URL, Err(Error::Denied("the host's address is not allowed".into())));
    assert_eq!(private.run(trigger_webhook, json!({ "url": URL }), input()).unwrap_err().code, "HTTP_DENIED");
}

#[test]
fn the_host_of_a_url_is_written_out_and_headers_are_headers() {
    for url in ["ftp://a.b/", "https://", "https://{{entity.host}}/", "https://user@a.b/", "a.b/c", "https://a.b/{{x}}"]
    {
        assert_eq!(places(trigger_webhook, json!({ "url": url })), ["/url"], "{url}");
    }
    let headers = json!({ "a b": "x", "content-type": "text/plain", "x": "a\nb", "y": "{{nothing}}" });
    let found = places(trigger_webhook, json!({ "url": URL, "headers": headers, "body": "{{secret.a}}" }));
    assert_eq!(found, ["/headers/a b", "/headers/content-type", "/headers/x", "/headers/y", "/body"]);
}
