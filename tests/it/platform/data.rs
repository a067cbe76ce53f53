use crate::support::{TestHost, data};
use serde_json::json;

#[tokio::test]
async fn a_bad_row_is_named_and_nothing_of_the_import_is_kept() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let path = format!("{}/data/payments", tenant.base);
    let good = json!({"id": "p1", "amount_cents": 1, "currency": "EUR", "status": "succeeded", "received_at": "2026-01-01T00:00:00Z"});
    let bad = json!({"id": "p2", "amount_cents": 1.5, "currency": "EUR", "status": "lost", "received_at": "yesterday"});
    let refused = host.operator.post(&path, &json!([good, bad])).await.expect(422).json();
    let places: Vec<&str> =
        refused["errors"].as_array().unwrap().iter().filter_map(|e| e["pointer"].as_str()).collect();
    assert_eq!(places, ["/1/amount_cents", "/1/status", "/1/received_at"]);
    assert!(data::rows(&host.operator, &tenant.base, "payments").await.is_empty());
    host.operator.post(&format!("{}/data/planets", tenant.base), &json!([])).await.expect(404);
}

#[tokio::test]
async fn rows_arrive_as_json_ndjson_or_csv() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let path = format!("{}/data/customers", tenant.base);
    let first = host.operator.post(&path, &json!([{"id": "a", "name": "A"}])).await.expect(200).json();
    assert_eq!(first, json!({"inserted": 1, "updated": 0}));
    let ndjson = "{\"id\":\"a\",\"name\":\"A2\"}\n{\"id\":\"b\",\"name\":\"B\"}\n";
    let headers = [("content-type", "application/x-ndjson")];
    let second = host.operator.send("POST", &path, &headers, Some(ndjson.into())).await.expect(200).json();
    assert_eq!(second, json!({"inserted": 1, "updated": 1}));
    let csv = "id,name,email\nc,\"C, the third\",c@example.com\n";
    host.operator.send("POST", &path, &[("content-type", "text/csv")], Some(csv.into())).await.expect(200);
    let rows = data::rows(&host.operator, &tenant.base, "customers").await;
    assert_eq!((&rows["a"]["name"], &rows["c"]["name"]), (&json!("A2"), &json!("C, the third")));
}

#[tokio::test]
async fn an_entity_has_versions_and_refuses_a_stale_write() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let path = format!("{}/entities/deal/17", tenant.base);
    let put = |body: serde_json::Value| {
        let (operator, path) = (host.operator.clone(), path.clone());
        async move { operator.json("PUT", &path, &body).await }
    };
    assert_eq!(put(json!({"attributes": {"a": 1}})).await.expect(201).json()["version"], 1);
    assert_eq!(put(json!({"attributes": {"a": 2}, "expected_version": 1})).await.expect(200).json()["version"], 2);
    put(json!({"attributes": {"a": 3}, "expected_version": 1})).await.expect(409);
    put(json!({"attributes": {"a": 3}, "expected_version": 0})).await.expect(409);
    assert_eq!(host.operator.get(&path).await.expect(200).json()["attributes"], json!({"a": 2}));
    host.operator.delete(&path).await.expect(204);
    host.operator.get(&path).await.expect(404);
}
