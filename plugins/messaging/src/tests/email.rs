use stepwright_sdk::mail::Delivery;
use stepwright_sdk::prelude::*;

use super::{delivery, host, input, summary};
use crate::send_email;

fn config(changes: Value) -> Value {
    let mut config = json!({"to": "ada@example.com", "subject": "Weekly report"});
    for (name, value) in changes.as_object().unwrap() {
        config[name] = value.clone();
    }
    config
}

/// Where a config is wrong.
fn places(changes: Value) -> Vec<String> {
    let errors = host().validate(send_email, config(changes)).unwrap_err();
    errors.into_iter().map(|error| error.pointer).collect()
}

#[test]
fn undelivered_summaries_are_sent_as_text_and_html() {
    let host = host();
    let outcome = host.run(send_email, config(json!({})), input(&[("0", summary("Payments"))])).unwrap();
    let expected =
        json!({"message_id": "task-0-mail", "recipients": 1, "delivered": ["0"], "queued": false, "rejected": []});
    assert_eq!(outcome.output(), Some(&expected));
    let mail = host.mails().remove(0);
    assert_eq!(
        (mail.to, mail.subject, mail.reply_to),
        (vec!["ada@example.com".to_owned()], "Weekly report".into(), None)
    );
    assert!(mail.text.starts_with("Payments\n2026-08-06"), "{}", mail.text);
    let html = mail.html.unwrap();
    assert!(
        html.starts_with("<!DOCTYPE html>") && html.contains("<td align=\"right\" valign=\"top\">1,050.00 EUR</td>"),
        "{html}"
    );
}

#[test]
fn a_body_stands_before_the_summaries() {
    let host = host();
    let config = config(json!({"body": "Hello <all>,\nhere it is:"}));
    host.run(send_email, config, input(&[("0", summary("Payments"))])).unwrap();
    let mail = host.mails().remove(0);
    assert!(mail.text.starts_with("Hello <all>,\nhere it is:\n\nPayments\n"), "{}", mail.text);
    assert!(mail.html.unwrap().contains("Hello &lt;all&gt;,<br>\nhere it is:<br>\n<br>\n<h2>Payments</h2>"));
}

#[test]
fn a_body_alone_is_enough() {
    let host = host();
    let outcome = host.run(send_email, config(json!({"body": "Good morning"})), json!({})).unwrap();
    assert_eq!(outcome.output().unwrap()["delivered"], json!([]));
    assert_eq!(host.mails()[0].text, "Good morning\n");
}

#[test]
fn a_template_is_the_whole_mail() {
    let host = host();
    let template = json!({"template": "Hi {{input.name}}"});
    let input = Input::new(json!({"name": "Ada"})).with_output("0", summary("Payments"));
    let outcome = host.run(send_email, config(template), input).unwrap();
    assert_eq!(host.mails()[0].text, "Hi Ada");
    // It has not delivered what it does not show.
    assert_eq!(outcome.output().unwrap()["delivered"], json!([]));
}

#[test]
fn a_template_with_the_summaries_delivers_them() {
    let host = host();
    let template = json!({"template": "{{summaries}}"});
    let outcome = host.run(send_email, config(template), input(&[("0", summary("Payments"))])).unwrap();
    assert_eq!(outcome.output().unwrap()["delivered"], json!(["0"]));
    assert!(host.mails()[0].text.starts_with("Payments\n"));
}

#[test]
fn with_neither_body_nor_template_nor_summary_the_step_fails() {
    for nothing in [json!({}), json!({"body": "  \n"})] {
        let host = host();
        let fault = host.run(send_email, config(nothing), input(&[("0", json!({"marked": 3}))])).unwrap_err();
        assert_eq!((fault.code.as_str(), fault.retryable), ("NOTHING_TO_SEND", false));
        assert!(host.mails().is_empty());
    }
}

#[test]
fn a_mail_after_a_notification_still_has_the_summaries() {
    let host = host();
    let outputs = [("0", summary("Payments")), ("1", delivery(&["0"]))];
    let outcome = host.run(send_email, config(json!({})), input(&outputs)).unwrap();
    assert_eq!(outcome.output().unwrap()["delivered"], json!(["0"]));
}

#[test]
fn all_recipients_are_addressed() {
    let host = host();
    let config = config(json!({
        "to": ["a@b.c", "Bo <b@b.c>"], "cc": "c@b.c", "bcc": ["d@b.c", "e@b.c"], "reply_to": "Desk <r@b.c>", "body": "x",
    }));
    let outcome = host.run(send_email, config, json!({})).unwrap();
    assert_eq!(outcome.output().unwrap()["recipients"], 5);
    let mail = host.mails().remove(0);
    assert_eq!((mail.to, mail.cc), (vec!["a@b.c".to_owned(), "Bo <b@b.c>".into()], vec!["c@b.c".to_owned()]));
    assert_eq!((mail.bcc.len(), mail.reply_to.as_deref()), (2, Some("Desk <r@b.c>")));
}

