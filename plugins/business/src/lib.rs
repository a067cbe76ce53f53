//! What the business plugins share: calendar days of the workflow's time zone, exact money, rows of datasets, and
//! the summaries that summary steps hand to delivery steps.
//!
//! A library, no component. Nothing here reads a clock: time comes from a step's context.

pub mod address;
pub mod calendar;
pub mod html;
pub mod money;
pub mod range;
pub mod row;
pub mod summary;

pub use calendar::{Calendar, Day, Instant};
pub use money::{ByCurrency, Currency, Sum};
pub use range::{DateRange, Period, Preset, Span};
pub use summary::{Figure, Section, Summary, counted};

#[cfg(test)]
mod tests;
