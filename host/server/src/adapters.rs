//! The ambient world behind the ports: time, identifiers, randomness. The only place of the host that reads them.

use rand::{Rng as _, RngExt as _};
use stepwright_app::ports::Random;
use stepwright_engine::time::Clock;
use stepwright_engine::{IdSource, Timestamp};
use uuid::Uuid;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the adapter that everybody else gets as a parameter")]
    fn now(&self) -> Timestamp {
        chrono::Utc::now().into()
    }
}

/// Version 7 identifiers: they sort by time, and those made in one process also within a millisecond.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimeOrderedIds;

impl IdSource for TimeOrderedIds {
    #[expect(clippy::disallowed_methods, reason = "this is the adapter that everybody else gets as a parameter")]
    fn fresh(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// The thread's generator: cryptographically secure, seeded by the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadRandom;

impl Random for ThreadRandom {
    fn unit(&self) -> f64 {
        rand::rng().random()
    }

    fn secret_bytes(&self, out: &mut [u8]) {
        rand::rng().fill_bytes(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_made_one_after_the_other_sort_that_way() {
        let ids: Vec<Uuid> = (0..10_000).map(|_| TimeOrderedIds.fresh()).collect();
        assert!(ids.is_sorted());
        assert_eq!(ids[0].get_version_num(), 7);
    }

    #[test]
    fn random_numbers_stay_below_one_and_differ() {
        let drawn: Vec<f64> = (0..100).map(|_| ThreadRandom.unit()).collect();
        assert!(drawn.iter().all(|x| (0.0..1.0).contains(x)));
        let (mut a, mut b) = ([0; 32], [0; 32]);
        ThreadRandom.secret_bytes(&mut a);
        ThreadRandom.secret_bytes(&mut b);
        assert_ne!(a, b);
    }
}
