//! One table per rule; `tests/cron.rs` compares whole schedules with an independent evaluator.

mod refusals;
mod ticks;

use super::CronSchedule;
use crate::Timestamp;

const LONDON: &str = "Europe/London";

fn schedule(expression: &str, zone: &str) -> CronSchedule {
    CronSchedule::parse(expression, zone).unwrap_or_else(|refusal| panic!("{expression}: {refusal}"))
}

fn refusal(expression: &str) -> String {
    match CronSchedule::parse(expression, "UTC") {
        Ok(_) => panic!("{expression} was accepted"),
        Err(refusal) => refusal.to_string(),
    }
}

fn at(text: &str) -> Timestamp {
    let parsed = chrono::DateTime::parse_from_rfc3339(text).unwrap_or_else(|_| panic!("{text}"));
    parsed.to_utc().into()
}

/// The ticks after `after`, as many as `expected` has.
fn assert_ticks(expression: &str, zone: &str, after: &str, expected: &[&str]) {
    let schedule = schedule(expression, zone);
    let mut cursor = at(after);
    for (index, tick) in expected.iter().enumerate() {
        let next = schedule.next_after(cursor).unwrap_or_else(|| panic!("{expression}: no tick {index}"));
        assert_eq!(next.to_rfc3339_secs(), *tick, "{expression} in {zone} after {cursor}");
        cursor = next;
    }
}
