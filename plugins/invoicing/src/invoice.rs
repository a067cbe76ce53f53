//! Rows of the dataset `invoices`.

use business::{Calendar, Currency, Day, Instant};
use business::{money, row};
use serde::Deserialize;
use stepwright_sdk::Fault;
use stepwright_sdk::data::Row;

/// The dataset.
pub const INVOICES: &str = "invoices";
/// The states of an invoice that somebody has to pay and that is not marked overdue.
pub const PAYABLE: [&str; 3] = ["posted", "sent", "partially_paid"];
/// All states of an invoice that somebody has to pay.
pub const OPEN: [&str; 4] = ["posted", "sent", "partially_paid", "overdue"];
/// All states of an invoice whose customer is reminded.
pub const REMINDED: [&str; 2] = ["sent", "overdue"];
/// All states of an invoice that has been issued: neither a draft nor void.
pub const ISSUED: [&str; 5] = ["posted", "sent", "partially_paid", "overdue", "paid"];

/// An invoice, as far as the steps look at it.
#[derive(Debug, Deserialize)]
pub struct Invoice {
    pub invoice_number: String,
    pub customer_id: String,
    pub status: String,
    pub currency: Currency,
    pub total_cents: i64,
    pub amount_paid_cents: Option<i64>,
    pub due_date: Day,
    pub last_reminder_at: Option<Instant>,
    reminder_count: Option<i64>,
}

impl Invoice {
    /// Reads a row of the dataset.
    pub fn read(row: &Row) -> Result<Self, Fault> {
        let invoice: Self = row::read(INVOICES, row)?;
        let amounts = [invoice.total_cents, invoice.amount_paid_cents.unwrap_or(0)];
        if amounts.iter().any(|cents| cents.unsigned_abs() > money::MAX_CENTS.unsigned_abs()) {
            return Err(row::broken(INVOICES, &row.id, "an amount is too large to stay exact"));
        }
        Ok(invoice)
    }

    /// What is still to be paid; negative when too much was.
    pub fn balance(&self) -> i64 {
        // Both are within 2^53, see `read`.
        self.total_cents.saturating_sub(self.amount_paid_cents.unwrap_or(0))
    }

    /// How many reminders it has had.
    pub fn reminders(&self) -> u32 {
        u32::try_from(self.reminder_count.unwrap_or(0).max(0)).unwrap_or(u32::MAX)
    }

    /// Days since it was due, negative before.
    pub fn days_past_due(&self, calendar: &Calendar) -> i64 {
        calendar.today().days_since(self.due_date)
    }
}
