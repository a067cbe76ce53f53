//! Accounts receivable: what is open, how long it has been due, and what a period brought.

use business::{ByCurrency, Calendar, Currency, DateRange, Period, Section, Sum, Summary, counted};
use stepwright_sdk::data::{self, any_of, ge, le};
use stepwright_sdk::prelude::*;

use crate::invoice::{INVOICES, ISSUED, Invoice, OPEN};
use crate::payment::{self, PaymentStatus};

/// What the summary covers.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub struct Config {
    /// The days whose invoices and payments are summed up. What is open is always as of today.
    #[serde(default)]
    date_range: DateRange,
}

/// The summary and its exact numbers.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// For delivery steps.
    summary: Summary,
    /// The days covered.
    period: Period,
    /// The day the open balances are of.
    as_of: business::Day,
    /// One per currency that occurs.
    currencies: Vec<Receivables>,
}

/// The numbers of one currency, amounts in its smallest unit.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Receivables {
    /// ISO 4217.
    currency: Currency,
    /// Invoices with an open balance.
    open_count: u64,
    /// Their open balances: not yet due, and due (see `aging`).
    outstanding_cents: i64,
    /// Of the outstanding, due after today.
    not_due_cents: i64,
    /// Invoices with an open balance whose due date is before today.
    overdue_count: u64,
    /// Their open balances.
    overdue_cents: i64,
    /// The outstanding that is due, by days since the due date.
    aging: Aging,
    /// Invoices issued in the period, drafts and void ones aside.
    invoiced_count: u64,
    /// Their totals.
    invoiced_cents: i64,
    /// Payments received in the period that have succeeded and not been refunded.
    collected_count: u64,
    /// Their amounts.
    collected_cents: i64,
}

/// Open balances by days since the due date.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Aging {
    /// Due today or up to 30 days ago.
    days_0_30_cents: i64,
    /// Due 31 to 60 days ago.
    days_31_60_cents: i64,
    /// Due 61 to 90 days ago.
    days_61_90_cents: i64,
    /// Due more than 90 days ago.
    days_over_90_cents: i64,
}

/// How many, and their sum.
#[derive(Debug, Default)]
struct Tally {
    count: u64,
    sum: Sum,
}

impl Tally {
    fn add(&mut self, cents: i64) -> Result<(), Fault> {
        self.count += 1;
        self.sum.add(cents)
    }
}

/// What is added up for one currency.
#[derive(Debug, Default)]
struct Books {
    open: Tally,
    overdue: Tally,
    not_due: Sum,
    aging: [Sum; 4],
    invoiced: Tally,
    collected: Tally,
}

/// Sums up the invoices of the workspace per currency: what is outstanding and overdue today, by age, and what was
/// invoiced and collected in a range of days.
#[step(title = "Receivables summary", category = summary, requires_delivery)]
pub fn invoicing_ar_summary(ctx: &Context, config: Config) -> Result<Output, Fault> {
    let calendar = Calendar::of(ctx)?;
    let period = config.date_range.resolve(&calendar)?;
    let mut books: ByCurrency<Books> = ByCurrency::new();
    add_open(&mut books, &calendar)?;
    add_invoiced(&mut books, &period)?;
    for payment in payment::received_in(period.span(&calendar)?) {
        let payment = payment?;
        if payment.status == PaymentStatus::Succeeded {
            books.entry(payment.currency).or_default().collected.add(payment.amount_cents)?;
        }
    }
    let currencies = books.into_iter().map(|(currency, books)| books.close(currency)).collect::<Result<Vec<_>, _>>()?;
    Ok(Output { summary: summary(&currencies, &period, &calendar), period, as_of: calendar.today(), currencies })
}

fn add_open(books: &mut ByCurrency<Books>, calendar: &Calendar) -> Result<(), Fault> {
    for row in data::query(INVOICES).filter("status", any_of(OPEN)).rows() {
        let invoice = Invoice::read(&row?)?;
        let (balance, days) = (invoice.balance(), invoice.days_past_due(calendar));
        if balance <= 0 {
            continue;
        }
        let books = books.entry(invoice.currency).or_default();
        books.open.add(balance)?;
        if days > 0 {
            books.overdue.add(balance)?;
        }
        let [to_30, to_60, to_90, older] = &mut books.aging;
        let sum = match days {
            ..0 => &mut books.not_due,
            0..=30 => to_30,
            31..=60 => to_60,
            61..=90 => to_90,
            91.. => older,
        };
        sum.add(balance)?;
    }
    Ok(())
}

fn add_invoiced(books: &mut ByCurrency<Books>, period: &Period) -> Result<(), Fault> {
    let query = data::query(INVOICES).filter("status", any_of(ISSUED));
    for row in query.filter("issue_date", ge(period.from)).filter("issue_date", le(period.to)).rows() {
        let invoice = Invoice::read(&row?)?;
        books.entry(invoice.currency).or_default().invoiced.add(invoice.total_cents)?;
    }
    Ok(())
}

impl Books {
    fn close(self, currency: Currency) -> Result<Receivables, Fault> {
        let [to_30, to_60, to_90, older] = self.aging;
        Ok(Receivables {
            currency,
            open_count: self.open.count,
            outstanding_cents: self.open.sum.cents()?,
            not_due_cents: self.not_due.cents()?,
            overdue_count: self.overdue.count,
            overdue_cents: self.overdue.sum.cents()?,
            aging: Aging {
                days_0_30_cents: to_30.cents()?,
                days_31_60_cents: to_60.cents()?,
                days_61_90_cents: to_90.cents()?,
                days_over_90_cents: older.cents()?,
            },
            invoiced_count: self.invoiced.count,
            invoiced_cents: self.invoiced.sum.cents()?,
            collected_count: self.collected.count,
            collected_cents: self.collected.sum.cents()?,
        })
    }
}

fn summary(currencies: &[Receivables], period: &Period, calendar: &Calendar) -> Summary {
    let count = |of: fn(&Receivables) -> u64, what| counted(currencies.iter().map(of).sum(), what);
    let overview = Section::new("Overview")
        .row("Open", count(|c| c.open_count, "invoice"))
        .row("Overdue", count(|c| c.overdue_count, "invoice"))
        .row("Issued in the period", count(|c| c.invoiced_count, "invoice"))
        .row("Received in the period", count(|c| c.collected_count, "payment"));
    let summary = Summary::new("Receivables", period, calendar).with(overview);
    currencies.iter().fold(summary, |summary, c| {
        let section = Section::new(c.currency.code())
            .money("Outstanding", c.outstanding_cents, &c.currency)
            .money("Not yet due", c.not_due_cents, &c.currency)
            .money("Due for 0 to 30 days", c.aging.days_0_30_cents, &c.currency)
            .money("Due for 31 to 60 days", c.aging.days_31_60_cents, &c.currency)
            .money("Due for 61 to 90 days", c.aging.days_61_90_cents, &c.currency)
            .money("Due for more than 90 days", c.aging.days_over_90_cents, &c.currency)
            .money("Overdue", c.overdue_cents, &c.currency)
            .money("Invoiced in the period", c.invoiced_cents, &c.currency)
            .money("Collected in the period", c.collected_cents, &c.currency);
        summary.with(section)
    })
}
