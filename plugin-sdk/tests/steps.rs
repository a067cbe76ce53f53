//! Steps under the native harness: configs, outcomes, staging.

use stepwright_sdk::prelude::*;
use stepwright_sdk::testing::Host;
use stepwright_sdk::{data, entities, events, flow, kv, log, mail, notify, secrets};

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Days after the due date.
    #[serde(default)]
    grace_days: u32,
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
struct Rule {
    field: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    days: u32,
}

fn at_most_a_year(config: &Config, _context: &Context) -> Vec<FieldError> {
    if config.grace_days > 365 { vec![FieldError::new("/grace_days", "at most 365")] } else { Vec::new() }
}

/// Waits.
///
/// Then goes
/// on.
#[step(category = logic, validate = at_most_a_year, delivers)]
fn grace_period(config: Config) -> Result<Output, Fault> {
    Ok(Output { days: config.grace_days })
}

/// Touches everything, and fails when the input says so.
#[step(id = "touch-all", title = "Touch")]
fn touch(input: Input, ctx: &Context) -> Result<StepOutcome<Value>, Fault> {
    data::write("invoices", "1").set("status", "paid").expect_version(1).apply()?;
    let seen = data::find("invoices", "1")?.ok_or_else(|| Fault::new("LOST", "the row is gone"))?;
    let version = entities::put("contact", "c1").set("name", "Ada").expect_new().save()?;
    kv::execution().put("seen", &seen.version)?;
    mail::message("m").to("a@example.com").subject("Hello").send()?;
    notify::notification("Hello").user("u1").send()?;
    events::emit("invoice.paid", &json!({"id": "1"}))?;
    let child = flow::start("definition", &json!({"from": ctx.execution_id}))?;
    log::info("touched");
    if input.parse::<Value>()?["fail"] == json!(true) {
        return Err(Fault::new("TOLD_TO", "the input says so").retryable());
    }
    let output = json!({"status": seen.value["status"], "row": seen.version, "entity": version, "child": child});
    Ok(StepOutcome::completed(output).with_entity(EntityRef::new("contact", "c1")))
}

/// Waits for a call-back.
#[step(category = integration)]
fn approval(input: Input) -> Result<StepOutcome<Value>, Fault> {
    Ok(match input.resume::<Value>()? {
        Some(answer) => StepOutcome::completed(answer),
        None => StepOutcome::waiting("key").until("2026-12-01T00:00:00Z"),
    })
}

stepwright_sdk::plugin! {
    name: "acme/steps",
    datasets: [write "invoices", read "payments"],
    secrets: ["api-key"],
    steps: [grace_period, touch, approval],
}

fn host() -> Host {
    Host::of::<Plugin>().dataset("invoices", [json!({"id": "1", "status": "sent"})])
}

#[test]
fn the_macro_fills_in_what_catalogues_show() {
    let info = <grace_period as stepwright_sdk::Step>::INFO;
    assert_eq!((info.id, info.title), ("grace_period", "Grace period"));
    assert_eq!(info.description, "Waits.\n\nThen goes on.");
    assert!(info.delivers && !info.requires_delivery);
    assert_eq!(<touch as stepwright_sdk::Step>::INFO.id, "touch-all");
}

#[test]
fn the_schemas_describe_config_and_output() {
    let (config, output) = stepwright_sdk::step::StepEntry::of::<grace_period>().schemas();
    let config: Value = serde_json::from_str(&config).unwrap();
    assert_eq!(config["properties"]["grace_days"]["description"], "Days after the due date.");
    assert_eq!(config["additionalProperties"], false);
    assert!(config.get("required").is_none(), "fields with defaults are not required");
    let output: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(output["required"], json!(["days"]));
}

#[test]
fn validating_fills_in_defaults() {
    assert_eq!(host().validate(grace_period, json!({})), Ok(json!({"grace_days": 0, "rules": []})));
}

#[test]
fn validating_names_the_place_of_an_error() {
    let wrong = json!({"rules": [{"field": "a"}, {"field": 1}]});
    let errors = host().validate(grace_period, wrong).unwrap_err();
    assert_eq!(errors, [FieldError::new("/rules/1/field", "invalid type: integer `1`, expected a string")]);
}

#[test]
fn the_authors_check_is_asked() {
    let errors = host().validate(grace_period, json!({"grace_days": 366})).unwrap_err();
    assert_eq!(errors, [FieldError::new("/grace_days", "at most 365")]);
}

#[test]
fn a_config_that_does_not_fit_is_a_fault() {
    let fault = host().run(grace_period, json!({"days": 1}), json!({})).unwrap_err();
    assert_eq!(fault.code, Fault::INVALID_CONFIG);
    assert!(fault.reason.contains("unknown field `days`"), "{fault}");
}

