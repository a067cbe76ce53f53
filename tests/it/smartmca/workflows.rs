use super::{BASE, code, fields, made, member, node, on_deals, onboarding, with};
use crate::support::TestHost;
use serde_json::{Value, json};

#[tokio::test]
async fn a_workflow_is_shown_as_the_documentation_shows_it() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let definition = with(onboarding(), json!({"on_failure": "pause", "max_retries": 3}));
    let (_, id) = made(&host, &tenant, &client, &definition).await;
    let summary = json!({
        "id": id, "name": "Deal Onboarding", "description": "For the tests", "icon": "briefcase",
        "category": "onboarding", "entityType": "deal", "triggerType": "manual", "status": "active", "isActive": true,
        "version": 1,
    });
    let listed = client.get(&format!("{BASE}/workflows")).await.expect(200).json();
    assert_eq!(
        listed,
        json!({"data": [summary.clone()], "total": 1,
            "meta": {"pagination": {"page": 1, "limit": 1, "total": 1, "totalPages": 1}}})
    );
    let detail = with(summary, json!({"triggerConditions": {}, "onFailure": "pause", "maxRetries": 3, "nodeCount": 3}));
    assert_eq!(client.get(&format!("{BASE}/workflows/{id}")).await.expect(200).json(), detail);
}

#[tokio::test]
async fn only_active_workflows_are_listed_and_all_can_be_read() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let (platform, id) = made(&host, &tenant, &client, &onboarding()).await;
    for (status, shown) in [("draft", "draft"), ("paused", "inactive"), ("inactive", "inactive")] {
        let changed = with(onboarding(), json!({ "status": status }));
        host.operator.json("PUT", &format!("{}/definitions/{platform}", tenant.base), &changed).await.expect(200);
        assert_eq!(client.get(&format!("{BASE}/workflows")).await.expect(200).json()["total"], 0);
        let detail = client.get(&format!("{BASE}/workflows/{id}")).await.expect(200).json();
        assert_eq!((&detail["status"], &detail["isActive"]), (&json!(shown), &json!(false)));
    }
}

#[tokio::test]
async fn lists_are_narrowed_by_both_spellings_and_paged() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    for (name, entity, category) in
        [("A", json!("deal"), "onboarding"), ("B", json!("merchant"), "onboarding"), ("C", Value::Null, "other")]
    {
        let more = json!({"name": name, "entity_type": entity, "category": category});
        made(&host, &tenant, &client, &with(onboarding(), more)).await;
    }
    let names = async |query: &str| {
        let listed = client.get(&format!("{BASE}/workflows?{query}")).await.expect(200).json();
        let names: Vec<String> =
            listed["data"].as_array().unwrap().iter().map(|w| w["name"].as_str().unwrap().to_owned()).collect();
        (names.join(""), listed["total"].as_u64().unwrap(), listed["meta"]["pagination"].clone())
    };
    assert_eq!(names("").await.0, "CBA");
    assert_eq!(names("entity_type=deal").await.0, "A");
    assert_eq!(names("entityType=merchant").await.0, "B");
    assert_eq!(names("category=onboarding").await.0, "BA");
    assert_eq!(names("category=onboarding&entity_type=deal").await.0, "A");
    assert_eq!(
        names("category=none").await,
        (String::new(), 0, json!({"page": 1, "limit": 1, "total": 0, "totalPages": 0}))
    );
    let (page, total, pagination) = names("page=2&limit=2").await;
    assert_eq!((page.as_str(), total), ("A", 3));
    assert_eq!(pagination, json!({"page": 2, "limit": 2, "total": 3, "totalPages": 2}));
    assert_eq!(names("limit=1000").await.2["limit"], 100);
    assert_eq!(names("page=9").await.0, "");
    for (query, field) in [("page=0", "page"), ("limit=-1", "limit"), ("limit=x", "limit"), ("page=1.5", "page")] {
        let refused = client.get(&format!("{BASE}/workflows?{query}")).await.expect(400);
        assert_eq!((code(&refused).as_str(), fields(&refused)), ("VALIDATION_ERROR", vec![field.to_owned()]));
    }
}

#[tokio::test]
async fn definitions_of_other_apis_are_no_workflows_here() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let softsolz = host.client(&tenant, "softsolz", crate::softsolz::SCOPES, "live").await;
    crate::softsolz::created(&softsolz, &crate::softsolz::manual(json!([{"type": "mark_invoices_overdue"}]))).await;
    assert_eq!(client.get(&format!("{BASE}/workflows")).await.expect(200).json()["total"], 0);
    for id in ["wf_abc123", "wf_", "x", "wf_7n42DGM5Tflk9n8mt7Fhc8", "0190aaaa-0000-7000-8000-000000000000"] {
        assert_eq!(code(&client.get(&format!("{BASE}/workflows/{id}")).await.expect(404)), "NOT_FOUND", "{id}");
    }
}

#[tokio::test]
async fn a_scheduled_and_an_event_triggered_workflow_say_so() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let of = |name: &str, trigger: Value| {
        with(on_deals(name, &[node("n", "nothing", &json!({}))]), json!({ "trigger": trigger, "entity_type": null }))
    };
    let schedule = of("S", json!({"kind": "schedule", "cron": "0 9 * * *"}));
    let (_, schedule) = made(&host, &tenant, &client, &schedule).await;
    let event = json!({"kind": "event", "event": "application.stage_changed", "conditions": {"stage": "approved"}});
    let (_, event) = made(&host, &tenant, &client, &of("E", event)).await;
    let shown = client.get(&format!("{BASE}/workflows/{schedule}")).await.expect(200).json();
    assert_eq!((&shown["triggerType"], &shown["entityType"]), (&json!("schedule"), &Value::Null));
    let shown = client.get(&format!("{BASE}/workflows/{event}")).await.expect(200).json();
    assert_eq!(shown["triggerType"], "event");
    assert_eq!(shown["triggerConditions"], json!({"event": "application.stage_changed", "stage": "approved"}));
}
