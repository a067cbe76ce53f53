//! Lanes: bounded queues per receiver, and how long what doesn't fit is put off.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use stepwright_engine::Timestamp;

/// How much is in hand at a time.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Items of all lanes, waiting ones included.
    pub total: usize,
    /// Items of one lane that are sent at the same time.
    pub width: usize,
    /// Items of one lane that wait in memory.
    pub depth: usize,
}

/// What one item is taken to need before any has been measured.
const FIRST_GUESS: Duration = Duration::from_millis(100);
/// Items put off come back one after the other, at the pace the lane keeps; never faster or slower than this.
const SPACING: (Duration, Duration) = (Duration::from_millis(1), Duration::from_secs(15));
/// Nothing is put off for longer, so that a lane that has recovered is noticed.
const HORIZON: Duration = Duration::from_secs(600);

/// Where an item has gone.
#[derive(Debug, PartialEq, Eq)]
pub enum Admission<T> {
    /// In line, and somebody must start working on the lane.
    Start,
    /// In line; the lane is being worked on.
    Waits,
    /// Not now.
    PutOff { item: T, until: Timestamp },
}

struct Lane<T> {
    waiting: VecDeque<T>,
    workers: usize,
    /// Nothing is sent before, after the receiver has failed.
    rest_until: Timestamp,
    /// How long one item takes, smoothed.
    pace: Duration,
    /// Until when the last item was put off; the next one comes behind it.
    last_put_off: Timestamp,
}

impl<T> Lane<T> {
    fn new(now: Timestamp) -> Self {
        Self { waiting: VecDeque::new(), workers: 0, rest_until: now, pace: FIRST_GUESS, last_put_off: now }
    }

    fn put_off_until(&mut self, now: Timestamp, width: usize) -> Timestamp {
        let workers = u32::try_from(width.max(1)).unwrap_or(u32::MAX);
        let spacing = (self.pace / workers).clamp(SPACING.0, SPACING.1);
        let queue = spacing * u32::try_from(self.waiting.len()).unwrap_or(u32::MAX);
        let behind = (now + queue).max(self.rest_until).max(self.last_put_off) + spacing;
        self.last_put_off = behind.min(now + HORIZON).max(self.rest_until);
        self.last_put_off
    }
}

/// All lanes of one kind of work.
pub struct Lanes<K, T> {
    limits: Limits,
    lanes: Mutex<HashMap<K, Lane<T>>>,
}

