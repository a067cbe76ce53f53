//! Steps that use up what they are given.

use std::hint::black_box;
use std::time::Duration;

use stepwright_sdk::log::{self, Level};
use stepwright_sdk::prelude::*;

/// Never returns.
#[step]
pub fn spin() -> Result<(), Fault> {
    loop {
        std::hint::spin_loop();
    }
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Allocate {
    #[serde(default = "without_end")]
    mib: usize,
    /// Asks whether there is memory, instead of taking it for granted.
    #[serde(default)]
    politely: bool,
}

fn without_end() -> usize {
    4096
}

/// Takes memory, one MiB at a time, and writes to it.
#[step]
pub fn allocate(config: Allocate) -> Result<Value, Fault> {
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    for taken in 0..config.mib {
        let mut block = Vec::new();
        if config.politely && block.try_reserve_exact(1 << 20).is_err() {
            return Ok(json!({"refused_at_mib": taken}));
        }
        block.resize(1 << 20, 1);
        blocks.push(black_box(block));
    }
    Ok(json!({"mib": blocks.len()}))
}

/// Uses up the stack.
#[step]
#[expect(unconditional_recursion, reason = "that is the point")]
pub fn recurse() -> Result<Value, Fault> {
    fn deeper(depth: u64) -> u64 {
        let frame = black_box([depth; 16]);
        deeper(depth + 1) + black_box(frame[15])
    }
    Ok(json!(deeper(0)))
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Repeat {
    times: u64,
    #[serde(default)]
    bytes: usize,
}

/// Calls the host over and over.
#[step]
pub fn hostcall_flood(config: Repeat) -> Result<Value, Fault> {
    for _ in 0..config.times {
        log::write(Level::Debug, "");
    }
    Ok(json!({"times": config.times}))
}

/// Writes lines to the log, and to standard output and standard error.
#[step]
#[expect(clippy::print_stdout, reason = "the host has to limit it")]
pub fn log_flood(config: Repeat) -> Result<Value, Fault> {
    let line = "x".repeat(config.bytes);
    for _ in 0..config.times {
        log::info(&line);
        println!("{line}");
        eprintln!("{line}");
    }
    Ok(json!({"times": config.times}))
}

/// Returns a text of as many bytes as it is told.
#[step]
pub fn huge_output(config: Repeat) -> Result<String, Fault> {
    Ok("x".repeat(config.bytes))
}

#[derive(Deserialize, Serialize, JsonSchema)]
pub struct Sleep {
    ms: u64,
}

/// Sleeps inside the host.
#[step]
pub fn sleep(config: Sleep) -> Result<Value, Fault> {
    std::thread::sleep(Duration::from_millis(config.ms));
    Ok(json!({"slept": config.ms}))
}

/// Panics.
#[step]
pub fn panic() -> Result<(), Fault> {
    panic!("hostile panic message")
}

/// Traps without a word.
#[step]
pub fn trap() -> Result<(), Fault> {
    core::arch::wasm32::unreachable()
}

/// Ends the process, or what it takes for it.
#[step]
pub fn exit() -> Result<(), Fault> {
    std::process::exit(3)
}
