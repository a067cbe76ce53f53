//! Signs of life of the background loops, for `/readyz`.

use super::lock;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;
use stepwright_engine::Timestamp;

/// When each loop means to look again.
#[derive(Debug, Default)]
pub struct Heartbeats {
    next: Mutex<BTreeMap<&'static str, Timestamp>>,
}

impl Heartbeats {
    /// The loop is alive and looks again at `next`.
    pub fn beat(&self, name: &'static str, next: Timestamp) {
        lock(&self.next).insert(name, next);
    }

    /// The loops that are `grace` behind what they announced.
    pub fn late(&self, now: Timestamp, grace: Duration) -> Vec<&'static str> {
        lock(&self.next).iter().filter(|(_, next)| now.since(**next) > grace).map(|(name, _)| *name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_does_not_look_when_it_said_is_late() {
        let beats = Heartbeats::default();
        beats.beat("claim", Timestamp::from_secs(10));
        beats.beat("sweep", Timestamp::from_secs(60));
        let grace = Duration::from_secs(30);
        assert!(beats.late(Timestamp::from_secs(40), grace).is_empty());
        assert_eq!(beats.late(Timestamp::from_secs(41), grace), ["claim"]);
        assert_eq!(beats.late(Timestamp::from_secs(100), grace), ["claim", "sweep"]);
    }
}
