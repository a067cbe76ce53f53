use serde_json::Value;
use stepwright_sdk::plugin::Plugin as _;

use crate::Plugin;

#[test]
fn the_steps_are_the_action_types_of_automations() {
    let ids: Vec<&str> = Plugin::STEPS.iter().map(|step| step.info.id).collect();
    assert_eq!(ids, ["send-email", "map-entity", "trigger-webhook", "trigger-workflow"]);
    assert!(Plugin::MANIFEST.hosts.is_empty() && Plugin::MANIFEST.secrets.is_empty());
}

#[test]
fn every_schema_is_one() {
    for step in Plugin::STEPS {
        let (config, output) = step.schemas();
        for schema in [config, output] {
            let schema: Value = serde_json::from_str(&schema).unwrap();
            jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{}: {error}", step.info.id));
        }
    }
}

#[test]
fn the_schemas_let_valid_configs_through_and_name_what_is_wrong() {
    let schema = |id: &str| -> Value {
        let step = Plugin::STEPS.iter().find(|step| step.info.id == id).unwrap();
        serde_json::from_str(&step.schemas().0).unwrap()
    };
    for (id, config, valid) in [
        ("send-email", r#"{"to": "a@b.c", "subject": "s", "body": "b"}"#, true),
        ("send-email", r#"{"to": ["a@b.c", "{{entity.email}}"], "subject": "s", "body": "b"}"#, true),
        ("send-email", r#"{"to": 7, "subject": "s", "body": "b"}"#, false),
        ("send-email", r#"{"to": "a@b.c", "subject": "s", "body": "b", "attachments": []}"#, false),
        ("map-entity", r#"{"target_schema": "order", "mapping_attributes": [{"target": "a", "source": "b"}]}"#, true),
        ("map-entity", r#"{"target_schema": "order", "mapping_attributes": []}"#, false),
        ("trigger-webhook", r#"{"url": "https://example.com/x", "body": [1]}"#, true),
        ("trigger-webhook", r#"{"url": "https://example.com/x", "method": "GET"}"#, false),
        ("trigger-workflow", r#"{"target_workflow": "abc"}"#, true),
        ("trigger-workflow", r#"{"workflow": "abc"}"#, false),
    ] {
        let config: Value = serde_json::from_str(config).unwrap();
        assert_eq!(jsonschema::is_valid(&schema(id), &config), valid, "{id} {config}");
    }
}
