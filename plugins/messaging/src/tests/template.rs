use business::Summary;
use proptest::prelude::*;
use stepwright_sdk::Trigger;
use stepwright_sdk::prelude::*;

use super::summary;
use crate::template::Template;

fn filled(template: &str, input: &Input, summaries: &[Summary]) -> (String, String) {
    Template::parse(template).unwrap().fill(input, summaries).unwrap().finish()
}

fn text(template: &str, input: &Input) -> String {
    filled(template, input, &[]).0
}

fn refusal(template: &str) -> String {
    Template::parse(template).unwrap_err()
}

#[test]
fn placeholders_stand_for_members_of_input_outputs_and_trigger() {
    let input = Input::new(json!({"name": "Ada", "items": [{"n": 7}], "deep": {"a b": true}}))
        .with_output("0", json!({"marked": 3, "ids": ["x", "y"]}))
        .with_output("ar-sum", json!("fine"))
        .with_trigger(Trigger { source: "schedule".into(), scheduled_for: None, event: Some(json!({"kind": "k"})) });
    assert_eq!(text("Hi {{input.name}}, {{ input.items.0.n }}!", &input), "Hi Ada, 7!");
    assert_eq!(text("{{outputs.0.marked}} {{outputs.ar-sum}} {{outputs.0.ids.1}}", &input), "3 fine y");
    assert_eq!(text("{{trigger.source}}/{{trigger.event.kind}}", &input), "schedule/k");
    assert_eq!(text("{{input.deep.a b}} {{outputs.0.ids}}", &input), "true [\"x\",\"y\"]");
}

#[test]
fn an_amount_is_shown_as_people_write_it() {
    let input = Input::new(json!({"sum": {"cents": 1050, "currency": "KWD"}}));
    assert_eq!(text("{{input.sum}}", &input), "1.050 KWD");
}

#[test]
fn a_path_that_leads_nowhere_stands_for_nothing() {
    let input = Input::new(json!({"a": {"b": null}, "list": [1]}));
    for path in
        ["input.x", "input.a.b", "input.a.b.c", "input.list.1", "input.list.x", "outputs.gone.x", "trigger.event"]
    {
        assert_eq!(text(&format!("[{{{{{path}}}}}]"), &input), "[]", "{path}");
    }
}

#[test]
fn unknown_and_unclosed_placeholders_are_refused() {
    for name in ["name", "", "inputs.a", "outputs", "trigger", "input.", "input..a", "outputs.0.", "Summaries", "#if x"]
    {
        let refusal = refusal(&format!("a {{{{{name}}}}}"));
        assert!(refusal.starts_with(&format!("unknown placeholder `{{{{{name}}}}}`, known are ")), "{refusal}");
    }
    assert_eq!(refusal("ab {{input.a"), "`{{` at byte 3 is not closed by `}}`");
}

#[test]
fn four_braces_stand_for_two() {
    assert_eq!(text("{{{{input.a}} } { }}", &Input::new(json!({"a": 1}))), "{{input.a}} } { }}");
}

#[test]
fn values_are_escaped_in_html_and_raw_in_text() {
    let input = Input::new(json!({"name": "<b>Ada</b>\nL & M"}));
    let (text, html) = filled("<i>{{input.name}}</i>", &input, &[]);
    assert_eq!(text, "<i><b>Ada</b>\nL & M</i>");
    assert!(html.contains("\n&lt;i&gt;&lt;b&gt;Ada&lt;/b&gt;<br>\nL &amp; M&lt;/i&gt;</body>"), "{html}");
}

#[test]
fn a_value_is_not_read_as_a_template() {
    let input = Input::new(json!({"a": "{{input.secret}}", "secret": "s"}));
    assert_eq!(text("{{input.a}}", &input), "{{input.secret}}");
}

#[test]
fn the_summaries_stand_where_the_template_puts_them() {
    let summaries = [serde_json::from_value::<Summary>(summary("Payments")["summary"].clone()).unwrap()];
    let (text, html) = filled("Hello\n\n{{summaries}}\nBye", &Input::new(json!({})), &summaries);
    assert!(text.starts_with("Hello\n\nPayments\n2026-08-06 to") && text.ends_with("1,050.00 EUR\n\nBye"), "{text}");
    assert!(html.contains("<br>\n<h2>Payments</h2>") && html.contains("</table>\n<br>\nBye"), "{html}");
}

proptest! {
    #[test]
    fn text_without_double_braces_stands_for_itself(plain in "[^{]{0,20}(\\{[^{]{1,5}){0,4}") {
        prop_assert_eq!(text(&plain, &Input::new(json!({}))), plain);
    }

    #[test]
    fn whatever_somebody_writes_is_read_or_refused(written in "[{}a. é]{0,30}|[{}]{0,9}(input|outputs|summaries)[.{}x]{0,9}") {
        if let Ok(template) = Template::parse(&written) {
            let filled = template.fill(&Input::new(json!({})), &[]);
            prop_assert!(filled.is_ok());
        }
    }
}
