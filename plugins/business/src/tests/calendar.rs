use proptest::prelude::*;
use stepwright_sdk::Fault;

use super::{at, calendar, day};
use crate::{Calendar, Day};

#[test]
fn today_is_a_day_of_the_zone_and_not_of_utc() {
    let now = "2026-03-01T07:30:00Z";
    assert_eq!(calendar("America/Los_Angeles", now).today(), day("2026-02-28"));
    assert_eq!(calendar("UTC", now).today(), day("2026-03-01"));
    assert_eq!(calendar("Pacific/Auckland", "2026-03-01T11:00:00Z").today(), day("2026-03-02"));
    assert_eq!(calendar("Pacific/Auckland", "2026-03-01T10:59:59Z").today(), day("2026-03-01"));
}

#[test]
fn the_offset_of_now_does_not_matter() {
    assert_eq!(calendar("UTC", "2026-03-01T01:00:00+02:00").today(), day("2026-02-28"));
}

#[test]
fn days_around_the_clock_changes_of_london_have_23_and_25_hours() {
    let london = calendar("Europe/London", "2026-01-01T00:00:00Z");
    assert_eq!(london.start_of(day("2026-03-29")), at("2026-03-29T00:00:00Z"));
    assert_eq!(london.start_of(day("2026-03-30")), at("2026-03-29T23:00:00Z"));
    assert_eq!(london.start_of(day("2026-10-25")), at("2026-10-24T23:00:00Z"));
    assert_eq!(london.start_of(day("2026-10-26")), at("2026-10-26T00:00:00Z"));
}

#[test]
fn a_day_whose_midnight_is_skipped_starts_with_the_first_instant_clocks_show() {
    // At 24:00 of 4 September 2021 clocks in Santiago went to 01:00.
    let santiago = calendar("America/Santiago", "2021-01-01T00:00:00Z");
    assert_eq!(santiago.start_of(day("2021-09-05")), at("2021-09-05T04:00:00Z"));
    assert_eq!(santiago.wall_time(at("2021-09-05T04:00:00Z")), "2021-09-05 01:00");
}

#[test]
fn a_day_whose_midnight_comes_twice_starts_with_the_first() {
    // At 01:00 of 1 November 2026 clocks in Havana go back to 00:00.
    let havana = calendar("America/Havana", "2026-01-01T00:00:00Z");
    assert_eq!(havana.start_of(day("2026-11-01")), at("2026-11-01T04:00:00Z"));
}

#[test]
fn a_day_that_a_zone_has_skipped_is_empty() {
    let apia = calendar("Pacific/Apia", "2011-01-01T00:00:00Z");
    assert_eq!(apia.start_of(day("2011-12-30")), apia.start_of(day("2011-12-31")));
}

#[test]
fn an_unknown_zone_or_time_is_a_fault_that_names_it() {
    let fault = |zone, now| Calendar::new(zone, now).unwrap_err();
    assert_eq!(fault("Mars/Olympus", "2026-01-01T00:00:00Z").reason, "unknown time zone `Mars/Olympus`");
    assert_eq!(fault("UTC", "soon"), Fault::new("INVALID_CONTEXT", "`soon` is not an instant (RFC 3339)"));
}

#[test]
fn only_dates_of_ten_characters_are_days() {
    for text in ["2026-2-1", "2026-02-30", "2026-02-29", "+2026-2-01", "2026/02/01", "20260201", ""] {
        assert_eq!(Day::parse(text), None, "{text}");
    }
    assert_eq!(day("2028-02-29").to_string(), "2028-02-29");
}

#[test]
fn months_clamp_a_day_they_do_not_have() {
    assert_eq!(day("2026-02-01").in_month(31), day("2026-02-28"));
    assert_eq!(day("2028-02-10").in_month(31), day("2028-02-29"));
    assert_eq!(day("2026-03-01").in_month(31), day("2026-03-31"));
    assert_eq!(day("2026-12-31").month_start(1), Some(day("2027-01-01")));
    assert_eq!(day("2026-01-31").month_start(-1), Some(day("2025-12-01")));
}

proptest! {
    #[test]
    fn days_follow_each_other_without_a_gap(
        zone in prop::sample::select(vec![
            "Europe/London", "Pacific/Auckland", "America/Los_Angeles", "Asia/Kathmandu", "Africa/Casablanca",
            "Australia/Lord_Howe", "America/Santiago", "America/Havana", "Asia/Beirut", "Pacific/Chatham",
        ]),
        offset in 0_i64..36_500,
    ) {
        let calendar = calendar(zone, "2026-01-01T00:00:00Z");
        let today = day("1990-01-01").plus(offset).unwrap();
        let (start, end) = (calendar.start_of(today), calendar.start_of(today.plus(1).unwrap()));
        prop_assert!(start < end);
        prop_assert_eq!(calendar.day_of(start), today);
    }
}
