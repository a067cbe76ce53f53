//! The documentation's own command line, pasted with the host, the key and the ids replaced.

use super::{ended, made, member, onboarding};
use crate::support::TestHost;
use std::process::Command;

/// As it stands in the documentation (source: seed 004).
const TRIGGER: &str = r#"curl -X POST https://api.smartmca.com/api/public/v1/workflows/trigger \
  -H "Authorization: Bearer smca_live_..." \
  -H "Content-Type: application/json" \
  -d '{
    "workflowType": "wf_abc123",
    "entityType": "deal",
    "entityId": "deal_456"
  }'"#;

#[tokio::test]
async fn the_documented_command_line_triggers_a_workflow() {
    if !Command::new("curl").arg("--version").output().is_ok_and(|o| o.status.success()) {
        eprintln!("\n*** NOT TESTED: there is no curl here ***\n");
        return;
    }
    let host = TestHost::start().await;
    let (tenant, client) = member(&host).await;
    let (_, workflow) = made(&host, &tenant, &client, &onboarding()).await;
    let line = TRIGGER
        .replace("https://api.smartmca.com", client.base())
        .replace("smca_live_...", client.key().unwrap())
        .replace("wf_abc123", &workflow);
    let output = tokio::task::spawn_blocking(move || Command::new("sh").arg("-c").arg(line).output().unwrap());
    let output = output.await.unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["message"], "Workflow \"Deal Onboarding\" triggered", "{answer}");
    assert_eq!(ended(&client, answer["executionId"].as_str().unwrap()).await["status"], "completed");
}
