use super::{Flows, automation, current, manual, task_of};
use crate::platform::enabled;
use crate::support::eventually;
use crate::support::host::Tenant;
use serde_json::{Value, json};
use stepwright_engine::flow::{Command, RunState, StatusName, TaskStatus};

/// With the guest that ends as it is told, enabled in the sandbox tenant.
async fn with_counter() -> Flows {
    let flows = Flows::start().await;
    flows.entity("contact", "c1", json!({ "first_name": "Ada", "email": "ada@example.com" })).await;
    counter(&flows).await;
    flows
}

async fn counter(flows: &Flows) {
    let tenant = Tenant { base: flows.base.clone(), test_base: flows.base.clone() };
    let grants = json!({ "grants": { "entities": { "read": ["*"], "write": ["*"] },
        "data": { "read": ["*"], "write": ["*"] }, "mail": true, "notify": true, "kv": true, "flow": true,
        "events": true } });
    enabled(&flows.host, &tenant, "counter", &grants).await;
}

fn everything(id: &str, then: &str) -> Value {
    json!({ "step_type": "counter/everything", "config": { "id": id, "then": then } })
}

/// auto → next.
fn auto_then_next(flow_id: &str) -> (Value, Value) {
    (json!([automation("auto", flow_id), manual("next")]), json!([super::edge("auto", "next")]))
}

impl Flows {
    async fn run(&self, flow_id: &str) -> String {
        let (tasks, edges) = auto_then_next(flow_id);
        self.begin(tasks, edges).await
    }

    async fn call_back(&self, flow: &str, key: &str) {
        let execution = self.host.app.flow(&self.access().await, flow).await.unwrap().execution;
        let path = format!("{}/executions/{execution}/callbacks/{key}", self.base);
        self.host.operator.post(&path, &json!({ "yes": true })).await.expect(200);
    }
}

fn run_state(flow: &stepwright_engine::flow::Flow) -> &RunState {
    &task_of(flow, "auto").automation().unwrap().run.as_ref().unwrap().state
}

#[tokio::test]
async fn a_task_follows_its_automation_to_every_end() {
    let flows = with_counter().await;
    for (id, then) in [("ok", "complete"), ("bad", "fail"), ("none", "skip"), ("trap", "trap")] {
        flows.automation(id, json!([everything(id, then)])).await;
    }

    let flow = flows.run("ok").await;
    let shown = flows.stands_at(&flow, &["next"]).await;
    assert_eq!((task_of(&shown, "auto").status, run_state(&shown).name()), (TaskStatus::Completed, "success"));
    assert_eq!(flows.attributes("contact", "ok").await["name"], "ok");

    let flow = flows.run("none").await;
    let shown = flows.stands_at(&flow, &["next"]).await;
    assert_eq!((task_of(&shown, "auto").status, run_state(&shown).name()), (TaskStatus::Skipped, "skipped"));

    for (id, code) in [("bad", "TOLD_TO"), ("trap", "COMPONENT_TRAP"), ("nobody", "AUTOMATION_NOT_FOUND")] {
        let flow = flows.run(id).await;
        let failed = flows.becomes(&flow, "auto", TaskStatus::Failed).await;
        assert_eq!(failed.error.unwrap().error_code, code);
        let shown = flows.shown(&flow).await;
        assert_eq!((shown.status.name(), current(&shown)), (StatusName::Started, vec!["auto"]), "{id}: the flow stays");
    }
    // What the failed step had staged was dropped with it.
    for gone in ["bad", "trap"] {
        flows.host.operator.get(&format!("{}/entities/contact/{gone}", flows.base)).await.expect(404);
    }
}

