//! Limits of one invocation: what counts while it runs, and which one was hit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use stepwright_app::InvocationLimits;
use wasmtime::ResourceLimiter;

/// Bytes that one call between guest and host may carry towards the host: enough for the largest staged change.
pub const MAX_TRANSFER: usize = 9 << 20;
/// Resources of the component model (streams, requests, pollables …) alive at once.
pub const MAX_HANDLES: usize = 512;
/// Native stack of wasm frames, bytes. The rest of the fiber's stack belongs to host functions.
pub const MAX_WASM_STACK: usize = 512 << 10;

/// A limit that an invocation ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitHit {
    #[error("wall time is used up")]
    WallTime,
    /// Bytes it would have had in all.
    #[error("{asked} bytes of memory were asked for")]
    Memory { asked: u64 },
    /// Elements it would have had in all.
    #[error("{asked} table elements were asked for")]
    Table { asked: u64 },
    #[error("host calls are used up")]
    HostCalls,
}

/// The smaller of each.
pub fn clamp(asked: InvocationLimits, ceiling: InvocationLimits) -> InvocationLimits {
    InvocationLimits {
        wall_ms: asked.wall_ms.min(ceiling.wall_ms),
        fuel: asked.fuel.min(ceiling.fuel),
        memory: asked.memory.min(ceiling.memory),
        table_elements: asked.table_elements.min(ceiling.table_elements),
        host_calls: asked.host_calls.min(ceiling.host_calls),
        output: asked.output.min(ceiling.output),
        log: asked.log.min(ceiling.log),
        http_body: asked.http_body.min(ceiling.http_body),
    }
}

/// Counts what a store holds: linear memories and tables, each as a sum over all of the component's.
#[derive(Debug)]
pub struct Meter {
    max_memory: u64,
    memory: u64,
    peak_memory: u64,
    max_table: u64,
    table: u64,
    /// What the last permitted growth added, to be taken back when it fails.
    growth: u64,
}

impl Meter {
    pub fn new(limits: &InvocationLimits) -> Self {
        Self {
            max_memory: limits.memory,
            memory: 0,
            peak_memory: 0,
            max_table: limits.table_elements.into(),
            table: 0,
            growth: 0,
        }
    }

    /// Goes on under other limits.
    ///
    /// # Errors
    /// When what is held already is more.
    pub fn limit(&mut self, limits: &InvocationLimits) -> Result<(), LimitHit> {
        (self.max_memory, self.max_table) = (limits.memory, limits.table_elements.into());
        if self.memory > self.max_memory {
            return Err(LimitHit::Memory { asked: self.memory });
        }
        if self.table > self.max_table {
            return Err(LimitHit::Table { asked: self.table });
        }
        Ok(())
    }

    /// Highest sum of linear memories so far.
    pub fn peak_memory(&self) -> u64 {
        self.peak_memory
    }
}

/// Counts calls into host capabilities. Shared, because outgoing HTTP has no access to the rest of the state.
#[derive(Clone, Debug)]
pub struct HostCalls {
    made: Arc<AtomicU32>,
    most: u32,
}

impl HostCalls {
    pub fn new(most: u32) -> Self {
        Self { made: Arc::default(), most }
    }

    /// Counts a call.
    ///
    /// # Errors
    /// When there have been too many; meant to trap the guest.
    pub fn count(&self) -> Result<(), LimitHit> {
        if self.made.fetch_add(1, Ordering::Relaxed) < self.most { Ok(()) } else { Err(LimitHit::HostCalls) }
    }

    /// Goes on under another limit; clones keep theirs.
    pub fn limit(&mut self, most: u32) {
        self.most = most;
    }

    /// Calls that were let through.
    pub fn made(&self) -> u32 {
        self.made.load(Ordering::Relaxed).min(self.most)
    }

    /// Fails once a call was refused, also where the refusal itself could not stop the guest.
    ///
    /// # Errors
    /// When there have been too many.
    pub fn check(&self) -> Result<(), LimitHit> {
        if self.made.load(Ordering::Relaxed) <= self.most { Ok(()) } else { Err(LimitHit::HostCalls) }
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let growth = desired.saturating_sub(current) as u64;
        let asked = self.memory.saturating_add(growth);
        if asked > self.max_memory {
            // An error, not `false`: a guest told "no" aborts somewhere else, and nobody learns why.
            return Err(LimitHit::Memory { asked }.into());
        }
        self.memory = asked;
        self.growth = growth;
        self.peak_memory = self.peak_memory.max(asked);
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        // The module's own maximum: the guest is told and goes on.
        self.memory -= self.growth;
        self.growth = 0;
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let growth = desired.saturating_sub(current) as u64;
        let asked = self.table.saturating_add(growth);
        if asked > self.max_table {
            return Err(LimitHit::Table { asked }.into());
        }
        self.table = asked;
        self.growth = growth;
        Ok(true)
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.table -= self.growth;
        self.growth = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter() -> Meter {
        Meter::new(&InvocationLimits { memory: 1_000, table_elements: 10, ..InvocationLimits::default() })
    }

    #[test]
    fn memories_are_summed_and_the_peak_is_kept() {
        let mut meter = meter();
        assert!(meter.memory_growing(0, 600, None).unwrap());
        assert!(meter.memory_growing(0, 300, None).unwrap());
        let refused = meter.memory_growing(300, 500, None).unwrap_err();
        assert_eq!(refused.downcast_ref(), Some(&LimitHit::Memory { asked: 1_100 }));
        assert_eq!(meter.peak_memory(), 900);
    }

    #[test]
    fn a_growth_that_failed_does_not_count() {
        let mut meter = meter();
        assert!(meter.memory_growing(0, 600, Some(100)).unwrap());
        meter.memory_grow_failed(wasmtime::Error::msg("beyond its maximum")).unwrap();
        assert!(meter.memory_growing(0, 900, None).unwrap());
    }

    #[test]
    fn tables_have_an_end() {
        let mut meter = meter();
        assert!(meter.table_growing(0, 10, None).unwrap());
        let refused = meter.table_growing(10, 11, None).unwrap_err();
        assert_eq!(refused.downcast_ref(), Some(&LimitHit::Table { asked: 11 }));
    }

    #[test]
    fn host_calls_have_an_end_for_all_who_share_them() {
        let calls = HostCalls::new(2);
        let shared = calls.clone();
        assert_eq!((calls.count(), shared.count(), shared.check()), (Ok(()), Ok(()), Ok(())));
        assert_eq!(shared.count(), Err(LimitHit::HostCalls));
        assert_eq!(calls.check(), Err(LimitHit::HostCalls));
        assert_eq!(calls.made(), 2);
    }
}
