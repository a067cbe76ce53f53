mod email;
mod entity;
mod plugin;
mod text;
mod webhook;
mod workflow;

use serde_json::{Value, json};
use stepwright_sdk::testing::Host;
use stepwright_sdk::{FieldError, Input, Step};

/// A tenant with one contact, the step's task known.
fn host() -> Host {
    let ada = json!({
        "first_name": "Ada", "email": [{ "email": "ada@example.com" }], "tags": ["vip"],
        "steps": [{ "Product Info": { "price": 12.5 } }], "empty": null,
    });
    Host::new().entity("contact", "c1", ada)
}

/// About that contact, after one action.
fn input() -> Input {
    Input::new(json!({ "note": "n" })).with_output("0", json!({ "id": "o-1" })).with_entity("contact", "c1")
}

/// The places of a config's faults.
fn places<S: Step>(step: S, config: Value) -> Vec<String> {
    let errors: Vec<FieldError> = Host::new().validate(step, config).expect_err("faults");
    errors.into_iter().map(|error| error.pointer).collect()
}
