use serde_json::{Value, json};
use stepwright_sdk::{Fault, Input};

use super::{host, input};
use crate::scope::Scope;
use crate::text::{Text, filled, filled_value};

fn fill(text: &str, input: &Input) -> Result<String, Fault> {
    host().with(|_| filled(text, &Scope::new(input)))
}

#[test]
fn placeholders_stand_for_the_entity_outputs_input_and_trigger() {
    for (text, expected) in [
        ("Hi {{entity.first_name}}!", "Hi Ada!"),
        ("{{ entity._schema }}/{{entity._id}}", "contact/c1"),
        ("{{entity.email[0].email}} {{entity.email.0.email}}", "ada@example.com ada@example.com"),
        ("{{entity.steps[0]['Product Info'].price}}", "12.5"),
        ("{{outputs.0.id}} {{input.note}}", "o-1 n"),
        ("<{{entity.nothing.there}}><{{entity.empty}}>", "<><>"),
        ("{{entity.tags}}", "[\"vip\"]"),
        ("{{{{entity}}", "{{entity}}"),
    ] {
        assert_eq!(fill(text, &input()).unwrap(), expected, "{text}");
    }
}

#[test]
fn a_text_that_is_one_placeholder_keeps_the_type_of_its_value() {
    let template = json!({ "a": ["{{entity.tags}}", "x {{entity.steps.0}}"], "n": 1, "e": "{{entity.empty}}" });
    let value = host().with(|_| filled_value(&template, &Scope::new(&input()))).unwrap();
    let steps = r#"x {"Product Info":{"price":12.5}}"#;
    assert_eq!(value, json!({ "a": [["vip"], steps], "n": 1, "e": null }));
    let whole = host().with(|_| filled_value(&json!("{{entity}}"), &Scope::new(&input()))).unwrap();
    assert_eq!(whole["_id"], "c1");
}

#[test]
fn what_is_no_placeholder_is_refused() {
    for text in ["{{}}", "{{nothing.a}}", "{{outputs}}", "{{trigger}}", "{{entity..a}}", "{{entity.", "{{secret.key}}"]
    {
        assert!(Text::parse(text).is_err(), "{text}");
    }
    assert!(Text::parse_with_secrets("{{secret.key}}").is_ok());
}

#[test]
fn the_entity_is_read_only_when_it_is_named_and_must_be_there_then() {
    let nobody = Input::new(Value::Null);
    assert_eq!(fill("plain", &nobody).unwrap(), "plain");
    assert_eq!(fill("{{entity.a}}", &nobody).unwrap_err().code, Fault::INVALID_INPUT);
    let gone = Input::new(Value::Null).with_entity("contact", "gone");
    assert_eq!(fill("{{entity.a}}", &gone).unwrap_err().code, "ENTITY_NOT_FOUND");
    let denied = host().deny("entities.read:contact").with(|_| filled("{{entity.a}}", &Scope::new(&input())));
    let fault = denied.unwrap_err();
    assert_eq!(fault.code, "GRANT_MISSING");
    assert!(fault.reason.contains("entities.read:contact") && fault.reason.contains("actions"), "{}", fault.reason);
}
