use crate::support::TestHost;
use serde_json::json;

const TENANTS: &str = "/platform/v1/tenants";

#[tokio::test]
async fn a_tenant_comes_with_its_sandbox_and_goes_with_everything() {
    let host = TestHost::start().await;
    let made = host.operator.post(TENANTS, &json!({"name": "Acme", "slug": "acme"})).await.expect(201).json();
    assert_eq!((&made["name"], &made["slug"]), (&json!("Acme"), &json!("acme")));
    let path = format!("{TENANTS}/{}", made["id"].as_str().unwrap());
    host.operator.get(&path).await.expect(200);
    host.operator.get(&format!("{TENANTS}/{}", made["test_tenant_id"].as_str().unwrap())).await.expect(200);
    host.operator.post(TENANTS, &json!({"name": "Other", "slug": "acme"})).await.expect(409);
    host.operator.post(TENANTS, &json!({"slug": "No Slug"})).await.expect(422);
    host.operator.delete(&path).await.expect(204);
    host.operator.get(&path).await.expect(404);
}

#[tokio::test]
async fn only_the_operator_makes_tenants_and_a_key_sees_its_own_only() {
    let host = TestHost::start().await;
    let (mine, theirs) = (host.tenant().await, host.tenant().await);
    let client = host.client(&mine, "platform", &["platform:read", "platform:write"], "live").await;
    client.get(&mine.base).await.expect(200);
    let foreign = client.get(&theirs.base).await.expect(404);
    let unknown = client.get(&format!("{TENANTS}/0190aaaa-0000-7000-8000-000000000000")).await.expect(404);
    assert_eq!(foreign.json()["detail"], unknown.json()["detail"]);
    client.post(TENANTS, &json!({"name": "x"})).await.expect(403);
    client.without_key().get(&mine.base).await.expect(401);
    let reader = host.client(&mine, "platform", &["platform:read"], "live").await;
    reader.post(&format!("{}/instances", mine.base), &json!({"name": "x"})).await.expect(403);
}

#[tokio::test]
async fn secrets_in_settings_are_write_only() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let path = format!("{}/settings", tenant.base);
    let smtp = json!({"host": "127.0.0.1", "port": 2525, "mode": "none", "username": "u", "password": "hush", "from": "a@example.com"});
    let shown =
        host.operator.json("PATCH", &path, &json!({"timezone": "Europe/London", "smtp": smtp})).await.expect(200);
    assert!(!shown.text.contains("hush"));
    assert_eq!(shown.json()["smtp"]["password"], "set");
    // What is read can be written back without losing the secret.
    host.operator.json("PATCH", &path, &shown.json()).await.expect(200);
    let wrong = json!({"timezone": "Mars/Olympus", "smtp": {"host": "mail.example.com", "port": 25, "mode": "none", "from": "x"}});
    let refused = host.operator.json("PATCH", &path, &wrong).await.expect(422).json();
    let places: Vec<&str> =
        refused["errors"].as_array().unwrap().iter().filter_map(|e| e["pointer"].as_str()).collect();
    assert!(["/timezone", "/smtp/mode", "/smtp/from"].iter().all(|p| places.contains(p)), "{refused}");
}

#[tokio::test]
async fn errors_are_problem_documents() {
    let host = TestHost::start().await;
    let answer = host.operator.get("/platform/v1/nothing").await.expect(404);
    assert!(answer.header("content-type").starts_with("application/problem+json"));
    let problem = answer.json();
    assert_eq!((&problem["status"], &problem["type"]), (&json!(404), &json!("about:blank")));
    host.operator.send("PATCH", TENANTS, &[], None).await.expect(405);
    for path in ["/healthz", "/readyz", "/metrics"] {
        host.operator.without_key().get(path).await.expect(200);
    }
}
