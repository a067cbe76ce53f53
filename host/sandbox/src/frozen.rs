//! Time and chance of the deterministic profile: the clock stands at the context's instant, and the random source is
//! seeded by what the call is about, so that the same question gets the same answer on every machine.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use stepwright_app::ports::CallContext;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::clocks::{HostMonotonicClock, HostWallClock};

#[derive(Clone, Debug)]
pub struct Frozen {
    /// Since 1970.
    now: Duration,
    seed: [u8; 32],
}

impl Frozen {
    /// For this call; an instant that cannot be read stands at 1970.
    pub fn of(context: &CallContext) -> Self {
        let at = chrono::DateTime::parse_from_rfc3339(&context.now).map_or(0, |at| at.timestamp_micros());
        let mut hash = Sha256::new();
        let node = context.node_id.as_deref().unwrap_or_default();
        for part in [context.tenant_id.to_string().as_str(), &context.execution_id, node] {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        Self { now: Duration::from_micros(u64::try_from(at).unwrap_or_default()), seed: hash.finalize().into() }
    }

    /// Before anybody has asked anything.
    pub fn unasked() -> Self {
        Self { now: Duration::ZERO, seed: [0; 32] }
    }

    pub fn apply(&self, wasi: &mut WasiCtxBuilder) {
        let [low, high] = [&self.seed[..16], &self.seed[16..]].map(|half| {
            let mut bytes = [0; 16];
            bytes.copy_from_slice(half);
            u128::from_be_bytes(bytes)
        });
        wasi.wall_clock(Stopped(self.now))
            .monotonic_clock(Stopped(self.now))
            .secure_random(StdRng::from_seed(self.seed))
            .insecure_random(StdRng::from_seed(self.seed))
            .insecure_random_seed(low ^ high);
    }
}

/// A clock that stands still. Waiting for it is still waiting: wall time ends that.
struct Stopped(Duration);

impl HostWallClock for Stopped {
    fn resolution(&self) -> Duration {
        Duration::from_micros(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

impl HostMonotonicClock for Stopped {
    fn resolution(&self) -> u64 {
        1_000
    }

    fn now(&self) -> u64 {
        0
    }
}
