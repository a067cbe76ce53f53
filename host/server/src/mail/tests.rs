//! Mail against a server on this machine.

use super::MailOut;
use super::fixture::{mail, smtp};
use crate::outbound::Pump;
use crate::testing::smtp_sink::{self, Manners};
use crate::testing::{CREATED, World, with_smtp};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use stepwright_app::ports::OutboxStore as _;
use stepwright_app::{MailState, OutboxMail, Settings, Smtp, SmtpMode};

async fn world(smtp: Option<Smtp>) -> (World, Pump<MailOut>) {
    let world = World::new().await;
    world.tenant(1, Settings { smtp, ..Settings::default() }).await;
    let pump = pump(&world);
    (world, pump)
}

fn pump(world: &World) -> Pump<MailOut> {
    Pump::new(MailOut::new(world.store(), world.clock.clone(), Some("host.example".into())), world.clock.clone())
}

async fn state_of(world: &World, mail: &OutboxMail) -> MailState {
    world.database.mail(mail.tenant_id, mail.id).await.unwrap().unwrap().state
}

#[tokio::test]
async fn a_queued_mail_is_sent_once() {
    let (port, seen) = smtp_sink::start(Manners::default()).await;
    let (world, pump) = world(Some(smtp(port))).await;
    let mail = mail(7);
    world.queue_mails(vec![mail.clone()]).await;
    assert_eq!(pump.once().await.unwrap(), 1);
    assert_eq!(pump.once().await.unwrap(), 0);
    let messages = seen.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(
        (messages[0].from.as_str(), &messages[0].to[..]),
        ("billing@demo.example", &["ann@example.com".to_owned()][..])
    );
    assert!(messages[0].data.contains("Message-ID: <00000000-0000-0000-0000-000000000007@demo.example>"));
    assert!(seen.commands.lock().unwrap()[0].ends_with("EHLO host.example"));
    assert_eq!(state_of(&world, &mail).await, MailState::Sent { at: CREATED, attempts: 1, rejected: Vec::new() });
}

#[tokio::test]
async fn one_refused_recipient_does_not_keep_the_others_from_getting_the_mail() {
    let recipients = HashMap::from([("gone@example.com", "550 5.1.1 no such user")]);
    let (port, seen) = smtp_sink::start(Manners { recipients, ..Manners::default() }).await;
    let (world, pump) = world(Some(smtp(port))).await;
    let mut mail = mail(1);
    mail.message.to = vec!["gone@example.com".into(), "ann@example.com".into()];
    mail.message.bcc = vec!["bob@example.com".into()];
    world.queue_mails(vec![mail.clone()]).await;
    pump.once().await.unwrap();
    assert_eq!(seen.messages()[0].to, ["ann@example.com", "bob@example.com"]);
    let rejected = vec!["gone@example.com".to_owned()];
    assert_eq!(state_of(&world, &mail).await, MailState::Sent { at: CREATED, attempts: 1, rejected });
}

