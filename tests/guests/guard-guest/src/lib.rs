//! Guards, good and hostile.

use std::hint::black_box;
use std::time::{Duration, SystemTime};

use serde_json::json;
use stepwright_sdk::Context;
use stepwright_sdk::guard::{Amendment, Decision, Guard, Info, Transition};

stepwright_sdk::plugin! {
    guards: [Allow, AllowWith, Deny, FourEyes, Entropy, Spin, Sleep, Allocate, Trap],
}

macro_rules! guards {
    ($($name:ident $id:literal = |$context:pat_param, $transition:pat_param| $check:expr;)*) => {$(
        struct $name;

        impl Guard for $name {
            const INFO: Info = Info { id: $id, title: $id, description: "For the host's tests." };

            fn check($context: &Context, $transition: &Transition) -> Decision {
                $check
            }
        }
    )*};
}

guards! {
    Allow "allow" = |_, _| Decision::Allow;
    AllowWith "allow-with" = |context, transition| Decision::AllowWith(Amendment {
        state_patch: Some(json!({"guarded": transition.action, "history": transition.history.len()})),
        next_action_at: Some(context.now.clone()),
        escalation_level: Some(2),
    });
    Deny "deny" = |_, transition| Decision::deny("NOT_NOW", format!("{} is refused", transition.action));
    FourEyes "four-eyes" = |_, transition| {
        if transition.record["created_by"] == json!(transition.actor) {
            Decision::deny("SAME_PERSON", "somebody else has to do this")
        } else {
            Decision::Allow
        }
    };
    Entropy "entropy" = |_, _| Decision::deny("ENTROPY", entropy());
    Spin "spin" = |_, _| loop { std::hint::spin_loop() };
    Sleep "sleep" = |_, _| {
        std::thread::sleep(Duration::from_secs(10));
        Decision::Allow
    };
    Allocate "allocate" = |_, _| {
        let mut blocks = Vec::new();
        while blocks.len() < 4096 {
            blocks.push(black_box(vec![1_u8; 1 << 20]));
        }
        Decision::Allow
    };
    Trap "trap" = |_, _| core::arch::wasm32::unreachable();
}

/// The same in every call when the host is deterministic.
#[expect(clippy::disallowed_methods, reason = "the system clock is what the host freezes")]
fn entropy() -> String {
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    format!("{wall} {:?}", wasip2::random::random::get_random_bytes(16))
}
