//! Calendar arithmetic in UTC.

use super::vocab::TimeUnit;
use crate::Timestamp;
use chrono::{DateTime, Months, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use serde_json::Value;

/// `at` moved by `amount` units, backwards when `back`; `None` when the result is no date of the calendar.
///
/// Months and years keep the day of the month where it exists and else take the month's last day
/// (31 January + 1 month = 28 or 29 February).
pub fn shift(at: Timestamp, amount: u32, unit: TimeUnit, back: bool) -> Option<Timestamp> {
    let from: DateTime<Utc> = DateTime::from_timestamp_micros(at.micros())?;
    let months = |n: u32| {
        let months = Months::new(n);
        if back { from.checked_sub_months(months) } else { from.checked_add_months(months) }
    };
    let span = |minutes_each: i64| {
        let delta = TimeDelta::try_minutes(i64::from(amount).checked_mul(minutes_each)?)?;
        if back { from.checked_sub_signed(delta) } else { from.checked_add_signed(delta) }
    };
    let moved = match unit {
        TimeUnit::Minutes => span(1),
        TimeUnit::Hours => span(60),
        TimeUnit::Days => span(60 * 24),
        TimeUnit::Weeks => span(60 * 24 * 7),
        TimeUnit::Months => months(amount),
        TimeUnit::Years => months(amount.checked_mul(12)?),
    }?;
    Some(moved.into())
}

/// The due date `amount` units after `anchor` as it stands on the wire: minutes and hours make an instant
/// (`2026-05-28T09:30:00.000Z`), longer units a floating day (`2026-05-28T00:00:00.000`).
pub fn due_text(anchor: Timestamp, amount: u32, unit: TimeUnit) -> Option<String> {
    let due = shift(anchor, amount, unit, false)?;
    Some(match unit {
        TimeUnit::Minutes | TimeUnit::Hours => due.to_rfc3339_millis(),
        TimeUnit::Days | TimeUnit::Weeks | TimeUnit::Months | TimeUnit::Years => {
            due.datetime().format("%Y-%m-%dT00:00:00.000").to_string()
        }
    })
}

/// Reads a date attribute: an RFC 3339 instant, a floating date-time (taken as UTC), or a day (its midnight in UTC).
pub fn read_date(value: &Value) -> Option<Timestamp> {
    parse_date(value.as_str()?)
}

/// As [`read_date`], from text.
pub fn parse_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant.to_utc().into());
    }
    if let Ok(floating) = text.parse::<NaiveDateTime>() {
        return Some(floating.and_utc().into());
    }
    let day = text.parse::<NaiveDate>().ok()?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc().into())
}