#[test]
fn the_config_is_kept_as_it_was_written() {
    for written in [config(json!({})), config(json!({"to": ["a@b.c"], "cc": [], "bcc": "d@e.f", "body": "x"}))] {
        assert_eq!(host().validate(send_email, written.clone()).unwrap(), written);
    }
}

#[test]
fn invalid_addresses_are_refused_each_at_its_place() {
    let wrong = json!({"to": ["a@b.c", "nobody", "@"], "cc": "x", "bcc": ["y"], "reply_to": "z"});
    assert_eq!(places(wrong), ["/to/1", "/to/2", "/cc", "/bcc/0", "/reply_to"]);
    assert_eq!(places(json!({"to": "nobody"})), ["/to"]);
    assert_eq!(places(json!({"to": []})), ["/to"]);
    assert_eq!(places(json!({"to": 7})), ["/to"]);
    assert_eq!(places(json!({"to": ["a@b.c", 7]})), ["/to/1"]);
}

#[test]
fn line_breaks_are_refused_wherever_they_would_reach_a_header() {
    for evil in ["a@b.c\r\nBcc: d@e.f", "a@b.c\nX: y", "A\rB <a@b.c>"] {
        assert_eq!(places(json!({"to": evil, "cc": [evil], "reply_to": evil})), ["/to", "/cc/0", "/reply_to"]);
    }
    for evil in ["a\r\nBcc: d@e.f", "a\nb", "a\rb", "a\0b"] {
        assert_eq!(places(json!({"subject": evil})), ["/subject"]);
    }
}

#[test]
fn a_subject_has_1_to_200_characters() {
    assert_eq!(places(json!({"subject": ""})), ["/subject"]);
    assert_eq!(places(json!({"subject": "  "})), ["/subject"]);
    assert_eq!(places(json!({"subject": "ü".repeat(201)})), ["/subject"]);
    host().validate(send_email, config(json!({"subject": "ü".repeat(200)}))).unwrap();
}

#[test]
fn fifty_recipients_are_allowed_and_no_more() {
    let many = |count: usize| (0..count).map(|n| format!("a{n}@b.c")).collect::<Vec<_>>();
    host().validate(send_email, config(json!({"to": many(50)}))).unwrap();
    host().validate(send_email, config(json!({"to": many(25), "cc": many(25)}))).unwrap();
    assert_eq!(places(json!({"to": many(51)})), ["/to"]);
    assert_eq!(places(json!({"to": many(25), "cc": many(20), "bcc": many(6)})), ["/to"]);
}

#[test]
fn members_that_are_missing_or_contradictory_are_refused() {
    let missing = host().validate(send_email, json!({"to": "a@b.c"})).unwrap_err();
    assert_eq!(missing[0].message, "missing field `subject`");
    assert_eq!(places(json!({"body": "x", "template": "y"})), ["/template"]);
    assert_eq!(places(json!({"template": "{{nme}}"})), ["/template"]);
}

/// A step's runs at two moments, while the mail is on its way as told; what it was queued at is midnight.
fn waiting(
    first: Delivery,
    then: Delivery,
    later: &str,
) -> (StepOutcome<Value>, Result<StepOutcome<Value>, Fault>, usize) {
    let host = host().now("2026-01-01T00:00:00Z").mail_delivery(first);
    let waits = host.run(send_email, config(json!({"body": "Hi"})), json!({})).unwrap();
    let host = host.now(later).mail_delivery(then);
    let outcome = host.run(send_email, config(json!({"body": "Hi"})), json!({}));
    (waits, outcome, host.mails().len())
}

#[test]
fn the_step_waits_for_its_mail_and_sends_it_once() {
    let sent = Delivery::Sent(vec!["bob@example.com".into()]);
    let (waits, outcome, mails) = waiting(Delivery::Queued, sent, "2026-01-01T00:00:01Z");
    assert_eq!(waits, StepOutcome::Defer("2026-01-01T00:01:00Z".into()));
    let outcome = outcome.unwrap();
    let output = outcome.output().unwrap();
    assert_eq!((&output["queued"], &output["rejected"]), (&json!(false), &json!(["bob@example.com"])));
    assert_eq!(mails, 1);
}

#[test]
fn after_a_minute_the_mail_goes_on_by_itself() {
    let (_, early, _) = waiting(Delivery::Queued, Delivery::Queued, "2026-01-01T00:00:59.999Z");
    assert_eq!(early.unwrap(), StepOutcome::Defer("2026-01-01T00:01:00Z".into()));
    let (_, late, _) = waiting(Delivery::Queued, Delivery::Queued, "2026-01-01T00:01:00Z");
    assert_eq!(late.unwrap().output().unwrap()["queued"], true);
}

#[test]
fn a_refused_mail_fails_the_step_with_the_servers_code_and_words() {
    let failed = Delivery::Failed { code: "SMTP_550".into(), reason: "no such user".into() };
    let (_, outcome, _) = waiting(Delivery::Queued, failed, "2026-01-01T00:00:01Z");
    let fault = outcome.unwrap_err();
    assert_eq!((fault.code.as_str(), fault.reason.as_str(), fault.retryable), ("SMTP_550", "no such user", false));
}
