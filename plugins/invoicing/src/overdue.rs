//! Invoices past their due date become `overdue`.

use business::Calendar;
use stepwright_sdk::data::{self, any_of, lt};
use stepwright_sdk::prelude::*;

use crate::invoice::{INVOICES, Invoice, PAYABLE};

/// Invoices marked in one run.
const PER_RUN: usize = 1_000;
/// Rows staged at once; when the host's room for staged rows is used up, what is staged so far is kept.
const BATCH: usize = 100;

/// Which invoices count as overdue.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub struct Config {
    /// Days after the due date before an invoice is marked.
    #[serde(default)]
    #[schemars(range(min = 0, max = 3650))]
    grace_days: u32,
}

/// What was marked.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// How many invoices were marked.
    marked: usize,
    /// Their ids.
    ids: Vec<String>,
    /// Whether there were too many for one run; the next run marks the rest.
    more: bool,
}

/// Marks posted, sent and partially paid invoices with an open balance as overdue once their due date, and the days of
/// grace after it, have passed in the workflow's time zone.
#[step(title = "Mark invoices overdue", category = action)]
pub fn mark_invoices_overdue(ctx: &Context, config: Config) -> Result<Output, Fault> {
    let calendar = Calendar::of(ctx)?;
    let too_early = || Fault::new("INVALID_CONTEXT", "the days of grace leave the calendar");
    let latest = calendar.today().plus(-i64::from(config.grace_days)).ok_or_else(too_early)?;

    let rows = data::query(INVOICES).filter("status", any_of(PAYABLE)).filter("due_date", lt(latest)).rows();
    let mut due = Vec::new();
    for row in rows {
        let row = row?;
        if Invoice::read(&row)?.balance() > 0 {
            due.push((row.id, row.version));
        }
        if due.len() > PER_RUN {
            break;
        }
    }
    let mut more = due.len() > PER_RUN;
    due.truncate(PER_RUN);

    let mut ids = Vec::new();
    for batch in due.chunks(BATCH) {
        let write =
            |(id, version): &(String, u64)| data::write(INVOICES, id).set("status", "overdue").expect_version(*version);
        match data::apply(batch.iter().map(write)) {
            Err(HostError::Limit(_)) if !ids.is_empty() => {
                more = true;
                break;
            }
            staged => staged?,
        }
        ids.extend(batch.iter().map(|(id, _)| id.clone()));
    }
    Ok(Output { marked: ids.len(), ids, more })
}
