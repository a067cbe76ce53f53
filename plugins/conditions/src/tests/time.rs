use serde_json::{Value, json};
use stepwright_sdk::testing::Host;

use super::{NOW, evaluate_at, operand, statement};
use crate::evaluate;

struct At<'a> {
    now: &'a str,
    zone: &'a str,
}

impl At<'_> {
    fn ask(&self, kind: &str, value: &str, operator: &str, more: Value) -> bool {
        let mut config = json!({"operator": operator});
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        evaluate_at(self.now, self.zone, config, &[operand(kind, &json!(value).to_string())]).met
    }

    fn is(&self, kind: &str, value: &str, operator: &str, with: &str) -> bool {
        self.ask(kind, value, operator, json!({"values": [with]}))
    }

    fn relative(&self, kind: &str, value: &str, operator: &str, with: &str) -> bool {
        self.ask(kind, value, operator, json!({"values": [with], "value_type": "relative_date"}))
    }

    /// Whether the value moved by an offset is the other.
    fn moved(&self, kind: &str, value: &str, amount: i64, unit: &str, to: &str) -> bool {
        self.ask(kind, value, "equals", json!({"values": [to], "date_offset": {"amount": amount, "unit": unit}}))
    }
}

const BERLIN: At<'_> = At { now: NOW, zone: "Europe/Berlin" };

#[test]
fn dates_are_days_of_the_tenants_zone() {
    assert!(BERLIN.is("date", "2026-05-15T22:30:00Z", "equals", "2026-05-16"));
    assert!(BERLIN.is("date", "2026-05-15T21:59:59Z", "equals", "2026-05-15"));
    assert!(BERLIN.is("date", "2026-05-15T23:59:59", "equals", "2026-05-15"));
    let angeles = At { now: NOW, zone: "America/Los_Angeles" };
    assert!(angeles.is("date", "2026-05-16T06:59:59Z", "equals", "2026-05-15"));
    assert!(angeles.is("date", "2026-05-15", "equals", "2026-05-15T23:00:00"));
    assert!(!angeles.is("date", "2026-05-15", "less_than", "2026-05-16T08:00:00+02:00"));
}

#[test]
fn today_changes_at_the_zones_midnight() {
    for (zone, now, today) in [
        ("UTC", "2026-03-01T00:00:00Z", "2026-03-01"),
        ("America/Los_Angeles", "2026-03-01T07:59:59.999Z", "2026-02-28"),
        ("America/Los_Angeles", "2026-03-01T08:00:00Z", "2026-03-01"),
        ("Pacific/Auckland", "2026-03-01T11:00:00Z", "2026-03-02"),
        ("Europe/Berlin", "2026-03-29T22:00:00Z", "2026-03-30"),
        ("Europe/Berlin", "2026-03-29T21:59:59Z", "2026-03-29"),
        ("Asia/Kathmandu", "2026-03-01T18:15:00Z", "2026-03-02"),
    ] {
        let at = At { now, zone };
        for token in ["today", "now"] {
            assert!(at.relative("date", today, "equals", token), "{zone} {now}");
        }
        assert!(at.relative("date", today, "greater_than", "yesterday"));
        assert!(at.relative("date", today, "less_than", "tomorrow"));
        assert!(!at.relative("date", today, "not_equals", "today"));
    }
}

#[test]
fn relative_values_may_be_several_and_only_of_the_known() {
    let any = json!({"values": ["yesterday", "tomorrow"], "value_type": "relative_date"});
    assert!(
        BERLIN.ask("date", "2026-05-16", "any_of", any.clone()) && !BERLIN.ask("date", "2026-05-15", "any_of", any)
    );
    for token in ["Today", "2026-05-15", "last week"] {
        assert!(!BERLIN.relative("date", "2026-05-15", "equals", token));
        assert!(!BERLIN.relative("date", "2026-05-15", "not_equals", token));
    }
    assert!(!BERLIN.relative("string", "today", "equals", "today"));
}

#[test]
fn datetimes_are_instants() {
    assert!(BERLIN.is("datetime", "2026-05-15T12:00:00+02:00", "equals", "2026-05-15T10:00:00.000Z"));
    assert!(BERLIN.is("datetime", "2026-05-15 12:00", "equals", "2026-05-15t10:00:00z"));
    assert!(BERLIN.is("datetime", "2026-05-15T10:00:00.000000001Z", "greater_than", "2026-05-15T10:00:00Z"));
    assert!(BERLIN.is("datetime", "2026-05-15T12:00:00+0200", "equals", "2026-05-15T12:00:00+02"));
    assert!(BERLIN.is("datetime", "2026-12-31T23:59:60Z", "equals", "2027-01-01T00:00:00Z"));
    assert!(BERLIN.relative("datetime", "2026-05-15T11:59:59Z", "less_than", "now"));
    assert!(BERLIN.relative("datetime", NOW, "equals", "now") && BERLIN.relative("datetime", NOW, "equals", "today"));
}

#[test]
fn a_datetime_is_compared_with_a_whole_day_by_its_day() {
    for with in ["2026-05-15", "2026-05-15 "] {
        assert!(BERLIN.is("datetime", "2026-05-14T22:00:00Z", "equals", with));
        assert!(BERLIN.is("datetime", "2026-05-15T21:59:59Z", "less_than_or_equals", with));
        assert!(BERLIN.is("datetime", "2026-05-15T22:00:00Z", "greater_than", with));
    }
    assert!(!BERLIN.relative("datetime", "2026-05-15T21:00:00Z", "greater_than", "today"));
    assert!(BERLIN.is("datetime", "2026-05-15", "equals", "2026-05-14T22:00:00Z"));
}

