use stepwright_sdk::plugin::Plugin as _;
use stepwright_sdk::prelude::*;
use stepwright_sdk::step::Category;
use stepwright_sdk::testing::Host;

use crate::{Plugin, forms_submission_digest};

fn host() -> Host {
    Host::of::<Plugin>().now("2026-08-12T11:00:00Z").timezone("Europe/London")
}

fn submission(id: &str, form_id: &str, submitted_at: &str) -> Value {
    json!({"id": id, "form_id": form_id, "values": {"n": id}, "submitted_at": submitted_at})
}

fn digest(host: &Host, config: Value) -> Value {
    host.run(forms_submission_digest, config, json!({})).unwrap().output().unwrap().clone()
}

fn forms(host: Host) -> Host {
    let form = |id: &str, name: &str| json!({"id": id, "name": name, "slug": id});
    host.dataset("forms", [form("c", "Contact"), form("s", "Survey"), form("q", "Quiet"), form("b", "Beta")])
}

#[test]
fn the_manifest_asks_for_the_two_datasets_it_reads() {
    assert_eq!(Plugin::MANIFEST.datasets, [("forms", false), ("form_submissions", false)]);
    assert_eq!((Plugin::MANIFEST.hosts, Plugin::MANIFEST.secrets), (&[][..], &[][..]));
    let step = Plugin::STEPS[0].info;
    assert_eq!((step.id, step.category), ("forms_submission_digest", Category::Summary));
    assert_eq!((step.requires_delivery, step.delivers), (true, false));
}

#[test]
fn the_config_has_defaults_and_descriptions_and_ignores_other_members() {
    assert_eq!(host().validate(forms_submission_digest, json!({})).unwrap(), json!({"date_range": "last_7_days"}));
    let schema: Value = serde_json::from_str(&Plugin::STEPS[0].schemas().0).unwrap();
    assert!(schema["additionalProperties"].is_null());
    assert!(schema["properties"].as_object().unwrap().values().all(|member| member["description"].is_string()));
    let normalised = host().validate(forms_submission_digest, json!({"forms": []})).unwrap();
    assert_eq!(normalised, json!({"date_range": "last_7_days"}));
}

#[test]
fn forms_are_counted_most_first_and_those_without_submissions_last() {
    let at = "2026-08-10T00:00:00Z";
    let rows =
        [submission("1", "s", at), submission("2", "c", at), submission("3", "s", at), submission("4", "gone", at)];
    let digest = digest(&forms(host()).dataset("form_submissions", rows), json!({}));
    let counted: Vec<_> = digest["forms"].as_array().unwrap().iter().map(|f| (&f["name"], &f["count"])).collect();
    let expected = [("Survey", 2), ("Contact", 1), ("gone", 1), ("Beta", 0), ("Quiet", 0)];
    assert_eq!(
        counted,
        expected.map(|(name, count)| (json!(name), json!(count))).iter().map(|(n, c)| (n, c)).collect::<Vec<_>>()
    );
    assert_eq!((&digest["count"], &digest["more_forms"]), (&json!(4), &json!(0)));
}

#[test]
fn only_the_named_forms_are_looked_at() {
    let at = "2026-08-10T00:00:00Z";
    let rows = [submission("1", "s", at), submission("2", "c", at), submission("3", "gone", at)];
    let digest =
        digest(&forms(host()).dataset("form_submissions", rows), json!({"form_ids": ["c", "q", "gone", "never"]}));
    let named: Vec<_> = digest["forms"].as_array().unwrap().iter().map(|form| &form["form_id"]).collect();
    assert_eq!(named, ["c", "gone", "q"]);
    assert_eq!(digest["count"], 2);
}

#[test]
fn the_newest_twenty_are_shown_newest_first() {
    let rows =
        (0..25).map(|n| submission(&format!("{n:02}"), "c", &format!("2026-08-10T{:02}:30:00Z", (n * 7) % 25 % 24)));
    let digest = digest(&forms(host()).dataset("form_submissions", rows), json!({}));
    let newest = digest["newest"].as_array().unwrap();
    assert_eq!((newest.len(), &digest["count"]), (20, &json!(25)));
    let times: Vec<_> = newest.iter().map(|entry| entry["submitted_at"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b) && times[0] == "2026-08-10T23:30:00Z", "{times:?}");
}

#[test]
fn instants_are_compared_as_instants_and_not_as_text() {
    let rows =
        [submission("later", "c", "2026-08-10T09:00:00-05:00"), submission("sooner", "c", "2026-08-10T13:00:00Z")];
    let newest = digest(&host().dataset("form_submissions", rows), json!({}))["newest"].clone();
    assert_eq!((&newest[0]["id"], &newest[0]["submitted_at"]), (&json!("later"), &json!("2026-08-10T14:00:00Z")));
}

