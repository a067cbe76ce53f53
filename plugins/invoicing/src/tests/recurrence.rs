use business::Day;
use proptest::prelude::*;

use crate::recurring::{Interval, Recurrence};

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn dates(interval: Interval, first: &str, count: usize) -> Vec<String> {
    let recurrence = Recurrence::new(interval, day(first), None);
    std::iter::successors(Some(day(first)), |date| recurrence.after(*date)).take(count).map(|d| d.to_string()).collect()
}

#[test]
fn months_clamp_and_come_back_to_the_day_they_started_with() {
    let expected = ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"];
    assert_eq!(dates(Interval::Monthly, "2026-01-31", 5), expected);
    assert_eq!(dates(Interval::Monthly, "2028-01-30", 3), ["2028-01-30", "2028-02-29", "2028-03-30"]);
    assert_eq!(dates(Interval::Monthly, "2026-11-30", 4), ["2026-11-30", "2026-12-30", "2027-01-30", "2027-02-28"]);
}

#[test]
fn weeks_are_seven_days_and_years_keep_the_leap_day() {
    assert_eq!(dates(Interval::Weekly, "2026-12-28", 2), ["2026-12-28", "2027-01-04"]);
    let expected = ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"];
    assert_eq!(dates(Interval::Yearly, "2028-02-29", 5), expected);
}

#[test]
fn a_kept_anchor_counts_only_while_the_date_follows_from_it() {
    let after = |date: &str, anchor| Recurrence::new(Interval::Monthly, day(date), anchor).after(day(date)).unwrap();
    assert_eq!(after("2026-02-28", Some(31)), day("2026-03-31"));
    assert_eq!(after("2026-02-28", None), day("2026-03-28"));
    // The date was moved to the 15th by hand.
    assert_eq!(after("2026-02-15", Some(31)), day("2026-03-15"));
    assert_eq!(after("2026-02-15", Some(0)), day("2026-03-15"));
    assert_eq!(after("2026-02-28", Some(32)), day("2026-03-28"));
}

proptest! {
    #[test]
    fn monthly_dates_are_in_consecutive_months_on_the_anchor_or_the_months_last_day(
        offset in 0_i64..20_000, steps in 1_usize..60,
    ) {
        let first = day("2000-01-01").plus(offset).unwrap();
        let recurrence = Recurrence::new(Interval::Monthly, first, None);
        let mut date = first;
        for step in 1..=steps {
            // What a run stores and the next one reads.
            let next = Recurrence::new(Interval::Monthly, date, recurrence.anchor()).after(date).unwrap();
            prop_assert_eq!(Some(next.in_month(1)), first.month_start(i32::try_from(step).unwrap()));
            prop_assert_eq!(next, next.in_month(first.day()));
            date = next;
        }
    }
}