#[tokio::test]
async fn an_automation_pauses_for_a_call_back_puts_itself_off_and_can_be_cancelled() {
    let flows = with_counter().await;
    let waits = |key: &str| json!([{ "step_type": "counter/approval", "config": { "key": key } }]);
    flows.automation("asks", waits("yes-1")).await;
    let flow = flows.run("asks").await;
    flows.becomes(&flow, "auto", TaskStatus::WaitingForConfirmation).await;
    flows.call_back(&flow, "yes-1").await;
    flows.stands_at(&flow, &["next"]).await;

    flows.automation("asks-2", waits("yes-2")).await;
    let flow = flows.run("asks-2").await;
    let task = flows.becomes(&flow, "auto", TaskStatus::WaitingForConfirmation).await.id;
    let shown = flows.command(&flow, Command::CancelAutomation { task }).await;
    assert_eq!((task_of(&shown, "auto").status, run_state(&shown).name()), (TaskStatus::Skipped, "cancelled"));
    assert_eq!(current(&shown), ["next"]);

    let until = json!({ "until": "2026-11-22T10:00:00Z" });
    flows.automation("later", json!([{ "step_type": "counter/until", "config": until }])).await;
    let flow = flows.run("later").await;
    let shown = eventually("the deferral", || async {
        let shown = flows.shown(&flow).await;
        (task_of(&shown, "auto").status == TaskStatus::Scheduled).then_some(shown)
    })
    .await;
    assert_eq!(run_state(&shown).name(), "scheduled");
    flows.host.advance_secs(3_600);
    flows.stands_at(&flow, &["next"]).await;
}

#[tokio::test]
async fn an_automation_that_runs_too_often_is_stopped_as_hot_until_its_hour_is_over() {
    let flows = with_counter().await;
    let body = json!({ "id": "often", "name": "Often", "max_executions": 2, "actions": [everything("o", "complete")] });
    let made = flows.host.operator.post(&format!("{}/automations", flows.base), &body).await.expect(201).json();
    assert_eq!(made["max_executions"], 2);
    for _ in 0..2 {
        let flow = flows.run("often").await;
        flows.stands_at(&flow, &["next"]).await;
    }
    let flow = flows.run("often").await;
    let failed = flows.becomes(&flow, "auto", TaskStatus::Failed).await;
    assert_eq!(failed.error.unwrap().error_code, "AUTOMATION_HOT");
    assert_eq!(run_state(&flows.shown(&flow).await).name(), "hot");
    flows.host.advance_secs(3_600);
    flows.command(&flow, Command::RunAutomation { task: failed.id }).await;
    flows.stands_at(&flow, &["next"]).await;
}