#[test]
fn the_days_are_days_of_the_workflows_zone() {
    let counted = |zone: &str, day: &str, times: &[&str]| {
        let rows = times.iter().enumerate().map(|(n, at)| submission(&n.to_string(), "c", at));
        let host = host().timezone(zone).dataset("form_submissions", rows);
        digest(&host, json!({"date_range": {"from": day, "to": day}}))["count"].clone()
    };
    let spring = ["2026-03-28T23:59:59Z", "2026-03-29T00:00:00Z", "2026-03-29T22:59:59Z", "2026-03-29T23:00:00Z"];
    assert_eq!(counted("Europe/London", "2026-03-29", &spring), 2);
    let auckland = ["2026-09-26T11:59:59Z", "2026-09-26T12:00:00Z", "2026-09-27T10:59:59Z", "2026-09-27T11:00:00Z"];
    assert_eq!(counted("Pacific/Auckland", "2026-09-27", &auckland), 2);
    let angeles = ["2026-11-01T06:59:59Z", "2026-11-01T07:00:00Z", "2026-11-02T07:59:59Z", "2026-11-02T08:00:00Z"];
    assert_eq!(counted("America/Los_Angeles", "2026-11-01", &angeles), 2);
}

#[test]
fn an_empty_dataset_is_a_valid_digest() {
    let digest = digest(&host(), json!({"date_range": "yesterday"}));
    assert_eq!((&digest["count"], &digest["forms"], &digest["newest"]), (&json!(0), &json!([]), &json!([])));
    let overview = json!([{"title": "Overview", "rows": [{"label": "In the period", "value": "0 submissions"}]}]);
    assert_eq!(digest["summary"]["sections"], overview);
}

#[test]
fn the_summary_shows_forms_and_the_newest_at_the_time_of_the_zone() {
    let row = json!({
        "id": "1", "form_id": "c", "submitted_at": "2026-08-10T12:00:00Z",
        "values": {"name": "Ada\r\nLovelace", "age": 36, "tags": ["a"], "none": null},
    });
    let sections = digest(&forms(host()).dataset("form_submissions", [row]), json!({}))["summary"]["sections"].clone();
    assert_eq!(sections[1]["rows"][0], json!({"label": "Contact", "value": 1}));
    let newest =
        json!({"label": "2026-08-10 13:00, Contact", "value": "age: 36; name: Ada  Lovelace; none: ; tags: [\"a\"]"});
    assert_eq!(sections[2], json!({"title": "Newest", "rows": [newest]}));
}

#[test]
fn long_values_are_cut_and_said_so_and_the_output_stays_small() {
    let values: serde_json::Map<_, _> = (0..100).map(|n| (format!("{n:03}"), json!("ü\u{1}".repeat(1_000)))).collect();
    let rows = (0..30).map(
        |n| json!({"id": format!("{n:02}"), "form_id": "c", "values": values, "submitted_at": "2026-08-10T12:00:00Z"}),
    );
    let many = (0..500).map(|n| json!({"id": format!("f{n}"), "name": "ü".repeat(1_000)}));
    let host = host().dataset("form_submissions", rows).dataset("forms", many);
    let digest = digest(&host, json!({}));
    assert_eq!((&digest["newest"][0]["cut"], &digest["more_forms"]), (&json!(true), &json!(401)));
    assert_eq!(digest["newest"][0]["values"]["000"].as_str().unwrap().chars().count(), 500);
    assert!(digest.to_string().len() < 256 << 10, "{} bytes", digest.to_string().len());
}

#[test]
fn short_values_are_whole() {
    let host = host().dataset("form_submissions", [submission("1", "c", "2026-08-10T12:00:00Z")]);
    let entry = digest(&host, json!({}))["newest"][0].clone();
    let expected = json!({
        "id": "1", "form_id": "c", "form_name": "c", "submitted_at": "2026-08-10T12:00:00Z", "values": {"n": "1"}, "cut": false,
    });
    assert_eq!(entry, expected);
}

#[test]
fn a_broken_row_is_a_fault_that_names_it() {
    let row = json!({"id": "bad", "form_id": "c", "values": [], "submitted_at": "2026-08-10T12:00:00Z"});
    let fault =
        host().dataset("form_submissions", [row]).run(forms_submission_digest, json!({}), json!({})).unwrap_err();
    assert!(fault.code == "INVALID_ROW" && fault.reason.starts_with("row `bad` of form_submissions: "), "{fault}");
}
