//! Requests that break rules, told as FastAPI tells them (source: contracts/hydracore.md 1A.3).

use super::{Bed, CUSTOMER};
use crate::support::{Answer, TestHost};
use serde_json::{Value, json};

/// `type loc` of every fault, in order.
fn faults(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 422, "{}", answer.text);
    let body = answer.json();
    let told = body["detail"].as_array().unwrap_or_else(|| panic!("no list in {body}"));
    let one = |fault: &Value| {
        assert!(fault["msg"].as_str().is_some_and(|msg| !msg.is_empty()), "{fault}");
        let loc: Vec<String> = fault["loc"].as_array().unwrap().iter().map(|part| part.to_string()).collect();
        format!("{} {}", fault["type"].as_str().unwrap(), loc.join("/").replace('"', ""))
    };
    told.iter().map(one).collect()
}

#[tokio::test]
async fn faults_in_paths_and_queries_are_all_told_at_once() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let all = bed.workflows();
    let answer = bed.agent.get("/internal/v1/instances/nope/workflows?page=0&per_page=101&customer_id=x").await;
    let expected = [
        "uuid_parsing path/instance_id",
        "uuid_parsing query/customer_id",
        "greater_than_equal query/page",
        "less_than_equal query/per_page",
    ];
    assert_eq!(faults(&answer), expected);
    let fault = &answer.json()["detail"][2];
    let msg = "Input should be greater than or equal to 1";
    assert_eq!((&fault["msg"], &fault["input"], &fault["ctx"]), (&json!(msg), &json!("0"), &json!({"ge": 1})));
    for (query, expected) in [
        ("page=x", "int_parsing query/page"),
        ("page=1.5", "int_parsing query/page"),
        ("page=", "int_parsing query/page"),
        ("per_page=0", "greater_than_equal query/per_page"),
        ("customer_id=", "uuid_parsing query/customer_id"),
    ] {
        assert_eq!(faults(&bed.agent.get(&format!("{all}?{query}")).await), [expected], "{query}");
        assert_eq!(faults(&bed.admin.get(&format!("/v1/workflows?{query}")).await), [expected], "{query}");
    }
    bed.agent.get(&format!("{all}?page=%201%20&per_page=+5")).await.expect(200);
    assert_eq!(faults(&bed.agent.get(&format!("{all}/nope")).await), ["uuid_parsing path/workflow_id"]);
    assert_eq!(faults(&bed.admin.get("/v1/workflows/limits").await), ["uuid_parsing path/workflow_id"]);
    let abort = bed.admin.post_empty("/v1/workflows/nope/abort").await;
    assert_eq!(faults(&abort), ["uuid_parsing path/workflow_id"]);
}

#[tokio::test]
async fn faults_in_a_new_workflow_are_all_told_at_once() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let create = async |body: Value| bed.agent.post(&bed.workflows(), &body).await;
    let answer = create(json!({})).await;
    assert_eq!(faults(&answer), ["missing body/customer_id", "missing body/workflow_type"]);
    let first = &answer.json()["detail"][0];
    let expected = json!({"type": "missing", "loc": ["body", "customer_id"], "msg": "Field required", "input": {}});
    assert_eq!(*first, expected);
    // The sample of the published documentation is not a type there is.
    let answer = create(json!({"customer_id": CUSTOMER, "workflow_type": "string"})).await;
    assert_eq!(faults(&answer), ["value_error body/workflow_type"]);
    let msg = answer.json()["detail"][0]["msg"].as_str().unwrap().to_owned();
    assert!(msg.starts_with("Value error, workflow_type must be one of: lead, rent_arrears, "), "{msg}");
    let answer = create(json!({
        "customer_id": 7, "workflow_type": null, "assigned_to": 1, "expires_at": "soon", "next_action_at": 5,
        "instance_id": CUSTOMER, "reference": "r".repeat(256), "stage": "s".repeat(101), "title": ["t"],
        "workflow_state": [],
    }))
    .await;
    let expected = [
        "uuid_type body/customer_id",
        "string_type body/workflow_type",
        "string_type body/assigned_to",
        "datetime_from_date_parsing body/expires_at",
        "value_error body/instance_id",
        "datetime_type body/next_action_at",
        "string_too_long body/reference",
        "string_too_long body/stage",
        "string_type body/title",
        "dict_type body/workflow_state",
    ];
    assert_eq!(faults(&answer), expected);
    let mut late = bed.lead();
    late["expires_at"] = json!("2026-11-22T09:00:00Z");
    assert_eq!(faults(&create(late).await), ["value_error body/expires_at"]);
    let mut large = bed.lead();
    large["workflow_state"] = json!({"text": "x".repeat(256 << 10)});
    assert_eq!(faults(&create(large).await), ["value_error body/workflow_state"]);
    let mut nulls = bed.lead();
    for name in ["assigned_to", "expires_at", "instance_id", "reference", "stage", "title", "workflow_state"] {
        nulls[name] = Value::Null;
    }
    create(nulls).await.expect(201);
    assert_eq!(bed.agent.get(&bed.workflows()).await.expect(200).json()["total"], 1);
}

