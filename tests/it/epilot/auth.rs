use super::{DEFINITIONS, GRANTS, REASONS, TEMPLATES, flow, member, message, template};
use crate::support::TestHost;
use serde_json::json;

#[tokio::test]
async fn a_missing_or_wrong_key_is_unauthorized() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    for stranger in [client.without_key(), client.with_key("ep_nonsense"), host.operator.clone()] {
        let answer = stranger.get(TEMPLATES).await.expect(401);
        assert_eq!(message(&answer), "Unauthorized");
    }
}

#[tokio::test]
async fn a_key_does_only_what_its_grants_allow() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let all = host.client(&tenant, "epilot", &["workflow:definition:*"], "live").await;
    let id = template(&all, &flow("Mine")).await["id"].as_str().unwrap().to_owned();
    let one = format!("{TEMPLATES}/{id}");
    let viewer = host.client(&tenant, "epilot", &["workflow:definition:view"], "live").await;
    viewer.get(TEMPLATES).await.expect(200);
    viewer.post(&format!("{TEMPLATES}:search"), &json!({})).await.expect(200);
    viewer.get(DEFINITIONS).await.expect(200);
    viewer.get("/v1/workflows/limits/max-allowed").await.expect(200);
    for refused in [
        viewer.post(TEMPLATES, &flow("Other")).await,
        viewer.json("PUT", &one, &flow("Other")).await,
        viewer.delete(&one).await,
        viewer.post_empty(&format!("{one}/duplicate")).await,
        viewer.post(REASONS, &json!({"title": "x"})).await,
    ] {
        assert_eq!((refused.status, message(&refused).as_str()), (403, "Forbidden"));
    }
    let editor = host.client(&tenant, "epilot", &["workflow:definition:edit"], "live").await;
    editor.json("PUT", &one, &flow("Other")).await.expect(200);
    editor.get(&one).await.expect(403);
    let executions = host.client(&tenant, "epilot", &["workflow:execution:*"], "live").await;
    executions.get(TEMPLATES).await.expect(403);
}

#[tokio::test]
async fn only_known_grants_can_be_given_to_a_key() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let ask = |scope: &str| json!({"dialect": "epilot", "scopes": [scope]});
    let keys = format!("{}/keys", tenant.base);
    for known in ["workflow:definition:view", "workflow:definition:*", "workflow:*", "automation:trigger"] {
        host.operator.post(&keys, &ask(known)).await.expect(201);
    }
    for unknown in ["workflow:definition", "workflow:definition:fly", "service.workflows.*"] {
        host.operator.post(&keys, &ask(unknown)).await.expect(422);
    }
}

#[tokio::test]
async fn another_organization_in_the_header_is_forbidden() {
    let host = TestHost::start().await;
    let ((client, org), (_, other)) = (member(&host).await, member(&host).await);
    client.send("GET", TEMPLATES, &[("x-epilot-org-id", &org)], None).await.expect(200);
    client.send("GET", TEMPLATES, &[("x-epilot-user-id", "42")], None).await.expect(200);
    for named in [other.as_str(), "739224"] {
        let refused = client.send("GET", TEMPLATES, &[("x-epilot-org-id", named)], None).await.expect(403);
        assert_eq!(message(&refused), "Forbidden");
    }
}

#[tokio::test]
async fn another_tenants_template_is_answered_like_an_unknown_one() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let theirs = host.client(&tenant, "epilot", GRANTS, "live").await;
    let (mine, _) = member(&host).await;
    let id = template(&theirs, &flow("Theirs")).await["id"].as_str().unwrap().to_owned();
    for id in [id.as_str(), "unknown", "undefined"] {
        let missing = mine.get(&format!("{TEMPLATES}/{id}")).await.expect(404);
        assert_eq!(message(&missing), format!("Definition with id '{id}' not found"));
    }
    // Live and sandbox do not meet either.
    let sandbox = host.client(&tenant, "epilot", GRANTS, "test").await;
    sandbox.get(&format!("{TEMPLATES}/{id}")).await.expect(404);
}

#[tokio::test]
async fn what_the_vendors_client_sends_is_understood() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    let made = template(&client, &flow("Mine")).await;
    let id = made["id"].as_str().unwrap();
    let large = [("accept", "application/large-response.vnd+json")];
    let shown = client.send("GET", &format!("{TEMPLATES}/{id}"), &large, None).await.expect(200);
    assert_eq!(shown.header("content-type"), "application/json");
    // A post without a body says it is a form.
    let form = [("content-type", "application/x-www-form-urlencoded"), ("content-length", "0")];
    client.send("POST", &format!("{TEMPLATES}/{id}/duplicate"), &form, None).await.expect(201);
    for path in ["/v2/flows/templates:search", "/v2/flows/templates%3Asearch", "/epilot/v2/flows/templates%3asearch/"] {
        assert_eq!(client.post(path, &json!({})).await.expect(200).json()["hits"], 2, "{path}");
    }
}

#[tokio::test]
async fn errors_before_a_handler_are_messages_too() {
    let host = TestHost::start().await;
    let (client, _) = member(&host).await;
    assert_eq!(message(&client.get("/v2/flows/nothing").await.expect(404)), "Not found");
    let wrong = client.send("PATCH", TEMPLATES, &[], None).await.expect(405);
    assert!(wrong.header("allow").contains("POST"));
    message(&wrong);
    let text = [("content-type", "text/plain")];
    message(&client.send("POST", TEMPLATES, &text, Some(b"{}".to_vec())).await.expect(415));
    let json = [("content-type", "application/json")];
    message(&client.send("POST", TEMPLATES, &json, Some(b"{\"name\":".to_vec())).await.expect(400));
    message(&client.send("POST", TEMPLATES, &json, Some(b"[]".to_vec())).await.expect(400));
}
