//! Which wall-clock minutes match, in no particular zone: the adapter of the `cron` crate.
//!
//! That crate follows Quartz (seconds first, Sunday = 1, both day fields must match), so the fields are
//! written out as plain numbers and vixie's "either day field" becomes the union of two schedules.
//! Its zone handling is bypassed: wall times are passed as if they were UTC, which has no gaps.

use super::CronError;
use super::field::FieldSet;
use super::parse::Fields;
use chrono::NaiveDateTime;
use cron::Schedule;

const ANY: &str = "*";

/// The matching minutes from 1970 to 2100, the years the `cron` crate knows.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    /// Days that match both day fields, or only the day of the month when there is an alternative.
    days: Schedule,
    /// Days that match the day of the week, when either field suffices.
    alternative: Option<Schedule>,
}

impl Calendar {
    /// # Errors
    /// [`CronError::Calendar`] if the crate refuses the translation, which the rules of `parse` rule out.
    pub(super) fn new(fields: &Fields) -> Result<Self, CronError> {
        let day_of_month = numbers(fields.day_of_month, 0);
        let day_of_week = numbers(fields.day_of_week, 1);
        if fields.either_day_field() {
            let alternative = Some(schedule(fields, ANY, &day_of_week)?);
            return Ok(Self { days: schedule(fields, &day_of_month, ANY)?, alternative });
        }
        Ok(Self { days: schedule(fields, &day_of_month, &day_of_week)?, alternative: None })
    }

    /// The first matching minute strictly after the wall time `local`, `None` after 2100.
    pub(super) fn next_after(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let as_utc = local.and_utc();
        let schedules = std::iter::once(&self.days).chain(&self.alternative);
        schedules.filter_map(|schedule| schedule.after(&as_utc).next()).min().map(|at| at.naive_utc())
    }
}

fn schedule(fields: &Fields, day_of_month: &str, day_of_week: &str) -> Result<Schedule, CronError> {
    let [minute, hour, month] = [fields.minute, fields.hour, fields.month].map(|set| numbers(set, 0));
    Schedule::try_from(format!("0 {minute} {hour} {day_of_month} {month} {day_of_week}"))
        .map_err(|refusal| CronError::Calendar(refusal.to_string()))
}

/// The values as a comma-separated list, each raised by `shift`.
fn numbers(set: FieldSet, shift: u32) -> String {
    let values: Vec<String> = set.values().map(|value| (value + shift).to_string()).collect();
    values.join(",")
}