#[tokio::test]
async fn a_mail_nobody_may_get_fails_with_the_servers_words() {
    let recipients = HashMap::from([("ann@example.com", "550 5.1.1 no such user")]);
    let (port, seen) = smtp_sink::start(Manners { recipients, ..Manners::default() }).await;
    let (world, pump) = world(Some(smtp(port))).await;
    world.queue_mails(vec![mail(1)]).await;
    pump.once().await.unwrap();
    assert!(seen.messages().is_empty());
    let MailState::Failed { error, attempts: 1, .. } = state_of(&world, &mail(1)).await else { panic!() };
    assert_eq!(error, "SMTP_550 5.1.1 no such user (ann@example.com)");
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_fails_with_the_servers_code() {
    let manners = Manners { end_of_data: Some("554 5.7.1 spam, we think"), ..Manners::default() };
    let (port, _) = smtp_sink::start(manners).await;
    let (world, pump) = world(Some(smtp(port))).await;
    world.queue_mails(vec![mail(1)]).await;
    pump.once().await.unwrap();
    let failed = MailState::Failed { at: CREATED, attempts: 1, error: "SMTP_554 5.7.1 spam, we think".into() };
    assert_eq!(state_of(&world, &mail(1)).await, failed);
}

#[tokio::test]
async fn a_mail_that_is_refused_for_now_is_tried_again_later_and_not_before() {
    let manners = Manners { mail: Some("451 4.3.0 busy"), ..Manners::default() };
    let (port, seen) = smtp_sink::start(manners).await;
    let (world, pump) = world(Some(smtp(port))).await;
    world.queue_mails(vec![mail(1)]).await;
    pump.once().await.unwrap();
    let next_at = CREATED + Duration::from_secs(30);
    let last_error = Some("SMTP_451 4.3.0 busy".to_owned());
    assert_eq!(state_of(&world, &mail(1)).await, MailState::Queued { next_at, attempts: 1, last_error });
    world.clock.pass(Duration::from_secs(29));
    assert_eq!(pump.once().await.unwrap(), 0);
    world.clock.pass(Duration::from_secs(1));
    assert_eq!(pump.once().await.unwrap(), 1);
    assert_eq!(seen.connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn greylisting_of_one_recipient_holds_the_mail_up_for_an_hour_at_most() {
    let recipients = HashMap::from([("grey@example.com", "450 4.2.0 greylisted")]);
    let (port, seen) = smtp_sink::start(Manners { recipients, ..Manners::default() }).await;
    let (world, pump) = world(Some(smtp(port))).await;
    let mut mail = mail(1);
    mail.message.to = vec!["ann@example.com".into(), "grey@example.com".into()];
    world.queue_mails(vec![mail.clone()]).await;
    pump.once().await.unwrap();
    assert!(seen.messages().is_empty(), "all recipients or none, at first");
    world.clock.pass(Duration::from_secs(3_600));
    pump.once().await.unwrap();
    assert_eq!(seen.messages()[0].to, ["ann@example.com"]);
    assert!(
        matches!(state_of(&world, &mail).await, MailState::Sent { rejected, .. } if rejected == ["grey@example.com"])
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again() {
    let (world, pump) = world(Some(smtp(1))).await;
    world.queue_mails(vec![mail(1), mail(2)]).await;
    pump.once().await.unwrap();
    for number in [1, 2] {
        let MailState::Queued { last_error, .. } = state_of(&world, &mail(number)).await else { panic!() };
        assert!(last_error.is_none_or(|error| error.contains("onnection")), "the second may not even have been tried");
    }
}

#[tokio::test]
async fn a_silent_server_is_given_up_on_and_holds_up_no_other_tenant() {
    let (silent, _) = smtp_sink::start(Manners { silent: true, ..Manners::default() }).await;
    let (port, seen) = smtp_sink::start(Manners::default()).await;
    let world = World::new().await;
    world.tenant(1, with_smtp(smtp(silent))).await;
    let other = world.tenant(2, with_smtp(smtp(port))).await;
    let pump = pump(&world);
    let stuck: Vec<OutboxMail> = (1..=20).map(mail).collect();
    world.queue_mails(stuck).await;
    world.queue_mails(vec![OutboxMail { tenant_id: other, ..mail(100) }]).await;
    let begun = Instant::now();
    pump.look().await.unwrap();
    while seen.messages().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(5), "the other tenant's mail waits for the silent server");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The silent one: within the connection's 10 s.
    pump.once().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(20));
    let MailState::Queued { attempts, last_error, .. } = state_of(&world, &mail(1)).await else { panic!() };
    assert_eq!((attempts, last_error.as_deref()), (1, Some("the SMTP server did not answer within 10 s")));
}

#[tokio::test]
async fn a_tenants_mails_go_out_side_by_side_but_not_all_at_once() {
    let manners = Manners { slow: Duration::from_millis(50), ..Manners::default() };
    let (port, seen) = smtp_sink::start(manners).await;
    let (world, pump) = world(Some(smtp(port))).await;
    world.queue_mails((1..=12).map(mail).collect()).await;
    for _ in 0..20 {
        pump.once().await.unwrap();
        world.clock.pass(Duration::from_secs(1));
    }
    assert_eq!(seen.messages().len(), 12);
    assert_eq!(seen.most_at_once.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn credentials_are_used_and_a_refusal_of_them_is_told() {
    let extensions: &[&str] = &["AUTH PLAIN LOGIN"];
    let (port, seen) = smtp_sink::start(Manners { extensions, ..Manners::default() }).await;
    let login = |port| Smtp { username: Some("me".into()), password: Some("pw".into()), ..smtp(port) };
    let (world, pump) = world(Some(login(port))).await;
    world.queue_mails(vec![mail(1)]).await;
    pump.once().await.unwrap();
    // \0me\0pw
    assert!(seen.commands.lock().unwrap().iter().any(|c| c == "AUTH PLAIN AG1lAHB3"), "{:?}", seen.commands);
    assert_eq!(seen.messages().len(), 1);

    let manners = Manners { extensions, auth: Some("535 5.7.8 wrong password"), ..Manners::default() };
    let (port, _) = smtp_sink::start(manners).await;
    let other = world.tenant(2, with_smtp(login(port))).await;
    let refused = OutboxMail { tenant_id: other, ..mail(2) };
    world.queue_mails(vec![refused.clone()]).await;
    pump.once().await.unwrap();
    assert!(
        matches!(state_of(&world, &refused).await, MailState::Failed { error, .. } if error == "SMTP_535 5.7.8 wrong password")
    );
}

#[tokio::test]
async fn nothing_is_sent_in_clear_when_encryption_was_asked_for() {
    let (port, seen) = smtp_sink::start(Manners::default()).await;
    let starttls =
        Smtp { mode: SmtpMode::Starttls, username: Some("me".into()), password: Some("pw".into()), ..smtp(port) };
    let (world, pump) = world(Some(starttls)).await;
    world.queue_mails(vec![mail(1)]).await;
    pump.once().await.unwrap();
    assert!(seen.messages().is_empty());
    assert!(seen.commands.lock().unwrap().iter().all(|c| !c.starts_with("AUTH") && !c.starts_with("MAIL")));
    assert_eq!(state_of(&world, &mail(1)).await.name(), "queued");
}

#[tokio::test]
async fn mail_in_clear_never_leaves_the_machine() {
    let outside = Smtp { host: "192.0.2.1".into(), ..smtp(25) };
    let (world, pump) = world(Some(outside)).await;
    world.queue_mails(vec![mail(1)]).await;
    pump.once().await.unwrap();
    let MailState::Queued { last_error: Some(error), .. } = state_of(&world, &mail(1)).await else { panic!() };
    assert!(error.contains("loopback"), "{error}");
}

#[tokio::test]
async fn without_a_server_mail_waits_and_goes_out_when_there_is_one() {
    let (port, seen) = smtp_sink::start(Manners::default()).await;
    let (world, pump) = world(None).await;
    world.queue_mails(vec![mail(1)]).await;
    pump.once().await.unwrap();
    let MailState::Queued { attempts: 0, last_error: Some(error), .. } = state_of(&world, &mail(1)).await else {
        panic!()
    };
    assert!(error.starts_with("mail_not_configured"), "{error}");
    world.store().save_settings(mail(1).tenant_id, &with_smtp(smtp(port))).await.unwrap();
    world.clock.pass(Duration::from_secs(15));
    pump.once().await.unwrap();
    assert_eq!(seen.messages().len(), 1);
}

#[tokio::test]
async fn a_mail_whose_host_died_is_taken_over_when_its_lease_has_run_out() {
    let (port, seen) = smtp_sink::start(Manners::default()).await;
    let (world, pump) = world(Some(smtp(port))).await;
    world.queue_mails(vec![mail(1)]).await;
    // Another host claims it and dies.
    world.database.claim_mails(CREATED, CREATED + Duration::from_secs(60), 10).await.unwrap();
    assert_eq!(pump.once().await.unwrap(), 0);
    world.clock.pass(Duration::from_secs(61));
    assert_eq!(pump.once().await.unwrap(), 1);
    assert_eq!(seen.messages().len(), 1);
}
