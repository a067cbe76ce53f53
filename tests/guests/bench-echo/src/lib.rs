//! The benchmark's step: a JSON object in, the same object with one field more out.

use stepwright_sdk::prelude::*;

#[derive(Deserialize, Serialize, JsonSchema)]
struct Config {
    /// The value of the added field `step`.
    field: String,
}

/// Returns its input with the field `step` added.
#[step(category = logic)]
fn echo(config: Config, input: Input) -> Result<Value, Fault> {
    let mut value: Value = input.parse()?;
    match &mut value {
        Value::Object(object) => object.insert("step".to_owned(), config.field.into()),
        _ => return Err(Fault::new(Fault::INVALID_INPUT, "the input is not an object")),
    };
    Ok(value)
}

stepwright_sdk::plugin! {
    steps: [echo],
}
