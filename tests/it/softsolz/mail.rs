//! A mail step and the tenant's SMTP server.

use super::{BASE, SCOPES, created, ended, manual, run};
use crate::support::host::Tenant;
use crate::support::smtp::{Smtp, Temper};
use crate::support::{Client, TestHost, eventually};
use serde_json::{Value, json};

async fn with_server(host: &TestHost, port: u16) -> (Tenant, Client) {
    let tenant = host.tenant().await;
    let smtp = json!({"smtp": {"host": "127.0.0.1", "port": port, "mode": "none", "from": "office@example.com"}});
    host.operator.json("PATCH", &format!("{}/settings", tenant.base), &smtp).await.expect(200);
    let client = host.client(&tenant, "softsolz", SCOPES, "live").await;
    (tenant, client)
}

fn mails(to: Value) -> Value {
    manual(json!([{"type": "send_email", "config": {"to": to, "subject": "Hello", "body": "Hi"}}]))
}

#[tokio::test]
async fn a_mail_step_ends_when_the_server_has_taken_the_mail_and_names_who_was_refused() {
    let host = TestHost::start().await;
    let server = Smtp::start(Temper::RefusesRecipient("bob@example.com")).await;
    let (_, client) = with_server(&host, server.port).await;
    let id = created(&client, &mails(json!(["ada@example.com", "bob@example.com"]))).await;
    let shown = ended(&client, &run(&client, &id).await).await;
    assert_eq!(shown["status"], "completed", "{shown}");
    let output = &shown["steps"][0]["output"];
    assert_eq!((&output["queued"], &output["rejected"]), (&json!(false), &json!(["bob@example.com"])), "{shown}");
    assert_eq!(server.taken(), 1);
}

#[tokio::test]
async fn a_refused_mail_fails_the_run_with_the_servers_code_and_a_second_run_is_sent_anew() {
    let host = TestHost::start().await;
    let server = Smtp::start(Temper::RefusesAll).await;
    let (_, client) = with_server(&host, server.port).await;
    let id = created(&client, &mails(json!("ada@example.com"))).await;
    let shown = ended(&client, &run(&client, &id).await).await;
    assert_eq!(shown["status"], "failed", "{shown}");
    assert_eq!(shown["error"]["code"], "SMTP_554", "{shown}");
    server.becomes(Temper::Friendly);
    host.advance_secs(60);
    assert_eq!(ended(&client, &run(&client, &id).await).await["status"], "completed");
    assert_eq!(server.taken(), 1);
}

#[tokio::test]
async fn a_retried_step_sends_its_refused_mail_anew() {
    let host = TestHost::start().await;
    let server = Smtp::start(Temper::RefusesAll).await;
    let (tenant, client) = with_server(&host, server.port).await;
    let id = created(&client, &mails(json!("ada@example.com"))).await;
    let first = run(&client, &id).await;
    assert_eq!(ended(&client, &first).await["status"], "failed");
    server.becomes(Temper::Friendly);
    host.operator.post(&format!("{}/executions/{first}/retry", tenant.base), &json!({})).await.expect(200);
    assert_eq!(ended(&client, &first).await["status"], "completed");
    assert_eq!(server.taken(), 1);
}

#[tokio::test]
async fn while_the_server_is_down_the_step_waits_a_minute_and_the_mail_goes_on_by_itself() {
    let host = TestHost::start().await;
    // Nobody listens there any more.
    let port = Smtp::start(Temper::Friendly).await.stop().await;
    let (tenant, client) = with_server(&host, port).await;
    let id = created(&client, &mails(json!("ada@example.com"))).await;
    let started = run(&client, &id).await;
    eventually("the first attempt", || async {
        let outbox = host.operator.get(&format!("{}/outbox", tenant.base)).await.expect(200).json();
        outbox["data"][0]["attempts"].as_u64().filter(|n| *n > 0)
    })
    .await;
    let shown = client.get(&format!("{BASE}/runs/{started}")).await.expect(200).json();
    assert_eq!(shown["data"]["status"], "running", "{shown}");
    host.advance_secs(61);
    let shown = ended(&client, &started).await;
    assert_eq!(shown["status"], "completed", "{shown}");
    assert_eq!(shown["steps"][0]["output"]["queued"], true, "{shown}");
}
