//! What clients of epilot see of an agent that waits for a person, and what they can do about it.

use super::Stage;
use crate::epilot::{GRANTS, template};
use crate::support::{Client, eventually};
use serde_json::{Value, json};

/// A stage, a client of epilot, and the path of a flow whose agent asks before it changes the order's amount.
async fn asking() -> (Stage, Client, String) {
    let stage = Stage::set().await;
    let put = json!({"do": "call", "tool": "entities_put",
        "arguments": {"schema": "order", "id": "o1", "patch": {"amount": 7}}});
    let grants = json!({"entities": {"write": ["order"]}});
    let more = json!({"config": {"acts": [put], "outcome": "done"}, "grants": grants, "mode": "approval",
        "budget": {"confirm_within": 60}});
    stage.scripted("script", more).await;
    let client = stage.host.client(&stage.tenant, "epilot", GRANTS, "test").await;
    let task = json!({"id": "agent", "name": "Agent", "task_type": "AI_AGENT", "agent_config": {"agent_id": "a"}});
    let made = template(&client, &json!({"name": "Asks", "tasks": [task], "edges": []})).await;
    let about = json!([{"entity_id": "o1", "entity_schema": "order"}]);
    let body = json!({"flow_template_id": made["id"], "contexts": about});
    let started = client.post("/v2/flows/executions", &body).await.expect(201).json();
    let path = format!("/v2/flows/executions/{}", started["id"].as_str().expect("id"));
    let task = becomes(&client, &path, "WAITING_FOR_CONFIRMATION").await;
    assert_eq!(task["agent_execution"]["execution_status"], "waiting_approval", "{task}");
    (stage, client, path)
}

/// The flow's only task once it has this status.
async fn becomes(client: &Client, flow: &str, status: &str) -> Value {
    eventually(status, || async {
        let shown = client.get(flow).await.expect(200).json();
        (shown["tasks"][0]["status"] == status).then(|| shown["tasks"][0].clone())
    })
    .await
}

async fn patch(client: &Client, flow: &str, status: &str, expected: u16) -> Value {
    let shown = client.get(flow).await.expect(200).json();
    let task = shown["tasks"][0]["id"].as_str().expect("id").to_owned();
    client.json("PATCH", &format!("{flow}/tasks/{task}"), &json!({"status": status})).await.expect(expected).json()
}

#[tokio::test]
async fn an_approval_completes_the_task_and_a_rejection_is_the_agents_to_deal_with() {
    for (decision, amount) in [
        (json!({"decision": "approve"}), 7),
        (json!({"decision": "edit", "arguments": {"schema": "order", "id": "o1", "patch": {"amount": 8}}}), 8),
        (json!({"decision": "reject", "reason": "no"}), 3),
    ] {
        let (stage, client, flow) = asking().await;
        let question = stage.question().await;
        stage.decide(&question, decision.clone(), 200).await;
        let task = becomes(&client, &flow, "COMPLETED").await;
        let shown = &task["agent_execution"];
        assert_eq!((&shown["execution_status"], &shown["outcome"]), (&json!("completed"), &json!("done")), "{task}");
        assert_eq!(stage.attributes("order", "o1").await["amount"], amount, "{decision}");
    }
}

#[tokio::test]
async fn a_question_that_expires_is_the_agents_to_deal_with_too() {
    let (stage, client, flow) = asking().await;
    stage.host.advance_secs(61);
    becomes(&client, &flow, "COMPLETED").await;
    assert_eq!(stage.attributes("order", "o1").await["amount"], 3);
}

#[tokio::test]
async fn a_client_can_only_do_without_the_agent_while_it_waits() {
    for (status, over) in [("COMPLETED", true), ("SKIPPED", true), ("ON_HOLD", false)] {
        let (stage, client, flow) = asking().await;
        for refused in ["PENDING", "IN_PROGRESS", "FAILED"] {
            let answer = patch(&client, &flow, refused, 400).await;
            assert!(
                answer["message"].as_str().is_some_and(|text| text.contains("WAITING_FOR_CONFIRMATION")),
                "{answer}"
            );
        }
        // Clients send back what they were shown.
        patch(&client, &flow, "WAITING_FOR_CONFIRMATION", 200).await;
        patch(&client, &flow, status, 200).await;
        becomes(&client, &flow, status).await;
        // The question is void: whatever is answered now, nothing is done.
        let question = stage.question().await;
        stage.decide(&question, json!({"decision": "approve"}), 200).await;
        if over {
            eventually("the run's end", || async {
                let runs = stage.host.operator.get(&format!("{}/agent-runs", stage.base)).await.expect(200).json();
                (runs["data"][0]["status"] == "cancelled").then_some(())
            })
            .await;
        }
        assert_eq!(stage.attributes("order", "o1").await["amount"], 3, "{status}");
    }
}