#[tokio::test]
async fn faults_in_what_moves_a_workflow_are_all_told_at_once() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let (path, id) = bed.open(json!({})).await;
    let answer = bed.agent.json("PATCH", &path, &json!({
        "action": "", "action_detail": 7, "actor": 1, "approver_id": "x", "escalation_level": 1.5, "status": "done",
        "workflow_state": "s", "expires_at": true,
    })).await;
    let expected = [
        "string_too_short body/action",
        "string_type body/action_detail/str",
        "dict_type body/action_detail/dict[str,any]",
        "string_type body/actor",
        "uuid_parsing body/approver_id",
        "int_from_float body/escalation_level",
        "datetime_type body/expires_at",
        "value_error body/status",
        "dict_type body/workflow_state",
    ];
    assert_eq!(faults(&answer), expected);
    let level =
        async |value: Value| bed.agent.json("PATCH", &path, &json!({"action": "a", "escalation_level": value})).await;
    assert_eq!(faults(&level(json!(101)).await), ["less_than_equal body/escalation_level"]);
    assert_eq!(faults(&level(json!(-1)).await), ["greater_than_equal body/escalation_level"]);
    assert_eq!(faults(&level(json!("many")).await), ["int_parsing body/escalation_level"]);
    assert_eq!(faults(&level(json!([])).await), ["int_type body/escalation_level"]);
    level(json!(3.0)).await.expect(200);
    assert_eq!(level(json!("4")).await.expect(200).json()["escalation_level"], 4);
    let states = json!({"action": "a", "workflow_state": {"text": "x".repeat(200 << 10)}});
    bed.agent.json("PATCH", &path, &states).await.expect(200);
    let more = json!({"action": "a", "workflow_state": {"more": "x".repeat(100 << 10)}});
    assert_eq!(faults(&bed.agent.json("PATCH", &path, &more).await), ["value_error body/workflow_state"]);
    for path in [format!("{path}/suspend"), format!("/v1/workflows/{id}/suspend")] {
        let client = if path.starts_with("/v1") { &bed.admin } else { &bed.agent };
        let answer = client.post(&path, &json!({"step": "s".repeat(101), "payload": 1})).await;
        assert_eq!(faults(&answer), ["string_too_long body/step", "dict_type body/payload"]);
        let msg = "String should have at most 100 characters";
        assert_eq!(answer.json()["detail"][0]["msg"], msg);
        assert_eq!(answer.json()["detail"][0]["ctx"], json!({"max_length": 100}));
        assert_eq!(faults(&client.post(&path, &json!({"step": ""})).await), ["string_too_short body/step"]);
        assert_eq!(faults(&client.post(&path, &json!({})).await), ["missing body/step"]);
    }
    let answer = bed.agent.post(&format!("{path}/resume"), &json!({"resume_data": "x"})).await;
    assert_eq!(faults(&answer), ["dict_type body/resume_data"]);
}

#[tokio::test]
async fn bodies_that_are_none_are_told_apart() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let all = bed.workflows();
    let send = async |kind: &str, body: &str| {
        bed.agent.send("POST", &all, &[("content-type", kind)], Some(body.as_bytes().to_vec())).await
    };
    let answer = send("application/json", "{\"customer_id\": ").await;
    assert_eq!(faults(&answer).len(), 1);
    let fault = &answer.json()["detail"][0];
    assert_eq!(
        (&fault["type"], &fault["loc"][0], &fault["msg"]),
        (&json!("json_invalid"), &json!("body"), &json!("JSON decode error"))
    );
    assert!(fault["loc"][1].as_u64().is_some_and(|offset| (14..=17).contains(&offset)), "{fault}");
    for (kind, body) in [
        ("application/json", "[1]"),
        ("application/json", "\"x\""),
        ("text/plain", "{\"customer_id\": 1}"),
        ("application/x-www-form-urlencoded", "a=b"),
    ] {
        assert_eq!(faults(&send(kind, body).await), ["model_attributes_type body"], "{kind} {body}");
    }
    for answer in [send("application/json", "").await, send("application/json", "null").await] {
        assert_eq!(faults(&answer), ["missing body"]);
        assert_eq!(answer.json()["detail"][0]["input"], Value::Null);
    }
    let deep = format!("{}{}", "[".repeat(70), "]".repeat(70));
    assert!(faults(&send("application/json", &deep).await)[0].starts_with("json_invalid body/"));
    let large = send("application/json", &format!("\"{}\"", "x".repeat(1 << 20))).await.expect(413);
    assert_eq!(large.json(), json!({"detail": "Request body too large"}));
    let vendor = send("application/vnd.api+json; charset=utf-8", &bed.lead().to_string()).await;
    vendor.expect(201);
    // Resuming takes an empty body for an empty object.
    let (path, _) = bed.open(json!({})).await;
    bed.agent.post(&format!("{path}/suspend"), &json!({"step": "s"})).await.expect(200);
    bed.agent.post_empty(&format!("{path}/resume")).await.expect(200);
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there_are_told_as_fastapi_does() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    for path in ["/internal/v1/nothing", "/v1/workflows/a/b/c", "/hydracore/v1/nothing"] {
        assert_eq!(bed.agent.get(path).await.expect(404).json(), json!({"detail": "Not Found"}), "{path}");
    }
    let answer = bed.admin.delete("/v1/workflows").await.expect(405);
    assert_eq!(answer.json(), json!({"detail": "Method Not Allowed"}));
    assert!(answer.header("allow").contains("GET"), "{answer:?}");
    assert_eq!(bed.admin.get("/hydracore/v1/workflows/").await.expect(200).json()["total"], 0);
    // Who asks comes before what is asked.
    let stranger = bed.agent.without_key();
    stranger.post(&bed.workflows(), &json!({})).await.expect(401);
    let other = bed.other_instance(&host).await;
    bed.agent.post(&other.workflows(), &json!({})).await.expect(403);
}
