//! Why an expression or a zone is refused; every message may be shown to the caller.

use super::CronField;

/// The first rule an expression or zone breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// Anything but five fields: no seconds, no years.
    #[error("cron expression: expected 5 fields, found {0}")]
    FieldCount(usize),
    /// `@daily` and its relatives.
    #[error("cron expression: \"{0}\" is not supported, write 5 fields")]
    Macro(String),
    /// `?`, `L`, `W` or `#`, which only Quartz knows.
    #[error("{field}: {symbol} is not supported")]
    Unsupported {
        /// Where.
        field: CronField,
        /// Which of the four.
        symbol: char,
    },
    /// A value beyond the field's bounds.
    #[error("{field}: {value} is outside {min}-{max}", min = field.bounds().0, max = field.bounds().1)]
    OutOfRange {
        /// Where.
        field: CronField,
        /// The value as given.
        value: String,
    },
    /// A range whose end lies before its start.
    #[error("{field}: range {range} is reversed")]
    ReversedRange {
        /// Where.
        field: CronField,
        /// The range as given.
        range: String,
    },
    /// A step of 0, which would never advance.
    #[error("{field}: step must be at least 1")]
    ZeroStep {
        /// Where.
        field: CronField,
    },
    /// `5/10`: implementations disagree on its meaning.
    #[error("{field}: a step needs * or a range before it, found \"{item}\"")]
    StepWithoutRange {
        /// Where.
        field: CronField,
        /// The list item as given.
        item: String,
    },
    /// Neither `*`, nor a value, nor a range or step of them.
    #[error("{field}: \"{text}\" is not a value")]
    Malformed {
        /// Where.
        field: CronField,
        /// The part that could not be read.
        text: String,
    },
    /// `0 0 30 2 *`: no month of the expression has a day of the expression.
    #[error("day of month: no selected month has day {day}")]
    NeverComes {
        /// The earliest day asked for.
        day: u32,
    },
    /// Not a name of the IANA zone database.
    #[error("timezone: \"{0}\" is not an IANA zone name")]
    UnknownTimezone(String),
    /// The calendar refused fields that passed every rule: a bug in this module.
    #[error("cron expression: cannot be scheduled: {0}")]
    Calendar(String),
}

/// `text` as a message quotes it: at most 40 characters.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
