//! What a reminder says.

use business::{Calendar, html};
use stepwright_sdk::mail::{self, Message};

use crate::invoice::Invoice;

/// Characters of an invoice's number that a subject shows.
const MAX_NUMBER: usize = 100;

/// Bytes of a key the host takes.
const MAX_KEY: usize = 200;

/// What makes a reminder of an invoice this one and no other: the same in a retry, so that it is delivered once.
pub fn key(invoice_id: &str, count: u32) -> String {
    let key = format!("{invoice_id}:{count}");
    if key.len() <= MAX_KEY && !key.contains(char::is_control) {
        return key;
    }
    // An id may be longer than a key allows; FNV-1a is the same in every build.
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}:{count}", invoice_id.bytes().fold(0xcbf2_9ce4_8422_2325, step))
}

/// The reminder of an invoice to the customer of that name.
pub fn message(invoice: &Invoice, key: String, name: &str, calendar: &Calendar) -> Message {
    let number = one_line(&invoice.invoice_number);
    let rows = [
        ("Invoice".to_owned(), number.clone()),
        ("Due date".to_owned(), format!("{}, {}", invoice.due_date, past(invoice.days_past_due(calendar)))),
        ("Amount due".to_owned(), invoice.currency.format(invoice.balance())),
    ];
    let greeting = format!("Dear {},", one_line(name));
    let opening = "according to our records this invoice has not been paid in full:";
    let closing = "If you have paid in the meantime, please disregard this message.";

    let lines: String = rows.iter().map(|(label, value)| format!("{label}: {value}\n")).collect();
    let text = format!("{greeting}\n\n{opening}\n\n{lines}\n{closing}\n");
    let body = format!("<p>{}</p>\n<p>{opening}</p>\n{}<p>{closing}</p>\n", html::text(&greeting), html::table(rows),);
    mail::message(key)
        .subject(format!("Reminder: invoice {} is overdue", number.chars().take(MAX_NUMBER).collect::<String>()))
        .text(text)
        .html(html::page(&body))
}

fn past(days: i64) -> String {
    match days {
        ..=0 => "today".to_owned(),
        1 => "1 day ago".to_owned(),
        _ => format!("{days} days ago"),
    }
}

/// Rows are other people's text: a line break must not reach a subject.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
