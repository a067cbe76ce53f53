//! What leaves the host: mail and webhooks, claimed from the outbox and sent in lanes.
//!
//! Both work the same way. A look claims what is due, under a lease long enough to send it, and sorts it into lanes:
//! one per SMTP server (tenant) or webhook endpoint. A lane is narrow, so a receiver that hangs holds up nobody but
//! itself, and what a slow lane cannot take soon goes back to the outbox instead of filling the host's memory.
//!
//! What was sent is saved after it was sent. A crash in between means that it is sent again when the lease has run
//! out: at-least-once, with the same Message-ID or event id, by which a receiver can drop the second one.

mod lanes;
mod pump;
mod saving;

pub use lanes::Limits;
pub use pump::{Look, Pass, Pump};
pub use saving::persistently;

use async_trait::async_trait;
use std::hash::Hash;
use std::time::Duration;
use stepwright_app::ports::StoreResult;
use stepwright_engine::Timestamp;

/// A kind of work that leaves the host.
#[async_trait]
pub trait Outbound: Send + Sync + 'static {
    /// Whom it goes to.
    type Lane: Clone + Eq + Hash + Send + Sync + 'static;
    type Item: Send + 'static;

    /// For logs, metrics and `/readyz`.
    const NAME: &'static str;
    const LIMITS: Limits;
    /// The longest one item takes, saving included.
    const LONGEST: Duration;

    /// Takes what is due; nobody else gets it before `until`.
    async fn claim(&self, now: Timestamp, until: Timestamp, limit: u32) -> StoreResult<Vec<Self::Item>>;
    fn lane(&self, item: &Self::Item) -> Self::Lane;
    /// Sends one item and saves what became of it.
    async fn send(&self, item: Self::Item) -> Pass;
    /// Gives an item back that was not tried.
    async fn put_off(&self, item: Self::Item, until: Timestamp);
}
