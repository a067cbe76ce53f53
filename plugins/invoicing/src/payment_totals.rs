//! What came in, and what went back.

use std::collections::BTreeMap;

use business::{ByCurrency, Calendar, Currency, DateRange, Period, Section, Sum, Summary, counted};
use stepwright_sdk::prelude::*;

use crate::payment::{self, PaymentStatus};

/// What the summary covers.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub struct Config {
    /// The days whose payments are summed up, by when they were received.
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
    /// One per currency that occurs.
    currencies: Vec<Payments>,
}

/// The numbers of one currency, amounts in its smallest unit.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Payments {
    /// ISO 4217.
    currency: Currency,
    /// All that came in, what went back later included.
    #[serde(flatten)]
    received: Received,
    /// Payments that never came in; not part of the other numbers.
    failed_count: u64,
    /// Their amounts.
    failed_cents: i64,
    /// All that came in, by the method of payment.
    by_method: Vec<Method>,
}

/// What came in by one method.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Method {
    /// As the payments have it, `unknown` for those without.
    method: String,
    /// What came in.
    #[serde(flatten)]
    received: Received,
}

/// Payments that came in.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Received {
    /// Payments that came in, refunded ones included.
    count: u64,
    /// Their amounts.
    gross_cents: i64,
    /// Payments that went back.
    refunded_count: u64,
    /// Their amounts.
    refunded_cents: i64,
    /// Gross less refunded.
    net_cents: i64,
}

/// What is added up of payments that came in.
#[derive(Debug, Default)]
struct Tally {
    count: u64,
    gross: Sum,
    refunded_count: u64,
    refunded: Sum,
    net: Sum,
}

/// What is added up for one currency.
#[derive(Debug, Default)]
struct Books {
    all: Tally,
    by_method: BTreeMap<String, Tally>,
    failed_count: u64,
    failed: Sum,
}

/// Sums up the payments received in a range of days per currency: gross, refunded, net and failed, and by method.
#[step(title = "Payments summary", category = summary, requires_delivery)]
pub fn payments_summary(ctx: &Context, config: Config) -> Result<Output, Fault> {
    let calendar = Calendar::of(ctx)?;
    let period = config.date_range.resolve(&calendar)?;
    let mut books: ByCurrency<Books> = ByCurrency::new();
    for payment in payment::received_in(period.span(&calendar)?) {
        let payment = payment?;
        let books = books.entry(payment.currency).or_default();
        if payment.status == PaymentStatus::Failed {
            books.failed_count += 1;
            books.failed.add(payment.amount_cents)?;
            continue;
        }
        let refunded = payment.status == PaymentStatus::Refunded;
        let method = payment.method.unwrap_or_else(|| "unknown".to_owned());
        books.all.add(payment.amount_cents, refunded)?;
        books.by_method.entry(method).or_default().add(payment.amount_cents, refunded)?;
    }
    let currencies = books.into_iter().map(|(currency, books)| books.close(currency)).collect::<Result<Vec<_>, _>>()?;
    Ok(Output { summary: summary(&currencies, &period, &calendar), period, currencies })
}

impl Tally {
    fn add(&mut self, cents: i64, refunded: bool) -> Result<(), Fault> {
        self.count += 1;
        self.gross.add(cents)?;
        if refunded {
            self.refunded_count += 1;
            self.refunded.add(cents)
        } else {
            self.net.add(cents)
        }
    }

    fn close(&self) -> Result<Received, Fault> {
        Ok(Received {
            count: self.count,
            gross_cents: self.gross.cents()?,
            refunded_count: self.refunded_count,
            refunded_cents: self.refunded.cents()?,
            net_cents: self.net.cents()?,
        })
    }
}

impl Books {
    fn close(self, currency: Currency) -> Result<Payments, Fault> {
        let method = |(method, tally): (String, Tally)| Ok(Method { method, received: tally.close()? });
        Ok(Payments {
            currency,
            received: self.all.close()?,
            failed_count: self.failed_count,
            failed_cents: self.failed.cents()?,
            by_method: self.by_method.into_iter().map(method).collect::<Result<_, Fault>>()?,
        })
    }
}

fn summary(currencies: &[Payments], period: &Period, calendar: &Calendar) -> Summary {
    let overview = Section::new("Overview")
        .row("Received", counted(currencies.iter().map(|c| c.received.count).sum(), "payment"))
        .row("Failed", counted(currencies.iter().map(|c| c.failed_count).sum(), "payment"));
    let summary = Summary::new("Payments", period, calendar).with(overview);
    currencies.iter().fold(summary, |summary, c| {
        let section = Section::new(c.currency.code())
            .money("Gross", c.received.gross_cents, &c.currency)
            .money("Refunded", c.received.refunded_cents, &c.currency)
            .money("Net", c.received.net_cents, &c.currency)
            .money("Failed", c.failed_cents, &c.currency);
        let section = c.by_method.iter().fold(section, |section, by| {
            section.money(&format!("Net by {}", by.method), by.received.net_cents, &c.currency)
        });
        summary.with(section)
    })
}
