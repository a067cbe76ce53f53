use business::Summary;
use stepwright_sdk::prelude::*;

use super::summary;
use crate::render;

fn summaries(outputs: &[Value]) -> Vec<Summary> {
    outputs.iter().map(|output| serde_json::from_value(output["summary"].clone()).unwrap()).collect()
}

fn with_amounts(amounts: Value) -> Vec<Summary> {
    let rows: Vec<Value> = amounts.as_array().unwrap().iter().map(|v| json!({"label": "x", "value": v})).collect();
    summaries(&[json!({"summary": {"title": "T", "sections": [{"rows": rows}]}})])
}

#[test]
fn text_has_a_line_for_each_row() {
    let text = render::text(&summaries(&[summary("Payments"), summary("Receivables")]));
    let expected = "Payments\n2026-08-06 to 2026-08-12 (Europe/London)\n\nEUR\n  Net: 1,050.00 EUR\n\n\
                    Receivables\n2026-08-06 to 2026-08-12 (Europe/London)\n\nEUR\n  Net: 1,050.00 EUR\n";
    assert_eq!(text, expected);
}

#[test]
fn html_has_a_plain_table_for_each_section() {
    let html = render::html(&summaries(&[summary("Payments")]));
    let expected = "<h2>Payments</h2>\n<p>2026-08-06 to 2026-08-12 (Europe/London)</p>\n<h3>EUR</h3>\n\
        <table cellpadding=\"4\" cellspacing=\"0\" border=\"0\">\n\
        <tr><td align=\"left\" valign=\"top\">Net</td><td align=\"right\" valign=\"top\">1,050.00 EUR</td></tr>\n</table>\n";
    assert_eq!(html, expected);
}

#[test]
fn amounts_have_the_decimals_of_their_currency() {
    let amounts = ["EUR", "JPY", "KWD"].map(|currency| json!({"cents": -1050, "currency": currency}));
    let text = render::text(&with_amounts(json!(amounts)));
    assert!(text.contains("x: -10.50 EUR\n  x: -1,050 JPY\n  x: -1.050 KWD"), "{text}");
}

#[test]
fn everything_in_html_is_escaped() {
    let evil = "<script>alert(\"1\")</script>";
    let output = json!({"summary": {
        "title": evil, "period": {"from": evil, "to": evil, "timezone": evil},
        "sections": [{"title": evil, "rows": [{"label": evil, "value": evil}, {"label": "m", "value": {"cents": 1, "currency": evil}}]}],
    }});
    let html = render::html(&summaries(&[output])).to_lowercase();
    assert!(!html.contains("<script") && html.contains("&lt;script&gt;alert(&quot;1&quot;)"), "{html}");
}

#[test]
fn a_period_of_one_day_is_shown_once() {
    let output = json!({"summary": {"title": "T", "period": {"from": "2026-08-12", "to": "2026-08-12"}}});
    assert_eq!(render::text(&summaries(&[output])), "T\n2026-08-12\n");
}
