use serde_json::json;

use super::calendar;
use crate::{Currency, DateRange, Figure, Section, Summary, html};

#[test]
fn a_summary_has_the_documented_shape() {
    let calendar = calendar("Europe/London", "2026-03-07T12:00:00Z");
    let period = DateRange::default().resolve(&calendar).unwrap();
    let section =
        Section::new("EUR").money("Net", 1050, &Currency::new("eur")).row("Payments", 3_u64).row("Note", "none");
    let summary = Summary::new("Payments", &period, &calendar).with(section);
    let json = json!({
        "title": "Payments",
        "period": {"from": "2026-03-01", "to": "2026-03-07", "timezone": "Europe/London"},
        "sections": [{"title": "EUR", "rows": [
            {"label": "Net", "value": {"cents": 1050, "currency": "EUR"}},
            {"label": "Payments", "value": 3},
            {"label": "Note", "value": "none"},
        ]}],
    });
    assert_eq!(serde_json::to_value(&summary).unwrap(), json);
    assert_eq!(serde_json::from_value::<Summary>(json).unwrap(), summary);
}

#[test]
fn of_a_summary_only_the_title_is_needed() {
    let summary: Summary = serde_json::from_value(json!({"title": "Stock", "colour": "red"})).unwrap();
    assert_eq!(summary, Summary { title: "Stock".into(), period: None, sections: vec![] });
}

#[test]
fn figures_are_shown_as_people_write_them() {
    let figure = |json| serde_json::from_value::<Figure>(json).unwrap().to_string();
    assert_eq!(figure(json!("as it is")), "as it is");
    assert_eq!(figure(json!(-3)), "-3");
    assert_eq!(figure(json!(2.5)), "2.5");
    assert_eq!(figure(json!({"cents": 1234, "currency": "kwd"})), "1.234 KWD");
}

#[test]
fn html_is_escaped() {
    assert_eq!(html::escape("<a href=\"x\">'&'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
    assert_eq!(html::text("a\r\nb\nc"), "a<br>\nb<br>\nc");
    let table = html::table([("<b>".to_owned(), "1 & 2".to_owned())]);
    assert!(table.contains("&lt;b&gt;") && table.contains("1 &amp; 2") && !table.contains("<b>"), "{table}");
}
