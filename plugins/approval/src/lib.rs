//! The transition guard `approval`: only the approver a record names may approve it.

mod guard;

pub use guard::{Approval, decide};

stepwright_sdk::plugin! {
    guards: [Approval],
}

#[cfg(test)]
mod tests;
