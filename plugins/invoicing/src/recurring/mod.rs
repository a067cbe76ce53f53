//! Templates that are due become invoices.

mod issue;
mod recurrence;
mod template;

#[cfg(test)]
pub use recurrence::{Interval, Recurrence};

use std::collections::BTreeSet;

use business::Calendar;
use stepwright_sdk::data::{self, any_of, le};
use stepwright_sdk::prelude::*;

use self::issue::{Issued, Issuer};
use self::template::{TEMPLATES, Template};
use crate::totals::{Total, Totals};

/// Invoices issued in one run.
const PER_RUN: usize = 500;
/// Dates one template may catch up on in one run.
const PER_TEMPLATE: usize = 36;

/// Which templates are looked at, and what becomes of their invoices.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub struct Config {
    /// The templates to look at; without it all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500))]
    template_ids: Option<Vec<String>>,
    /// Whether the invoices are `sent` as soon as they are issued; else they are `posted`.
    #[serde(default)]
    auto_send: bool,
}

/// What was issued.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Output {
    /// How many invoices were issued.
    issued: usize,
    /// Their ids.
    invoice_ids: Vec<String>,
    /// Invoices that were due and there already.
    already_issued: usize,
    /// The invoices' totals per currency.
    totals: Vec<Total>,
    /// Templates named in the config that nothing was issued for.
    skipped: Vec<Skipped>,
    /// Templates that have missed more dates than one run catches up on; the next run goes on.
    cut: Vec<Cut>,
    /// Whether there were too many invoices for one run; the next run goes on.
    more: bool,
}

/// A template nothing was issued for.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Skipped {
    /// Its id.
    template_id: String,
    /// Why.
    reason: Reason,
}

/// Why nothing was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// There is no such template.
    NotFound,
    /// `active` is false.
    Inactive,
    /// Its next date is to come.
    NotDue,
    /// Its next date is after its `end_date`.
    Ended,
    /// Ids and numbers of invoices are made from it, and the host's have 200 bytes at most.
    IdTooLong,
}

/// A template that has missed more dates than one run catches up on.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Cut {
    /// Its id.
    template_id: String,
    /// The first date that is left.
    next_issue_date: business::Day,
}

/// Issues the invoices of recurring templates whose next date has come, one per missed date, and moves the templates
/// on. Each template and date leads to one invoice, however often the step runs.
#[step(title = "Generate recurring invoices", category = action)]
pub fn generate_recurring_invoice(ctx: &Context, config: Config) -> Result<Output, Fault> {
    let calendar = Calendar::of(ctx)?;
    let mut output = Output::default();
    let mut totals = Totals::default();
    let mut unseen: BTreeSet<&str> = config.template_ids.iter().flatten().map(String::as_str).collect();

    let issuer = Issuer { now: &ctx.now, auto_send: config.auto_send };
    let query = data::query(TEMPLATES);
    let query = match &config.template_ids {
        Some(ids) => query.filter("id", any_of(ids)),
        None => query.filter("next_issue_date", le(calendar.today())),
    };
    for row in query.rows() {
        let template = Template::read(row?)?;
        unseen.remove(template.id.as_str());
        if let Some(reason) = template.rests(calendar.today()) {
            // Without ids in the config nobody has asked about this template in particular.
            if config.template_ids.is_some() || reason == Reason::IdTooLong {
                output.skipped.push(Skipped { template_id: template.id, reason });
            }
            continue;
        }
        let room = PER_TEMPLATE.min(PER_RUN - output.issued);
        let due = template.due(calendar.today(), room)?;
        let Issued { ids, already_there } = match issuer.issue(&template, &due) {
            Err(HostError::Limit(_)) if output.issued > 0 => {
                output.more = true;
                break;
            }
            issued => issued?,
        };
        ids.iter().try_for_each(|_| totals.add(&template.currency, template.total_cents))?;
        output.issued += ids.len();
        output.invoice_ids.extend(ids);
        output.already_issued += already_there;
        if due.cut {
            output.cut.push(Cut { template_id: template.id, next_issue_date: due.next });
        }
        if output.issued >= PER_RUN {
            output.more = true;
            break;
        }
    }
    if !output.more {
        let missing = |id: &str| Skipped { template_id: id.to_owned(), reason: Reason::NotFound };
        output.skipped.extend(unseen.into_iter().map(missing));
    }
    output.totals = totals.list()?;
    Ok(output)
}