#[test]
fn offsets_move_the_source_on_the_calendar() {
    for (value, amount, unit, to) in [
        ("2026-01-31", 1, "months", "2026-02-28"),
        ("2028-01-31", 1, "months", "2028-02-29"),
        ("2026-03-31", -1, "months", "2026-02-28"),
        ("2026-08-31", 6, "months", "2027-02-28"),
        ("2028-02-29", 1, "years", "2029-02-28"),
        ("2028-02-29", 4, "years", "2032-02-29"),
        ("2026-12-31", 1, "days", "2027-01-01"),
        ("2026-03-01", -1, "days", "2026-02-28"),
        ("2026-01-15", 14, "months", "2027-03-15"),
        ("2026-05-15", 0, "days", "2026-05-15"),
    ] {
        assert!(BERLIN.moved("date", value, amount, unit, to), "{value} {amount} {unit}");
    }
    // 18 years old today.
    let adult =
        json!({"values": ["today"], "value_type": "relative_date", "date_offset": {"amount": 18, "unit": "years"}});
    assert!(BERLIN.ask("date", "2008-05-15", "less_than_or_equals", adult.clone()));
    assert!(!BERLIN.ask("date", "2008-05-16", "less_than_or_equals", adult));
}

#[test]
fn offsets_keep_the_time_of_day_across_clock_changes() {
    // Clocks in Berlin go forward on 29 March and back on 25 October 2026.
    assert!(BERLIN.moved("datetime", "2026-03-28T12:00:00Z", 1, "days", "2026-03-29T11:00:00Z"));
    assert!(BERLIN.moved("datetime", "2026-10-24T12:00:00+02:00", 1, "days", "2026-10-25T12:00:00+01:00"));
    assert!(BERLIN.moved("datetime", "2026-01-31T23:30:00+01:00", 2, "months", "2026-03-31T23:30:00+02:00"));
    // 02:30 is skipped on the 29th, and comes twice on the 25th.
    assert!(BERLIN.moved("datetime", "2026-03-28T02:30:00", 1, "days", "2026-03-29T03:00:00+02:00"));
    assert!(BERLIN.moved("datetime", "2026-10-24T02:30:00", 1, "days", "2026-10-25T02:30:00+02:00"));
    assert!(BERLIN.moved("datetime", "2026-10-25T02:30:00+01:00", 0, "days", "2026-10-25T02:30:00+01:00"));
    // The day is the zone's, also when the instant's day in UTC is another.
    assert!(BERLIN.moved("date", "2026-01-30T23:30:00Z", 1, "months", "2026-02-28"));
}

#[test]
fn zones_with_odd_midnights_have_their_days() {
    let santiago = At { now: "2021-09-05T04:00:00Z", zone: "America/Santiago" };
    assert!(santiago.relative("datetime", "2021-09-05T04:00:00Z", "equals", "today"));
    assert!(santiago.is("datetime", "2021-09-05", "equals", "2021-09-05T04:00:00Z"));
    let apia = At { now: "2011-12-30T10:00:00Z", zone: "Pacific/Apia" };
    assert!(apia.relative("date", "2011-12-31", "equals", "today"));
}

#[test]
fn what_leaves_the_calendar_is_not_met() {
    assert!(!BERLIN.moved("date", "2026-01-01", 100_000, "years", "2026-01-01"));
    let not = json!({"values": ["2026-01-01"], "date_offset": {"amount": i64::MIN, "unit": "years"}});
    assert!(!BERLIN.ask("date", "2026-01-01", "not_equals", not));
}

#[test]
fn an_offset_on_what_is_no_date_is_not_met() {
    let config = json!({"values": ["x"], "date_offset": {"amount": 1, "unit": "days"}});
    assert!(!BERLIN.ask("string", "y", "not_equals", config));
}

#[test]
fn only_iso_texts_are_dates() {
    for text in [
        "2026-5-1",
        "20260501",
        "2026-05-01T",
        "2026-05-01T1",
        "2026-05-01T10",
        "2026-05-01T10:00:00.",
        "+2026-05-01",
        "2026-05-01T10:00:00+2",
        "2026-05-01T10:00:00+25:00",
        "2026-05-01X10:00",
        "2026-05-01T24:00:00Z",
        "2026-13-01",
        "2026-05-01T10:00:00 Z",
        "2026-05-01T10:00:61Z",
        "２０２６-05-01",
        "2026-05-0１",
    ] {
        assert!(!BERLIN.is("date", text, "not_equals", "2026-01-01"), "{text}");
        assert!(!BERLIN.is("datetime", text, "not_equals", "2026-01-01"), "{text}");
    }
}

#[test]
fn a_context_without_a_zone_or_a_time_is_a_fault_only_where_it_matters() {
    let ask = |host: Host, kind: &str| {
        let about = [operand(kind, r#""2026-01-01""#)];
        host.with(|context| {
            evaluate(context, &statement(json!({"operator": "equals", "values": ["2026-01-01"]})), &about)
        })
    };
    assert_eq!(
        ask(Host::new().timezone("Mars/Olympus"), "date").unwrap_err().reason,
        "unknown time zone `Mars/Olympus`"
    );
    assert_eq!(ask(Host::new().now("soon"), "datetime").unwrap_err().code, "INVALID_CONTEXT");
    assert!(ask(Host::new().timezone("Mars/Olympus").now("soon"), "string").unwrap().met);
}
