use super::{BASE, SCOPES, code, created, manual, sandbox};
use crate::support::TestHost;
use serde_json::json;

#[tokio::test]
async fn a_missing_wrong_or_revoked_key_is_401() {
    let host = TestHost::start().await;
    let (tenant, client) = sandbox(&host).await;
    let path = format!("{BASE}/workflows");
    for stranger in [client.without_key(), client.with_key("sk_live_nonsense"), client.with_key("")] {
        let answer = stranger.get(&path).await.expect(401);
        assert_eq!(code(&answer), "invalid_api_key");
    }
    let (key, secret) = host.key(&tenant, "softsolz", SCOPES, "live").await;
    client.with_key(&secret).get(&path).await.expect(200);
    host.operator.delete(&format!("{}/keys/{key}", tenant.base)).await.expect(204);
    client.with_key(&secret).get(&path).await.expect(401);
    // A key of another dialect is no key here.
    let (_, other) = host.key(&tenant, "platform", &["platform:read"], "live").await;
    client.with_key(&other).get(&path).await.expect(401);
}

#[tokio::test]
async fn a_key_does_only_what_its_scopes_allow() {
    let host = TestHost::start().await;
    let (tenant, all) = sandbox(&host).await;
    let id = created(&all, &manual(json!([{"type": "mark_invoices_overdue"}]))).await;
    let viewer = host.client(&tenant, "softsolz", &["service.workflows.workflows.view"], "test").await;
    viewer.get(&format!("{BASE}/workflows")).await.expect(200);
    viewer.get(&format!("{BASE}/action-catalog")).await.expect(200);
    let body = manual(json!([{"type": "mark_invoices_overdue"}]));
    for refused in [
        viewer.post(&format!("{BASE}/workflows"), &body).await,
        viewer.json("PUT", &format!("{BASE}/workflows/{id}"), &json!({"name": "m"})).await,
        viewer.delete(&format!("{BASE}/workflows/{id}")).await,
        viewer.post_empty(&format!("{BASE}/workflows/{id}/pause")).await,
        viewer.post_empty(&format!("{BASE}/workflows/{id}/run")).await,
        viewer.get(&format!("{BASE}/runs")).await,
    ] {
        assert_eq!((refused.status, code(&refused).as_str()), (403, "insufficient_scope"));
    }
    let shown = viewer.get("/api/v1/whoami").await.expect(200).json();
    assert_eq!(shown["data"]["environment"], "test");
    assert_eq!(shown["data"]["scopes"], json!(["service.workflows.workflows.view"]));
}

#[tokio::test]
async fn another_tenants_workflow_is_answered_like_an_unknown_one() {
    let host = TestHost::start().await;
    let (_, mine) = sandbox(&host).await;
    let (_, theirs) = sandbox(&host).await;
    let id = created(&theirs, &manual(json!([{"type": "mark_invoices_overdue"}]))).await;
    let unknown = "0190aaaa-0000-7000-8000-000000000000";
    for (method, tail) in [
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("POST", "/run"),
        ("GET", "/runs"),
    ] {
        let ask = |id: String| {
            let mine = mine.clone();
            async move { mine.json(method, &format!("{BASE}/workflows/{id}{tail}"), &json!({"name": "m"})).await }
        };
        let (foreign, missing) = (ask(id.clone()).await, ask(unknown.into()).await);
        assert_eq!((foreign.status, &foreign.text), (404, &missing.text), "{method} {tail}");
    }
    mine.get(&format!("{BASE}/workflows/not-a-uuid")).await.expect(404);
}

#[tokio::test]
async fn the_sixty_first_call_in_a_minute_is_429_with_the_time_to_wait() {
    let host = TestHost::start().await;
    let (tenant, _) = sandbox(&host).await;
    let key = json!({"dialect": "softsolz", "scopes": SCOPES, "environment": "test"});
    let made = host.operator.post(&format!("{}/keys", tenant.base), &key).await.expect(201).json();
    let client = host.operator.with_key(made["key"].as_str().unwrap());
    for left in (0..60).rev() {
        let answer = client.get(&format!("{BASE}/workflows")).await.expect(200);
        assert_eq!(answer.header("x-ratelimit-limit"), "60");
        assert_eq!(answer.header("x-ratelimit-remaining"), left.to_string());
    }
    let refused = client.get(&format!("{BASE}/workflows")).await.expect(429);
    assert_eq!(code(&refused), "rate_limit_exceeded");
    let wait: i64 = refused.header("retry-after").parse().expect("seconds");
    assert_eq!(refused.json()["error"]["details"]["retry_after_seconds"], json!(wait));
    host.advance_secs(wait);
    client.get(&format!("{BASE}/workflows")).await.expect(200);
}

#[tokio::test]
async fn errors_before_a_handler_have_the_dialects_shape() {
    let host = TestHost::start().await;
    let (_, client) = sandbox(&host).await;
    assert_eq!(code(&client.get("/api/v1/services/nothing").await.expect(404)), "not_found");
    let wrong_method = client.send("PATCH", &format!("{BASE}/workflows"), &[], None).await.expect(405);
    assert!(wrong_method.header("allow").contains("POST"));
    assert!(wrong_method.json()["error"]["code"].is_string());
    let json_type = [("content-type", "application/json")];
    let big = format!("{{\"name\": \"{}\"}}", "x".repeat(1 << 20));
    client.send("POST", &format!("{BASE}/workflows"), &json_type, Some(big.into_bytes())).await.expect(413);
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    let deep = client.send("POST", &format!("{BASE}/workflows"), &json_type, Some(deep.into_bytes())).await.expect(400);
    assert_eq!(code(&deep), "validation_failed");
    let text = [("content-type", "text/plain")];
    client.send("POST", &format!("{BASE}/workflows"), &text, Some(b"{}".to_vec())).await.expect(415);
    let broken = client.send("POST", &format!("{BASE}/workflows"), &json_type, Some(b"{\"name\":".to_vec())).await;
    assert_eq!((broken.status, code(&broken).as_str()), (400, "validation_failed"));
    let id = client.send("GET", "/api/v1/whoami", &[("x-request-id", "abc-123")], None).await.expect(200);
    assert_eq!(id.header("softsolz-request-id"), "abc-123");
}
