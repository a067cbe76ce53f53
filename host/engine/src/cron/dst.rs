//! When the clock of a zone shows a given wall time: once, twice, or never.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::{GapInfo, Tz};

/// The instants at which a zone's clock shows one wall time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WallTime {
    /// An ordinary time.
    Once(DateTime<Utc>),
    /// The clock is turned back over it.
    Twice {
        /// Before the clock is turned back.
        first: DateTime<Utc>,
        /// After it.
        second: DateTime<Utc>,
    },
    /// The clock jumps over it.
    Skipped {
        /// The instant of the jump, at which the clock already shows the later time.
        resume: DateTime<Utc>,
    },
}

/// What the clock of `zone` shows at `at`.
pub(super) fn wall_clock(zone: Tz, at: DateTime<Utc>) -> NaiveDateTime {
    at.with_timezone(&zone).naive_local()
}

/// When the clock of `zone` shows `local`.
pub(super) fn resolve(zone: Tz, local: NaiveDateTime) -> WallTime {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(at) => WallTime::Once(at.to_utc()),
        MappedLocalTime::Ambiguous(first, second) => WallTime::Twice { first: first.to_utc(), second: second.to_utc() },
        MappedLocalTime::None => skipped(zone, local),
    }
}

/// The coming instant at which the clock is turned back over the time shown at `at`, if that time is shown
/// again later.
pub(super) fn coming_turn_back(zone: Tz, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let WallTime::Twice { first, second } = resolve(zone, wall_clock(zone, at)) else { return None };
    if at != first {
        return None;
    }
    // Exactly one change lies between the two showings, and changes fall on whole seconds.
    let offset_before = offset_seconds(zone, first);
    let (mut before, mut after) = (first.timestamp(), second.timestamp());
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if offset_seconds(zone, DateTime::from_timestamp(middle, 0)?) == offset_before {
            before = middle;
        } else {
            after = middle;
        }
    }
    DateTime::from_timestamp(after, 0)
}

fn skipped(zone: Tz, local: NaiveDateTime) -> WallTime {
    // A gap without a beginning cannot be: before its first change a zone has one offset and no gaps.
    match GapInfo::new(&local, &zone).and_then(|gap| gap.begin) {
        Some((begin, offset)) => WallTime::Skipped { resume: (begin - offset.fix()).and_utc() },
        None => WallTime::Once(local.and_utc()),
    }
}

fn offset_seconds(zone: Tz, at: DateTime<Utc>) -> i32 {
    zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
}
