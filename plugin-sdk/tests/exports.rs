//! What the component exports, called as the host does.

use stepwright_sdk::__rt::manifest::exports::stepwright::plugin::manifest::Guest as _;
use stepwright_sdk::__rt::steps::exports::stepwright::step::steps;
use stepwright_sdk::plugin::Exports;
use stepwright_sdk::prelude::*;
use stepwright_sdk::testing::Host;

/// Returns what it is given.
#[step(category = summary, requires_delivery)]
fn echo(input: Input) -> Result<Value, Fault> {
    Ok(
        json!({"input": input.parse::<Value>()?, "last": input.last_output::<Value>()?, "trigger": input.trigger.source}),
    )
}

stepwright_sdk::plugin! {
    name: "acme/echo",
    version: "1.2.3",
    description: "Echoes",
    hosts: ["api.example.com"],
    datasets: [read "payments", write "invoices"],
    steps: [echo],
}

type Component = Exports<Plugin>;

fn call(step: &str, config: &str, input: &str) -> steps::Outcome {
    let context = Host::new().with(Clone::clone);
    let call = steps::Call { step: step.into(), context, config: config.into(), input: input.into(), resume: None };
    <Component as steps::Guest>::run(call)
}

fn failure(outcome: steps::Outcome) -> String {
    let steps::Outcome::Failed(fault) = outcome else { panic!("not a fault: {outcome:?}") };
    fault.code
}

#[test]
fn the_manifest_says_who_the_plugin_is_and_what_it_asks_for() {
    let manifest = Component::describe();
    assert_eq!((manifest.name.as_str(), manifest.version.as_str()), ("acme/echo", "1.2.3"));
    assert_eq!(manifest.hosts, ["api.example.com"]);
    let datasets: Vec<_> = manifest.datasets.iter().map(|request| (request.name.as_str(), request.write)).collect();
    assert_eq!(datasets, [("payments", false), ("invoices", true)]);
}

#[test]
fn a_descriptor_carries_flags_and_schemas() {
    let [found] = &<Component as steps::Guest>::describe()[..] else { panic!("one step") };
    assert_eq!((found.id.as_str(), found.category), ("echo", steps::Category::Summary));
    assert!(found.requires_delivery && !found.delivers);
    let schema: Value = serde_json::from_str(&found.config_schema).unwrap();
    assert_eq!(schema["type"], "object");
}

#[test]
fn outputs_keep_the_order_in_which_nodes_completed() {
    let input = r#"{"input": 1, "outputs": {"z": 1, "a": 2}, "trigger": {"source": "manual"}, "entity": null}"#;
    let steps::Outcome::Completed(done) = call("echo", "{}", input) else { panic!("not completed") };
    assert_eq!(done.output, r#"{"input":1,"last":2,"trigger":"manual"}"#);
}

#[test]
fn bad_calls_are_faults_and_no_panics() {
    assert_eq!(failure(call("nobody", "{}", "{}")), Fault::UNKNOWN_ID);
    assert_eq!(failure(call("echo", "{}", "{")), Fault::INVALID_INPUT);
    assert_eq!(failure(call("echo", "{}", "[]")), Fault::INVALID_INPUT);
    assert_eq!(failure(call("echo", "no", "{}")), Fault::INVALID_CONFIG);
    assert_eq!(failure(call("echo", "[]", "{}")), Fault::INVALID_CONFIG);
    let context = Host::new().with(Clone::clone);
    assert!(<Component as steps::Guest>::validate("nobody".to_owned(), "{}".to_owned(), context).is_err());
}
