//! Instants on the wire.

use chrono::{DateTime, Utc};
use serde::Serializer;
use stepwright_engine::Timestamp;

/// Reads RFC 3339 with any offset, with or without fraction.
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| Timestamp::from(at.with_timezone(&Utc)))
}

/// `#[serde(serialize_with = "kit::time::millis")]`: `2026-11-22T09:00:00.000Z`.
///
/// # Errors
/// The serializer's.
pub fn millis<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_millis())
}

/// As [`millis`], `null` for none.
///
/// # Errors
/// The serializer's.
pub fn opt_millis<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => millis(at, serializer),
        None => serializer.serialize_none(),
    }
}

/// `2026-11-22T09:00:00Z`.
///
/// # Errors
/// The serializer's.
pub fn seconds<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_secs())
}

/// As [`seconds`], `null` for none.
///
/// # Errors
/// The serializer's.
pub fn opt_seconds<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => seconds(at, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_offsets_and_fractions_and_nothing_else() {
        let read = |text| parse_instant(text).map(Timestamp::to_rfc3339_millis);
        assert_eq!(read("2026-05-28T01:30:00+02:00").as_deref(), Some("2026-05-27T23:30:00.000Z"));
        assert_eq!(read("2026-05-28T01:30:00.123456789Z").as_deref(), Some("2026-05-28T01:30:00.123Z"));
        assert_eq!(read("2026-05-28T01:30:00"), None);
        assert_eq!(read("2026-05-28"), None);
    }
}
