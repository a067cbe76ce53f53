use stepwright_sdk::prelude::*;

use super::{host, input, summary};
use crate::create_notification;

#[test]
fn undelivered_summaries_are_its_body() {
    let host = host();
    let outcome =
        host.run(create_notification, json!({"title": "Report"}), input(&[("0", summary("Payments"))])).unwrap();
    assert_eq!(outcome.output(), Some(&json!({"ids": ["notification-1"], "delivered": ["0"]})));
    let notification = host.notifications().remove(0);
    assert_eq!(notification.title, "Report");
    assert!(notification.body.starts_with("Payments\n") && notification.body.ends_with("Net: 1,050.00 EUR"));
    assert!(notification.user_ids.is_empty() && notification.role_ids.is_empty());
}

#[test]
fn a_title_alone_is_enough() {
    let host = host();
    host.run(create_notification, json!({"title": "Done"}), json!({})).unwrap();
    assert_eq!(host.notifications()[0].body, "");
}

#[test]
fn a_body_stands_before_the_summaries() {
    let host = host();
    let config = json!({"title": "Report", "body": "Have a look:"});
    host.run(create_notification, config, input(&[("0", summary("Payments"))])).unwrap();
    assert!(host.notifications()[0].body.starts_with("Have a look:\n\nPayments\n"));
}

#[test]
fn ids_are_text_or_whole_numbers_and_kept_as_they_were_written() {
    let host = host();
    let config = json!({"title": "Report", "user_ids": ["u-1", 7], "role_ids": [-3, "admin"]});
    assert_eq!(host.validate(create_notification, config.clone()).unwrap(), config);
    host.run(create_notification, config, json!({})).unwrap();
    let notification = host.notifications().remove(0);
    assert_eq!(
        (notification.user_ids, notification.role_ids),
        (vec!["u-1".to_owned(), "7".into()], vec!["-3".into(), "admin".into()])
    );
}

#[test]
fn what_is_no_id_is_refused_at_its_place() {
    for wrong in [json!(1.5), json!(null), json!(true), json!(""), json!({}), json!(u64::MAX), json!("x".repeat(201))] {
        let config = json!({"title": "Report", "user_ids": ["u", wrong]});
        let errors = host().validate(create_notification, config).unwrap_err();
        assert_eq!(errors[0].pointer, "/user_ids/1", "{wrong}: {}", errors[0].message);
    }
}

#[test]
fn a_title_has_1_to_200_characters_on_one_line() {
    for wrong in ["", " ", "a\nb", &"x".repeat(201)] {
        let errors = host().validate(create_notification, json!({"title": wrong})).unwrap_err();
        assert_eq!(errors[0].pointer, "/title", "{wrong:?}");
    }
    host().validate(create_notification, json!({"title": "ü".repeat(200)})).unwrap();
    let errors = host().validate(create_notification, json!({"body": "x"})).unwrap_err();
    assert_eq!(errors[0].message, "missing field `title`");
    host().validate(create_notification, json!({"title": "x", "users": []})).unwrap();
}

#[test]
fn a_long_body_is_cut() {
    let host = host();
    let row = json!({"label": "ü".repeat(20_000), "value": 1});
    let long = json!({"summary": {"title": "T", "sections": [{"rows": [row]}]}});
    host.run(create_notification, json!({"title": "Report"}), input(&[("0", long)])).unwrap();
    let body = host.notifications().remove(0).body;
    assert_eq!(body.chars().count(), 10_000);
    assert!(body.ends_with("ü…"));
}
