use super::{chain, defined, enabled, guest, published, ran};
use crate::support::TestHost;
use serde_json::json;

#[tokio::test]
async fn bytes_that_are_no_usable_component_are_refused_with_the_reason() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let path = format!("{}/plugins", tenant.base);
    let wasm = [("content-type", "application/wasm")];
    let core_module = b"\0asm\x01\0\0\0".to_vec();
    for (what, bytes, says) in [
        ("text", b"hello".to_vec(), "webassembly"),
        ("nothing", Vec::new(), ""),
        ("a core module", core_module, "component"),
        ("the wrong world", guest("wrong-world"), "stepwright:plugin/manifest"),
        ("an unknown import", guest("unknown-import"), "import"),
    ] {
        let refused = host.operator.send("POST", &path, &wasm, Some(bytes)).await;
        assert_eq!(refused.status, 422, "{what}: {}", refused.text);
        assert!(refused.text.to_lowercase().contains(says), "{what}: {}", refused.text);
    }
    host.operator.post(&path, &json!({})).await.expect(415);
}

#[tokio::test]
async fn enabling_names_every_missing_grant_and_takes_effect_at_once() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let plugin = published(&host.operator, &tenant, "counter").await;
    assert_eq!(plugin["state"], "published");
    let path =
        format!("{}/plugins/{}/{}", tenant.base, plugin["name"].as_str().unwrap(), plugin["version"].as_str().unwrap());
    let refused = host.operator.post(&format!("{path}/enable"), &json!({"grants": {}})).await.expect(422);
    assert!(refused.text.contains("kv") && refused.text.contains("entities"), "{}", refused.text);
    host.operator.post(&format!("{path}/enable"), &json!({"grants": {"everything": true}})).await.expect(422);
    let wasm = [("content-type", "application/wasm")];
    host.operator.send("POST", &format!("{}/plugins", tenant.base), &wasm, Some(guest("counter"))).await.expect(201);
}

#[tokio::test]
async fn trying_a_step_out_shows_outcome_and_use_and_keeps_nothing() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let (name, version) = enabled(&host, &tenant, "bench-echo", &json!({"grants": {}})).await;
    let path = format!("{}/plugins/{name}/{version}/try", tenant.base);
    let tried = host
        .operator
        .post(&path, &json!({"step": "echo", "config": {"field": "x"}, "input": {"a": 1}}))
        .await
        .expect(200)
        .json();
    assert_eq!(tried["outcome"]["status"], "completed", "{tried}");
    assert!(tried["fuel"].as_u64().is_some_and(|f| f > 0), "{tried}");
    assert!(tried["peak_memory"].as_u64().is_some_and(|m| m > 0), "{tried}");
    host.operator.post(&path, &json!({"step": "nothing", "config": {}, "input": {}})).await.expect(422);
    let listed = host.operator.get(&format!("{}/executions", tenant.base)).await.expect(200).json();
    assert_eq!(listed["data"], json!([]));
}

#[tokio::test]
async fn a_disabled_plugins_steps_fail_and_a_pinned_one_cannot_be_deleted() {
    let host = TestHost::start().await;
    let tenant = host.tenant().await;
    let (name, version) = enabled(&host, &tenant, "bench-echo", &json!({"grants": {}})).await;
    let definition = chain(&[(&format!("{name}/echo"), json!({"field": "x"}))]);
    let id = defined(&host, &tenant, &definition).await;
    let path = format!("{}/plugins/{name}/{version}", tenant.base);
    host.operator.delete(&path).await.expect(409);
    host.operator.post(&format!("{path}/disable"), &json!({})).await.expect(200);
    let ended = ran(&host, &tenant, &id, json!({})).await;
    assert_eq!(ended["status"], "failed", "{ended}");
    assert!(ended.to_string().contains("PLUGIN_DISABLED"), "{ended}");
    host.operator.post(&format!("{}/definitions", tenant.base), &definition).await.expect(422);
}

