//! Summaries as plain text and as HTML.

use std::fmt::Write as _;

use business::summary::Covered;
use business::{Summary, html};

/// Plain text: headings and `label: value` lines.
pub fn text(summaries: &[Summary]) -> String {
    let mut text = String::new();
    for summary in summaries {
        if !text.is_empty() {
            text.push('\n');
        }
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}", summary.title);
        if let Some(covered) = &summary.period {
            let _ = writeln!(text, "{}", days(covered));
        }
        for section in &summary.sections {
            text.push('\n');
            if !section.title.is_empty() {
                let _ = writeln!(text, "{}", section.title);
            }
            for row in &section.rows {
                let _ = writeln!(text, "  {}: {}", row.label, row.value);
            }
        }
    }
    text
}

/// HTML for the body of a page: headings and tables.
pub fn html(summaries: &[Summary]) -> String {
    let mut page = String::new();
    for summary in summaries {
        let _ = writeln!(page, "<h2>{}</h2>", html::text(&summary.title));
        if let Some(covered) = &summary.period {
            let _ = writeln!(page, "<p>{}</p>", html::text(&days(covered)));
        }
        for section in &summary.sections {
            if !section.title.is_empty() {
                let _ = writeln!(page, "<h3>{}</h3>", html::text(&section.title));
            }
            page.push_str(&html::table(section.rows.iter().map(|row| (row.label.clone(), row.value.to_string()))));
        }
    }
    page
}

fn days(covered: &Covered) -> String {
    let Covered { from, to, timezone } = covered;
    let days = if from == to { from.clone() } else { format!("{from} to {to}") };
    match timezone {
        Some(zone) => format!("{days} ({zone})"),
        None => days,
    }
}
