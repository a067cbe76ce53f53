//! The built-in decision condition `attribute`: 14 operators over 21 types of attributes.
//!
//! The same [`evaluate`] runs in the component and, linked natively, in whatever wants the answer without a sandbox. It
//! is pure: the clock is the context's `now`, the days are those of its `timezone`, and nothing is imported.
//!
//! What cannot be read never meets a statement, negative operators included: `not_equals` is the opposite of `equals`
//! only where everything that is compared can be read. Explanations say which it was.

mod attribute;
mod calendar;
mod check;
mod config;
mod decimal;
mod evaluate;
mod explain;
mod fold;
mod json;
mod operators;
mod source;
mod value;

pub use attribute::Attribute;
pub use check::check;
pub use config::{
    AttributeOperation, AttributeType, AttributesMatch, DateOffset, OffsetUnit, Operator, Statement, ValueType,
};
pub use decimal::Decimal;
pub use evaluate::evaluate;
pub use stepwright_sdk::condition::{RawOperand, Verdict};

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: stepwright_sdk::bump::Bump = stepwright_sdk::bump::Bump::new();

stepwright_sdk::plugin! {
    conditions: [Attribute],
}

#[cfg(test)]
mod tests;
