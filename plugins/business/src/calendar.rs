//! Days and instants: "today" is a day of the workflow's zone, taken from the context and never from a clock.

use std::borrow::Cow;
use std::fmt;

use chrono::{
    DateTime, Datelike, Days, LocalResult, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, TimeZone, Timelike, Utc,
};
use chrono_tz::{GapInfo, Tz};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use stepwright_sdk::{Context, Fault};

/// A calendar day, `YYYY-MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(NaiveDate);

impl Day {
    /// The day of a year and a month, both counted from 1; `None` when there is none.
    pub fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(year, month, day).map(Self)
    }

    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Self> {
        let [year, month, day] = text.splitn(3, '-').collect::<Vec<_>>().try_into().ok()?;
        let number = |text: &str, digits| {
            let plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u16>().ok().filter(|_| plain)
        };
        Self::new(number(year, 4)?.into(), number(month, 2)?.into(), number(day, 2)?.into())
    }

    /// So many days later, or earlier for a negative number; `None` outside of the calendar.
    pub fn plus(self, days: i64) -> Option<Self> {
        let distance = Days::new(days.unsigned_abs());
        let day = if days < 0 { self.0.checked_sub_days(distance) } else { self.0.checked_add_days(distance) };
        day.map(Self)
    }

    /// Days from `earlier` to this day, negative when it is later.
    pub fn days_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).num_days()
    }

    /// The year.
    pub fn year(self) -> i32 {
        self.0.year()
    }

    /// The month, from 1.
    pub fn month(self) -> u32 {
        self.0.month()
    }

    /// The day of the month, from 1.
    pub fn day(self) -> u32 {
        self.0.day()
    }

    /// The Monday of its week.
    pub fn monday(self) -> Option<Self> {
        self.plus(-i64::from(self.0.weekday().num_days_from_monday()))
    }

    /// A day of its month, or the month's last day when it is too short.
    pub fn in_month(self, day: u32) -> Self {
        let wanted = day.min(u32::from(self.0.num_days_in_month())).max(1);
        Self(self.0.with_day(wanted).unwrap_or(self.0))
    }

    /// The first day of the month that is so many months later (or earlier).
    pub fn month_start(self, months: i32) -> Option<Self> {
        let count = i64::from(self.year()) * 12 + i64::from(self.month()) - 1 + i64::from(months);
        let year = i32::try_from(count.div_euclid(12)).ok()?;
        Self::new(year, u32::try_from(count.rem_euclid(12)).ok()? + 1, 1)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom(format!("`{text}` is not a date (YYYY-MM-DD)")))
    }
}

impl JsonSchema for Day {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$" })
    }
}

/// An instant, RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(DateTime<Utc>);

impl Instant {
    /// Reads RFC 3339 with any offset.
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|at| Self(at.to_utc()))
    }

    /// So many seconds later; the same instant where the calendar ends before that.
    pub fn plus_seconds(self, seconds: u32) -> Self {
        self.0.checked_add_signed(TimeDelta::seconds(seconds.into())).map_or(self, Self)
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom(format!("`{text}` is not an instant (RFC 3339)")))
    }
}

/// The workflow's zone and the moment a step runs at.
#[derive(Debug, Clone, Copy)]
pub struct Calendar {
    zone: Tz,
    now: Instant,
    today: Day,
}

impl Calendar {
    /// The calendar of a call.
    pub fn of(context: &Context) -> Result<Self, Fault> {
        Self::new(&context.timezone, &context.now)
    }

    /// A zone by its IANA name, and an instant.
    pub fn new(timezone: &str, now: &str) -> Result<Self, Fault> {
        let unknown = || Fault::new("INVALID_CONTEXT", format!("unknown time zone `{timezone}`"));
        let zone: Tz = timezone.parse().map_err(|_| unknown())?;
        let wrong = || Fault::new("INVALID_CONTEXT", format!("`{now}` is not an instant (RFC 3339)"));
        let now = Instant::parse(now).ok_or_else(wrong)?;
        Ok(Self { zone, now, today: day_in(zone, now) })
    }

    /// The day it is in the workflow's zone.
    pub fn today(&self) -> Day {
        self.today
    }

    /// The moment of the call.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// The zone's IANA name.
    pub fn zone(&self) -> &'static str {
        self.zone.name()
    }

    /// The day an instant falls on in the workflow's zone.
    pub fn day_of(&self, instant: Instant) -> Day {
        day_in(self.zone, instant)
    }

    /// What the clocks on the wall show, `YYYY-MM-DD HH:MM`.
    pub fn wall_time(&self, instant: Instant) -> String {
        let local = self.zone.from_utc_datetime(&instant.0.naive_utc());
        format!("{} {:02}:{:02}", local.date_naive(), local.hour(), local.minute())
    }

    /// The first instant of a day. Where clocks skip midnight, the first one they show; where they show it twice, the
    /// first of the two; so days follow each other without a gap.
    pub fn start_of(&self, day: Day) -> Instant {
        let midnight = day.0.and_time(NaiveTime::MIN);
        let start = match self.zone.from_local_datetime(&midnight) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at),
            LocalResult::None => GapInfo::new(&midnight, &self.zone).and_then(|gap| gap.end),
        };
        Instant(start.map_or_else(|| midnight.and_utc(), |at| at.to_utc()))
    }
}

fn day_in(zone: Tz, instant: Instant) -> Day {
    Day(zone.from_utc_datetime(&instant.0.naive_utc()).date_naive())
}
