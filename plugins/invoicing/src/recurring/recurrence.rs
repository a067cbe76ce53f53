//! When a recurring template is due: dates that keep the day of the month they started with.

use business::Day;
use serde::Deserialize;

/// How often a template is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interval {
    Weekly,
    Monthly,
    Yearly,
}

/// The dates of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recurrence {
    interval: Interval,
    /// The day of the month the dates are meant to have; shorter months get their last day.
    anchor: u32,
}

impl Recurrence {
    /// The recurrence of a template that is due on `date`. The anchor kept from earlier dates counts only while `date`
    /// is what it leads to; whoever moves the date by hand sets a new anchor with it.
    pub fn new(interval: Interval, date: Day, anchor: Option<u32>) -> Self {
        let anchor = anchor.filter(|anchor| (1..=31).contains(anchor) && date.in_month(*anchor) == date);
        Self { interval, anchor: anchor.unwrap_or(date.day()) }
    }

    /// The day of the month to keep, for intervals that clamp it.
    pub fn anchor(&self) -> Option<u32> {
        match self.interval {
            Interval::Weekly => None,
            Interval::Monthly | Interval::Yearly => Some(self.anchor),
        }
    }

    /// The date after `date`; `None` at the calendar's end.
    pub fn after(&self, date: Day) -> Option<Day> {
        match self.interval {
            Interval::Weekly => date.plus(7),
            Interval::Monthly => Some(date.month_start(1)?.in_month(self.anchor)),
            Interval::Yearly => Some(date.month_start(12)?.in_month(self.anchor)),
        }
    }
}
