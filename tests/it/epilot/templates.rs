use super::{TEMPLATES, flow, manual, member, message, names, template};
use crate::support::TestHost;
use serde_json::{Value, json};

#[tokio::test]
async fn a_template_is_created_shown_replaced_and_deleted() {
    let host = TestHost::start().await;
    let (client, org) = member(&host).await;
    let made = template(&client, &flow("First")).await;
    let id = made["id"].as_str().unwrap();
    assert!(id.len() == 10 && id.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
    assert_eq!((&made["org_id"], &made["enabled"]), (&json!(org), &json!(true)));
    assert_eq!(made["created_at"], "2026-11-22T09:00:00.000Z");
    let one = format!("{TEMPLATES}/{id}");
    assert_eq!(client.get(&one).await.expect(200).json(), made);

    host.advance_secs(1);
    let replaced = client.json("PUT", &one, &json!({"name": "Second", "tasks": [manual("c")], "edges": []})).await;
    let replaced = replaced.expect(200).json();
    assert_eq!((&replaced["id"], &replaced["name"]), (&made["id"], &json!("Second")));
    assert_eq!(replaced["tasks"], json!([manual("c")]));
    assert_eq!(replaced["created_at"], made["created_at"]);
    assert_eq!(replaced["updated_at"], "2026-11-22T09:00:01.000Z");
    assert_eq!(client.get(&one).await.expect(200).json(), replaced);

    assert_eq!(client.delete(&one).await.expect(204).text, "");
    for gone in [client.get(&one).await, client.delete(&one).await, client.json("PUT", &one, &flow("abc")).await] {
        assert_eq!((gone.status, message(&gone)), (404, format!("Definition with id '{id}' not found")));
    }
    client.post_empty(&format!("{one}/duplicate")).await.expect(404);
}

#[tokio::test]
async fn a_template_that_somebody_else_has_changed_is_not_overwritten() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let loaded = template(&client, &flow("First")).await;
    let one = format!("{TEMPLATES}/{}", loaded["id"].as_str().unwrap());
    // Although the clock stands still.
    let saved = client.json("PUT", &one, &loaded).await.expect(200).json();
    let refused = client.json("PUT", &one, &loaded).await.expect(409);
    assert!(message(&refused).contains("modified by another user since it was last loaded"), "{}", refused.text);
    client.json("PUT", &one, &saved).await.expect(200);
    // Who does not say what they have loaded, overwrites.
    client.json("PUT", &one, &flow("Third")).await.expect(200);
}

#[tokio::test]
async fn of_two_replacements_at_the_same_time_one_is_refused() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let loaded = template(&client, &flow("First")).await;
    let one = format!("{TEMPLATES}/{}", loaded["id"].as_str().unwrap());
    let (left, right) = tokio::join!(client.json("PUT", &one, &loaded), client.json("PUT", &one, &loaded));
    let mut statuses = [left.status, right.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}

#[tokio::test]
async fn a_copy_has_an_id_and_a_name_of_its_own() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let made = template(&client, &flow("First")).await;
    let path = format!("{TEMPLATES}/{}/duplicate", made["id"].as_str().unwrap());
    let copy = client.post_empty(&path).await.expect(201).json();
    assert_ne!(copy["id"], made["id"]);
    assert_eq!(copy["name"], "First (Copy)");
    assert_eq!((&copy["tasks"], &copy["edges"]), (&made["tasks"], &made["edges"]));
    let limits = client.get("/v1/workflows/limits/max-allowed").await.expect(200).json();
    assert_eq!(limits, json!({"currentNoOfWorkflows": 2, "maxAllowed": 1000}));
}

fn started_by(name: &str, trigger: Value, additional: Value) -> Value {
    let mut body = flow(name);
    body["trigger"] = trigger;
    body["additional_triggers"] = additional;
    body
}

#[tokio::test]
async fn a_list_is_narrowed_by_trigger() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let contact = json!({"type": "manual", "entity_schema": "contact"});
    for body in [
        flow("bare"),
        started_by("contact", contact.clone(), json!([])),
        started_by("journey", json!({"type": "journey_submission", "journey_id": "j1"}), json!([contact])),
        started_by("automation", json!({"type": "automation", "automation_id": "a1"}), json!([])),
    ] {
        host.advance_secs(1);
        template(&client, &body).await;
    }
    for (query, expected) in [
        ("", &["automation", "journey", "contact", "bare"][..]),
        ("?trigger_type=manual", &["journey", "contact", "bare"]),
        ("?trigger_type=manual&trigger_schema=contact", &["journey", "contact"]),
        ("?trigger_type=journey_submission&trigger_source_id=j1", &["journey"]),
        ("?trigger_type=automation&trigger_source_id=other", &[]),
        ("?trigger_source_id=a1", &["automation"]),
    ] {
        let listed = client.get(&format!("{TEMPLATES}{query}")).await.expect(200).json();
        assert_eq!(names(&listed["results"]), expected, "{query}");
    }
    client.get(&format!("{TEMPLATES}?trigger_type=moon")).await.expect(400);
}

#[tokio::test]
async fn a_search_filters_orders_and_pages() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let mut ids = Vec::new();
    for name in ["Lead one", "Lead two", "Offer", "lead three"] {
        host.advance_secs(1);
        let mut body = flow(name);
        body["enabled"] = json!(name != "Lead two");
        ids.push(template(&client, &body).await["id"].as_str().unwrap().to_owned());
    }
    host.advance_secs(1);
    client.json("PUT", &format!("{TEMPLATES}/{}", ids[0]), &flow("Lead one")).await.expect(200);
    for (body, hits, expected) in [
        (json!({}), 4, &["Lead one", "lead three", "Offer", "Lead two"][..]),
        (json!({"sort_by": "created_at"}), 4, &["lead three", "Offer", "Lead two", "Lead one"]),
        (json!({"sort_by": "created_at", "sort_order": "asc", "size": 2}), 4, &["Lead one", "Lead two"]),
        (json!({"name": "LEAD", "from": 1, "size": 1}), 3, &["lead three"]),
        (json!({"enabled": false}), 1, &["Lead two"]),
        (json!({"definition_id": ids[2]}), 1, &["Offer"]),
        (json!({"trigger_type": "automation"}), 0, &[]),
        (json!({"from": 9}), 4, &[]),
    ] {
        let found = client.post(&format!("{TEMPLATES}:search"), &body).await.expect(200).json();
        assert_eq!(
            (&found["hits"], names(&found["results"])),
            (&json!(hits), expected.iter().map(|n| (*n).to_owned()).collect()),
            "{body}"
        );
    }
    for wrong in [json!({"size": 0}), json!({"size": 101}), json!({"from": -1}), json!({"sort_by": "name"})] {
        let refused = client.post(&format!("{TEMPLATES}:search"), &wrong).await.expect(400);
        assert!(message(&refused).starts_with("Validation failed: "), "{}", refused.text);
    }
}

#[tokio::test]
async fn the_platform_does_not_start_a_template_as_if_it_were_its_own() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let client = host.client(&tenant, "epilot", super::GRANTS, "live").await;
    template(&client, &flow("First")).await;
    let all = format!("{}/definitions", tenant.base);
    let listed = host.operator.get(&format!("{all}?dialect=epilot")).await.expect(200).json();
    let id = listed["data"][0]["id"].as_str().expect("an id").to_owned();
    host.operator.post(&format!("{all}/{id}/executions"), &json!({})).await.expect(409);
}