#[tokio::test]
async fn actions_run_one_after_the_other_on_the_entity_and_one_that_may_fail_stops_none() {
    let flows = with_counter().await;
    let mut may_fail = everything("x", "fail");
    may_fail["allow_failure"] = json!(true);
    let custom = json!({ "step_type": "custom-action", "config": { "component": "counter/show_call", "config": {} } });
    flows.automation("chain", json!([everything("first", "complete"), may_fail, custom])).await;
    let made = flows.host.operator.get(&format!("{}/automations/chain", flows.base)).await.expect(200).json();
    assert_eq!(made["actions"][2]["step_type"], "custom-action");
    assert_eq!(made["actions"][2]["config"]["component"], "counter/show_call");

    let flow = flows.run("chain").await;
    let shown = flows.stands_at(&flow, &["next"]).await;
    let run = task_of(&shown, "auto").automation().unwrap().run.clone().unwrap();
    let stepwright_engine::flow::ActionState::Completed { output, .. } = &run.actions[2].state else {
        panic!("{:?}", run.actions[2])
    };
    let call = output.to_value();
    assert_eq!(call["entity"], json!({ "schema": "contact", "id": "c1" }));
    assert_eq!((&call["dialect"], &call["completed"]), (&json!("epilot"), &json!(["0"])));
    assert_eq!(call["outputs"]["0"]["entity"]["name"], "first");

    for (config, pointer) in [
        (json!({}), "/actions/0/config"),
        (json!({ "component": "nobody/knows" }), "/actions/0/config/component"),
        (json!({ "component": "counter/until", "config": { "until": 1 } }), "/actions/0/config/config/until"),
    ] {
        let body = json!({ "name": "x", "actions": [{ "step_type": "custom-action", "config": config }] });
        let refused = flows.host.operator.post(&format!("{}/automations", flows.base), &body).await.expect(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
}

#[tokio::test]
async fn reconciling_and_running_again_bring_a_task_on() {
    let flows = with_counter().await;
    flows.automation("asks", json!([{ "step_type": "counter/approval", "config": { "key": "k" } }])).await;
    let flow = flows.run("asks").await;
    let task = flows.becomes(&flow, "auto", TaskStatus::WaitingForConfirmation).await.id;
    flows.set(&flow, "auto", TaskStatus::OnHold).await;
    flows.call_back(&flow, "k").await;
    eventually("the run's end", || async { (run_state(&flows.shown(&flow).await).name() == "success").then_some(()) })
        .await;
    assert_eq!(flows.task(&flow, "auto").await.status, TaskStatus::OnHold);
    let shown = flows.command(&flow, Command::Reconcile { task: task.clone() }).await;
    assert_eq!((task_of(&shown, "auto").status, current(&shown)), (TaskStatus::Completed, vec!["next"]));
    flows.command(&flow, Command::Reconcile { task }).await;

    // One that has failed runs again, with the actions the automation has by then.
    flows.automation("broken", json!([everything("b", "fail")])).await;
    let flow = flows.run("broken").await;
    let task = flows.becomes(&flow, "auto", TaskStatus::Failed).await.id;
    let mended = json!({ "name": "Mended", "actions": [everything("b", "complete")] });
    flows.host.operator.json("PUT", &format!("{}/automations/broken", flows.base), &mended).await.expect(200);
    flows.command(&flow, Command::Execute { task }).await;
    flows.stands_at(&flow, &["next"]).await;
}

#[tokio::test]
async fn the_background_loop_fires_schedules_and_starts_automations_that_stand_still() {
    let flows = with_counter().await;
    flows.automation("ok", json!([everything("s", "complete")])).await;
    let begin = async |schedule: Value| {
        let (mut tasks, edges) = auto_then_next("ok");
        tasks[0]["schedule"] = schedule;
        flows.begin(tasks, edges).await
    };
    let two_hours = json!({ "mode": "delayed", "duration": 2, "unit": "hours" });
    let (fires, stands) = (begin(two_hours.clone()).await, begin(two_hours).await);
    assert_eq!(flows.task(&fires, "auto").await.status, TaskStatus::Scheduled);

    // Put back to pending, one is started by the host after a minute; which arms its schedule anew.
    for attempt in 1..=3 {
        flows.set(&stands, "auto", TaskStatus::Pending).await;
        flows.host.advance_secs(60);
        let healed = flows.becomes(&stands, "auto", TaskStatus::Scheduled).await;
        assert_eq!(healed.automation().unwrap().heal_attempts, attempt);
    }
    flows.set(&stands, "auto", TaskStatus::Pending).await;
    flows.host.advance_secs(60);
    let failed = flows.becomes(&stands, "auto", TaskStatus::Failed).await;
    assert_eq!(failed.error.unwrap().error_code, "AUTOMATION_NOT_STARTED");

    assert_eq!(flows.task(&fires, "auto").await.status, TaskStatus::Scheduled);
    flows.host.advance_secs(7_200);
    flows.stands_at(&fires, &["next"]).await;
}

#[tokio::test]
async fn a_schedule_relative_to_an_attribute_follows_the_entity() {
    let flows = with_counter().await;
    flows.automation("ok", json!([everything("r", "complete")])).await;
    flows.entity("contact", "c1", json!({ "moves_in": "2026-12-24T12:00:00Z" })).await;
    let reference =
        json!({ "id": "r", "origin": "trigger_entity_attribute", "schema": "contact", "attribute": "moves_in" });
    let schedule =
        json!({ "mode": "relative", "direction": "before", "duration": 1, "unit": "days", "reference": reference });
    let (mut tasks, edges) = auto_then_next("ok");
    tasks[0]["schedule"] = schedule;
    let flow = flows.begin(tasks.clone(), edges.clone()).await;
    let at = |flow: &stepwright_engine::flow::Flow| {
        let state = task_of(flow, "auto").schedule_state().unwrap().armed().unwrap().1;
        state.to_rfc3339_millis()
    };
    assert_eq!(at(&flows.shown(&flow).await), "2026-12-23T12:00:00.000Z");
    flows.entity("contact", "c1", json!({ "moves_in": "2026-11-24T12:00:00Z" })).await;
    eventually("the new time", || async {
        (at(&flows.shown(&flow).await) == "2026-11-23T12:00:00.000Z").then_some(())
    })
    .await;
    flows.host.advance_secs(27 * 3_600);
    flows.stands_at(&flow, &["next"]).await;

    // An anchor that is no date fails the task, and says so.
    flows.entity("contact", "c1", json!({ "moves_in": "soon" })).await;
    let flow = flows.begin(tasks, edges).await;
    let failed = flows.becomes(&flow, "auto", TaskStatus::Failed).await;
    assert_eq!(failed.error.unwrap().error_code, "INVALID_SCHEDULE_CONFIG");
}

#[tokio::test]
async fn a_built_in_action_gets_what_its_tenant_grants_and_says_what_is_missing() {
    let flows = Flows::start().await;
    flows.entity("contact", "c1", json!({ "first_name": "Ada", "email": "ada@example.com" })).await;
    let mapping = json!({ "target_schema": "contact", "target_id": "{{entity._id}}",
        "mapping_attributes": [{ "target": "seen", "mode": "set_value", "value": true }] });
    flows.automation("maps", json!([{ "step_type": "map-entity", "config": mapping }])).await;
    let flow = flows.run("maps").await;
    let failed = flows.becomes(&flow, "auto", TaskStatus::Failed).await;
    let error = failed.error.clone().unwrap();
    assert_eq!(error.error_code, "GRANT_MISSING", "{error:?}");
    assert!(error.error_reason.contains("contact") && error.error_reason.contains("actions"), "{error:?}");

    let builtins = flows.host.operator.get(&format!("{}/plugins?built_in=true", flows.base)).await.expect(200).json();
    let actions = builtins["data"].as_array().unwrap().iter().find(|p| p["name"] == "actions").unwrap().clone();
    assert_eq!((&actions["state"], &actions["built_in"]), (&json!("enabled"), &json!(true)));
    let path = format!("{}/plugins/actions/{}", flows.base, actions["version"].as_str().unwrap());
    let grants = json!({ "grants": { "entities": { "write": ["contact"] } } });
    let enabled = flows.host.operator.post(&format!("{path}/enable"), &grants).await.expect(200).json();
    assert_eq!(enabled["grants"]["entities"]["write"], json!(["contact"]), "{enabled}");
    assert_eq!(enabled["grants"]["mail"], true);
    flows.command(&flow, Command::RunAutomation { task: failed.id.clone() }).await;
    flows.stands_at(&flow, &["next"]).await;
    assert_eq!(flows.attributes("contact", "c1").await["seen"], true);

    // Taken away again, it is refused again; and deleting a built-in is refused for good.
    let disabled = flows.host.operator.post(&format!("{path}/disable"), &json!({})).await.expect(200).json();
    assert_eq!((&disabled["state"], &disabled["grants"]["entities"]["write"]), (&json!("enabled"), &json!([])));
    let flow = flows.run("maps").await;
    flows.becomes(&flow, "auto", TaskStatus::Failed).await;
    flows.host.operator.delete(&path).await.expect(409);
}

#[tokio::test]
async fn of_a_cancellation_and_a_timer_that_meet_exactly_one_wins_a_hundred_times() {
    let flows = with_counter().await;
    flows.automation("ok", json!([{ "step_type": "counter/nothing" }])).await;
    let (mut tasks, edges) = auto_then_next("ok");
    tasks[0]["schedule"] = json!({ "mode": "delayed", "duration": 1, "unit": "hours" });
    let body = json!({ "name": "Raced", "tasks": tasks, "edges": edges });
    let template = crate::epilot::template(&flows.client, &body).await["id"].as_str().unwrap().to_owned();
    let mut raced = Vec::new();
    for _ in 0..100 {
        raced.push(flows.launch(&template, &[("contact", "c1")]).await);
    }
    let mut scheduled = Vec::new();
    for flow in &raced {
        scheduled.push(flows.task(flow, "auto").await.id);
    }
    let mut cancelling = tokio::task::JoinSet::new();
    for (number, (flow, task)) in raced.iter().cloned().zip(scheduled).enumerate() {
        let (app, access) = (flows.host.app.clone(), flows.access().await);
        cancelling.spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(number as u64)).await;
            let cancel = Command::CancelSchedule { task, schedule_id: None };
            (flow.clone(), app.flow_command(&access, &flow, cancel).await.is_ok())
        });
    }
    flows.host.advance_secs(3_600);
    while let Some(ended) = cancelling.join_next().await {
        let (flow, cancelled) = ended.unwrap();
        let shown = flows.stands_at(&flow, &["next"]).await;
        let expected = if cancelled { TaskStatus::Skipped } else { TaskStatus::Completed };
        assert_eq!(task_of(&shown, "auto").status, expected, "cancelled: {cancelled}");
    }
}
