//! A tenant's own condition components.

use super::{Flows, branch, current, decision, manual, none_met, on, task_of};
use crate::platform::enabled;
use crate::support::host::Tenant;
use serde_json::{Value, json};
use stepwright_engine::flow::{Command, StatusName, TaskPatch, TaskStatus};

async fn start() -> Flows {
    let flows = Flows::start().await;
    flows.entity("contact", "c1", json!({ "age": 40 })).await;
    let tenant = Tenant { base: flows.base.clone(), test_base: flows.base.clone() };
    enabled(&flows.host, &tenant, "condition-guest", &json!({ "grants": {}, "limits": { "wall_ms": 300 } })).await;
    flows
}

/// d → yes (the custom condition) | no.
fn custom(component: &str, config: Value) -> (Value, Value) {
    let custom = json!({ "id": "yes", "branch_name": "yes", "logical_operator": "AND", "statements": [],
        "custom_condition": { "component": component, "config": config } });
    let never = branch("never", "age", "number", "less_than", json!(["0"]));
    let tasks = json!([decision("d", json!([custom, never])), manual("a"), manual("b"), manual("other")]);
    (tasks, json!([on("d", "yes", "a"), on("d", "never", "b"), none_met("d", "other")]))
}

#[tokio::test]
async fn a_tenants_own_condition_decides_beside_the_built_in_one() {
    let flows = start().await;
    for (negate, expected) in [(true, "a"), (false, "other")] {
        let (tasks, edges) = custom("condition-guest/equals", json!({ "value": 1, "negate": negate }));
        let flow = flows.begin(tasks, edges).await;
        let shown = flows.stands_at(&flow, &[expected]).await;
        assert!(
            shown.pins.contains_key("condition-guest") && shown.pins.contains_key("conditions"),
            "{:?}",
            shown.pins
        );
    }
}

#[tokio::test]
async fn a_condition_that_traps_loops_or_fails_fails_the_task_with_the_reason_and_the_flow_stays() {
    let flows = start().await;
    for (condition, code) in [
        ("condition-guest/trap", "COMPONENT_TRAP"),
        ("condition-guest/spin", "LIMIT_"),
        ("condition-guest/allocate", "LIMIT_"),
        ("condition-guest/fails", "FAILS"),
        ("nobody/knows", "PLUGIN_DISABLED"),
        ("unheard-of", "UNKNOWN_CONDITION"),
    ] {
        let (tasks, edges) = custom(condition, json!({}));
        let flow = flows.begin(tasks, edges).await;
        let failed = flows.becomes(&flow, "d", TaskStatus::Failed).await;
        let error = failed.error.unwrap();
        assert!(error.error_code.starts_with(code) && !error.error_reason.is_empty(), "{condition}: {error:?}");
        let shown = flows.shown(&flow).await;
        assert_eq!((shown.status.name(), current(&shown)), (StatusName::Started, vec!["d"]), "{condition}");

        // A person may decide instead.
        let patch = TaskPatch {
            status: Some(TaskStatus::Completed),
            next_condition_id: Some("never".into()),
            ..TaskPatch::default()
        };
        let shown = flows.command(&flow, Command::PatchTask { task: failed.id, patch: Box::new(patch) }).await;
        assert_eq!(current(&shown), ["b"], "{condition}");
        assert_eq!(task_of(&shown, "d").status, TaskStatus::Completed);
    }
}

#[tokio::test]
async fn a_condition_that_was_switched_off_is_missed_by_running_flows_only_when_it_is_asked() {
    let flows = start().await;
    let (mut tasks, edges) = custom("condition-guest/equals", json!({ "value": 1, "negate": true }));
    tasks[0]["schedule"] = json!({ "mode": "delayed", "duration": 1, "unit": "hours" });
    let flow = flows.begin(tasks, edges).await;
    assert_eq!(flows.task(&flow, "d").await.status, TaskStatus::Scheduled);
    let listed = flows.host.operator.get(&format!("{}/plugins", flows.base)).await.expect(200).json();
    let version = listed["data"][0]["version"].as_str().unwrap();
    let path = format!("{}/plugins/condition-guest/{version}", flows.base);
    flows.host.operator.delete(&path).await.expect(409);
    flows.host.operator.post(&format!("{path}/disable"), &json!({})).await.expect(200);
    flows.host.advance_secs(3_600);
    let failed = flows.becomes(&flow, "d", TaskStatus::Failed).await;
    assert_eq!(failed.error.unwrap().error_code, "PLUGIN_DISABLED");
    // Switched on again, it is asked again.
    flows.host.operator.post(&format!("{path}/enable"), &json!({ "grants": {} })).await.expect(200);
    flows.command(&flow, Command::Execute { task: failed.id }).await;
    flows.stands_at(&flow, &["a"]).await;
}
