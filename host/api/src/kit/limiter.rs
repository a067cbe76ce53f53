//! Token buckets, one per key and process: a key may burst up to its limit, then gets it back evenly over a minute.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use stepwright_engine::{KeyId, Timestamp};

/// Buckets kept; a full bucket is the same as none, so only those in use take a place.
const CAPACITY: usize = 100_000;

/// What a key has left, for headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateState {
    pub allowed: bool,
    pub limit: u32,
    pub remaining: u32,
    /// Seconds until all of the limit is there again.
    pub reset_secs: u64,
    /// Seconds until the next request may pass; 0 when it may now.
    pub retry_after_secs: u64,
}

#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
    per_minute: u32,
}

impl Bucket {
    fn refilled(mut self, now: Timestamp) -> Self {
        let gained = now.since(self.at).as_secs_f64() * self.per_second();
        self.tokens = (self.tokens + gained).min(f64::from(self.per_minute));
        self.at = self.at.max(now);
        self
    }

    fn per_second(&self) -> f64 {
        f64::from(self.per_minute) / 60.0
    }
}

/// The buckets.
pub struct RateLimiter {
    buckets: Mutex<HashMap<KeyId, Bucket>>,
}

impl Default for RateLimiter {
    fn default() -> Self {
        Self::new()
    }
}

impl RateLimiter {
    /// All full.
    pub fn new() -> Self {
        Self { buckets: Mutex::new(HashMap::new()) }
    }

    /// Takes a token of the key's bucket, if there is one.
    pub fn take(&self, key: KeyId, per_minute: u32, now: Timestamp) -> RateState {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= CAPACITY && !buckets.contains_key(&key) {
            buckets.retain(|_, b| b.refilled(now).tokens < f64::from(b.per_minute));
            if buckets.len() >= CAPACITY {
                buckets.clear();
            }
        }
        let fresh = Bucket { tokens: f64::from(per_minute), at: now, per_minute };
        let bucket = buckets.entry(key).or_insert(fresh);
        if bucket.per_minute != per_minute {
            *bucket = fresh;
        }
        *bucket = bucket.refilled(now);
        let allowed = bucket.tokens >= 1.0;
        if allowed {
            bucket.tokens -= 1.0;
        }
        let missing = f64::from(per_minute) - bucket.tokens;
        let wait = if allowed { 0.0 } else { (1.0 - bucket.tokens) / bucket.per_second() };
        RateState {
            allowed,
            limit: per_minute,
            remaining: bucket.tokens as u32,
            reset_secs: (missing / bucket.per_second()).ceil() as u64,
            retry_after_secs: if allowed { 0 } else { (wait.ceil() as u64).max(1) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const KEY: KeyId = KeyId::from_uuid(Uuid::from_u128(1));

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_micros(millis * 1_000)
    }

    #[test]
    fn a_burst_passes_up_to_the_limit_and_no_further() {
        let limiter = RateLimiter::new();
        let left: Vec<u32> = (0..3).map(|_| limiter.take(KEY, 3, at(0)).remaining).collect();
        assert_eq!(left, [2, 1, 0]);
        let refused = limiter.take(KEY, 3, at(0));
        assert_eq!((refused.allowed, refused.retry_after_secs, refused.reset_secs), (false, 20, 60));
    }

    #[test]
    fn tokens_come_back_evenly() {
        let limiter = RateLimiter::new();
        for _ in 0..60 {
            assert!(limiter.take(KEY, 60, at(0)).allowed);
        }
        assert!(!limiter.take(KEY, 60, at(999)).allowed);
        assert!(limiter.take(KEY, 60, at(1_001)).allowed);
        assert!(!limiter.take(KEY, 60, at(1_002)).allowed);
    }

    #[test]
    fn keys_do_not_share_and_a_new_limit_counts_at_once() {
        let limiter = RateLimiter::new();
        assert!(limiter.take(KEY, 1, at(0)).allowed);
        assert!(!limiter.take(KEY, 1, at(0)).allowed);
        assert!(limiter.take(KeyId::from_uuid(Uuid::from_u128(2)), 1, at(0)).allowed);
        assert!(limiter.take(KEY, 5, at(0)).allowed);
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let limiter = RateLimiter::new();
        assert!(limiter.take(KEY, 1, at(10_000)).allowed);
        assert!(!limiter.take(KEY, 1, at(0)).allowed);
        assert!(!limiter.take(KEY, 1, at(10_000)).allowed);
    }
}