#[test]
fn a_step_sees_what_it_has_staged_and_completion_keeps_it() {
    let host = host();
    let outcome = host.run(touch, json!({}), json!({})).unwrap();
    let output = json!({"status": "paid", "row": 2, "entity": 1, "child": "execution-2"});
    assert_eq!(outcome, StepOutcome::completed(output).with_entity(EntityRef::new("contact", "c1")));
    assert_eq!(host.row("invoices", "1"), Some(json!({"id": "1", "status": "paid"})));
    assert_eq!(host.entity_now("contact", "c1"), Some((1, json!({"name": "Ada"}))));
    assert_eq!((host.mails().len(), host.notifications().len(), host.events().len()), (1, 1, 1));
    assert_eq!(host.started()[0].execution_id, "execution-2");
    assert_eq!(host.with(|_| kv::execution().get::<u64>("seen")), Ok(Some(2)));
}

#[test]
fn a_fault_leaves_nothing_but_the_log() {
    let host = host();
    let fault = host.run(touch, json!({}), json!({"fail": true})).unwrap_err();
    assert_eq!((fault.code.as_str(), fault.retryable), ("TOLD_TO", true));
    assert_eq!(host.row("invoices", "1"), Some(json!({"id": "1", "status": "sent"})));
    assert_eq!(host.entity_now("contact", "c1"), None);
    assert!(host.mails().is_empty() && host.notifications().is_empty());
    assert!(host.events().is_empty() && host.started().is_empty());
    assert_eq!(host.with(|_| kv::execution().get::<u64>("seen")), Ok(None));
    assert_eq!(host.logs()[0].message, "touched");
}

#[test]
fn a_wait_ends_with_the_resume_data() {
    let host = host();
    let waiting = host.run(approval, json!({}), json!({})).unwrap();
    assert_eq!(waiting, StepOutcome::waiting("key").until("2026-12-01T00:00:00Z"));
    let resumed = host.run(approval, json!({}), Input::default().with_resume(json!({"ok": true}))).unwrap();
    assert_eq!(resumed, StepOutcome::completed(json!({"ok": true})));
}

#[test]
fn an_input_of_another_type_is_a_fault() {
    let input = Input::new(json!("text")).with_output("first", json!([1]));
    assert_eq!(input.parse::<u32>().unwrap_err().code, Fault::INVALID_INPUT);
    assert_eq!(input.last_output::<Vec<u32>>().unwrap(), Some(vec![1]));
    assert_eq!(input.output::<Value>("second").unwrap(), None);
    assert_eq!(input.completed().collect::<Vec<_>>(), ["first"]);
}

#[test]
fn a_conflict_names_the_current_version_and_is_retryable() {
    let host = host();
    let write = || data::write("invoices", "1").set("status", "void").expect_version(7).apply();
    assert_eq!(host.with(|_| write()), Err(HostError::Conflict(1)));
    assert!(Fault::from(HostError::Conflict(1)).retryable);
}

#[test]
fn all_writes_are_staged_or_none() {
    let host = host();
    let good = data::write("invoices", "2").set("status", "draft").expect_new();
    let bad = data::write("invoices", "1").expect_new();
    assert_eq!(host.with(|_| data::apply([good, bad])), Err(HostError::Conflict(1)));
    assert_eq!(host.row("invoices", "2"), None);
}

#[test]
fn the_manifest_decides_over_datasets_and_secrets() {
    let host = host().secret("api-key").secret("other");
    let refused = |result: Result<(), HostError>| matches!(result, Err(HostError::Denied(_)));
    assert!(refused(host.with(|_| data::write("payments", "1").apply())));
    assert!(refused(host.with(|_| data::query("customers").first().map(drop))));
    assert!(refused(host.with(|_| secrets::placeholder("other").map(drop))));
    assert!(host.with(|_| secrets::placeholder("api-key")).is_ok());
}

#[test]
fn a_denied_capability_is_refused_with_the_missing_grant() {
    let host = host().deny("mail");
    let fault = host.run(touch, json!({}), json!({})).unwrap_err();
    assert_eq!(fault, Fault::new("DENIED", "denied: missing grant `mail`"));
}

#[test]
fn a_key_is_mailed_once_per_task() {
    let host = host();
    let send = |_: &Context| mail::message("m").to("a@example.com").send();
    assert_eq!(host.with(send), host.with(send));
    assert_eq!(host.mails().len(), 1);
}

#[test]
fn queries_page_through_everything_and_follow_null_rules() {
    let many = (0..1_203)
        .map(|n| if n % 2 == 0 { json!({"id": format!("{n:05}"), "n": n}) } else { json!({"id": format!("{n:05}")}) });
    let host = Host::new().dataset("invoices", many);
    let count = |field: &str, comparison: data::Comparison| {
        host.with(|_| data::query("invoices").filter(field, comparison).rows().collect::<Result<Vec<_>, _>>())
            .unwrap()
            .len()
    };
    assert_eq!(count("id", data::ge("00000")), 1_203);
    assert_eq!(count("n", data::lt(10)), 5);
    assert_eq!(count("n", data::eq(Value::Null)), 601);
    assert_eq!(count("n", data::ne(0)), 1_202);
    assert_eq!(count("n", data::any_of([json!(0), Value::Null])), 602);
}
