//! Rows of the dataset `recurring_templates`, and the dates they are due on.

use business::{Currency, Day, Sum, row};
use serde::Deserialize;
use serde_json::Value;
use stepwright_sdk::Fault;
use stepwright_sdk::data::Row;

use super::Reason;
use super::recurrence::{Interval, Recurrence};

/// The dataset.
pub const TEMPLATES: &str = "recurring_templates";
/// Days until an invoice is due whose template does not say.
const DUE_IN_DAYS: i64 = 30;
/// Bytes of a template's id that leave room for the rest of an invoice's: `rec-` and a date.
const MAX_ID: usize = 200 - "rec-".len() - "-2026-01-31".len();

/// A template.
#[derive(Debug)]
pub struct Template {
    pub id: String,
    pub version: u64,
    pub customer_id: String,
    pub currency: Currency,
    /// As the template has them.
    pub lines: Value,
    /// The sum of the lines.
    pub total_cents: i64,
    pub due_in_days: i64,
    next_issue_date: Day,
    end_date: Option<Day>,
    active: bool,
    recurrence: Recurrence,
}

/// The dates a template is due on.
#[derive(Debug)]
pub struct Due {
    pub dates: Vec<Day>,
    /// The date after them.
    pub next: Day,
    /// The day of the month to keep.
    pub anchor: Option<u32>,
    /// Whether more dates have come than were asked for.
    pub cut: bool,
}

#[derive(Deserialize)]
struct Fields {
    customer_id: String,
    lines: Vec<Line>,
    currency: Currency,
    interval: Interval,
    next_issue_date: Day,
    due_in_days: Option<i64>,
    end_date: Option<Day>,
    active: Option<bool>,
    anchor_day: Option<i64>,
}

#[derive(Deserialize)]
struct Line {
    quantity: i64,
    unit_price_cents: i64,
}

impl Template {
    /// Reads a row of the dataset.
    pub fn read(mut row: Row) -> Result<Self, Fault> {
        let fields: Fields = row::read(TEMPLATES, &row)?;
        let due_in_days = fields.due_in_days.unwrap_or(DUE_IN_DAYS);
        if !(0..=3650).contains(&due_in_days) {
            return Err(row::broken(TEMPLATES, &row.id, "due_in_days must be 0 to 3650"));
        }
        let anchor = fields.anchor_day.and_then(|day| u32::try_from(day).ok());
        Ok(Self {
            total_cents: total(&fields.lines).map_err(|fault| row::broken(TEMPLATES, &row.id, fault.reason))?,
            lines: row.value["lines"].take(),
            recurrence: Recurrence::new(fields.interval, fields.next_issue_date, anchor),
            id: row.id,
            version: row.version,
            customer_id: fields.customer_id,
            currency: fields.currency,
            due_in_days,
            next_issue_date: fields.next_issue_date,
            end_date: fields.end_date,
            active: fields.active.unwrap_or(true),
        })
    }

    /// Why nothing is to be issued today.
    pub fn rests(&self, today: Day) -> Option<Reason> {
        if !self.active {
            Some(Reason::Inactive)
        } else if self.end_date.is_some_and(|end| self.next_issue_date > end) {
            Some(Reason::Ended)
        } else if self.next_issue_date > today {
            Some(Reason::NotDue)
        } else if self.id.len() > MAX_ID {
            Some(Reason::IdTooLong)
        } else {
            None
        }
    }

    /// The dates that have come and not been issued, at most so many.
    pub fn due(&self, today: Day, most: usize) -> Result<Due, Fault> {
        let last = self.end_date.map_or(today, |end| end.min(today));
        let mut dates = Vec::new();
        let mut next = self.next_issue_date;
        while next <= last && dates.len() < most {
            dates.push(next);
            let beyond = || row::broken(TEMPLATES, &self.id, "its dates leave the calendar");
            next = self.recurrence.after(next).ok_or_else(beyond)?;
        }
        Ok(Due { dates, next, anchor: self.recurrence.anchor(), cut: next <= last })
    }
}

fn total(lines: &[Line]) -> Result<i64, Fault> {
    let mut sum = Sum::default();
    lines.iter().try_for_each(|line| sum.add_line(line.quantity, line.unit_price_cents))?;
    sum.cents()
}
