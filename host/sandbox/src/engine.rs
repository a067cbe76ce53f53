//! Engines: the one place where wasmtime is configured.

use crate::config::MAX_MEMORY;
use crate::limits::MAX_WASM_STACK;
use sha2::{Digest as _, Sha256};
use std::hash::{Hash as _, Hasher};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use wasmtime::{Config, Enabled, Engine, Inlining, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

/// Core instances for each slot. A Rust component has 3, those of other languages a dozen; they cost nothing until they
/// are there.
const INSTANCES_PER_SLOT: u32 = 16;
/// Tables for each slot. A Rust component has 2.
pub const TABLES_PER_SLOT: u32 = 8;
/// Core instances of one component.
const MAX_INSTANCES: u32 = 64;
/// Tables of one component.
pub const MAX_TABLES: u32 = 32;
/// Memories of one component.
pub const MAX_MEMORIES: u32 = 4;
/// Elements of one table.
const MAX_TABLE_ELEMENTS: usize = 20_000;

/// Address space of each memory: all that 32 bits can name, so that compiled code needs no bounds checks. Nothing but
/// addresses is used up by it.
const RESERVATION: u64 = 4 << 30;
/// Address space behind each memory that faults, for what an instruction adds to an address.
const GUARD: u64 = 32 << 20;
/// Fiber stack: wasm frames and what is left for host functions.
const FIBER_STACK: usize = 1 << 20;
/// Memory of an idle slot that stays resident and is zeroed instead of given back: giving it back and faulting it in
/// again takes longer than the call, and two threads at it get no further than one. More than most calls touch.
const KEEP_MEMORY: usize = 256 << 10;
const KEEP_TABLE: usize = 32 << 10;
/// Instructions of a function and of what is put into it together. Compiling the plugins of this repository takes half
/// as long again and makes 3 % more code; with three times as much it takes twice to three times as long, for little.
const MAX_INLINED: &str = "300";
/// Slots that stay attached to a component that is not running.
const WARM_SLOTS: u32 = 32;
/// Frames of a stack that is taken for a recursion when it runs out of bounds. Rust's stack lies at the bottom of linear
/// memory, so that its overflow is a memory access out of bounds like any other.
pub const RECURSION_FRAMES: usize = 150;
/// How exactly wall time is enforced while a guest computes.
const TICK: Duration = Duration::from_millis(10);
/// Fuel after which a guest that no epoch stops lets the clock be looked at: a millisecond's, or two.
pub const FUEL_TURN: u64 = 1_000_000;

/// What an engine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Steps: real clock and random source, wall time decides.
    Steps,
    /// Conditions and guards: the same answer on every machine. NaN has one bit pattern, and fuel decides.
    Deterministic,
}

/// Options that decide what compiled code looks like, the same in the host and in the compile worker.
fn compiling(profile: Profile) -> Config {
    let mut config = Config::new();
    if profile == Profile::Deterministic {
        // Each call within a guest keeps books about its fuel, and these guests run so briefly that it shows.
        config.compiler_inlining(Inlining::Yes);
        // SAFETY: how large a function may become by it; the code is right with any number.
        unsafe { config.cranelift_flag_set("wasmtime_inlining_sum_size_threshold", MAX_INLINED) };
    }
    config
        .cranelift_opt_level(OptLevel::Speed)
        .cranelift_nan_canonicalization(profile == Profile::Deterministic)
        .parallel_compilation(true)
        .memory_init_cow(true)
        .memory_reservation(RESERVATION)
        .memory_guard_size(GUARD)
        // Fuel alone decides there, and is looked at where the epoch would be.
        .epoch_interruption(profile == Profile::Steps)
        .consume_fuel(true)
        // Plain WIT functions with asynchronous hosts are all we have; needed only for `async func`.
        .concurrency_support(false)
        // Threads are not compiled in: wasmtime is built without the feature.
        .wasm_memory64(false)
        .wasm_relaxed_simd(false)
        .wasm_stack_switching(false)
        // No language that we know compiles to GC types in components, and they are a second memory to limit.
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_exceptions(false)
        .gc_support(false)
        .max_wasm_stack(MAX_WASM_STACK)
        .async_stack_size(FIBER_STACK)
        // Where in a component a trap lay is shown to nobody, and the tables of it take time to make and room to keep.
        .generate_address_map(false)
        // Never shown to anybody, only counted: see `RECURSION_FRAMES`.
        .wasm_backtrace_max_frames(NonZeroUsize::new(RECURSION_FRAMES));
    config
}

