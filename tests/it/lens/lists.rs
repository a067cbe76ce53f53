//! Lists that show executions of several APIs: filters, totals and pages are those of all of them together.

use super::made::By;
use super::{Core, World};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PER_PAGE: usize = 3;

/// All pages of a list of HydraCore's, and the total that every one of them tells.
async fn pages(world: &World, query: &str) -> (Vec<String>, u64) {
    let (mut ids, mut totals) = (Vec::new(), BTreeSet::new());
    for page in 1..20 {
        let path = format!("/v1/workflows?per_page={PER_PAGE}&page={page}{query}");
        let listed = world.hydracore.admin.get(&path).await.expect(200).json();
        totals.insert(listed["total"].as_u64().unwrap());
        let found = listed["workflows"].as_array().unwrap();
        ids.extend(found.iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        if found.len() < PER_PAGE {
            break;
        }
    }
    assert_eq!(totals.len(), 1, "{query}: {totals:?}");
    (ids, totals.into_iter().next().unwrap())
}

#[tokio::test]
async fn pages_of_records_and_others_hold_each_once_and_newest_first() {
    let world = World::new().await;
    let about = json!({"title": "t", "workflow_type": "custom"});
    for n in 0..4 {
        // Their times differ, so that the order is theirs.
        for by in [By::Smartmca, By::Epilot, By::Softsolz] {
            let core = if n % 2 == 0 && by != By::Softsolz { Core::Waiting } else { Core::Completed };
            if n < 2 {
                world.host.advance_secs(1);
                world.make(by, core).await;
            }
        }
        world.host.advance_secs(1);
        world.hydracore.open(about.clone()).await;
        world.host.advance_secs(1);
        world.hydracore.open(json!({"workflow_type": "lead"})).await;
    }
    let native = world.host.operator.get(&format!("{}?limit=200", world.executions())).await.expect(200).json();
    let all = native["data"].as_array().unwrap();
    let of = |wanted: &dyn Fn(&Value) -> bool| -> Vec<String> {
        all.iter().filter(|one| wanted(one)).map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    let foreign = |one: &Value| one["dialect"] != "hydracore";
    let lead = |one: &Value| !foreign(one) && one["title"] == "lead";
    for (query, expected) in [
        ("", of(&|_| true)),
        ("&status=completed", of(&|one| one["status"] == "completed")),
        ("&status=awaiting_approval", of(&|one| one["status"] == "waiting")),
        ("&status=active", of(&|one| one["status"] == "running")),
        ("&status=failed", Vec::new()),
        ("&workflow_type=custom", of(&|one| !lead(one))),
        ("&workflow_type=custom&status=completed", of(&|one| one["status"] == "completed")),
        ("&workflow_type=custom&status=active", of(&|one| !foreign(one) && !lead(one))),
        ("&workflow_type=lead", of(&lead)),
        (&format!("&customer_id={}", crate::hydracore::CUSTOMER), of(&|one| !foreign(one))),
        ("&customer_id=00000000-0000-0000-0000-000000000000", Vec::new()),
    ] {
        let total = expected.len() as u64;
        assert_eq!(pages(&world, query).await, (expected, total), "{query}");
    }
    // An agent's list is its instance's.
    let own = world.hydracore.agent.get(&world.hydracore.workflows()).await.expect(200).json();
    assert_eq!(own["total"], 8);
}

#[tokio::test]
async fn an_execution_about_what_a_uuid_names_is_that_customers() {
    let world = World::new().await;
    let definition = crate::smartmca::with(crate::smartmca::onboarding(), json!({"entity_type": null}));
    let path = format!("{}/definitions", world.tenant.base);
    let made = world.host.operator.post(&path, &definition).await.expect(201).json();
    let start = format!("{path}/{}/executions?wait=20s", made["id"].as_str().unwrap());
    let about = json!({"entity": {"schema": "contact", "id": crate::hydracore::CUSTOMER}});
    world.host.operator.post(&start, &about).await.expect(200);
    world.hydracore.open(json!({})).await;
    let of = async |query: &str| {
        let path = format!("/v1/workflows?customer_id={}{query}", crate::hydracore::CUSTOMER);
        let listed = world.hydracore.admin.get(&path).await.expect(200).json();
        (listed["total"].as_u64().unwrap(), listed["workflows"].as_array().unwrap().len())
    };
    assert_eq!(of("").await, (2, 2));
    assert_eq!(of("&status=completed").await, (1, 1));
    assert_eq!(of("&workflow_type=custom").await, (1, 1));
    assert_eq!(of("&workflow_type=lead").await, (1, 1));
}

/// Every page of a search of V1.
async fn searched(world: &World, search: &Value) -> Vec<String> {
    let (mut names, mut search) = (Vec::new(), search.clone());
    loop {
        let page = world.epilot.post("/v1/workflows/executions/search", &search).await.expect(200).json();
        names.extend(page["executions"].as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap().to_owned()));
        let last = &page["lastEvaluatedKey"];
        if last.is_null() {
            return names;
        }
        search["pagination"] = last.clone();
    }
}

#[tokio::test]
async fn searches_of_v1_go_through_flows_and_others_in_every_order() {
    let world = World::new().await;
    let mut titles = Vec::new();
    let definition = crate::smartmca::onboarding();
    let (_, workflow) = crate::smartmca::made(&world.host, &world.tenant, &world.smartmca, &definition).await;
    let template = json!({"name": "Installation", "tasks": [crate::epilot::manual("call")], "edges": []});
    let template = crate::epilot::template(&world.epilot, &template).await;
    for n in 0..34 {
        // Some at the same time.
        if n % 3 == 0 {
            world.host.advance_secs(1);
        }
        if n % 2 == 0 {
            let start = json!({"flow_template_id": template["id"],
                "contexts": [{"entity_id": "deal_456", "entity_schema": "deal", "is_primary": true}]});
            world.epilot.post("/v2/flows/executions", &start).await.expect(201);
            titles.push("Installation");
        } else {
            let execution = crate::smartmca::triggered(&world.smartmca, &workflow).await;
            crate::smartmca::ended(&world.smartmca, &execution).await;
            titles.push("Deal Onboarding");
        }
    }
    let mut sorted = titles.clone();
    sorted.sort_unstable();
    let ascending = json!({"includeDoneWorkflows": true, "sorting": "A_Z"});
    assert_eq!(searched(&world, &ascending).await, sorted);
    sorted.reverse();
    let descending = json!({"includeDoneWorkflows": true, "sorting": "Z_A"});
    assert_eq!(searched(&world, &descending).await, sorted);
    for sorting in ["TRIGGER_DATE_ASC", "TRIGGER_DATE_DESC", "DUE_DATE_ASC", "DUE_DATE_DESC"] {
        let found = searched(&world, &json!({"includeDoneWorkflows": true, "sorting": sorting})).await;
        assert_eq!(found.len(), titles.len(), "{sorting}");
        assert_eq!(found.iter().filter(|title| *title == "Installation").count(), 17, "{sorting}");
    }
    assert_eq!(searched(&world, &json!({"status": "DONE"})).await.len(), 17);
    assert_eq!(searched(&world, &json!({"status": "STARTED", "name": "onboarding"})).await.len(), 0);
    assert_eq!(searched(&world, &json!({"includeDoneWorkflows": true, "name": "BOARD"})).await.len(), 17);
    assert_eq!(searched(&world, &json!({"includeDoneWorkflows": true, "assignedTo": "7"})).await.len(), 0);
    let listed = world.epilot.get("/v1/workflows/executions?schema=deal").await.expect(200).json();
    assert_eq!(listed.as_array().unwrap().len(), titles.len());
    let none = world.epilot.get("/v1/workflows/executions?schema=order").await.expect(200).json();
    assert_eq!(none, json!([]));
}