impl<K: Clone + Eq + Hash, T> Lanes<K, T> {
    pub fn new(limits: Limits) -> Self {
        Self { limits, lanes: Mutex::new(HashMap::new()) }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Lane<T>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many more items may be taken in, and forgets lanes with nothing to remember.
    pub fn free(&self, now: Timestamp) -> usize {
        let mut lanes = self.lock();
        lanes.retain(|_, lane| {
            lane.workers > 0 || !lane.waiting.is_empty() || lane.rest_until > now || lane.last_put_off > now
        });
        let in_hand: usize = lanes.values().map(|lane| lane.workers + lane.waiting.len()).sum();
        self.limits.total.saturating_sub(in_hand)
    }

    /// Puts an item in line, if its lane has room.
    pub fn admit(&self, key: &K, item: T, now: Timestamp) -> Admission<T> {
        let mut lanes = self.lock();
        let lane = lanes.entry(key.clone()).or_insert_with(|| Lane::new(now));
        if lane.rest_until > now || lane.waiting.len() >= self.limits.depth {
            let until = lane.put_off_until(now, self.limits.width);
            return Admission::PutOff { item, until };
        }
        lane.waiting.push_back(item);
        if lane.workers >= self.limits.width {
            return Admission::Waits;
        }
        lane.workers += 1;
        Admission::Start
    }

    /// The next item for a worker of this lane; `None` ends the worker.
    pub fn next(&self, key: &K) -> Option<T> {
        let mut lanes = self.lock();
        let lane = lanes.get_mut(key)?;
        let item = lane.waiting.pop_front();
        if item.is_none() {
            lane.workers = lane.workers.saturating_sub(1);
        }
        item
    }

    /// An item took this long.
    pub fn paced(&self, key: &K, took: Duration) {
        if let Some(lane) = self.lock().get_mut(key) {
            lane.pace = (lane.pace * 3 + took) / 4;
        }
    }

    /// The receiver has failed: the lane rests until then. Gives back what was in line, each with its turn.
    pub fn rest(&self, key: &K, until: Timestamp, now: Timestamp) -> Vec<(T, Timestamp)> {
        let mut lanes = self.lock();
        let Some(lane) = lanes.get_mut(key) else { return Vec::new() };
        lane.rest_until = lane.rest_until.max(until);
        let waiting = std::mem::take(&mut lane.waiting);
        waiting.into_iter().map(|item| (item, lane.put_off_until(now, self.limits.width))).collect()
    }

    /// Everything in line, for handing it back at shutdown.
    pub fn take_waiting(&self) -> Vec<T> {
        self.lock().values_mut().flat_map(|lane| std::mem::take(&mut lane.waiting)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { total: 6, width: 1, depth: 2 };
    const NOW: Timestamp = Timestamp::from_secs(1_000);

    fn after(millis: u64) -> Timestamp {
        NOW + Duration::from_millis(millis)
    }

    #[test]
    fn a_full_lane_puts_items_off_one_behind_the_other_and_leaves_the_others_alone() {
        let lanes = Lanes::new(LIMITS);
        assert_eq!(lanes.admit(&"a", 1, NOW), Admission::Start);
        assert_eq!(lanes.admit(&"a", 2, NOW), Admission::Waits);
        assert_eq!(lanes.admit(&"a", 3, NOW), Admission::PutOff { item: 3, until: after(300) });
        assert_eq!(lanes.admit(&"a", 4, NOW), Admission::PutOff { item: 4, until: after(400) });
        assert_eq!(lanes.admit(&"b", 5, NOW), Admission::Start);
        assert_eq!(lanes.free(NOW), 1);
    }

    #[test]
    fn a_worker_gets_items_in_order_and_ends_when_none_is_left() {
        let lanes = Lanes::new(LIMITS);
        lanes.admit(&"a", 1, NOW);
        lanes.admit(&"a", 2, NOW);
        assert_eq!((lanes.next(&"a"), lanes.next(&"a"), lanes.next(&"a")), (Some(1), Some(2), None));
        assert_eq!(lanes.admit(&"a", 3, NOW), Admission::Start, "a new worker is needed");
    }

    #[test]
    fn a_lane_whose_receiver_failed_rests() {
        let lanes = Lanes::new(LIMITS);
        lanes.admit(&"a", 1, NOW);
        lanes.next(&"a");
        lanes.admit(&"a", 2, NOW);
        let back = lanes.rest(&"a", after(30_000), NOW);
        assert_eq!(back, [(2, after(30_100))]);
        assert_eq!(lanes.admit(&"a", 3, after(10)), Admission::PutOff { item: 3, until: after(30_200) });
        lanes.next(&"a");
        assert_eq!(lanes.admit(&"a", 4, after(30_000)), Admission::Start);
    }

    #[test]
    fn what_is_put_off_comes_back_at_the_lanes_own_pace() {
        let lanes = Lanes::new(Limits { depth: 0, ..LIMITS });
        lanes.admit(&"a", 0, NOW);
        for _ in 0..50 {
            lanes.paced(&"a", Duration::from_secs(60));
        }
        let Admission::PutOff { until: first, .. } = lanes.admit(&"a", 1, NOW) else { panic!() };
        let Admission::PutOff { until: second, .. } = lanes.admit(&"a", 2, NOW) else { panic!() };
        assert_eq!(second.since(first), SPACING.1);
        for i in 0..100 {
            let Admission::PutOff { until, .. } = lanes.admit(&"a", i, NOW) else { panic!() };
            assert!(until <= NOW + HORIZON);
        }
    }

    #[test]
    fn lanes_with_nothing_to_remember_are_forgotten() {
        let lanes = Lanes::new(LIMITS);
        lanes.admit(&"a", 1, NOW);
        while lanes.next(&"a").is_some() {}
        assert_eq!(lanes.free(NOW), 6);
        assert!(lanes.lock().is_empty());
    }
}
