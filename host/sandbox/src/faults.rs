//! From what stopped a guest to a fault that says it in words.
//!
//! Texts come from here or from the guest itself; an error of wasmtime or of the operating system only ever gives its
//! innermost message, never a backtrace or a path of the host.

use crate::engine::RECURSION_FRAMES;
use crate::limits::{LimitHit, MAX_HANDLES, MAX_TRANSFER, MAX_WASM_STACK};
use serde_json::json;
use stepwright_app::InvocationLimits;
use stepwright_app::ports::Halt;
use stepwright_engine::{Fault, Metering};
use wasmtime::component::ResourceTableError;
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

pub const LIMIT_WALL_TIME: &str = "LIMIT_WALL_TIME";
pub const LIMIT_FUEL: &str = "LIMIT_FUEL";
pub const LIMIT_MEMORY: &str = "LIMIT_MEMORY";
pub const LIMIT_TABLE: &str = "LIMIT_TABLE";
pub const LIMIT_STACK: &str = "LIMIT_STACK";
pub const LIMIT_HOST_CALLS: &str = "LIMIT_HOST_CALLS";
pub const LIMIT_HANDLES: &str = "LIMIT_HANDLES";
/// In one call more was handed to the host than any call may carry.
pub const LIMIT_TRANSFER: &str = "LIMIT_TRANSFER";
pub const LIMIT_OUTPUT: &str = "LIMIT_OUTPUT";
pub const COMPONENT_TRAP: &str = "COMPONENT_TRAP";
pub const COMPONENT_EXIT: &str = "COMPONENT_EXIT";
pub const COMPONENT_MISSING: &str = "COMPONENT_MISSING";
pub const COMPONENT_UNUSABLE: &str = "COMPONENT_UNUSABLE";
pub const CAPABILITY_DENIED: &str = "CAPABILITY_DENIED";
pub const SANDBOX_BUSY: &str = "SANDBOX_BUSY";
pub const SANDBOX_UNAVAILABLE: &str = "SANDBOX_UNAVAILABLE";
pub const INVALID_OUTPUT: &str = "INVALID_OUTPUT";
/// The host has taken an agent's instance away; never shown to anybody.
pub const AGENT_HALTED: &str = "AGENT_HALTED";
/// A guest has handed the host what it must not.
pub const HOST_CALL_MISUSED: &str = "HOST_CALL_MISUSED";

/// Longest text taken over from a guest.
const MAX_TEXT: usize = 1_500;

/// A limit was reached. `used` is what the invocation had used or asked for.
pub fn limit(code: &str, reason: String, name: &str, value: u64, used: u64) -> Fault {
    Fault::permanent(code, reason).with_info(json!({ "limit": name, "value": value, "used": used }))
}

/// The outcome, or a field of it, is too large.
pub fn output_too_large(limits: &InvocationLimits, used: usize) -> Fault {
    let reason = format!("the output has {used} bytes, the limit is {} bytes", limits.output);
    limit(LIMIT_OUTPUT, reason, "output", limits.output.into(), used as u64)
}

/// The component returned something that breaks the contract.
pub fn invalid_output(reason: impl Into<String>) -> Fault {
    Fault::permanent(INVALID_OUTPUT, reason)
}

/// Wall time is used up.
pub fn wall_time(limits: &InvocationLimits, metering: &Metering) -> Fault {
    let used = metering.wall_us.div_ceil(1_000);
    let reason = format!("the call took {used} ms, the limit is {} ms of wall time", limits.wall_ms);
    // Whatever it was waiting for may be faster next time.
    Fault { retryable: true, ..limit(LIMIT_WALL_TIME, reason, "wall_ms", limits.wall_ms.into(), used) }
}

/// What stopped the guest. `panic` is the end of what it wrote to standard error.
pub fn stopped(error: &wasmtime::Error, limits: &InvocationLimits, metering: &Metering, panic: &str) -> Fault {
    if let Some(hit) = error.downcast_ref::<LimitHit>() {
        return hit_limit(*hit, limits, metering);
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return trapped(*trap, error, limits, metering, panic);
    }
    if error.is::<I32Exit>() {
        return Fault::permanent(
            COMPONENT_EXIT,
            with_panic("the component ended its process instead of returning", panic),
        );
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return Fault::transient(SANDBOX_BUSY, "all of the sandbox's instances are in use");
    }
    if matches!(error.downcast_ref(), Some(ResourceTableError::Full)) {
        return handles();
    }
    match error.downcast_ref() {
        // The agent's host knows more.
        Some(Halt::Stopped) => return Fault::transient(AGENT_HALTED, "the run was interrupted"),
        Some(Halt::Misuse(text)) => return Fault::permanent(HOST_CALL_MISUSED, text.clone()),
        None => {}
    }
    let cause = error.root_cause().to_string();
    // Wasmtime keeps the types of these two to itself.
    if cause.contains("too much data is being copied between the host and the guest") {
        let reason = format!("the component handed more than {MAX_TRANSFER} bytes to the host in one call");
        return limit(LIMIT_TRANSFER, reason, "transfer", MAX_TRANSFER as u64, MAX_TRANSFER as u64 + 1);
    }
    if cause.contains("handle") && cause.contains("limit") {
        return handles();
    }
    let first = cause.lines().next().unwrap_or_default();
    Fault::permanent(COMPONENT_TRAP, with_panic(&format!("the component was stopped: {}", cut(first)), panic))
}

