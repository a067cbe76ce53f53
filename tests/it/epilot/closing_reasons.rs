use super::{DEFINITIONS, REASONS, REASONS_V2, TEMPLATES, flow, member, message, reason, template};
use crate::support::TestHost;
use serde_json::{Value, json};

#[tokio::test]
async fn a_reason_is_created_shown_changed_and_deleted() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let body = json!({"title": "better offer", "description": "not kept"});
    let made = client.post(REASONS, &body).await.expect(201).json();
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        made,
        json!({"id": id, "title": "better offer", "status": "ACTIVE",
            "creationTime": "2026-11-22T09:00:00.000Z", "lastUpdateTime": "2026-11-22T09:00:00.000Z"})
    );
    let (v1, v2) = (format!("{REASONS}/{id}"), format!("{REASONS_V2}/{id}"));
    for path in [&v1, &v2] {
        assert_eq!(client.get(path).await.expect(200).json(), made);
    }
    host.advance_secs(1);
    let accepted = client.json("PATCH", &v1, &json!({"status": "INACTIVE"})).await.expect(202);
    assert_eq!(accepted.text, "");
    let changed = client.json("PATCH", &v2, &json!({"title": "Better offer"})).await.expect(200).json();
    assert_eq!((&changed["title"], &changed["status"]), (&json!("Better offer"), &json!("INACTIVE")));
    assert_eq!(changed["lastUpdateTime"], "2026-11-22T09:00:01.000Z");
    client.delete(&v2).await.expect(204);
    for gone in [
        client.get(&v1).await,
        client.get(&v2).await,
        client.delete(&v2).await,
        client.json("PATCH", &v1, &json!({"status": "ACTIVE"})).await,
        client.json("PATCH", &v2, &json!({"status": "ACTIVE"})).await,
    ] {
        assert_eq!((gone.status, message(&gone)), (404, format!("Closing reason with id '{id}' not found")));
    }
}

#[tokio::test]
async fn inactive_reasons_are_listed_only_when_asked_for() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let first = reason(&client, "first").await;
    host.advance_secs(1);
    let second = reason(&client, "second").await;
    client.json("PATCH", &format!("{REASONS}/{first}"), &json!({"status": "INACTIVE"})).await.expect(202);
    for (query, expected) in [
        ("", vec![second.clone()]),
        ("?includeInactive=false", vec![second.clone()]),
        ("?includeInactive=true", vec![second, first]),
    ] {
        let listed = client.get(&format!("{REASONS}{query}")).await.expect(200).json();
        let ids: Vec<&str> = listed["reasons"].as_array().unwrap().iter().filter_map(|r| r["id"].as_str()).collect();
        assert_eq!(ids, expected, "{query}");
    }
}

#[tokio::test]
async fn bad_reasons_are_refused() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    for (body, expected) in [
        (json!({}), "title is required"),
        (json!({"title": "  "}), "title must have 1 to 255 characters"),
        (json!({"title": "x", "status": "GONE"}), "status must be one of ACTIVE, INACTIVE"),
    ] {
        let refused = client.post(REASONS, &body).await.expect(400);
        assert_eq!(message(&refused), format!("Validation failed: {expected}"));
    }
    let id = reason(&client, "x").await;
    let refused = client.json("PATCH", &format!("{REASONS}/{id}"), &json!({})).await.expect(400);
    assert_eq!(message(&refused), "Validation failed: status is required");
}

#[tokio::test]
async fn a_definition_offers_reasons_of_the_catalogue() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let (won, lost) = (reason(&client, "won").await, reason(&client, "lost").await);
    let mut body = flow("Closable");
    body["closing_reasons"] = json!([{"id": won}]);
    let made = template(&client, &body).await;
    assert_eq!(made["closing_reasons"], json!([{"id": won, "title": "won"}]));
    let id = made["id"].as_str().unwrap();
    let path = format!("{DEFINITIONS}/{id}/closing-reasons");
    assert_eq!(client.get(&path).await.expect(200).json(), json!({"reasons": [{"id": won}]}));
    let set = client.json("PATCH", &path, &json!({"reasons": [{"id": lost}, {"id": won}]})).await.expect(201);
    assert_eq!(set.text, "");
    assert_eq!(client.get(&path).await.expect(200).json(), json!({"reasons": [{"id": lost}, {"id": won}]}));

    // Titles follow the catalogue, and a reason that has left it stays where it is.
    client.json("PATCH", &format!("{REASONS_V2}/{won}"), &json!({"title": "Won!"})).await.expect(200);
    client.delete(&format!("{REASONS_V2}/{lost}")).await.expect(204);
    let one = format!("{TEMPLATES}/{id}");
    let shown = client.get(&one).await.expect(200).json();
    let expected = json!([{"id": lost, "title": "lost"}, {"id": won, "title": "Won!"}]);
    assert_eq!(shown["closing_reasons"], expected);
    assert_eq!(client.json("PUT", &one, &shown).await.expect(200).json()["closing_reasons"], expected);

    for (wrong, expected) in [
        (json!({}), "reasons is required"),
        (json!({"reasons": [{"id": "nobodys"}]}), "reasons[0].id no closing reason has the id 'nobodys'"),
        (json!({"reasons": [{"title": "x"}]}), "reasons[0] missing field `id`"),
    ] {
        let refused = client.json("PATCH", &path, &wrong).await.expect(400);
        assert_eq!(message(&refused), format!("Validation failed: {expected}"));
    }
    let unknown = format!("{DEFINITIONS}/nobodys/closing-reasons");
    client.get(&unknown).await.expect(404);
    client.json("PATCH", &unknown, &json!({"reasons": Vec::<Value>::new()})).await.expect(404);
}
