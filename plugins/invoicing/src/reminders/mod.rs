//! Customers are reminded of invoices they have not paid.

mod mail;

use std::collections::BTreeMap;

use business::{Calendar, Day, address, row};
use stepwright_sdk::data::{self, any_of, le};
use stepwright_sdk::prelude::*;

use crate::invoice::{INVOICES, Invoice, REMINDED};
use crate::totals::{Total, Totals};

/// Reminders sent in one run.
const PER_RUN: usize = 500;
/// Invoices whose customers are looked up together.
const BATCH: usize = 200;
/// Skipped invoices that the output names.
const NAMED: usize = 200;

const CUSTOMERS: &str = "customers";

/// Who is reminded, and how often.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub struct Config {
    /// Days an invoice must be overdue.
    #[serde(default)]
    #[schemars(range(min = 0, max = 3650))]
    days_overdue: u32,
    /// Days from one reminder of an invoice to the next.
    #[serde(default = "three")]
    #[schemars(range(min = 0, max = 3650))]
    min_days_between: u32,
    /// Reminders an invoice gets at most; without it there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    max_reminders: Option<u32>,
}

fn three() -> u32 {
    3
}

/// What was sent.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Output {
    /// How many reminders were sent.
    sent: usize,
    /// The invoices they are about.
    invoice_ids: Vec<String>,
    /// Overdue invoices nobody was reminded of; the first 200.
    skipped: Vec<Skipped>,
    /// How many there are.
    skipped_count: usize,
    /// The open balances of the invoices reminded of; null when they are of different currencies.
    total_cents: Option<i64>,
    /// The same per currency.
    totals: Vec<Total>,
    /// Whether there were too many for one run; the next run sends the rest.
    more: bool,
}

/// An invoice nobody was reminded of.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Skipped {
    /// Its id.
    invoice_id: String,
    /// Why.
    reason: Reason,
}

/// Why nobody was reminded.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The last reminder was less than `min_days_between` days ago.
    RemindedRecently,
    /// It has had `max_reminders`.
    MaxRemindersReached,
    /// There is no such customer.
    CustomerNotFound,
    /// The customer has no valid mail address.
    NoEmail,
}

/// An overdue invoice to remind of.
struct Candidate {
    id: String,
    version: u64,
    invoice: Invoice,
}

#[derive(Deserialize)]
struct Customer {
    name: String,
    email: Option<String>,
}

/// Sends the customers of overdue invoices a reminder by mail. A customer without a mail address is skipped.
#[step(title = "Send invoice reminders", category = action)]
pub fn send_invoice_reminder(ctx: &Context, config: Config) -> Result<Output, Fault> {
    let calendar = Calendar::of(ctx)?;
    let mut run = Run { ctx, calendar, output: Output::default(), totals: Totals::default() };
    let mut batch = Vec::new();
    for row in overdue(&calendar, &config)? {
        let candidate = row?;
        match config.holds_back(&candidate.invoice, &calendar) {
            Some(reason) => run.skip(candidate.id, reason),
            None => batch.push(candidate),
        }
        if batch.len() == BATCH {
            run.remind(std::mem::take(&mut batch))?;
        }
        if run.output.more {
            break;
        }
    }
    run.remind(batch)?;
    let Run { mut output, totals, .. } = run;
    output.total_cents = totals.only()?;
    output.totals = totals.list()?;
    Ok(output)
}

/// Invoices with an open balance that are past due, and long enough.
fn overdue(calendar: &Calendar, config: &Config) -> Result<impl Iterator<Item = Result<Candidate, Fault>>, Fault> {
    let today = calendar.today();
    let too_early = || Fault::new("INVALID_CONTEXT", "`days_overdue` leaves the calendar");
    let latest: Day = today.plus(-i64::from(config.days_overdue)).ok_or_else(too_early)?;
    let rows = data::query(INVOICES).filter("status", any_of(REMINDED)).filter("due_date", le(latest)).rows();
    let candidate = |row: Result<data::Row, HostError>| {
        let row = row?;
        Ok(Candidate { invoice: Invoice::read(&row)?, id: row.id, version: row.version })
    };
    // What is due today is overdue only if somebody has marked it so.
    let applies = move |Candidate { invoice, .. }: &Candidate| {
        invoice.balance() > 0 && (invoice.due_date < today || invoice.status == "overdue")
    };
    Ok(rows.map(candidate).filter(move |read| read.as_ref().map_or(true, applies)))
}

impl Config {
    /// Why an overdue invoice gets no reminder today.
    fn holds_back(&self, invoice: &Invoice, calendar: &Calendar) -> Option<Reason> {
        if self.max_reminders.is_some_and(|max| invoice.reminders() >= max) {
            return Some(Reason::MaxRemindersReached);
        }
        let last = calendar.day_of(invoice.last_reminder_at?);
        let recent = calendar.today().days_since(last) < i64::from(self.min_days_between);
        recent.then_some(Reason::RemindedRecently)
    }
}

/// A run of the step.
struct Run<'a> {
    ctx: &'a Context,
    calendar: Calendar,
    output: Output,
    totals: Totals,
}

impl Run<'_> {
    fn skip(&mut self, invoice_id: String, reason: Reason) {
        self.output.skipped_count += 1;
        if self.output.skipped.len() < NAMED {
            self.output.skipped.push(Skipped { invoice_id, reason });
        }
    }

    /// Reminds of as many invoices as the run has room for.
    fn remind(&mut self, batch: Vec<Candidate>) -> Result<(), Fault> {
        let customers = customers_of(&batch)?;
        let mut writes = Vec::new();
        for Candidate { id, version, invoice } in batch {
            if self.output.sent == PER_RUN {
                self.output.more = true;
                break;
            }
            let Some(customer) = customers.get(&invoice.customer_id) else {
                self.skip(id, Reason::CustomerNotFound);
                continue;
            };
            let Some(email) = customer.email.as_deref().filter(|email| address::check(email).is_ok()) else {
                self.skip(id, Reason::NoEmail);
                continue;
            };
            let count = invoice.reminders().saturating_add(1);
            mail::message(&invoice, mail::key(&id, count), &customer.name, &self.calendar).to(email).send()?;
            self.totals.add(&invoice.currency, invoice.balance())?;
            let write = data::write(INVOICES, &id).set("last_reminder_at", self.ctx.now.as_str());
            writes.push(write.set("reminder_count", count).expect_version(version));
            self.output.sent += 1;
            self.output.invoice_ids.push(id);
        }
        Ok(data::apply(writes)?)
    }
}

fn customers_of(batch: &[Candidate]) -> Result<BTreeMap<String, Customer>, Fault> {
    let mut ids: Vec<&str> = batch.iter().map(|candidate| candidate.invoice.customer_id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = data::query(CUSTOMERS).filter("id", any_of(ids)).rows();
    rows.map(|row| {
        let row = row?;
        Ok((row.id.clone(), row::read(CUSTOMERS, &row)?))
    })
    .collect()
}
