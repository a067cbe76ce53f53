//! `date_range` of summary steps: a preset or two days, both inclusive, in the workflow's zone.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use stepwright_sdk::Fault;

use crate::{Calendar, Day, Instant};

/// The days a summary is about: the name of a range, or its first and last day. Days are days of the workflow's time
/// zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum DateRange {
    /// By name, seen from the day the step runs on.
    Preset(Preset),
    /// By its first and last day.
    Days(Period),
}

/// A range of days by name, seen from the day the step runs on. `last_7_days` and `last_30_days` end with that day;
/// weeks start on Monday; `this_…` ranges are whole weeks, months, quarters and years.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Preset {
    Today,
    Yesterday,
    #[default]
    #[serde(rename = "last_7_days")]
    Last7Days,
    #[serde(rename = "last_30_days")]
    Last30Days,
    ThisWeek,
    LastWeek,
    ThisMonth,
    LastMonth,
    ThisQuarter,
    ThisYear,
}

/// Days from the first to the last, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Period {
    /// The first day, `YYYY-MM-DD`.
    pub from: Day,
    /// The last day, `YYYY-MM-DD`.
    pub to: Day,
}

/// The instants of a period: from `start` up to but without `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first instant.
    pub start: Instant,
    /// The first instant after it.
    pub end: Instant,
    period: Period,
}

impl Default for DateRange {
    fn default() -> Self {
        Self::Preset(Preset::default())
    }
}

impl DateRange {
    /// The days it means today.
    pub fn resolve(&self, calendar: &Calendar) -> Result<Period, Fault> {
        let period = match self {
            Self::Days(period) => Some(*period),
            Self::Preset(preset) => preset.seen_from(calendar.today()),
        };
        period.ok_or_else(|| Fault::new("INVALID_CONTEXT", "the date range leaves the calendar"))
    }
}

impl Preset {
    fn seen_from(self, today: Day) -> Option<Period> {
        let (from, to) = match self {
            Self::Today => (today, today),
            Self::Yesterday => (today.plus(-1)?, today.plus(-1)?),
            Self::Last7Days => (today.plus(-6)?, today),
            Self::Last30Days => (today.plus(-29)?, today),
            Self::ThisWeek => (today.monday()?, today.monday()?.plus(6)?),
            Self::LastWeek => (today.monday()?.plus(-7)?, today.monday()?.plus(-1)?),
            Self::ThisMonth => months(today.month_start(0)?, 1)?,
            Self::LastMonth => months(today.month_start(-1)?, 1)?,
            Self::ThisQuarter => {
                let into_quarter = i32::try_from((today.month() - 1) % 3).ok()?;
                months(today.month_start(-into_quarter)?, 3)?
            }
            Self::ThisYear => months(Day::new(today.year(), 1, 1)?, 12)?,
        };
        Some(Period { from, to })
    }
}

fn months(from: Day, count: i32) -> Option<(Day, Day)> {
    Some((from, from.month_start(count)?.plus(-1)?))
}

impl Period {
    /// Years a config may name; comparing dates as text needs four digits.
    const YEARS: std::ops::RangeInclusive<i32> = 1900..=2999;

    /// The days from one to another, or the rule they break.
    pub fn new(from: Day, to: Day) -> Result<Self, String> {
        if let Some(day) = [from, to].into_iter().find(|day| !Self::YEARS.contains(&day.year())) {
            return Err(format!("{day} is outside of the years {} to {}", Self::YEARS.start(), Self::YEARS.end()));
        }
        if from > to { Err(format!("`from` ({from}) is after `to` ({to})")) } else { Ok(Self { from, to }) }
    }

    /// Whether a day is one of them.
    pub fn contains(&self, day: Day) -> bool {
        (self.from..=self.to).contains(&day)
    }

    /// Its instants in the workflow's zone.
    pub fn span(self, calendar: &Calendar) -> Result<Span, Fault> {
        let after =
            self.to.plus(1).ok_or_else(|| Fault::new("INVALID_CONTEXT", "the date range leaves the calendar"))?;
        Ok(Span { start: calendar.start_of(self.from), end: calendar.start_of(after), period: self })
    }
}

impl Span {
    /// Whether an instant is one of them.
    pub fn contains(&self, instant: Instant) -> bool {
        self.start <= instant && instant < self.end
    }

    /// Two texts between which every RFC 3339 text of a contained instant sorts, whatever its offset: the host
    /// compares text, so they narrow a query down, and [`Span::contains`] decides.
    pub fn text_bounds(&self) -> (String, String) {
        let bound = |day: Day, days| day.plus(days).unwrap_or(day).to_string();
        // A day for the offset of the zone, a day for the offset of the text, and one because the end is exclusive.
        (bound(self.period.from, -2), bound(self.period.to, 3))
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Bounds {
            from: Day,
            to: Day,
        }
        let Bounds { from, to } = Bounds::deserialize(deserializer)?;
        Self::new(from, to).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for DateRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = DateRange;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a date range, or an object of `from` and `to`")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<DateRange, E> {
                Preset::deserialize(StrDeserializer::new(name)).map(DateRange::Preset)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<DateRange, A::Error> {
                Period::deserialize(MapAccessDeserializer::new(map)).map(DateRange::Days)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for DateRange {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "DateRange".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        // Not `anyOf`: a validator then says which name or day is wrong, and not just that neither form fits.
        let mut days = Period::json_schema(generator);
        days.remove("type");
        json_schema!({
            "type": ["string", "object"],
            "if": { "type": "string" },
            "then": Preset::json_schema(generator),
            "else": days,
        })
    }
}
