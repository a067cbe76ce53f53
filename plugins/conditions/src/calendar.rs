//! Days and instants of the tenant's zone, from the context and never from a clock.

use chrono::{DateTime, Days, LocalResult, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::{GapInfo, Tz};
use stepwright_sdk::{Context, Fault};

use crate::config::{DateOffset, OffsetUnit};

/// The tenant's zone and the moment of the call.
#[derive(Debug, Clone, Copy)]
pub struct Calendar {
    zone: Tz,
    now: Moment,
}

/// An instant, and the day it falls on in the tenant's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The instant.
    pub at: DateTime<Utc>,
    /// The day.
    pub day: NaiveDate,
}

/// What a text says about time: a day, a time of the clocks on the wall, or an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// `2026-05-28`.
    Day(NaiveDate),
    /// `2026-05-28T00:00:00.000`: a time of the tenant's zone.
    Local(NaiveDateTime),
    /// `2026-05-28T00:00:00Z`, or with an offset.
    Instant(DateTime<Utc>),
}

impl Calendar {
    /// The calendar of a call.
    pub fn of(context: &Context) -> Result<Self, Fault> {
        let fault = |reason: String| Fault::new("INVALID_CONTEXT", reason);
        let zone: Tz =
            context.timezone.parse().map_err(|_| fault(format!("unknown time zone `{}`", context.timezone)))?;
        match Stamp::parse(&context.now) {
            Some(Stamp::Instant(at)) => Ok(Self { zone, now: moment(zone, at) }),
            _ => Err(fault(format!("`{}` is not an instant (RFC 3339)", context.now))),
        }
    }

    /// The moment of the call; its day is today.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// Where a stamp lies, moved by an offset. Days, months and years are counted on the tenant's calendar and keep the
    /// time of day; a month that is too short gives its last day. `None` outside of the calendar.
    pub fn place(&self, stamp: Stamp, offset: Option<&DateOffset>) -> Option<Moment> {
        let Some(offset) = offset else {
            return self.resolve(stamp);
        };
        let moved = match stamp {
            Stamp::Day(day) => Stamp::Day(shift(day, offset)?),
            Stamp::Local(local) => Stamp::Local(shift(local.date(), offset)?.and_time(local.time())),
            Stamp::Instant(at) if offset.amount == 0 => Stamp::Instant(at),
            Stamp::Instant(at) => {
                let local = self.zone.from_utc_datetime(&at.naive_utc()).naive_local();
                Stamp::Local(shift(local.date(), offset)?.and_time(local.time()))
            }
        };
        self.resolve(moved)
    }

    /// A day is its first instant.
    fn resolve(&self, stamp: Stamp) -> Option<Moment> {
        match stamp {
            Stamp::Day(day) => Some(Moment { at: self.instant(day.and_time(NaiveTime::MIN))?, day }),
            Stamp::Local(local) => Some(Moment { at: self.instant(local)?, day: local.date() }),
            Stamp::Instant(at) => Some(moment(self.zone, at)),
        }
    }

    /// A time that clocks show twice is the first of the two; one that they skip is the first that they show after it.
    fn instant(&self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        match self.zone.from_local_datetime(&local) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at.to_utc()),
            LocalResult::None => GapInfo::new(&local, &self.zone)?.end.map(|at| at.to_utc()),
        }
    }
}

impl Stamp {
    /// Reads ISO 8601 as APIs write it: a day, optionally a time of it, optionally an offset. Digits beyond nanoseconds
    /// are dropped.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
        let (day, rest) = text.split_at_checked(10)?;
        let day = parse_day(day)?;
        let Some(rest) = rest.strip_prefix(['T', 't', ' ']) else {
            return rest.is_empty().then_some(Self::Day(day));
        };
        let zone_at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
        let (time, zone) = rest.split_at(zone_at);
        let local = parse_time(day, time)?;
        if zone.is_empty() {
            return Some(Self::Local(local));
        }
        let ahead = TimeDelta::try_minutes(parse_offset(zone)?)?;
        Some(Self::Instant(local.checked_sub_signed(ahead)?.and_utc()))
    }
}

fn moment(zone: Tz, at: DateTime<Utc>) -> Moment {
    Moment { at, day: zone.from_utc_datetime(&at.naive_utc()).date_naive() }
}

fn shift(day: NaiveDate, offset: &DateOffset) -> Option<NaiveDate> {
    let count = offset.amount.unsigned_abs();
    let back = offset.amount < 0;
    let months = match offset.unit {
        OffsetUnit::Days => {
            let days = Days::new(count);
            return if back { day.checked_sub_days(days) } else { day.checked_add_days(days) };
        }
        OffsetUnit::Months => count,
        OffsetUnit::Years => count.checked_mul(12)?,
    };
    let months = Months::new(u32::try_from(months).ok()?);
    if back { day.checked_sub_months(months) } else { day.checked_add_months(months) }
}

/// Exactly so many digits.
fn number(text: &str, digits: usize) -> Option<u32> {
    let plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

fn parse_day(text: &str) -> Option<NaiveDate> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    NaiveDate::from_ymd_opt(i32::try_from(number(year, 4)?).ok()?, number(month, 2)?, number(day, 2)?)
}

/// `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fff…`; a leap second is the first of the next minute.
fn parse_time(day: NaiveDate, text: &str) -> Option<NaiveDateTime> {
    let (hour, rest) = text.split_once(':')?;
    let (minute, seconds) = rest.split_once(':').unwrap_or((rest, "00"));
    let (second, fraction) = match seconds.split_once('.') {
        Some((second, fraction)) if !fraction.is_empty() => (second, fraction),
        Some(_) => return None,
        None => (seconds, ""),
    };
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanos = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    let nanos = nanos.fold(0, |nanos, digit| nanos * 10 + u32::from(digit - b'0'));
    let second = number(second, 2)?;
    let leap = second == 60;
    let time = NaiveTime::from_hms_nano_opt(
        number(hour, 2)?,
        number(minute, 2)?,
        if leap { 59 } else { second },
        if leap { 0 } else { nanos },
    )?;
    day.and_time(time).checked_add_signed(TimeDelta::try_seconds(i64::from(leap))?)
}

/// Minutes east of Greenwich: `Z`, `+02:00`, `+0200` or `+02`.
fn parse_offset(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits = text.get(1..)?;
    let (hours, minutes) = match digits.len() {
        2 => (digits, "00"),
        4 => digits.split_at_checked(2)?,
        _ => digits.split_once(':')?,
    };
    let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
    (hours < 24 && minutes < 60).then_some(sign * i64::from(hours * 60 + minutes))
}