/// An engine that only compiles. It reserves no address space, so it fits into a limited process.
///
/// # Errors
/// When the machine cannot run what the options ask for.
pub fn compiler(profile: Profile) -> wasmtime::Result<Engine> {
    Engine::new(&compiling(profile))
}

/// An engine with `slots` slots for instances.
///
/// # Errors
/// When the machine cannot run what the options ask for, or has no address space left.
pub fn runner(profile: Profile, slots: u32) -> wasmtime::Result<Engine> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(slots.saturating_mul(INSTANCES_PER_SLOT))
        .total_memories(slots)
        .total_tables(slots.saturating_mul(TABLES_PER_SLOT))
        .total_stacks(slots)
        .max_core_instances_per_component(MAX_INSTANCES)
        .max_memories_per_component(MAX_MEMORIES)
        .max_tables_per_component(MAX_TABLES)
        .max_memory_size(usize::try_from(MAX_MEMORY).unwrap_or(usize::MAX))
        .table_elements(MAX_TABLE_ELEMENTS)
        .linear_memory_keep_resident(KEEP_MEMORY)
        .table_keep_resident(KEEP_TABLE)
        .max_unused_warm_slots(WARM_SLOTS)
        // Needs Linux 6.7; asks the kernel which pages were touched. The most valuable option of all.
        .pagemap_scan(Enabled::Auto);
    let mut config = compiling(profile);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}

/// The features that [`compiling`] leaves on, for checking binaries before they are compiled.
pub fn features() -> wasmparser::WasmFeatures {
    use wasmparser::WasmFeatures as F;
    F::WASM3
        .union(F::COMPONENT_MODEL)
        .difference(F::THREADS)
        .difference(F::MEMORY64)
        .difference(F::RELAXED_SIMD)
        .difference(F::GC)
        .difference(F::GC_TYPES)
        .difference(F::FUNCTION_REFERENCES)
        .difference(F::EXCEPTIONS)
}

/// Names the engine's version, options and processor: compiled code fits engines with the same name only.
pub fn fingerprint(engine: &Engine) -> String {
    let mut hasher = Sha256Hasher(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.0.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// `Hash` into SHA-256, which unlike the standard library's hasher is the same for ever.
struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = self.0.clone().finalize();
        digest.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    }
}

/// Moves the engine's epoch on, so that running guests stop now and then to look at the clock.
pub struct Ticker {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    /// Starts ticking. A thread and not a task, because guests may keep all of the runtime's threads busy.
    ///
    /// # Errors
    /// When there can be no further thread.
    pub fn start(engine: &Engine) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, engine) = (Arc::clone(&stop), engine.weak());
        let tick = move || {
            while !stopped.load(Ordering::Relaxed) {
                thread::park_timeout(TICK);
                let Some(engine) = engine.upgrade() else { return };
                engine.increment_epoch();
            }
        };
        let thread = thread::Builder::new().name("sandbox-epoch".into()).spawn(tick)?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic in the ticker has been reported by then.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_worker_compiles_fits_the_runner() {
        for profile in [Profile::Steps, Profile::Deterministic] {
            let runner = runner(profile, 1).unwrap();
            assert_eq!(fingerprint(&compiler(profile).unwrap()), fingerprint(&runner));
        }
    }

    #[test]
    fn the_profiles_differ() {
        let [steps, deterministic] =
            [Profile::Steps, Profile::Deterministic].map(|profile| fingerprint(&compiler(profile).unwrap()));
        assert_ne!(steps, deterministic);
    }

    #[test]
    fn the_ticker_ticks_and_stops() {
        let engine = compiler(Profile::Steps).unwrap();
        let ticker = Ticker::start(&engine).unwrap();
        thread::sleep(5 * TICK);
        drop(ticker);
        // The ticker held no engine: this one is the last.
        assert!(
            {
                let weak = engine.weak();
                drop(engine);
                weak
            }
            .upgrade()
            .is_none()
        );
    }
}
