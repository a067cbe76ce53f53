//! What a scheduler owes for the ticks it finds late.

use super::CronSchedule;
use crate::Timestamp;
use std::time::Duration;

/// The answer of [`catch_up`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatchUp {
    /// The tick to fire now, at most one; it is the run's `scheduled_for`.
    pub fire: Option<Timestamp>,
    /// The first tick strictly after now: what to store.
    pub next: Option<Timestamp>,
}

/// Decides what to do at `now` about a stored tick.
///
/// Of all ticks from `stored_next` up to and including `now`, only the newest can fire, and only when it is
/// younger than `grace`; the others are dropped. A stored tick that the schedule no longer has (the zone's
/// rules changed) counts as one of them. `grace` must exceed the scheduler's own latency, since a tick
/// noticed promptly is judged by the same rule. Work is logarithmic in the time missed.
pub fn catch_up(schedule: &CronSchedule, stored_next: Timestamp, now: Timestamp, grace: Duration) -> CatchUp {
    let next = schedule.next_after(now);
    if stored_next > now {
        return CatchUp { fire: None, next };
    }
    let newest = newest_between(schedule, stored_next, now).unwrap_or(stored_next);
    let fire = (now.since(newest) < grace).then_some(newest);
    CatchUp { fire, next }
}

/// The newest tick in `(start, end]`.
fn newest_between(schedule: &CronSchedule, start: Timestamp, end: Timestamp) -> Option<Timestamp> {
    let first_in = |after: i64| schedule.next_after(Timestamp::from_micros(after)).filter(|tick| *tick <= end);
    let mut newest = first_in(start.micros())?;
    let mut without = end.micros();
    // `newest` is a tick; no tick lies in `(without, end]`: close in until nothing is left between.
    while newest.micros() < without {
        let after = newest.micros() + (without - newest.micros()) / 2;
        match first_in(after) {
            Some(tick) => newest = tick,
            None => without = after,
        }
    }
    Some(newest)
}
