//! When schedules tick, above all around clock changes, and what is caught up.

use super::{LONDON, assert_ticks, at, schedule};
use crate::Timestamp;
use crate::cron::{CatchUp, catch_up};
use std::time::Duration;

#[test]
fn finds_rare_dates_many_years_ahead() {
    assert_ticks("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", &["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]);
    // Both must match, as `*/7` starts with a star: a leap day on Sunday comes every 28 years.
    assert_ticks("0 0 29 2 */7", "UTC", "2033-01-01T00:00:00Z", &["2060-02-29T00:00:00Z"]);
    // The leap day after this one is in 2104, beyond the calendar.
    assert_eq!(schedule("0 0 29 2 *", "UTC").next_after(at("2096-03-01T00:00:00Z")), None);
}

#[test]
fn reads_every_form_of_a_field() {
    let start = "2026-01-01T00:00:00Z"; // A Thursday.
    let cases: [(&str, &[&str]); 13] = [
        ("* * * * *", &["2026-01-01T00:01:00Z", "2026-01-01T00:02:00Z"]),
        ("*/25 * * * *", &["2026-01-01T00:25:00Z", "2026-01-01T00:50:00Z", "2026-01-01T01:00:00Z"]),
        ("*/999999999999 * * * *", &["2026-01-01T01:00:00Z"]),
        (
            "10-20/5,40 3 * * *",
            &[
                "2026-01-01T03:10:00Z",
                "2026-01-01T03:15:00Z",
                "2026-01-01T03:20:00Z",
                "2026-01-01T03:40:00Z",
                "2026-01-02T03:10:00Z",
            ],
        ),
        ("05 009 * * *", &["2026-01-01T09:05:00Z"]),
        ("0 0 * feb,MaR *", &["2026-02-01T00:00:00Z"]),
        ("0 0 1 OCT-DEC/2 *", &["2026-10-01T00:00:00Z", "2026-12-01T00:00:00Z"]),
        ("0 0 * * 0", &["2026-01-04T00:00:00Z", "2026-01-11T00:00:00Z"]),
        ("0 0 * * 7", &["2026-01-04T00:00:00Z", "2026-01-11T00:00:00Z"]),
        (
            "0 0 * * 5-7",
            &["2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z", "2026-01-09T00:00:00Z"],
        ),
        (
            "0 0 * * mon-WED,SAT",
            &["2026-01-03T00:00:00Z", "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z", "2026-01-07T00:00:00Z"],
        ),
        ("0 12 31 * *", &["2026-01-31T12:00:00Z", "2026-03-31T12:00:00Z", "2026-05-31T12:00:00Z"]),
        ("59 23 31 12 *", &["2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z"]),
    ];
    for (expression, expected) in cases {
        assert_ticks(expression, "UTC", start, expected);
    }
}

#[test]
fn joins_day_fields_like_vixie() {
    let start = "2026-02-01T12:00:00Z"; // A Sunday.
    // Both restricted: every Friday and every 13th.
    assert_ticks(
        "0 0 13 * 5",
        "UTC",
        start,
        &[
            "2026-02-06T00:00:00Z",
            "2026-02-13T00:00:00Z",
            "2026-02-20T00:00:00Z",
            "2026-02-27T00:00:00Z",
            "2026-03-06T00:00:00Z",
            "2026-03-13T00:00:00Z",
        ],
    );
    assert_ticks("0 0 15 * 1", "UTC", start, &["2026-02-02T00:00:00Z", "2026-02-09T00:00:00Z", "2026-02-15T00:00:00Z"]);
    // All days written out is still a restriction.
    assert_ticks("0 0 1-31 * 1", "UTC", start, &["2026-02-02T00:00:00Z", "2026-02-03T00:00:00Z"]);
    // A leading star: both must match.
    assert_ticks(
        "0 0 */2 * 1",
        "UTC",
        start,
        &["2026-02-09T00:00:00Z", "2026-02-23T00:00:00Z", "2026-03-09T00:00:00Z"],
    );
    assert_ticks(
        "0 0 13 * */5",
        "UTC",
        start,
        &["2026-02-13T00:00:00Z", "2026-03-13T00:00:00Z", "2026-09-13T00:00:00Z"],
    );
}

#[test]
fn runs_a_skipped_fixed_time_once_right_after_the_jump() {
    let start = "2026-03-28T12:00:00Z";
    // Clocks go from 01:00 GMT to 02:00 BST at 01:00Z.
    assert_ticks("30 1 * * *", LONDON, start, &["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
    assert_ticks("0,20,40 1 * * *", LONDON, start, &["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"]);
    assert_ticks(
        "30 1,2 * * *",
        LONDON,
        start,
        &["2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"],
    );
    // The time after the gap and the skipped ones are one instant, so one tick.
    assert_ticks("0 1,2 * * *", LONDON, start, &["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"]);
    assert_ticks(
        "0-59 1 * * *",
        LONDON,
        start,
        &["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z", "2026-03-30T00:01:00Z"],
    );
    assert_ticks("59 0 * * *", LONDON, start, &["2026-03-29T00:59:00Z", "2026-03-29T23:59:00Z"]);
}

#[test]
fn runs_a_repeated_fixed_time_at_its_first_showing() {
    let start = "2026-10-24T12:00:00Z";
    // Clocks go from 02:00 BST to 01:00 GMT at 01:00Z.
    assert_ticks("30 1 * * *", LONDON, start, &["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    assert_ticks(
        "0 1,2 * * *",
        LONDON,
        start,
        &["2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z", "2026-10-26T01:00:00Z"],
    );
    for inside_second_showing in ["2026-10-25T01:00:00Z", "2026-10-25T01:15:00Z", "2026-10-25T01:59:59Z"] {
        assert_ticks("30 1 * * *", LONDON, inside_second_showing, &["2026-10-26T01:30:00Z"]);
    }
}

#[test]
fn follows_the_wall_clock_when_minute_or_hour_starts_with_a_star() {
    assert_ticks("*/30 1 * * *", LONDON, "2026-03-28T12:00:00Z", &["2026-03-30T00:00:00Z"]);
    assert_ticks(
        "0 * * * *",
        LONDON,
        "2026-03-28T23:30:00Z",
        &["2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"],
    );
    let both = [
        "2026-10-25T00:00:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:00:00Z",
        "2026-10-25T01:30:00Z",
        "2026-10-26T01:00:00Z",
    ];
    assert_ticks("*/30 1 * * *", LONDON, "2026-10-24T12:00:00Z", &both);
    assert_ticks(
        "30 */1 * * *",
        LONDON,
        "2026-10-24T23:45:00Z",
        &["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"],
    );
    // Behind the time shown now, but shown again; and from inside the second showing.
    assert_ticks("*/60 1 * * *", LONDON, "2026-10-25T00:45:00Z", &["2026-10-25T01:00:00Z", "2026-10-26T01:00:00Z"]);
    assert_ticks("30 */1 * * *", LONDON, "2026-10-25T01:10:00Z", &["2026-10-25T01:30:00Z", "2026-10-25T02:30:00Z"]);
    // The last Sunday of March between 01:00 and 02:00 is always skipped, as far as changes are known: to 2099.
    let next = schedule("* 1 25-31 3 */7", LONDON).next_after(at("2026-01-01T00:00:00Z"));
    assert_eq!(next, Some(at("2100-03-28T01:00:00Z")));
}

#[test]
fn knows_unusual_clock_changes() {
    // Half an hour: 02:00 becomes 02:30 on 2026-10-04 (15:30Z), and 02:00 becomes 01:30 on 2026-04-05 (15:00Z).
    assert_ticks(
        "15 2 * * *",
        "Australia/Lord_Howe",
        "2026-10-03T00:00:00Z",
        &["2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"],
    );
    assert_ticks(
        "45 1 * * *",
        "Australia/Lord_Howe",
        "2026-04-04T00:00:00Z",
        &["2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"],
    );
    assert_ticks(
        "*/15 1 5 4 *",
        "Australia/Lord_Howe",
        "2026-04-04T14:20:00Z",
        &["2026-04-04T14:30:00Z", "2026-04-04T14:45:00Z", "2026-04-04T15:00:00Z", "2026-04-04T15:15:00Z"],
    );
    // Midnight does not exist.
    assert_ticks(
        "0 0 * * *",
        "America/Sao_Paulo",
        "2018-11-03T12:00:00Z",
        &["2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"],
    );
    assert_ticks("30 0 24 4 *", "Africa/Cairo", "2026-01-01T00:00:00Z", &["2026-04-23T22:00:00Z"]);
    // Midnight is shown twice: the repeated hour ends Saturday, and Sunday begins once.
    assert_ticks(
        "30 23 * * *",
        "America/Sao_Paulo",
        "2018-02-17T12:00:00Z",
        &["2018-02-18T01:30:00Z", "2018-02-19T02:30:00Z"],
    );
    // Samoa skipped 2011-12-30: its noon runs once at the jump.
    assert_ticks(
        "0 12 * * *",
        "Pacific/Apia",
        "2011-12-29T00:00:00Z",
        &["2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z"],
    );
}

#[test]
fn has_no_tick_outside_its_calendar() {
    let daily = schedule("0 0 * * *", "UTC");
    assert_eq!(daily.next_after(Timestamp::from_micros(i64::MIN)), Some(Timestamp::from_secs(0)));
    assert_eq!(daily.next_after(Timestamp::from_micros(-1)), Some(Timestamp::from_secs(0)));
    assert_eq!(daily.next_after(at("2100-12-30T12:00:00Z")), Some(at("2100-12-31T00:00:00Z")));
    assert_eq!(daily.next_after(at("2100-12-31T00:00:00Z")), None);
    assert_eq!(daily.next_after(Timestamp::from_micros(i64::MAX)), None);
    assert_ticks("0 0 * * *", "UTC", "2025-12-31T23:59:59.999999Z", &["2026-01-01T00:00:00Z"]);
}

#[test]
fn catches_up_with_the_newest_missed_tick_only_while_it_is_young() {
    let hourly = schedule("0 * * * *", "UTC");
    let grace = Duration::from_secs(300);
    let next = Some(at("2026-06-02T13:00:00Z"));
    let newest = Some(at("2026-06-02T12:00:00Z"));
    let missed_for_a_day = at("2026-06-01T09:00:00Z");
    let cases = [
        (missed_for_a_day, "2026-06-02T12:04:59.999999Z", newest),
        (missed_for_a_day, "2026-06-02T12:05:00Z", None),
        (at("2026-06-02T12:00:00Z"), "2026-06-02T12:00:00Z", newest),
        (at("2026-06-02T13:00:00Z"), "2026-06-02T12:01:00Z", None),
    ];
    for (stored, now, fire) in cases {
        assert_eq!(catch_up(&hourly, stored, at(now), grace), CatchUp { fire, next }, "{stored} at {now}");
    }
    // A tick stored under older rules still counts as due.
    let stored = at("2026-06-02T12:03:00Z");
    let answer = catch_up(&hourly, stored, at("2026-06-02T12:04:00Z"), grace);
    assert_eq!(answer, CatchUp { fire: Some(stored), next });
}
