//! What an invocation used: the bill.

use serde::{Deserialize, Serialize};

/// Resources used by one invocation, or summed over several (peaks are maxima).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metering {
    /// Wasmtime fuel: roughly executed instructions.
    pub fuel: u64,
    /// Highest sum of linear memories, bytes.
    pub peak_memory: u64,
    /// Calls from the guest into host capabilities.
    pub host_calls: u32,
    /// Wall time, microseconds, host calls included.
    pub wall_us: u64,
}

impl Metering {
    /// Adds another invocation's use.
    pub fn add(&mut self, other: &Self) {
        self.fuel = self.fuel.saturating_add(other.fuel);
        self.peak_memory = self.peak_memory.max(other.peak_memory);
        self.host_calls = self.host_calls.saturating_add(other.host_calls);
        self.wall_us = self.wall_us.saturating_add(other.wall_us);
    }
}
