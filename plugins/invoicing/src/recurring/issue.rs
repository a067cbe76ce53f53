//! Writing invoices so that a template and a date lead to one, however often it is tried.

use std::collections::BTreeSet;

use business::Day;
use serde_json::json;
use stepwright_sdk::HostError;
use stepwright_sdk::data::{self, Write, any_of};

use super::template::{Due, TEMPLATES, Template};
use crate::invoice::INVOICES;

/// What all invoices of a run have in common.
pub struct Issuer<'a> {
    /// RFC 3339.
    pub now: &'a str,
    pub auto_send: bool,
}

/// What became of a template's dates.
#[derive(Debug)]
pub struct Issued {
    /// New invoices.
    pub ids: Vec<String>,
    /// Dates that had their invoice.
    pub already_there: usize,
}

impl Issuer<'_> {
    /// Issues the invoices of the dates and moves the template on, all or nothing.
    pub fn issue(&self, template: &Template, due: &Due) -> Result<Issued, HostError> {
        let none = BTreeSet::new();
        let there = match data::apply(self.writes(template, due, &none)) {
            // An invoice is there, or somebody else has changed the template; then the second try conflicts too.
            Err(HostError::Conflict(_)) => {
                let there = existing(template, due)?;
                data::apply(self.writes(template, due, &there))?;
                there
            }
            result => result.map(|()| none)?,
        };
        let ids = due.dates.iter().map(|date| invoice_id(template, *date));
        Ok(Issued { ids: ids.filter(|id| !there.contains(id)).collect(), already_there: there.len() })
    }

    /// The invoices but those that are there, and the template's next date.
    fn writes(&self, template: &Template, due: &Due, there: &BTreeSet<String>) -> Vec<Write> {
        let new = due.dates.iter().filter(|date| !there.contains(&invoice_id(template, **date)));
        let mut writes: Vec<Write> = new.map(|date| self.invoice(template, *date)).collect();
        let next = data::write(TEMPLATES, &template.id).set("next_issue_date", due.next.to_string());
        let next = match due.anchor {
            Some(day) => next.set("anchor_day", day),
            None => next,
        };
        writes.push(next.expect_version(template.version));
        writes
    }

    fn invoice(&self, template: &Template, date: Day) -> Write {
        let mut row = json!({
            "invoice_number": format!("REC-{}-{}", template.id, date.to_string().replace('-', "")),
            "customer_id": template.customer_id,
            "status": if self.auto_send { "sent" } else { "posted" },
            "currency": template.currency,
            "total_cents": template.total_cents,
            "amount_paid_cents": 0,
            "issue_date": date.to_string(),
            // The calendar does not end within ten years of a date that text can name.
            "due_date": date.plus(template.due_in_days).unwrap_or(date).to_string(),
            "reminder_count": 0,
            "recurring_template_id": template.id,
            "lines": template.lines,
        });
        if self.auto_send {
            row["sent_at"] = self.now.into();
        }
        data::write(INVOICES, invoice_id(template, date)).patch(row).expect_new()
    }
}

fn invoice_id(template: &Template, date: Day) -> String {
    format!("rec-{}-{date}", template.id)
}

fn existing(template: &Template, due: &Due) -> Result<BTreeSet<String>, HostError> {
    let ids: Vec<String> = due.dates.iter().map(|date| invoice_id(template, *date)).collect();
    data::query(INVOICES).filter("id", any_of(ids)).rows().map(|row| Ok(row?.id)).collect()
}
