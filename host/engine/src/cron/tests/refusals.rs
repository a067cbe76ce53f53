//! What is not a schedule, and what the message says.

use super::{LONDON, assert_ticks, refusal, schedule};
use crate::cron::{CronError, CronSchedule, check_timezone};

#[test]
fn refuses_what_is_not_five_fields() {
    let cases = [
        ("", "cron expression: expected 5 fields, found 0"),
        ("* * * *", "cron expression: expected 5 fields, found 4"),
        ("0 * * * * *", "cron expression: expected 5 fields, found 6"),
        ("0 0 0 1 1 * 2030", "cron expression: expected 5 fields, found 7"),
        ("0 9 * *\n*", "cron expression: expected 5 fields, found 4"),
        ("@daily", "cron expression: \"@daily\" is not supported, write 5 fields"),
        ("@every 5m", "cron expression: \"@every\" is not supported, write 5 fields"),
    ];
    for (expression, message) in cases {
        assert_eq!(refusal(expression), message, "{expression:?}");
    }
}

#[test]
fn refuses_values_out_of_range() {
    let cases = [
        ("61 * * * *", "minute: 61 is outside 0-59"),
        ("0,60 * * * *", "minute: 60 is outside 0-59"),
        ("0 24 * * *", "hour: 24 is outside 0-23"),
        ("0 0 0 * *", "day of month: 0 is outside 1-31"),
        ("0 0 1-32 * *", "day of month: 32 is outside 1-31"),
        ("0 0 * 0 *", "month: 0 is outside 1-12"),
        ("0 0 * 13 *", "month: 13 is outside 1-12"),
        ("0 0 * * 8", "day of week: 8 is outside 0-7"),
        ("99999999999999999999 * * * *", "minute: 99999999999999999999 is outside 0-59"),
    ];
    for (expression, message) in cases {
        assert_eq!(refusal(expression), message, "{expression:?}");
    }
}

#[test]
fn refuses_reversed_ranges_and_bad_steps() {
    let cases = [
        ("30-10 * * * *", "minute: range 30-10 is reversed"),
        ("0 0 * * 5-1", "day of week: range 5-1 is reversed"),
        ("0 0 * * FRI-SUN", "day of week: range FRI-SUN is reversed"),
        ("0 0 * NOV-FEB *", "month: range NOV-FEB is reversed"),
        ("*/0 * * * *", "minute: step must be at least 1"),
        ("0 1-5/0 * * *", "hour: step must be at least 1"),
        ("5/10 * * * *", "minute: a step needs * or a range before it, found \"5/10\""),
    ];
    for (expression, message) in cases {
        assert_eq!(refusal(expression), message, "{expression:?}");
    }
}

#[test]
fn refuses_quartz_symbols() {
    let cases = [
        ("0 0 ? * MON", "day of month: ? is not supported"),
        ("0 0 * * ?", "day of week: ? is not supported"),
        ("0 0 L * *", "day of month: L is not supported"),
        ("0 0 l-3 * *", "day of month: L is not supported"),
        ("0 0 LW * *", "day of month: W is not supported"),
        ("0 0 15W * *", "day of month: W is not supported"),
        ("0 0 * * 5L", "day of week: L is not supported"),
        ("0 0 * * friL", "day of week: L is not supported"),
        ("0 0 * * 5#2", "day of week: # is not supported"),
    ];
    for (expression, message) in cases {
        assert_eq!(refusal(expression), message, "{expression:?}");
    }
}

#[test]
fn refuses_unreadable_fields() {
    for text in [
        "x", "-5", "+5", "1-", "1-2-3", "*/", "*/2/3", "*/-1", "*/x", "**", "*5", "*-5", "1.5", "٣", "5,", ",5", ",",
        "1,,2",
    ] {
        let refusal = CronSchedule::parse(&format!("0 {text} * * *"), "UTC").err();
        assert!(matches!(refusal, Some(CronError::Malformed { .. })), "{text:?}: {refusal:?}");
    }
    assert_eq!(refusal("0 0 * * sunday"), "day of week: \"sunday\" is not a value");
    assert_eq!(refusal("JAN 0 * * *"), "minute: \"JAN\" is not a value");
    assert_eq!(refusal("0 0 * TUE *"), "month: \"TUE\" is not a value");
    assert!(refusal(&format!("0 0 * * {}", "é".repeat(10_000))).len() < 150);
}

#[test]
fn refuses_dates_that_never_come() {
    assert_eq!(refusal("0 0 30 2 *"), "day of month: no selected month has day 30");
    assert_eq!(refusal("0 0 31 FEB,4,6,9,11 *"), "day of month: no selected month has day 31");
    assert_eq!(refusal("0 0 30,31 2 */2"), "day of month: no selected month has day 30");
    // Either field suffices here, and Mondays come.
    assert_ticks("0 0 30 2 1", "UTC", "2026-01-01T00:00:00Z", &["2026-02-02T00:00:00Z"]);
}

#[test]
fn refuses_what_is_not_a_zone_name() {
    for name in ["", "Mars/Olympus", "europe/london", "+02:00", "Local", " UTC"] {
        assert_eq!(check_timezone(name), Err(CronError::UnknownTimezone(name.to_owned())));
    }
    assert_eq!(
        CronSchedule::parse("* * * * *", "Mars").map(|_| ()).map_err(|refusal| refusal.to_string()),
        Err("timezone: \"Mars\" is not an IANA zone name".to_owned())
    );
    assert_eq!(schedule(" 0  9 * *\t* ", LONDON).timezone(), LONDON);
    assert_eq!(schedule(" 0  9 * *\t* ", LONDON).expression(), " 0  9 * *\t* ");
}
