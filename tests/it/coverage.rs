//! Every route refuses a caller without a key and hides another tenant's things; a new route is covered by itself.

use crate::support::TestHost;
use serde_json::json;
use std::collections::BTreeSet;
use stepwright_engine::Dialect;

/// Well-formed, and nobody's.
const NOBODY: &str = "0190aaaa-0000-7000-8000-000000000000";
/// A tenant that does not exist.
const NO_TENANT: &str = "0190bbbb-0000-7000-8000-000000000000";

fn concrete(path: &str, tenant: &str) -> String {
    let mut out = String::new();
    for part in path.split('/').skip(1) {
        out.push('/');
        match part {
            "{t}" => out.push_str(tenant),
            "{dataset}" => out.push_str("customers"),
            "{version}" => out.push_str("1.0.0"),
            part if part.starts_with('{') => out.push_str(NOBODY),
            part => out.push_str(part),
        }
    }
    out
}

#[tokio::test]
async fn every_route_refuses_a_caller_without_a_key() {
    let host = TestHost::start().await;
    let stranger = host.operator.without_key();
    for route in stepwright_api::routes() {
        let path = concrete(route.path, NOBODY);
        let answer = stranger.send(route.method.as_str(), &path, &[], None).await;
        assert_eq!(answer.status, 401, "{} {}: {}", route.method, route.path, answer.text);
    }
}

#[tokio::test]
async fn every_tenant_route_answers_another_tenants_key_like_an_unknown_tenant() {
    let host = TestHost::start().await;
    let (mine, theirs) = (host.tenant().await, host.tenant().await);
    let scopes = ["platform:read", "platform:write", "plugins:publish", "plugins:manage"];
    let client = host.client(&mine, "platform", &scopes, "live").await;
    let theirs = theirs.base.rsplit('/').next().expect("an id").to_owned();
    let mut seen = 0;
    for route in stepwright_api::routes().iter().filter(|r| r.dialect == Dialect::Platform && r.path.contains('{')) {
        let mut answers = BTreeSet::new();
        for tenant in [theirs.as_str(), NO_TENANT] {
            let path = concrete(route.path, tenant);
            let kind = if path.ends_with("/plugins") { "application/wasm" } else { "application/json" };
            let body = (route.method != "GET" && route.method != "DELETE").then(|| json!({}).to_string().into_bytes());
            let answer = client.send(route.method.as_str(), &path, &[("content-type", kind)], body).await;
            // Either hidden, or refused before anybody looks whose it is.
            assert!(
                matches!(answer.status, 403 | 404 | 415 | 422),
                "{} {path}: {} {}",
                route.method,
                answer.status,
                answer.text
            );
            answers.insert((answer.status, answer.text.replace(tenant, "T")));
        }
        assert_eq!(answers.len(), 1, "{} {}: {answers:?}", route.method, route.path);
        seen += 1;
    }
    assert!(seen > 20, "only {seen} tenant routes");
}

#[tokio::test]
async fn every_operation_is_in_its_dialects_openapi_document() {
    let host = TestHost::start().await;
    for dialect in stepwright_api::routes().iter().map(|r| r.dialect).collect::<BTreeSet<_>>() {
        let document =
            host.operator.without_key().get(&format!("/openapi/{}.json", dialect.as_str())).await.expect(200).json();
        for route in stepwright_api::routes().iter().filter(|r| r.dialect == dialect) {
            let method = route.method.as_str().to_lowercase();
            let operation = &document["paths"][route.path][&method];
            assert_eq!(operation["operationId"], json!(route.operation), "{method} {}", route.path);
        }
    }
}