fn hit_limit(hit: LimitHit, limits: &InvocationLimits, metering: &Metering) -> Fault {
    match hit {
        LimitHit::WallTime => wall_time(limits, metering),
        LimitHit::Memory { asked } => {
            let reason =
                format!("the component asked for {asked} bytes of memory, the limit is {} bytes", limits.memory);
            limit(LIMIT_MEMORY, reason, "memory", limits.memory, asked)
        }
        LimitHit::Table { asked } => {
            let most = limits.table_elements;
            let reason = format!("the component asked for {asked} table elements, the limit is {most}");
            limit(LIMIT_TABLE, reason, "table_elements", most.into(), asked)
        }
        LimitHit::HostCalls => {
            let most = limits.host_calls;
            let reason = format!("the component made more than {most} host calls, which is the limit");
            limit(LIMIT_HOST_CALLS, reason, "host_calls", most.into(), u64::from(metering.host_calls) + 1)
        }
    }
}

fn trapped(trap: Trap, error: &wasmtime::Error, limits: &InvocationLimits, metering: &Metering, panic: &str) -> Fault {
    let stack = || {
        let most = MAX_WASM_STACK as u64;
        limit(LIMIT_STACK, "the component's stack overflowed: too deep a recursion".into(), "stack", most, most)
    };
    match trap {
        Trap::OutOfFuel => {
            let reason = format!("the call used all of its {} units of fuel", limits.fuel);
            limit(LIMIT_FUEL, reason, "fuel", limits.fuel, metering.fuel)
        }
        Trap::Interrupt => wall_time(limits, metering),
        Trap::StackOverflow => stack(),
        Trap::MemoryOutOfBounds if frames(error) >= RECURSION_FRAMES => stack(),
        Trap::UnreachableCodeReached if !panic.is_empty() => {
            Fault::permanent(COMPONENT_TRAP, with_panic("the component panicked", panic))
        }
        other => Fault::permanent(COMPONENT_TRAP, with_panic(&format!("the component was stopped: {other}"), panic)),
    }
}

fn handles() -> Fault {
    let most = MAX_HANDLES as u64;
    let reason = format!("the component held more than {most} resources at once, which is the limit");
    limit(LIMIT_HANDLES, reason, "handles", most, most + 1)
}

/// How deep the guest was, as far as it was counted.
fn frames(error: &wasmtime::Error) -> usize {
    error.downcast_ref::<WasmBacktrace>().map_or(0, |backtrace| backtrace.frames().len())
}

fn with_panic(what: &str, panic: &str) -> String {
    if panic.is_empty() { what.to_owned() } else { format!("{what}: {}", cut(panic)) }
}

/// The end of a text, where a panic's message stands.
fn cut(text: &str) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(MAX_TEXT))..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(error: wasmtime::Error, panic: &str) -> Fault {
        let metering = Metering { fuel: 7, peak_memory: 1, host_calls: 3, wall_us: 1_500 };
        stopped(&error, &InvocationLimits { host_calls: 3, ..InvocationLimits::default() }, &metering, panic)
    }

    #[test]
    fn a_limit_names_itself_its_value_and_the_use() {
        let fault = stop(LimitHit::Memory { asked: 99 << 20 }.into(), "");
        assert_eq!(fault.code, LIMIT_MEMORY);
        assert_eq!(fault.reason, "the component asked for 103809024 bytes of memory, the limit is 67108864 bytes");
        let info = fault.info.unwrap().to_value();
        assert_eq!(info, json!({ "limit": "memory", "value": 67_108_864, "used": 103_809_024 }));
        assert!(!fault.retryable);
    }

    #[test]
    fn limits_are_found_below_context() {
        let fault = stop(wasmtime::Error::from(LimitHit::HostCalls).context("error while executing"), "");
        assert_eq!(fault.code, LIMIT_HOST_CALLS);
        assert_eq!(fault.info.unwrap().to_value()["used"], 4);
    }

    #[test]
    fn wall_time_may_be_retried() {
        let fault = stop(Trap::Interrupt.into(), "");
        assert_eq!((fault.code.as_str(), fault.retryable), (LIMIT_WALL_TIME, true));
        assert_eq!(fault.reason, "the call took 2 ms, the limit is 30000 ms of wall time");
    }

    #[test]
    fn a_panic_brings_its_text() {
        let fault = stop(Trap::UnreachableCodeReached.into(), "thread panicked at src/lib.rs:1:1:\nno invoices");
        assert_eq!(fault.reason, "the component panicked: thread panicked at src/lib.rs:1:1:\nno invoices");
        let bare = stop(Trap::UnreachableCodeReached.into(), "");
        assert!(bare.reason.starts_with("the component was stopped: "), "{}", bare.reason);
    }

    #[test]
    fn other_errors_give_one_line_and_no_backtrace() {
        let fault = stop(wasmtime::Error::msg("odd\nat /host/src/x.rs").context("outer"), "");
        assert_eq!(fault.reason, "the component was stopped: odd");
    }
}
