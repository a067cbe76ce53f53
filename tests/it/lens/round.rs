//! The round trip: one deal's onboarding, seen by everybody who has to do with it.

use super::{Core, World};
use crate::smartmca::{self, onboarding};
use crate::support::eventually;
use serde_json::{Value, json};

#[tokio::test]
async fn one_onboarding_is_seen_by_every_api_of_the_tenant() {
    let world = World::new().await;
    // SmartMCA: "Deal Onboarding", three WASM nodes, triggered on a deal.
    let (_, workflow) = smartmca::made(&world.host, &world.tenant, &world.smartmca, &onboarding()).await;
    let triggered = smartmca::triggered(&world.smartmca, &workflow).await;
    let execution = smartmca::ended(&world.smartmca, &triggered).await;
    assert_eq!((&execution["status"], &execution["entityId"]), (&json!("completed"), &json!("deal_456")));
    let nodes = execution["nodes"].as_array().unwrap();
    assert_eq!(nodes.iter().filter(|node| node["status"] == "completed").count(), 3, "{execution}");
    let made = world.named("Deal Onboarding", Core::Completed).await;
    assert_eq!(made.smartmca, triggered);

    // The HydraCore dashboard lists it.
    let listed = world.hydracore.admin.get("/v1/workflows").await.expect(200).json();
    assert_eq!(listed["total"], 1);
    let record = &listed["workflows"][0];
    assert_eq!((&record["id"], &record["title"]), (&json!(made.uuid), &json!("Deal Onboarding")), "{record}");
    assert_eq!((&record["status"], &record["reference"]), (&json!("completed"), &json!("deal/deal_456")));

    // The epilot V1 list shows it, by its steps.
    let listed = world.epilot.get("/v1/workflows/executions?context=deal_456").await.expect(200).json();
    assert_eq!(listed, world.epilot.get("/v1/workflows/executions").await.expect(200).json());
    let flow = &listed[0];
    assert_eq!(
        (&flow["id"], &flow["name"], &flow["status"]),
        (&json!(made.uuid), &json!("Deal Onboarding"), &json!("DONE"))
    );
    let steps: Vec<&Value> = flow["flow"].as_array().unwrap().iter().map(|step| &step["name"]).collect();
    assert_eq!(steps, ["Node check", "Node file", "Node welcome"]);

    // The platform shows one history, and HydraCore the same one in its own words.
    let path = format!("{}/{}/history", world.executions(), made.uuid);
    let history = world.host.operator.get(&path).await.expect(200).json();
    let lines = history["data"].as_array().unwrap();
    let kinds: Vec<&str> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!((kinds[0], *kinds.last().unwrap()), ("execution.created", "execution.completed"));
    assert_eq!(kinds.iter().filter(|kind| **kind == "task.completed").count(), 3, "{kinds:?}");
    let numbers: Vec<u64> = lines.iter().map(|line| line["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=lines.len() as u64).collect::<Vec<_>>());
    assert_eq!(record["history"].as_array().unwrap().len(), lines.len());

    // SoftSolz runs are in the same view: its own beside this one, and both on the platform.
    let steps = json!([{"type": "payments_summary"}, {"type": "create_notification", "config": {"title": "t"}}]);
    let digest = json!({"name": "Weekly digest", "trigger_type": "manual", "steps": steps});
    let digest = crate::softsolz::created(&world.softsolz, &digest).await;
    let run = crate::softsolz::run(&world.softsolz, &digest).await;
    crate::softsolz::ended(&world.softsolz, &run).await;
    let runs = world.softsolz.get(&format!("{}/runs", crate::softsolz::BASE)).await.expect(200).json();
    let ids: Vec<&str> = runs["data"].as_array().unwrap().iter().map(|run| run["run_id"].as_str().unwrap()).collect();
    assert!(ids.len() == 2 && ids.contains(&run.as_str()) && ids.contains(&made.uuid.as_str()), "{ids:?}");
    let native = world.host.operator.get(&world.executions()).await.expect(200).json();
    let dialects: Vec<&str> =
        native["data"].as_array().unwrap().iter().map(|one| one["dialect"].as_str().unwrap()).collect();
    assert!(dialects.len() == 2 && dialects.contains(&"softsolz") && dialects.contains(&"smartmca"), "{dialects:?}");
    assert_eq!(world.hydracore.admin.get("/v1/workflows").await.expect(200).json()["total"], 2);
}

#[tokio::test]
async fn what_stands_still_is_running_for_those_who_have_no_word_for_it() {
    let world = World::new().await;
    let fails = smartmca::fails("n");
    let definition = smartmca::with(smartmca::on_deals("Pauses", &[fails]), json!({"on_failure": "pause"}));
    let (_, workflow) = smartmca::made(&world.host, &world.tenant, &world.smartmca, &definition).await;
    let execution = smartmca::triggered(&world.smartmca, &workflow).await;
    smartmca::until(&world.smartmca, &execution, "the pause", |e| e["isPaused"] == true).await;
    let made = world.named("Pauses", Core::Paused).await;
    let run = eventually("the run", || async {
        let run = world.softsolz.get(&format!("{}/runs/{}", crate::softsolz::BASE, made.uuid)).await.expect(200).json();
        (run["data"]["steps"][0]["status"] == "failed").then_some(run)
    })
    .await;
    assert_eq!((&run["data"]["status"], &run["data"]["error"]), (&json!("running"), &Value::Null), "{run}");
}
