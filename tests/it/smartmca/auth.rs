use super::{BASE, SCOPES, code, made, member, onboarding, triggered};
use crate::support::TestHost;
use serde_json::json;

#[tokio::test]
async fn a_missing_wrong_revoked_or_foreign_key_is_401() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let path = format!("{BASE}/workflows");
    for stranger in [client.without_key(), client.with_key("smca_live_nonsense"), client.with_key("")] {
        let answer = stranger.get(&path).await.expect(401);
        assert_eq!((code(&answer).as_str(), answer.header("www-authenticate")), ("UNAUTHORIZED", "Bearer"));
    }
    let (key, secret) = host.key(&tenant, "smartmca", SCOPES, "live").await;
    client.with_key(&secret).get(&path).await.expect(200);
    host.operator.delete(&format!("{}/keys/{key}", tenant.base)).await.expect(204);
    client.with_key(&secret).get(&path).await.expect(401);
    let (_, other) = host.key(&tenant, "platform", &["platform:read"], "live").await;
    client.with_key(&other).get(&path).await.expect(401);
}

#[tokio::test]
async fn a_key_does_only_what_its_scopes_allow() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let body = json!({});
    let calls = [
        ("GET", "workflows", "workflows:read"),
        ("GET", "workflows/wf_x", "workflows:read"),
        ("GET", "workflows/executions", "workflows:read"),
        ("GET", "workflows/executions/exec_x", "workflows:read"),
        ("POST", "workflows/trigger", "workflows:trigger"),
        ("POST", "applications/a/change-status", "workflows:trigger"),
        ("POST", "applications/a/advance-stage", "workflows:trigger"),
        ("POST", "applications/a/assign-underwriter", "underwriting:trigger"),
    ];
    for scope in SCOPES {
        let (_, key) = host.key(&tenant, "smartmca", &[scope], "live").await;
        for (method, path, needed) in calls {
            let path = format!("{BASE}/{path}");
            let one = client.with_key(&key);
            let answer = if method == "GET" { one.get(&path).await } else { one.post(&path, &body).await };
            if needed == *scope {
                assert_ne!(answer.status, 403, "{scope} {path}: {}", answer.text);
            } else {
                assert_eq!((answer.status, code(&answer).as_str()), (403, "FORBIDDEN"), "{scope} {path}");
            }
        }
    }
}

#[tokio::test]
async fn a_key_with_an_allow_list_works_from_its_addresses_only() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    for (list, status) in [("203.0.113.0/24", 403), ("127.0.0.0/8", 200)] {
        let key = json!({"dialect": "smartmca", "scopes": SCOPES, "ip_allowlist": [list]});
        let key = host.operator.post(&format!("{}/keys", tenant.base), &key).await.expect(201).json();
        let answer = client.with_key(key["key"].as_str().unwrap()).get(&format!("{BASE}/workflows")).await;
        assert_eq!(answer.status, status, "{list}: {}", answer.text);
        if status == 403 {
            assert_eq!(code(&answer), "IP_NOT_ALLOWED");
        }
    }
}

#[tokio::test]
async fn a_sandbox_key_sees_the_paired_tenant_and_nothing_of_the_live_one() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let (_, workflow) = made(&host, &tenant, &client, &onboarding()).await;
    let execution = triggered(&client, &workflow).await;
    let (_, key) = host.key(&tenant, "smartmca", SCOPES, "test").await;
    assert!(key.starts_with("smca_test_"), "{key}");
    let sandbox = client.with_key(&key);
    assert_eq!(sandbox.get(&format!("{BASE}/workflows")).await.expect(200).json()["total"], 0);
    sandbox.get(&format!("{BASE}/workflows/{workflow}")).await.expect(404);
    sandbox.get(&format!("{BASE}/workflows/executions/{execution}")).await.expect(404);
}

#[tokio::test]
async fn another_tenants_ids_are_answered_like_unknown_ones() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let (_, workflow) = made(&host, &tenant, &client, &onboarding()).await;
    let execution = triggered(&client, &workflow).await;
    super::put(&host, &tenant, "application", "app-1", &json!({})).await;
    let (_, other) = member(&host).await;
    let trigger = |id: &str| json!({"workflowType": id, "entityType": "deal", "entityId": "deal_456"});
    let unknown = ("wf_0000000000000000000001", "exec_0000000000000000000001");
    for (theirs, nobodys) in [
        (
            other.get(&format!("{BASE}/workflows/{workflow}")).await,
            other.get(&format!("{BASE}/workflows/{}", unknown.0)).await,
        ),
        (
            other.get(&format!("{BASE}/workflows/executions/{execution}")).await,
            other.get(&format!("{BASE}/workflows/executions/{}", unknown.1)).await,
        ),
        (
            other.post(&format!("{BASE}/workflows/trigger"), &trigger(&workflow)).await,
            other.post(&format!("{BASE}/workflows/trigger"), &trigger(unknown.0)).await,
        ),
        (
            other.post(&format!("{BASE}/applications/app-1/advance-stage"), &json!({})).await,
            other.post(&format!("{BASE}/applications/app-2/advance-stage"), &json!({})).await,
        ),
    ] {
        assert_eq!((theirs.status, code(&theirs).as_str()), (404, "NOT_FOUND"), "{}", theirs.text);
        assert_eq!(theirs.text, nobodys.text);
    }
    assert_eq!(other.get(&format!("{BASE}/workflows/executions")).await.expect(200).json()["total"], 0);
}

#[tokio::test]
async fn what_no_route_answers_is_refused_in_this_apis_shape() {
    let host = TestHost::start().await;
    let (_, client) = member(&host).await;
    let unknown = client.get(&format!("{BASE}/nothing")).await.expect(404);
    assert_eq!(code(&unknown), "NOT_FOUND");
    let wrong = client.get(&format!("{BASE}/workflows/trigger")).await.expect(405);
    assert_eq!((code(&wrong).as_str(), wrong.header("allow")), ("METHOD_NOT_ALLOWED", "POST"));
    let typed = client.send(
        "POST",
        &format!("{BASE}/workflows/trigger"),
        &[("content-type", "text/plain")],
        Some(b"x".to_vec()),
    );
    assert_eq!(code(&typed.await.expect(415)), "UNSUPPORTED_MEDIA_TYPE");
    // Also below the mount prefix, and with a slash at the end.
    client.get("/smartmca/api/public/v1/workflows/").await.expect(200);
}

#[tokio::test]
async fn too_many_requests_are_429_with_the_seconds_to_wait() {
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let key = json!({"dialect": "smartmca", "scopes": SCOPES, "rate_limit_per_minute": 2});
    let key = host.operator.post(&format!("{}/keys", tenant.base), &key).await.expect(201).json();
    let limited = client.with_key(key["key"].as_str().unwrap());
    for _ in 0..2 {
        limited.get(&format!("{BASE}/workflows")).await.expect(200);
    }
    let refused = limited.get(&format!("{BASE}/workflows")).await.expect(429);
    assert_eq!(code(&refused), "RATE_LIMITED");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
}
