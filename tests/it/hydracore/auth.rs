use super::{Bed, claims, token};
use crate::support::{Answer, Client, TestHost};
use serde_json::{Value, json};

async fn with_api_key(client: &Client, key: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
    let headers = [("x-api-key", key), ("content-type", "application/json")];
    client.without_key().send(method, path, &headers, body.map(|body| body.to_string().into_bytes())).await
}

#[tokio::test]
async fn api_keys_do_what_their_scopes_say() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let (_, id) = bed.open(json!({})).await;
    let one = format!("/v1/workflows/{id}");
    let (_, read) = host.key(&bed.tenant, "hydracore", &["workflows:read"], "live").await;
    let (_, write) = host.key(&bed.tenant, "hydracore", &["workflows:write"], "live").await;
    let (number, both) = host.key(&bed.tenant, "hydracore", &["workflows:*"], "live").await;
    let ask = async |key: &str, method: &str, path: &str| {
        let body = (method == "POST").then(|| json!({"step": "s"}));
        with_api_key(&bed.agent, key, method, path, body).await
    };
    let suspend = format!("{one}/suspend");
    let scope = json!({"detail": "Insufficient scope"});
    assert_eq!(ask(&write, "GET", &one).await.expect(403).json(), scope);
    assert_eq!(ask(&write, "GET", "/v1/workflows").await.expect(403).json(), scope);
    assert_eq!(ask(&write, "GET", "/v1/workflows/suspended").await.expect(403).json(), scope);
    assert_eq!(ask(&read, "POST", &suspend).await.expect(403).json(), scope);
    assert_eq!(ask(&read, "POST", &format!("{one}/abort")).await.expect(403).json(), scope);
    ask(&read, "GET", &one).await.expect(200);
    ask(&write, "POST", &suspend).await.expect(200);
    ask(&both, "POST", &format!("{one}/resume")).await.expect(200);
    let shown = ask(&both, "GET", &one).await.expect(200).json();
    assert_eq!(shown["history"][2]["actor"], format!("api_key:{number}"));
}

#[tokio::test]
async fn credentials_count_only_where_they_belong() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let (_, key) = host.key(&bed.tenant, "hydracore", &["workflows:*"], "live").await;
    let (_, foreign) = host.key(&bed.tenant, "softsolz", &["service.workflows.*"], "live").await;
    let proxy = bed.agent.key().unwrap().to_owned();
    let unknown = json!({"detail": "Not authenticated"});
    for bearer in [key.as_str(), &foreign, &proxy, "x", crate::support::process::TOKEN] {
        let answer = host.operator.with_key(bearer).get("/v1/workflows").await.expect(401);
        assert_eq!((answer.json(), answer.header("www-authenticate")), (unknown.clone(), "Bearer"));
    }
    for api_key in [foreign.as_str(), &proxy, "", "x", &token(&claims(&bed.tenant))] {
        with_api_key(&bed.agent, api_key, "GET", "/v1/workflows", None).await.expect(401);
    }
    for bearer in [key.as_str(), &foreign, &token(&claims(&bed.tenant)), "x", crate::support::process::TOKEN] {
        let answer = host.operator.with_key(bearer).get(&bed.workflows()).await.expect(401);
        assert_eq!(answer.json(), unknown);
    }
    with_api_key(&bed.agent, &key, "GET", "/v1/workflows", None).await.expect(200);
    // Both headers: the token counts, whatever the key would be good for.
    let both = host.operator.with_key("x").send("GET", "/v1/workflows", &[("x-api-key", &key)], None).await;
    both.expect(401);
    bed.admin.send("GET", "/v1/workflows", &[("x-api-key", "x")], None).await.expect(200);
}

#[tokio::test]
async fn tokens_are_for_administrators_of_the_tenant_they_name() {
    let host = TestHost::start().await;
    let (bed, other) = (Bed::new(&host).await, Bed::new(&host).await);
    bed.open(json!({})).await;
    let ask = async |claims: &Value| host.operator.with_key(&token(claims)).get("/v1/workflows").await;
    let with = |name: &str, value: Value| {
        let mut claims = claims(&bed.tenant);
        claims[name] = value;
        claims
    };
    assert_eq!(ask(&claims(&bed.tenant)).await.expect(200).json()["total"], 1);
    assert_eq!(ask(&claims(&other.tenant)).await.expect(200).json()["total"], 0);
    let answer = ask(&with("role", json!("member"))).await.expect(403);
    assert_eq!(answer.json(), json!({"detail": "Admin access required"}));
    // 2026-11-22T09:00:00Z is now.
    ask(&with("exp", json!(1_795_338_000))).await.expect(401);
    ask(&with("exp", json!(1_795_338_001))).await.expect(200);
    ask(&with("exp", json!(null))).await.expect(401);
    ask(&with("tenant_id", json!("0190aaaa-0000-7000-8000-000000000000"))).await.expect(401);
    let jwt = json!({"jwt": {"issuer": "idp", "audience": "hydra"}});
    host.operator.json("PATCH", &format!("{}/settings", bed.tenant.base), &jwt).await.expect(200);
    ask(&claims(&bed.tenant)).await.expect(401);
    let mut right = with("iss", json!("idp"));
    right["aud"] = json!("hydra");
    ask(&right).await.expect(200);
    // Whoever takes the secret away locks everybody out.
    host.operator.json("PATCH", &format!("{}/settings", bed.tenant.base), &json!({"jwt": null})).await.expect(200);
    ask(&right).await.expect(401);
}

#[tokio::test]
async fn a_set_of_public_keys_is_checked_when_it_is_set() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let patch = async |jwt: Value| {
        host.operator.json("PATCH", &format!("{}/settings", tenant.base), &json!({ "jwt": jwt })).await
    };
    patch(json!({"jwks": {"keys": []}})).await.expect(422);
    patch(json!({"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}})).await.expect(422);
    patch(json!({"hs256_secret": ""})).await.expect(422);
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let set = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "a"}]});
    assert_eq!(patch(json!({"jwks": set.clone()})).await.expect(200).json()["jwt"]["jwks"], set);
}

#[tokio::test]
async fn a_tenant_administrator_may_act_on_its_own_platform_things_only_by_key() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    bed.admin.get(&bed.tenant.base).await.expect(401);
}

#[tokio::test]
async fn too_many_calls_are_told_when_to_come_back() {
    let host = TestHost::start().await;
    let bed = Bed::new(&host).await;
    let key = json!({"dialect": "hydracore", "scopes": ["workflows:read"], "rate_limit_per_minute": 2});
    let key = host.operator.post(&format!("{}/keys", bed.tenant.base), &key).await.expect(201).json();
    let key = key["key"].as_str().unwrap();
    for _ in 0..2 {
        with_api_key(&bed.agent, key, "GET", "/v1/workflows", None).await.expect(200);
    }
    let answer = with_api_key(&bed.agent, key, "GET", "/v1/workflows", None).await.expect(429);
    assert_eq!((answer.json(), answer.header("retry-after")), (json!({"detail": "Rate limit exceeded"}), "30"));
}
