use proptest::prelude::*;
use serde_json::json;

use super::{at, calendar, day};
use crate::{Calendar, DateRange, Instant};

fn days(range: serde_json::Value, calendar: &Calendar) -> (String, String) {
    let range: DateRange = serde_json::from_value(range).unwrap();
    let period = range.resolve(calendar).unwrap();
    (period.from.to_string(), period.to.to_string())
}

fn refusal(range: serde_json::Value) -> String {
    serde_json::from_value::<DateRange>(range).unwrap_err().to_string()
}

#[test]
fn presets_are_seen_from_the_day_the_step_runs_on() {
    // A Wednesday.
    let calendar = calendar("UTC", "2026-08-12T10:00:00Z");
    for (preset, from, to) in [
        ("today", "2026-08-12", "2026-08-12"),
        ("yesterday", "2026-08-11", "2026-08-11"),
        ("last_7_days", "2026-08-06", "2026-08-12"),
        ("last_30_days", "2026-07-14", "2026-08-12"),
        ("this_week", "2026-08-10", "2026-08-16"),
        ("last_week", "2026-08-03", "2026-08-09"),
        ("this_month", "2026-08-01", "2026-08-31"),
        ("last_month", "2026-07-01", "2026-07-31"),
        ("this_quarter", "2026-07-01", "2026-09-30"),
        ("this_year", "2026-01-01", "2026-12-31"),
    ] {
        assert_eq!(days(json!(preset), &calendar), (from.to_owned(), to.to_owned()), "{preset}");
    }
}

#[test]
fn weeks_start_on_monday() {
    let sunday = calendar("UTC", "2026-08-16T10:00:00Z");
    assert_eq!(days(json!("this_week"), &sunday), ("2026-08-10".into(), "2026-08-16".into()));
    let monday = calendar("UTC", "2026-08-17T10:00:00Z");
    assert_eq!(days(json!("last_week"), &monday), ("2026-08-10".into(), "2026-08-16".into()));
}

#[test]
fn the_month_before_january_is_in_the_year_before() {
    let january = calendar("UTC", "2028-01-31T10:00:00Z");
    assert_eq!(days(json!("last_month"), &january), ("2027-12-01".into(), "2027-12-31".into()));
    let march = calendar("UTC", "2028-03-31T10:00:00Z");
    assert_eq!(days(json!("last_month"), &march), ("2028-02-01".into(), "2028-02-29".into()));
}

#[test]
fn the_default_is_the_last_seven_days() {
    assert_eq!(serde_json::to_value(DateRange::default()).unwrap(), json!("last_7_days"));
}

#[test]
fn a_range_of_days_is_inclusive_and_may_be_one_day() {
    let calendar = calendar("UTC", "2026-08-12T10:00:00Z");
    let one = json!({"from": "2026-02-28", "to": "2026-02-28"});
    assert_eq!(days(one.clone(), &calendar), ("2026-02-28".into(), "2026-02-28".into()));
    let range: DateRange = serde_json::from_value(one.clone()).unwrap();
    assert_eq!(serde_json::to_value(range).unwrap(), one);
    let span = range.resolve(&calendar).unwrap().span(&calendar).unwrap();
    assert!(span.contains(at("2026-02-28T00:00:00Z")));
    assert!(span.contains(at("2026-02-28T23:59:59.999Z")));
    assert!(!span.contains(at("2026-03-01T00:00:00Z")));
    assert!(!span.contains(at("2026-02-27T23:59:59.999Z")));
}

#[test]
fn what_is_no_range_is_refused_with_a_clear_text() {
    assert!(refusal(json!("last_8_days")).starts_with("unknown variant `last_8_days`, expected one of `today`"));
    let order = refusal(json!({"from": "2026-02-02", "to": "2026-02-01"}));
    assert_eq!(order, "`from` (2026-02-02) is after `to` (2026-02-01)");
    assert_eq!(refusal(json!({"from": "2026-02-02"})), "missing field `to`");
    assert!(refusal(json!({"from": "2026-02-30", "to": "2026-03-01"})).contains("`2026-02-30` is not a date"));
    assert!(refusal(json!({"from": "2026-02-01", "to": "2026-03-01", "zone": "UTC"})).contains("unknown field `zone`"));
    assert!(refusal(json!({"from": "0026-02-01", "to": "2026-03-01"})).contains("outside of the years 1900 to 2999"));
    assert!(refusal(json!(7)).contains("the name of a date range, or an object of `from` and `to`"));
}

#[test]
fn the_days_of_a_span_are_days_of_the_zone() {
    let span = |zone: &str, from: &str, to: &str| {
        let calendar = calendar(zone, "2026-08-12T10:00:00Z");
        let range: DateRange = serde_json::from_value(json!({"from": from, "to": to})).unwrap();
        range.resolve(&calendar).unwrap().span(&calendar).unwrap()
    };
    let angeles = span("America/Los_Angeles", "2026-03-07", "2026-03-08");
    assert_eq!((angeles.start, angeles.end), (at("2026-03-07T08:00:00Z"), at("2026-03-09T07:00:00Z")));
    let auckland = span("Pacific/Auckland", "2026-04-05", "2026-04-05");
    assert_eq!((auckland.start, auckland.end), (at("2026-04-04T11:00:00Z"), at("2026-04-05T12:00:00Z")));
    let london = span("Europe/London", "2026-03-29", "2026-03-29");
    assert_eq!((london.start, london.end), (at("2026-03-29T00:00:00Z"), at("2026-03-29T23:00:00Z")));
}

#[test]
fn its_schema_says_which_name_or_day_is_wrong() {
    let schema = schemars::schema_for!(DateRange).to_value();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults = |range| {
        let found = validator.iter_errors(&range).map(|error| format!("{} {error}", error.instance_path()));
        found.collect::<Vec<_>>().join("; ")
    };
    assert_eq!(faults(json!("last_30_days")), "");
    assert_eq!(faults(json!({"from": "2026-02-01", "to": "2026-03-01"})), "");
    let unknown = faults(json!("last_8_days"));
    assert!(unknown.starts_with(r#" "last_8_days" is not one of "today", "yesterday""#), "{unknown}");
    assert_eq!(faults(json!(7)), r#" 7 is not of types "string", "object""#);
    assert_eq!(faults(json!({"from": "2026-02-01"})), r#" "to" is a required property"#);
    let shape = faults(json!({"from": "1 Feb", "to": "2026-03-01"}));
    assert!(shape.starts_with(r#"/from "1 Feb" does not match"#), "{shape}");
}

proptest! {
    #[test]
    fn the_text_bounds_lose_no_instant_whatever_its_offset(
        zone in prop::sample::select(vec!["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/London"]),
        hours in -100_i64..100,
        offset in -23_i64..=23,
    ) {
        let calendar = calendar(zone, "2026-08-12T10:00:00Z");
        let span = DateRange::default().resolve(&calendar).unwrap().span(&calendar).unwrap();
        let (lowest, highest) = span.text_bounds();
        let midday = day("2026-08-09").plus(hours.div_euclid(24)).unwrap();
        let sign = if offset < 0 { '-' } else { '+' };
        let text = format!("{midday}T{:02}:30:00{sign}{:02}:00", hours.rem_euclid(24), offset.abs());
        let instant = Instant::parse(&text).unwrap();
        if span.contains(instant) {
            prop_assert!(lowest <= text && text < highest, "{text} is not between {lowest} and {highest}");
        }
    }
}
