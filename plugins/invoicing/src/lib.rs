//! Steps about a tenant's invoices: what is due is issued, marked and reminded of, and summed up for people.

mod invoice;
mod overdue;
mod payment;
mod payment_totals;
mod receivables;
mod recurring;
mod reminders;
mod totals;

pub use overdue::mark_invoices_overdue;
pub use payment_totals::payments_summary;
pub use receivables::invoicing_ar_summary;
pub use recurring::generate_recurring_invoice;
pub use reminders::send_invoice_reminder;

stepwright_sdk::plugin! {
    datasets: [write "invoices", write "recurring_templates", read "customers", read "payments"],
    steps: [
        send_invoice_reminder,
        generate_recurring_invoice,
        mark_invoices_overdue,
        invoicing_ar_summary,
        payments_summary,
    ],
}

#[cfg(test)]
mod tests;
