//! HTML for mail clients: tables and inline styles, nothing that has to be fetched.

use std::fmt::Write as _;

const PAGE: &str = "margin:0;padding:16px;font-family:Arial,Helvetica,sans-serif;font-size:14px;color:#222222";

/// Text that stands for itself in HTML, between tags and in quoted attributes.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Plain text as HTML: escaped, its line breaks kept.
pub fn text(plain: &str) -> String {
    escape(plain).replace("\r\n", "\n").replace('\n', "<br>\n")
}

/// A whole document around what stands in its body.
pub fn page(body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head>\n<body style=\"{PAGE}\">\n{body}</body></html>\n"
    )
}

/// A table of two columns.
pub fn table(rows: impl IntoIterator<Item = (String, String)>) -> String {
    let mut html = String::from("<table cellpadding=\"4\" cellspacing=\"0\" border=\"0\">\n");
    for (label, value) in rows {
        // Writing to a string does not fail.
        let _ = writeln!(
            html,
            "<tr><td align=\"left\" valign=\"top\">{}</td><td align=\"right\" valign=\"top\">{}</td></tr>",
            text(&label),
            text(&value)
        );
    }
    html.push_str("</table>\n");
    html
}
