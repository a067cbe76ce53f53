//! Cron schedules: five fields read on the wall clock of an IANA zone.
//!
//! Reading order: `parse` decides what is legal, `calendar` enumerates the matching wall-clock minutes,
//! `dst` says when the clock of a zone shows them, and [`CronSchedule`] joins the three.
//! The rules are POSIX cron's with vixie's day rule; clock changes follow Debian's cron(8).

mod calendar;
mod catch_up;
mod dst;
mod error;
mod field;
mod parse;
#[cfg(test)]
mod tests;

pub use catch_up::{CatchUp, catch_up};
pub use error::CronError;
pub use field::CronField;

use crate::Timestamp;
use calendar::Calendar;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use dst::WallTime;

/// Before this instant no zone has reached 1970, the first year of the calendar.
const BEFORE_CALENDAR: Timestamp = Timestamp::from_secs(-86_400);
/// 2101-01-02T00:00:00Z: after this instant every zone has left 2100, the last year of the calendar.
const AFTER_CALENDAR: Timestamp = Timestamp::from_secs(4_133_980_800);

/// A parsed expression in its zone; the finest tick is one minute.
#[derive(Clone, Debug)]
pub struct CronSchedule {
    expression: String,
    zone: Tz,
    calendar: Calendar,
    /// Neither minute nor hour starts with `*`: the job means a time of day, and runs once for it.
    fixed: bool,
}

impl CronSchedule {
    /// Reads `minute hour day-of-month month day-of-week` and a zone name.
    ///
    /// Values are `0-59`, `0-23`, `1-31`, `1-12` or `JAN-DEC`, `0-7` or `SUN-SAT` (0 and 7 are Sunday, names in
    /// any case); a field is a list of `*`, values, ranges `a-b` with a ≤ b, and steps `*/n`, `a-b/n` with n ≥ 1.
    ///
    /// # Errors
    /// [`CronError`] for the first rule broken, fields from left to right, then the date, then the zone.
    pub fn parse(expression: &str, timezone: &str) -> Result<Self, CronError> {
        let fields = parse::fields(expression)?;
        let zone = check_timezone(timezone)?;
        let calendar = Calendar::new(&fields)?;
        Ok(Self { expression: expression.to_owned(), zone, calendar, fixed: fields.is_fixed_time() })
    }

    /// The first tick strictly after `after`, or `None` when none is left in the calendar (1970 to 2100).
    ///
    /// A fixed time that the clock skips ticks at the instant of the jump, together with every other time
    /// skipped there; one that the clock shows twice ticks at the first. With `*` in minute or hour the
    /// wall clock is followed as it is. A zone change that skips or repeats a whole day counts like any other.
    /// The zone database compiled in lists clock changes up to 2099.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        if after > AFTER_CALENDAR {
            return None;
        }
        let after = after.max(BEFORE_CALENDAR).datetime();
        let ahead = self.ahead_of_wall_clock(after);
        let repeated = if self.fixed { None } else { self.behind_wall_clock(after) };
        ahead.into_iter().chain(repeated).min().map(Timestamp::from)
    }

    /// The five fields as they were given.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// The IANA name of the zone.
    pub fn timezone(&self) -> &str {
        self.zone.name()
    }

    /// The first tick whose wall time lies beyond the one shown at `after`.
    fn ahead_of_wall_clock(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut local = dst::wall_clock(self.zone, after);
        loop {
            local = self.calendar.next_after(local)?;
            let tick = match dst::resolve(self.zone, local) {
                WallTime::Once(at) => at,
                WallTime::Twice { first, .. } if self.fixed || first > after => first,
                WallTime::Twice { second, .. } => second,
                WallTime::Skipped { resume } if self.fixed => resume,
                WallTime::Skipped { resume } => {
                    local = local.max(dst::wall_clock(self.zone, resume) - TimeDelta::seconds(1));
                    continue;
                }
            };
            // A fixed time already ran when `after` lies in the second showing of its hour.
            if tick > after {
                return Some(tick);
            }
        }
    }

    /// The first tick of a coming repetition: wall times at or before the one shown at `after` come again
    /// only when `after` lies in the first showing of a repeated hour.
    fn behind_wall_clock(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let turned_back = dst::coming_turn_back(self.zone, after)?;
        let before_restart = dst::wall_clock(self.zone, turned_back) - TimeDelta::seconds(1);
        match dst::resolve(self.zone, self.calendar.next_after(before_restart)?) {
            WallTime::Twice { second, .. } => Some(second),
            WallTime::Once(_) | WallTime::Skipped { .. } => None,
        }
    }
}

/// The zone of this IANA name (`Europe/London`); case matters, offsets such as `+02:00` are not names.
///
/// # Errors
/// [`CronError::UnknownTimezone`] when the zone database compiled in has no such name.
pub fn check_timezone(name: &str) -> Result<Tz, CronError> {
    name.parse().map_err(|_| CronError::UnknownTimezone(error::shown(name)))
}
