//! Retries: how often a failed node is tried again, and how long it waits between.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Exponential backoff with full jitter on the upper half: the wait before attempt `n + 1` is drawn from
/// `[d/2, d]`, `d = min(first · 2^(n-1), longest)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Attempts after the first one; 0 means a failure is final.
    pub max_retries: u32,
    /// Milliseconds before the first retry.
    pub first_ms: u64,
    /// Upper bound of one wait, in milliseconds.
    pub longest_ms: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::none()
    }
}

impl RetryPolicy {
    /// No retries.
    pub const fn none() -> Self {
        Self { max_retries: 0, first_ms: 1_000, longest_ms: 60_000 }
    }

    /// `max_retries` retries, the first after about a second, none later than a minute.
    pub const fn times(max_retries: u32) -> Self {
        Self { max_retries, ..Self::none() }
    }

    /// The wait after `attempt` (1 is the first) has failed, or `None` when it was the last.
    /// `jitter` lies in `[0, 1)`.
    pub fn wait_after(&self, attempt: u32, jitter: f64) -> Option<Duration> {
        if attempt > self.max_retries {
            return None;
        }
        let doublings = attempt.saturating_sub(1).min(32);
        let full = self.first_ms.saturating_mul(1 << doublings).min(self.longest_ms);
        let half = full / 2;
        let drawn = (half as f64 * jitter.clamp(0.0, 1.0)) as u64;
        Some(Duration::from_millis(full - half + drawn))
    }
}
