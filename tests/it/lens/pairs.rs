//! All pairs: made with each API, read with each.

use super::made::{By, CASES};
use super::seen::{LENSES, Lens};
use super::{Core, World};
use crate::smartmca;
use crate::support::Answer;
use serde_json::{Value, json};

#[tokio::test]
async fn what_is_made_with_one_api_is_read_with_every_other() {
    let world = World::new().await;
    let mut all = Vec::new();
    for (by, cores) in CASES {
        for core in cores {
            all.push((by, world.make(by, *core).await));
        }
    }
    for (by, made) in &all {
        let nodes = Lens::Platform.one(&world, made).await.nodes;
        assert_eq!(nodes.is_some_and(|n| n > 0), *by != By::Hydracore, "{}", made.title);
        for lens in LENSES {
            let about = format!("{} in {lens:?}", made.title);
            let shown = lens.one(&world, made).await;
            assert_eq!(shown.status, lens.word(made.core), "{about}");
            if lens != Lens::Softsolz {
                assert_eq!(shown.title.as_ref(), Some(&made.title), "{about}");
            }
            if lens != Lens::Hydracore {
                assert_eq!(shown.nodes, nodes, "{about}");
            }
            if lens != Lens::EpilotV2 {
                let listed = lens.listed(&world, made).await.unwrap_or_else(|| panic!("{about}: not in the list"));
                assert_eq!(listed.status, shown.status, "{about}");
            }
            // Runs and records are about no deal.
            if lens != Lens::EpilotV2 || !matches!(by, By::Softsolz | By::Hydracore) {
                let found = lens.filtered(&world, made).await.unwrap_or_else(|| panic!("{about}: not found"));
                assert_eq!(found.status, shown.status, "{about}");
            }
        }
    }
    // Where totals are told, they are those of all.
    let here = world.smartmca.get("/api/public/v1/workflows/executions").await.expect(200).json();
    let there = world.hydracore.admin.get("/v1/workflows").await.expect(200).json();
    assert_eq!((&here["total"], &there["total"]), (&json!(all.len()), &json!(all.len())));
}

#[tokio::test]
async fn another_apis_execution_is_a_record_with_everything_a_record_has() {
    let world = World::new().await;
    let made = world.make(By::Platform, Core::Waiting).await;
    let shown = world.hydracore.admin.get(&format!("/v1/workflows/{}", made.uuid)).await.expect(200).json();
    assert_eq!(shown.as_object().unwrap().len(), 20, "{shown}");
    assert_eq!((&shown["workflow_type"], &shown["reference"]), (&json!("custom"), &json!("deal/deal_456")));
    assert_eq!((&shown["stage"], &shown["workflow_state"]), (&json!("Ask"), &json!({"asked": "nicely"})));
    assert_eq!((&shown["instance_id"], &shown["completed_at"]), (&Value::Null, &Value::Null));
    assert_eq!(shown["customer_id"], "00000000-0000-0000-0000-000000000000");
    let history = shown["history"].as_array().unwrap();
    assert_eq!((&history[0]["action"], &history[0]["from_status"]), (&json!("created"), &Value::Null));
    let done = history.iter().find(|item| item["action"] == "task.completed").unwrap();
    assert_eq!((&done["detail"]["node"], &done["to_status"]), (&json!("first"), &json!("active")), "{done}");
    // As many lines as the platform has.
    let lines = world.host.operator.get(&format!("{}/{}/history", world.executions(), made.uuid)).await;
    assert_eq!(lines.expect(200).json()["data"].as_array().unwrap().len(), history.len());
}

#[tokio::test]
async fn a_record_shows_its_stage_and_its_state_in_other_apis() {
    let world = World::new().await;
    let state = json!({"workflow_state": {"rent": 900}, "stage": "notice", "title": "Flat 3"});
    world.hydracore.open(state).await;
    let made = world.named("Flat 3", Core::Running).await;
    let path = format!("{}/workflows/executions/{}", smartmca::BASE, made.smartmca);
    let shown = world.smartmca.get(&path).await.expect(200).json();
    assert_eq!(shown["context"], json!({"rent": 900}), "{shown}");
    assert_eq!((&shown["entityType"], &shown["entityId"]), (&json!("customer"), &json!(crate::hydracore::CUSTOMER)));
}

