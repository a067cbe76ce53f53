//! Time and chance of the deterministic profile: the clock stands at the context's instant, and the random source is
//! seeded by what the call is about, so that the same question gets the same answer on every machine.

use crate::bindings::types::Context;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi::clocks::{HostMonotonicClock, HostWallClock};

#[derive(Clone, Debug)]
pub enum Frozen {
    /// Nobody has asked anything yet.
    Unasked,
    /// For the call this is the context of; most guests ask for neither time nor chance, so it is worked out for those
    /// that do.
    Call(Arc<Context>),
}

impl Frozen {
    /// Since 1970, where an instant that cannot be read stands at.
    fn now(&self) -> Duration {
        let Self::Call(context) = self else { return Duration::ZERO };
        let at = chrono::DateTime::parse_from_rfc3339(&context.now).map_or(0, |at| at.timestamp_micros());
        Duration::from_micros(u64::try_from(at).unwrap_or_default())
    }

    fn seed(&self) -> [u8; 32] {
        let Self::Call(context) = self else { return [0; 32] };
        let mut hash = Sha256::new();
        for part in [&context.tenant.id, &context.execution_id, context.node_id.as_deref().unwrap_or_default()] {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }

    pub fn apply(&self, wasi: &mut WasiCtxBuilder) {
        let (now, seed) = (self.now(), self.seed());
        let [low, high] = [&seed[..16], &seed[16..]].map(|half| {
            let mut bytes = [0; 16];
            bytes.copy_from_slice(half);
            u128::from_be_bytes(bytes)
        });
        wasi.wall_clock(Stopped(now))
            .monotonic_clock(Stopped(now))
            .secure_random(StdRng::from_seed(seed))
            .insecure_random(StdRng::from_seed(seed))
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
