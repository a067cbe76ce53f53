//! Totals of steps that act on invoices of any currency.

use business::{ByCurrency, Currency, Sum};
use schemars::JsonSchema;
use serde::Serialize;
use stepwright_sdk::Fault;

/// Sums per currency; different currencies are never added up.
#[derive(Debug, Default)]
pub struct Totals(ByCurrency<Sum>);

/// The sum of one currency.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Total {
    /// ISO 4217.
    pub currency: Currency,
    /// In the currency's smallest unit.
    pub total_cents: i64,
}

impl Totals {
    /// Adds an amount.
    pub fn add(&mut self, currency: &Currency, cents: i64) -> Result<(), Fault> {
        self.0.entry(currency.clone()).or_default().add(cents)
    }

    /// The sums, in the order of their currencies.
    pub fn list(&self) -> Result<Vec<Total>, Fault> {
        let total =
            |(currency, sum): (&Currency, &Sum)| Ok(Total { currency: currency.clone(), total_cents: sum.cents()? });
        self.0.iter().map(total).collect()
    }

    /// The sum when there is at most one currency.
    pub fn only(&self) -> Result<Option<i64>, Fault> {
        match self.0.len() {
            0 => Ok(Some(0)),
            1 => self.0.values().next().map(|sum| sum.cents()).transpose(),
            _ => Ok(None),
        }
    }
}
