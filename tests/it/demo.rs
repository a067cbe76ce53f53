//! `serve --demo`: what is printed works as it is pasted.

use crate::support::eventually;
use crate::support::process::Server;
use serde_json::Value;
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
    let pasted = tokio::task::spawn_blocking(move || Command::new("bash").arg("-c").arg(sheet).output().unwrap());
    let pasted = pasted.await.unwrap();
    let shown = String::from_utf8(pasted.stdout).unwrap();
    assert!(pasted.status.success(), "{shown}");
    let answers: Vec<Value> = shown.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(answers.len() >= 8, "{shown}");
    let refused = |answer: &&Value| {
        answer["status"].as_u64().is_some_and(|status| status >= 400) || answer["message"].is_string()
    };
    assert_eq!(answers.iter().find(refused), None, "{shown}");
    let of = |member: &str| {
        answers.iter().find(|answer| !answer[member].is_null()).unwrap_or_else(|| panic!("{member} in {shown}"))
    };
    let flow = of("crt_tasks");
    assert_eq!((&flow["name"], &flow["status"]), (&"Welcome a customer".into(), &"STARTED".into()));
    let current = flow["crt_tasks"][0]["id"].clone();
    let task = flow["tasks"].as_array().unwrap().iter().find(|task| task["id"] == current).unwrap();
    assert_eq!(task["name"], "Call them", "{flow}");
    let contact = of("attributes");
    assert_eq!(contact["attributes"]["welcomed"], true, "{contact}");
    assert_eq!(contact["attributes"]["workflows"]["primary"]["id"], flow["id"]);
    assert_eq!(server.terminate(), Some(0));
}
