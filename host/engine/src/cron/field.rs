//! One field of an expression: its bounds, its names, and the set of values it selects.

use super::error::{CronError, shown};
use std::fmt;

/// The five fields, in the order they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CronField {
    /// 0-59.
    Minute,
    /// 0-23.
    Hour,
    /// 1-31.
    DayOfMonth,
    /// 1-12 or `JAN-DEC`.
    Month,
    /// 0-7 or `SUN-SAT`; 0 and 7 are Sunday.
    DayOfWeek,
}

/// The values a field selects. Sunday is always 0 here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FieldSet {
    bits: u64,
    /// The text starts with `*`; so `*/2` does too, although it selects only some values.
    pub(super) starred: bool,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl CronField {
    /// The smallest and the largest value that may be written.
    pub const fn bounds(self) -> (u32, u32) {
        match self {
            Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::DayOfMonth => (1, 31),
            Self::Month => (1, 12),
            Self::DayOfWeek => (0, 7),
        }
    }

    /// Three-letter names, the first of which stands for the smallest value.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Minute | Self::Hour | Self::DayOfMonth => &[],
            Self::Month => &MONTHS,
            Self::DayOfWeek => &DAYS,
        }
    }

    /// Reads the text of this field.
    ///
    /// # Errors
    /// The first rule that an item of the list breaks, items from left to right.
    pub(super) fn parse(self, text: &str) -> Result<FieldSet, CronError> {
        let mut bits = 0;
        for item in text.split(',') {
            bits |= self.item(item)?;
        }
        if self == Self::DayOfWeek && bits & (1 << 7) != 0 {
            bits = (bits & !(1 << 7)) | 1;
        }
        Ok(FieldSet { bits, starred: text.starts_with('*') })
    }

    /// One list item: `*`, `a`, `a-b`, `*/n` or `a-b/n`.
    fn item(self, item: &str) -> Result<u64, CronError> {
        let (base, step) = match item.split_once('/') {
            Some((base, step)) => (base, Some(step)),
            None => (item, None),
        };
        let (first, last) = match base.split_once('-') {
            _ if base == "*" => self.bounds(),
            Some((first, last)) => (self.value(first)?, self.value(last)?),
            None => {
                let value = self.value(base)?;
                if step.is_some() {
                    return Err(CronError::StepWithoutRange { field: self, item: shown(item) });
                }
                (value, value)
            }
        };
        if first > last {
            return Err(CronError::ReversedRange { field: self, range: shown(base) });
        }
        let step = step.map_or(Ok(1), |text| self.step(text))?;
        Ok((first..=last).step_by(step).fold(0, |bits, value| bits | (1 << value)))
    }

    fn value(self, text: &str) -> Result<u32, CronError> {
        let (min, max) = self.bounds();
        if is_number(text) {
            return match text.parse() {
                Ok(value) if (min..=max).contains(&value) => Ok(value),
                Ok(_) | Err(_) => Err(CronError::OutOfRange { field: self, value: shown(text) }),
            };
        }
        let named = (min..).zip(self.names()).find(|(_, name)| name.eq_ignore_ascii_case(text));
        named.map(|(value, _)| value).ok_or_else(|| match quartz_symbol(text) {
            Some(symbol) => CronError::Unsupported { field: self, symbol },
            None => CronError::Malformed { field: self, text: shown(text) },
        })
    }

    /// A step; one longer than the range selects its first value only, so numbers beyond `u32` saturate.
    fn step(self, text: &str) -> Result<usize, CronError> {
        if !is_number(text) {
            return Err(CronError::Malformed { field: self, text: shown(text) });
        }
        match text.parse::<u32>().unwrap_or(u32::MAX) {
            0 => Err(CronError::ZeroStep { field: self }),
            step => Ok(step as usize),
        }
    }
}

impl fmt::Display for CronField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day of month",
            Self::Month => "month",
            Self::DayOfWeek => "day of week",
        })
    }
}

impl FieldSet {
    /// The selected values in ascending order; never empty.
    pub(super) fn values(self) -> impl Iterator<Item = u32> {
        (0..u64::BITS).filter(move |value| self.bits & (1 << value) != 0)
    }

    /// The smallest selected value.
    pub(super) const fn first(self) -> u32 {
        self.bits.trailing_zeros()
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The Quartz extension that `text` uses: `?`, `5#2`, `L`, `5L`, `FRIL`, `15W`, `LW`.
fn quartz_symbol(text: &str) -> Option<char> {
    if let Some(symbol) = text.chars().find(|symbol| matches!(symbol, '?' | '#')) {
        return Some(symbol);
    }
    let upper = text.to_ascii_uppercase();
    let (value, symbol) = upper.split_at_checked(upper.len().checked_sub(1)?)?;
    let quartz = value == "L" || value.bytes().all(|byte| byte.is_ascii_digit()) || is_day_name(value);
    symbol.chars().next().filter(|symbol| quartz && matches!(symbol, 'L' | 'W'))
}

fn is_day_name(text: &str) -> bool {
    DAYS.iter().any(|name| name.eq_ignore_ascii_case(text))
}
