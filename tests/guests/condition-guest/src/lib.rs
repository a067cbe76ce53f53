//! Conditions, good and hostile.

use std::hint::black_box;
use std::time::SystemTime;

use stepwright_sdk::condition::{Condition, Info, Operand, Verdict};
use stepwright_sdk::prelude::*;

stepwright_sdk::plugin! {
    conditions: [Equals, Entropy, Fails, Spin, Allocate, Trap],
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct EqualsConfig {
    value: Value,
    #[serde(default)]
    negate: bool,
}

/// Whether any value of any operand equals the config's.
struct Equals;

impl Condition for Equals {
    type Config = EqualsConfig;

    const INFO: Info = Info { id: "equals", title: "Equals", description: "Whether a value equals another." };

    fn evaluate(_: &Context, config: &EqualsConfig, operands: &[Operand]) -> Result<Verdict, Fault> {
        let found = operands.iter().flat_map(|operand| &operand.values).any(|value| *value == config.value);
        Ok(Verdict::new(found != config.negate, format!("{} among {} operands", config.value, operands.len())))
    }

    fn validate(config: &EqualsConfig) -> Result<(), Vec<FieldError>> {
        if config.value.is_object() { Err(vec![FieldError::new("/value", "not an object")]) } else { Ok(()) }
    }
}

/// The rest take no config; `explain` says what they have seen.
macro_rules! conditions {
    ($($name:ident $id:literal = $evaluate:expr;)*) => {$(
        struct $name;

        impl Condition for $name {
            type Config = NoConfig;

            const INFO: Info = Info { id: $id, title: $id, description: "For the host's tests." };

            fn evaluate(_: &Context, _: &NoConfig, _: &[Operand]) -> Result<Verdict, Fault> {
                $evaluate
            }
        }
    )*};
}

conditions! {
    Entropy "entropy" = Ok(Verdict::new(true, entropy()));
    Fails "fails" = Err(Fault::new("FAILS", "always").retryable());
    Spin "spin" = loop { std::hint::spin_loop() };
    Allocate "allocate" = Ok(Verdict::new(true, allocate().to_string()));
    Trap "trap" = core::arch::wasm32::unreachable();
}

/// The same in every call when the host is deterministic.
#[expect(clippy::disallowed_methods, reason = "the system clock is what the host freezes")]
fn entropy() -> String {
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    format!("{wall} {:?}", wasip2::random::random::get_random_bytes(16))
}

fn allocate() -> usize {
    let mut blocks = Vec::new();
    while blocks.len() < 4096 {
        blocks.push(black_box(vec![1_u8; 1 << 20]));
    }
    blocks.len()
}