#[tokio::test]
async fn no_api_changes_what_only_another_knows_how_to() {
    let world = World::new().await;
    let made = world.make(By::Smartmca, Core::Waiting).await;
    let flow = world.make(By::Epilot, Core::Waiting).await;
    let refused = |answer: Answer, api: &str| {
        assert_eq!(answer.status, 409, "{}", answer.text);
        assert!(answer.text.contains(&format!("made with the {api} API")), "{}", answer.text);
    };
    for (uuid, api) in [(&made.uuid, "smartmca"), (&flow.uuid, "epilot")] {
        let record = format!("/v1/workflows/{uuid}");
        let admin = &world.hydracore.admin;
        refused(admin.post_empty(&format!("{record}/abort")).await, api);
        refused(admin.post(&format!("{record}/suspend"), &json!({"step": "s"})).await, api);
        refused(admin.post(&format!("{record}/resume"), &json!({})).await, api);
        // Agents know the records of their instance and nothing else.
        world.hydracore.agent.get(&format!("{}/{uuid}", world.hydracore.workflows())).await.expect(404);
        let advance = json!({"action": "moved"});
        let path = format!("{}/{uuid}", world.hydracore.workflows());
        world.hydracore.agent.json("PATCH", &path, &advance).await.expect(404);
    }
    let (v1, v2) = (format!("/v1/workflows/executions/{}", made.uuid), format!("/v2/flows/executions/{}", made.uuid));
    for path in [&v1, &v2] {
        refused(world.epilot.json("PATCH", path, &json!({"status": "CLOSED"})).await, "smartmca");
        refused(world.epilot.send("DELETE", path, &[], None).await, "smartmca");
    }
    refused(world.epilot.json("PATCH", &format!("{v2}/tasks/ask"), &json!({"status": "COMPLETED"})).await, "smartmca");
    for made in [&made, &flow] {
        assert_eq!(Lens::Platform.one(&world, made).await.status, "waiting");
    }
    // The platform may.
    world.host.operator.post(&format!("{}/{}/cancel", world.executions(), made.uuid), &json!({})).await.expect(200);
    assert_eq!(Lens::Hydracore.one(&world, &made).await.status, "cancelled");
}

#[tokio::test]
async fn no_api_shows_another_tenants_executions() {
    let world = World::new().await;
    let made = world.make(By::Smartmca, Core::Completed).await;
    let (other, smartmca) = smartmca::member(&world.host).await;
    let softsolz = world.host.client(&other, "softsolz", crate::softsolz::SCOPES, "live").await;
    smartmca.get(&format!("/api/public/v1/workflows/executions/{}", made.smartmca)).await.expect(404);
    softsolz.get(&format!("{}/runs/{}", crate::softsolz::BASE, made.uuid)).await.expect(404);
    let epilot = world.host.client(&other, "epilot", crate::epilot::GRANTS, "live").await;
    epilot.get(&format!("/v2/flows/executions/{}", made.uuid)).await.expect(404);
    assert_eq!(epilot.get(&format!("/v1/workflows/executions/{}", made.uuid)).await.expect(200).text, "");
    assert_eq!(epilot.get("/v1/workflows/executions").await.expect(200).json(), json!([]));
    let runs = softsolz.get(&format!("{}/runs", crate::softsolz::BASE)).await.expect(200).json();
    assert_eq!(runs["data"], json!([]));
    let admin = crate::hydracore::Bed::of(&world.host, other).await.admin;
    admin.get(&format!("/v1/workflows/{}", made.uuid)).await.expect(404);
    admin.post_empty(&format!("/v1/workflows/{}/abort", made.uuid)).await.expect(404);
    let listed = admin.get("/v1/workflows").await.expect(200).json();
    assert_eq!((&listed["total"], &listed["workflows"]), (&json!(0), &json!([])));
}
