//! Rows of the dataset `payments`.

use business::{Currency, Instant, Span, row};
use serde::Deserialize;
use stepwright_sdk::Fault;
use stepwright_sdk::data::{self, ge, lt};

const PAYMENTS: &str = "payments";

/// A payment, as far as the steps look at it.
#[derive(Debug, Deserialize)]
pub struct Payment {
    pub amount_cents: i64,
    pub currency: Currency,
    pub status: PaymentStatus,
    pub method: Option<String>,
    received_at: Instant,
}

/// What became of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    Succeeded,
    /// It came in, and went back.
    Refunded,
    /// It never came in.
    Failed,
}

/// The payments received in a span.
pub fn received_in(span: Span) -> impl Iterator<Item = Result<Payment, Fault>> {
    let (lowest, highest) = span.text_bounds();
    let rows = data::query(PAYMENTS).filter("received_at", ge(lowest)).filter("received_at", lt(highest)).rows();
    rows.map(|row| row::read::<Payment>(PAYMENTS, &row?))
        .filter(move |read| read.as_ref().map_or(true, |payment| span.contains(payment.received_at)))
}
