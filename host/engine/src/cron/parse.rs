//! From text to five sets, with the rules that concern more than one field.

use super::CronField;
use super::error::{CronError, shown};
use super::field::FieldSet;

/// An expression that passed every rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields {
    pub(super) minute: FieldSet,
    pub(super) hour: FieldSet,
    pub(super) day_of_month: FieldSet,
    pub(super) month: FieldSet,
    pub(super) day_of_week: FieldSet,
}

impl Fields {
    /// Neither minute nor hour starts with `*`.
    pub(super) const fn is_fixed_time(&self) -> bool {
        !self.minute.starred && !self.hour.starred
    }

    /// Vixie's day rule: when neither day field starts with `*`, a day needs to match only one of them.
    pub(super) const fn either_day_field(&self) -> bool {
        !self.day_of_month.starred && !self.day_of_week.starred
    }

    /// Some date matches. A weekday always comes; a day of the month comes when a selected month is long
    /// enough, and over the 400-year cycle every such date, 29 February too, falls on every weekday.
    fn comes(&self) -> bool {
        self.either_day_field() || self.month.values().any(|month| self.day_of_month.first() <= longest(month))
    }
}

/// Reads an expression; fields are separated by spaces and tabs, which may surround it too.
///
/// # Errors
/// The first rule broken, from left to right.
pub(super) fn fields(expression: &str) -> Result<Fields, CronError> {
    let parts: Vec<&str> = expression.split([' ', '\t']).filter(|part| !part.is_empty()).collect();
    if let Some(name) = parts.first().filter(|part| part.starts_with('@')) {
        return Err(CronError::Macro(shown(name)));
    }
    let &[minute, hour, day_of_month, month, day_of_week] = parts.as_slice() else {
        return Err(CronError::FieldCount(parts.len()));
    };
    let fields = Fields {
        minute: CronField::Minute.parse(minute)?,
        hour: CronField::Hour.parse(hour)?,
        day_of_month: CronField::DayOfMonth.parse(day_of_month)?,
        month: CronField::Month.parse(month)?,
        day_of_week: CronField::DayOfWeek.parse(day_of_week)?,
    };
    if fields.comes() { Ok(fields) } else { Err(CronError::NeverComes { day: fields.day_of_month.first() }) }
}

/// Days of a month (1-12) in its longest year.
const fn longest(month: u32) -> u32 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
