//! The transition guard `approval`: only the approver a record names may approve it.

mod guard;

pub use guard::{Approval, decide};

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: stepwright_sdk::bump::Bump = stepwright_sdk::bump::Bump::new();

stepwright_sdk::plugin! {
    guards: [Approval],
}

#[cfg(test)]
mod tests;
