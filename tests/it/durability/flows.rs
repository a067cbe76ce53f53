use crate::epilot::{GRANTS, edge, template};
use crate::flows::{automation, branch, decision, none_met, on};
use crate::support::process::{Server, TOKEN};
use crate::support::{Client, eventually};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const FLOWS: usize = 40;

/// The sandbox tenant's path, and an epilot client of it.
async fn tenant(operator: &Client) -> (String, Client) {
    let made = operator.post("/platform/v1/tenants", &json!({"name": "Crash"})).await.expect(201).json();
    let path = |id: &Value| format!("/platform/v1/tenants/{}", id.as_str().unwrap());
    let key = json!({"dialect": "epilot", "scopes": GRANTS, "environment": "test", "rate_limit_per_minute": 100_000});
    let key = operator.post(&format!("{}/keys", path(&made["id"])), &key).await.expect(201).json();
    (path(&made["test_tenant_id"]), operator.with_key(key["key"].as_str().unwrap()))
}

/// Two automations around a decision; the first mails, the second notes it on the entity.
async fn prepare(operator: &Client, base: &str, client: &Client) -> String {
    let listed = operator.get(&format!("{base}/plugins?built_in=true")).await.expect(200).json();
    let actions = listed["data"].as_array().unwrap().iter().find(|p| p["name"] == "actions").unwrap().clone();
    let enable = format!("{base}/plugins/actions/{}/enable", actions["version"].as_str().unwrap());
    let grants = json!({"grants": {"entities": {"write": ["contact"]}}});
    operator.post(&enable, &grants).await.expect(200);
    let mail = json!({"to": "a@example.com", "subject": "For {{entity.name}}", "body": "Hello"});
    let note = json!({"target_schema": "contact", "target_id": "{{entity._id}}",
        "mapping_attributes": [{"target": "visits", "mode": "append_if_exists", "source": "name"}]});
    for (id, step_type, config) in [("mails", "send-email", mail), ("notes", "map-entity", note)] {
        let body = json!({"id": id, "name": id, "actions": [{"step_type": step_type, "config": config}]});
        operator.post(&format!("{base}/automations"), &body).await.expect(201);
    }
    let body = json!({"name": "Mails and notes",
        "tasks": [
            automation("mail", "mails"),
            decision("adult", json!([branch("yes", "age", "number", "greater_than", json!(["17"])),
                branch("no", "age", "number", "less_than", json!(["0"]))])),
            automation("note", "notes"), automation("other", "nobody"),
        ],
        "edges": [edge("mail", "adult"), on("adult", "yes", "note"), on("adult", "no", "other"), none_met("adult", "other")]});
    let target = template(client, &body).await["id"].as_str().unwrap().to_owned();
    // Whatever starts a flow from outside epilot's API goes by way of a durable event.
    let starter = json!({"name": "Starts a flow", "status": "active", "trigger": {"kind": "manual"}, "nodes": [
        {"id": "start", "type": "step", "step_type": "trigger-workflow", "config": {"target_workflow": target}}]});
    let made = operator.post(&format!("{base}/definitions"), &starter).await.expect(201).json();
    made["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn forty_flows_survive_kill_nine_with_no_mail_or_note_twice_and_none_lost() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &[]);
    let operator = server.operator();
    let (base, client) = tenant(&operator).await;
    let starter = prepare(&operator, &base, &client).await;
    let mut starts = tokio::task::JoinSet::new();
    for n in 0..FLOWS {
        let (operator, base, starter) = (operator.clone(), base.clone(), starter.clone());
        starts.spawn(async move {
            let contact = json!({"attributes": {"name": format!("c{n}"), "age": 18 + n}});
            operator.json("PUT", &format!("{base}/entities/contact/c{n}"), &contact).await.expect(201);
            let body = json!({"input": {}, "entity": {"schema": "contact", "id": format!("c{n}")}});
            operator.post(&format!("{base}/definitions/{starter}/executions"), &body).await.expect(202);
        });
    }
    while let Some(started) = starts.join_next().await {
        started.unwrap();
    }
    // In the middle: some flows have ended, some not, some have not begun.
    server.kill();
    for pause in [20, 120, 400] {
        let server = Server::start(dir.path(), &[]);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        server.kill();
    }

    let server = Server::start(dir.path(), &[]);
    let operator = Client::new(&server.base, Some(TOKEN));
    let ended = eventually("the end of every flow", || async {
        let listed = operator.get(&format!("{base}/executions?limit=200")).await.expect(200).json();
        let flows: Vec<Value> =
            listed["data"].as_array().unwrap().iter().filter(|e| e["dialect"] == "epilot").cloned().collect();
        let ended = flows.iter().all(|flow| flow["status"] != "running" && flow["status"] != "pending");
        (flows.len() == FLOWS && ended).then_some(flows)
    })
    .await;
    for flow in &ended {
        assert_eq!(flow["status"], "completed", "{flow}");
    }

    let mut mails: BTreeMap<String, usize> = BTreeMap::new();
    let outbox = operator.get(&format!("{base}/outbox?limit=200")).await.expect(200).json();
    for mail in outbox["data"].as_array().unwrap() {
        *mails.entry(mail["message"]["subject"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let expected: BTreeMap<String, usize> = (0..FLOWS).map(|n| (format!("For c{n}"), 1)).collect();
    assert_eq!(mails, expected);
    for n in 0..FLOWS {
        let contact = operator.get(&format!("{base}/entities/contact/c{n}")).await.expect(200).json();
        assert_eq!(contact["version"], 2, "{contact}");
        assert_eq!(contact["attributes"]["visits"], json!([format!("c{n}")]));
    }
    assert_eq!(server.terminate(), Some(0));
}
