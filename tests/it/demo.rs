//! `serve --demo`: what is printed works as it is pasted.

use crate::support::Client;
use crate::support::eventually;
use crate::support::process::{Server, TOKEN};
use serde_json::{Value, json};
use std::process::Command;

#[tokio::test]
async fn the_lines_of_the_demo_work_as_they_are_pasted() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("curl is not there: the lines of the demo were NOT tried");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(dir.path(), &["--demo"]);
    let sheet = eventually("the sheet", || async {
        std::fs::read_to_string(dir.path().join("demo.txt")).ok().filter(|sheet| sheet.contains("/docs"))
    })
    .await;
    let exported = |name: &str| {
        let line = sheet.lines().find_map(|line| line.strip_prefix(&format!("export {name}=")));
        line.unwrap_or_else(|| panic!("no {name} in {sheet}")).to_owned()
    };
    let (key, sandbox) = (exported("EP"), exported("SANDBOX"));
    let lines = sheet.clone();
    let pasted = tokio::task::spawn_blocking(move || Command::new("bash").arg("-c").arg(lines).output().unwrap());
    let pasted = pasted.await.unwrap();
    let shown = String::from_utf8(pasted.stdout).unwrap();
    assert!(pasted.status.success(), "{shown}");
    let answers: Vec<Value> = shown.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(answers.len() >= 8, "{shown}");
    let refused = |answer: &&Value| {
        let only = |name: &str| answer[name].is_string() && answer.as_object().is_some_and(|o| o.len() == 1);
        answer["status"].as_u64().is_some_and(|s| s >= 400)
            || only("message")
            || !answer["detail"].is_null()
            || answer["error"]["code"].is_string()
    };
    assert_eq!(answers.iter().find(refused), None, "{shown}");

    let flow = shown.lines().find_map(|line| line.strip_prefix("flow ")).unwrap().to_owned();
    let client = Client::new(&server.base, Some(&key));
    let path = format!("/v2/flows/executions/{flow}");
    eventually("the decision", || async {
        let flow = client.get(&path).await.expect(200).json();
        let current = flow["crt_tasks"][0]["id"].clone();
        let task = flow["tasks"].as_array()?.iter().find(|task| task["id"] == current)?.clone();
        (task["name"] == "Call them").then_some(())
    })
    .await;
    let contact = format!("/platform/v1/tenants/{sandbox}/entities/contact/c-willow");
    let contact = Client::new(&server.base, Some(TOKEN)).get(&contact).await.expect(200).json();
    assert_eq!(contact["attributes"]["welcomed"], true, "{contact}");
    assert_eq!(contact["attributes"]["workflows"]["primary"]["id"], json!(flow));
    assert_eq!(server.terminate(), Some(0));
}
