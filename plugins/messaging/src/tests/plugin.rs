use stepwright_sdk::plugin::Plugin as _;
use stepwright_sdk::prelude::*;
use stepwright_sdk::step::Category;

use crate::Plugin;

#[test]
fn the_manifest_asks_for_nothing_but_its_imports() {
    assert_eq!(Plugin::MANIFEST.name, "messaging");
    assert_eq!(
        (Plugin::MANIFEST.datasets, Plugin::MANIFEST.hosts, Plugin::MANIFEST.secrets),
        (&[][..], &[][..], &[][..])
    );
}

#[test]
fn both_steps_are_deliveries() {
    let steps: Vec<_> = Plugin::STEPS.iter().map(|s| (s.info.id, s.info.category, s.info.delivers)).collect();
    let expected = [("send_email", Category::Delivery, true), ("create_notification", Category::Delivery, true)];
    assert_eq!(steps, expected);
    assert!(Plugin::STEPS.iter().all(|step| !step.info.requires_delivery));
}

#[test]
fn config_schemas_describe_every_member_and_refuse_others() {
    for step in Plugin::STEPS {
        let schema: Value = serde_json::from_str(&step.schemas().0).unwrap();
        assert!(schema["additionalProperties"].is_null(), "{}", step.info.id);
        for (name, member) in schema["properties"].as_object().unwrap() {
            assert!(member["description"].is_string(), "{} {name}: {member}", step.info.id);
            assert!(!member.to_string().contains("$ref"), "{} {name}: {member}", step.info.id);
        }
    }
}

#[test]
fn config_schemas_have_bounds_and_required_members() {
    let mail: Value = serde_json::from_str(&Plugin::STEPS[0].schemas().0).unwrap();
    assert_eq!(mail["required"], json!(["to", "subject"]));
    let several = &mail["properties"]["to"];
    assert_eq!((&several["minItems"], &several["maxItems"]), (&json!(1), &json!(50)));
    assert_eq!(mail["properties"]["subject"]["maxLength"], 200);
    let notification: Value = serde_json::from_str(&Plugin::STEPS[1].schemas().0).unwrap();
    assert_eq!(notification["required"], json!(["title"]));
    assert_eq!(notification["properties"]["title"]["maxLength"], 200);
    assert_eq!(notification["properties"]["user_ids"]["items"]["type"], json!(["string", "integer"]));
}

/// What a JSON Schema validator, as the host's, finds: places and texts.
fn faults(step: usize, config: &Value) -> Vec<(String, String)> {
    let schema = serde_json::from_str(&Plugin::STEPS[step].schemas().0).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    validator.iter_errors(config).map(|error| (error.instance_path().to_string(), error.to_string())).collect()
}

#[test]
fn the_schemas_accept_what_the_steps_accept() {
    let mail = json!({
        "to": ["a@b.c", "b@b.c"], "subject": "s", "body": "x", "cc": "c@b.c", "bcc": [], "reply_to": null, "template": null,
    });
    assert_eq!(faults(0, &mail), []);
    assert_eq!(faults(0, &json!({"to": "a@b.c", "subject": "s", "cc": null})), []);
    assert_eq!(faults(1, &json!({"title": "t", "user_ids": ["u", 7], "role_ids": null})), []);
}

#[test]
fn the_schemas_refuse_with_a_clear_text_at_the_right_place() {
    let faults = [
        faults(0, &json!({"to": ["a@b.c", 7], "subject": "s"})),
        faults(0, &json!({"to": [], "subject": "s"})),
        faults(0, &json!({"to": "a@b.c", "subject": "s", "bodi": "x"})),
        faults(0, &json!({"to": "a@b.c", "subject": ""})),
        faults(1, &json!({"title": "t", "user_ids": ["u", 1.5]})),
    ]
    .concat();
    let expected = [
        ("/to/1", "7 is not of type \"string\""),
        ("/to", "[] has less than 1 item"),
        ("/subject", "\"\" is shorter than 1 character"),
        ("/user_ids/1", "1.5 is not of types \"integer\", \"string\""),
    ];
    assert_eq!(faults, expected.map(|(place, text)| (place.to_owned(), text.to_owned())));
}