#[tokio::test]
async fn a_hostile_step_fails_with_limit_value_and_use_and_others_go_on() {
    let host = TestHost::start().await;
    let (tenant, other) = (host.tenant().await, host.tenant().await);
    // One component holds all hostile steps, so each needs the grants of all.
    let hosts = json!(["127.0.0.1", "localhost", "allowed.example.com", "*.wild.example.com"]);
    let request = json!({"grants": {"http": hosts, "secrets": {"token": {"hosts": ["allowed.example.com"]}}},
        "limits": {"wall_ms": 300, "memory": 16_777_216}});
    let (name, _) = enabled(&host, &tenant, "hostile", &request).await;
    let (echo, _) = enabled(&host, &other, "bench-echo", &json!({"grants": {}})).await;
    let calm = defined(&host, &other, &chain(&[(&format!("{echo}/echo"), json!({"field": "x"}))])).await;
    for (step, limit) in [("spin", "LIMIT_WALL_TIME"), ("allocate", "LIMIT_MEMORY"), ("panic", "COMPONENT_TRAP")] {
        let id = defined(&host, &tenant, &chain(&[(&format!("{name}/{step}"), json!({}))])).await;
        let (ended, beside) = tokio::join!(ran(&host, &tenant, &id, json!({})), ran(&host, &other, &calm, json!({})));
        assert_eq!(ended["status"], "failed", "{ended}");
        let error = ended["nodes"][0]["error"].clone();
        assert_eq!(error["code"], limit, "{ended}");
        assert_eq!(beside["status"], "completed");
    }
}

#[tokio::test]
async fn the_built_in_plugins_are_listed_with_what_they_ask_for_and_keep_what_a_tenant_gives_them() {
    let host = TestHost::start().await;
    let (tenant, other) = (host.tenant().await, host.tenant().await);
    let listed = host.operator.get(&format!("{}/plugins?built_in=true", tenant.base)).await.expect(200).json();
    let plugins = listed["data"].as_array().unwrap();
    let names: Vec<&str> = plugins.iter().map(|p| p["name"].as_str().unwrap()).collect();
    for expected in ["invoicing", "messaging", "forms", "conditions", "approval", "actions"] {
        assert!(names.contains(&expected), "{expected} in {names:?}");
    }
    // What lies behind these doors is a tenant's to give, so that no plugin may have them without need.
    let tenants = [json!("entities"), json!("secrets"), json!("http")];
    for plugin in plugins {
        let asked = plugin["requests"]["capabilities"].as_array().unwrap();
        let asks = tenants.iter().any(|door| asked.contains(door));
        assert_eq!(asks, plugin["name"] == "actions", "{plugin}");
        assert_eq!((&plugin["published_at"], &plugin["enabled_at"]), (&json!(null), &json!(null)));
        assert_eq!(plugin["grants"]["entities"], json!({"read": [], "write": []}));
    }

    let version = plugins[0]["version"].as_str().unwrap();
    let path = |base: &str| format!("{base}/plugins/actions/{version}");
    let request = json!({"grants": {"http": ["hooks.example.com"]}, "limits": {"wall_ms": 5_000}});
    host.operator.post(&format!("{}/enable", path(&tenant.base)), &request).await.expect(200);
    let shown = host.operator.get(&path(&tenant.base)).await.expect(200).json();
    assert_eq!((&shown["grants"]["http"], &shown["grants"]["mail"]), (&json!(["hooks.example.com"]), &json!(true)));
    assert_eq!(shown["limits"]["wall_ms"], 5_000);
    let theirs = host.operator.get(&path(&other.base)).await.expect(200).json();
    assert_eq!((&theirs["grants"]["http"], &theirs["limits"]["wall_ms"]), (&json!([]), &json!(null)));
    host.operator.get(&format!("{}/plugins/actions/9.9.9", tenant.base)).await.expect(404);
    let too_much = json!({"grants": {}, "limits": {"wall_ms": 900_000}});
    host.operator.post(&format!("{}/enable", path(&tenant.base)), &too_much).await.expect(422);
    // A name of a built-in is nobody else's.
    let mine = host.operator.get(&format!("{}/plugins", tenant.base)).await.expect(200).json();
    assert_eq!(mine["data"], json!([]));
}
