use serde_json::{Value, json};
use stepwright_sdk::mail::Delivery;
use stepwright_sdk::testing::Host;
use stepwright_sdk::{Fault, Input, StepOutcome};

use super::{host, input, places};
use crate::send_email;

/// The usual config with more or other members.
fn config(more: Value) -> Value {
    let mut config =
        json!({ "to": "{{entity.email.0.email}}", "subject": "Hello {{entity.first_name}}", "body": "Dear <b>" });
    for (name, value) in more.as_object().unwrap() {
        config[name] = value.clone();
    }
    config
}

fn code(host: &Host, config: Value) -> String {
    host.run(send_email, config, input()).unwrap_err().code
}

#[test]
fn a_mail_goes_to_whom_the_entity_names() {
    let host = host();
    let more = json!({ "cc": ["{{entity.nothing}}", "b@b.c"], "reply_to": "Desk <r@b.c>" });
    let outcome = host.run(send_email, config(more), input()).unwrap();
    let output = outcome.output().unwrap();
    assert_eq!((&output["recipients"], &output["queued"]), (&json!(2), &json!(false)));
    let mail = host.mails().remove(0);
    assert_eq!((mail.to, mail.cc), (vec!["ada@example.com".to_owned()], vec!["b@b.c".to_owned()]));
    assert_eq!((mail.subject.as_str(), mail.text.as_str()), ("Hello Ada", "Dear <b>"));
    assert!(mail.html.unwrap().contains("Dear &lt;b&gt;"));
    assert_eq!(mail.reply_to.as_deref(), Some("Desk <r@b.c>"));
}

#[test]
fn a_mail_that_names_no_entity_needs_no_grant_for_one() {
    let host = host().deny("entities.read:contact");
    let plain = json!({ "to": "a@b.c", "subject": "s", "body": "b {{outputs.0.id}}" });
    host.run(send_email, plain, input()).unwrap();
    assert_eq!(host.mails()[0].text, "b o-1");
    assert_eq!(code(&host, config(json!({}))), "GRANT_MISSING");
}

#[test]
fn a_mail_to_nobody_or_to_no_address_fails() {
    assert_eq!(code(&host(), config(json!({ "to": "{{entity.nothing}}" }))), "NO_RECIPIENT");
    assert_eq!(code(&host(), config(json!({ "to": "{{entity.first_name}}" }))), "INVALID_RECIPIENT");
    assert_eq!(code(&host(), config(json!({ "subject": "{{entity.nothing}}" }))), "NO_SUBJECT");
    let mut hostile = json!({ "email": "a@b.c\r\nBcc: x@y.z", "first_name": "A\r\nBcc: x@y.z" });
    let host = Host::new().entity("contact", "c1", hostile.take());
    assert_eq!(code(&host, config(json!({ "to": "{{entity.email}}" }))), "INVALID_RECIPIENT");
    host.run(send_email, config(json!({ "to": "a@b.c" })), input()).unwrap();
    assert_eq!(host.mails()[0].subject, "Hello A  Bcc: x@y.z");
}

#[test]
fn the_step_waits_a_minute_for_its_mail_and_sends_it_once() {
    let run = |host: &Host| host.run(send_email, config(json!({})), input());
    let host = host().now("2026-01-01T00:00:01Z").mail_delivery(Delivery::Queued);
    assert_eq!(run(&host).unwrap(), StepOutcome::Defer("2026-01-01T00:01:00Z".into()));
    let host = host.now("2026-01-01T00:01:00Z");
    assert_eq!(run(&host).unwrap().output().unwrap()["queued"], true);
    assert_eq!(host.mails().len(), 1);
}

#[test]
fn a_refused_mail_fails_the_step_with_the_servers_code() {
    let host = host().mail_delivery(Delivery::Failed { code: "SMTP_550".into(), reason: "no such user".into() });
    assert_eq!(code(&host, config(json!({}))), "SMTP_550");
}

#[test]
fn configs_are_checked_as_far_as_they_can_be() {
    assert_eq!(
        places(send_email, config(json!({ "to": ["{{entity.email}}", "nobody"], "cc": "x" }))),
        ["/to/1", "/cc"]
    );
    assert_eq!(places(send_email, config(json!({ "to": [] }))), ["/to"]);
    assert_eq!(places(send_email, config(json!({ "subject": "a\nb", "body": "{{x}}" }))), ["/subject", "/body"]);
    assert_eq!(places(send_email, config(json!({ "subject": "ü".repeat(201) }))), ["/subject"]);
    let many: Vec<String> = (0..51).map(|n| format!("a{n}@b.c")).collect();
    assert_eq!(places(send_email, config(json!({ "to": many }))), ["/to"]);
    let fault = host().run(send_email, json!({ "to": "a@b.c" }), Input::new(Value::Null)).unwrap_err();
    assert_eq!(fault.code, Fault::INVALID_CONFIG);
}
