//! `trigger-workflow`.

use stepwright_sdk::flow;
use stepwright_sdk::prelude::*;

use crate::grant::refused;
use crate::scope::Scope;
use crate::text::{Text, check_value, filled, filled_value};

/// The code of a workflow that could not be started (source: contracts/epilot.md 2B "Chain guard").
const TRIGGER_WORKFLOW_ERROR: &str = "TRIGGER_WORKFLOW_ERROR";

/// Which workflow, about what.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The id of a flow template or of another active definition of the tenant.
    #[schemars(length(min = 1, max = 100))]
    target_workflow: String,
    /// Entities the new flow is about besides the one the automation runs on, at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    contexts: Vec<About>,
    /// Only phases and tasks with one of these purposes become part of the new flow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    purposes: Vec<String>,
    /// The input of a definition that is no flow template: a JSON object whose texts may hold placeholders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    input: Option<serde_json::Map<String, Value>>,
}

/// An entity.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Its schema.
    #[schemars(length(min = 1, max = 200))]
    entity_schema: String,
    /// Its id, which may hold placeholders.
    #[schemars(length(min = 1, max = 1000))]
    entity_id: String,
}

/// What was started.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The execution's id.
    execution_id: String,
}

/// Starts another workflow about the entity the automation runs on.
#[step(id = "trigger-workflow", title = "Start a workflow", category = action, validate = check)]
pub fn trigger_workflow(config: Config, input: Input) -> Result<Output, Fault> {
    let scope = Scope::new(&input);
    let mut handed = match &config.input {
        Some(input) => filled_value(&Value::Object(input.clone()), &scope)?,
        None => json!({}),
    };
    let contexts = config.contexts.iter().map(|about| {
        let id = filled(&about.entity_id, &scope)?;
        Ok(json!({ "entity_schema": about.entity_schema, "entity_id": id }))
    });
    let contexts = contexts.collect::<Result<Vec<Value>, Fault>>()?;
    if !contexts.is_empty() {
        handed["contexts"] = contexts.into();
    }
    if !config.purposes.is_empty() {
        handed["purposes"] = config.purposes.into();
    }
    let started = match &input.entity {
        Some(entity) => flow::start_about(&config.target_workflow, &handed, entity),
        None => flow::start(&config.target_workflow, &handed),
    };
    let execution_id = started.map_err(|error| match error {
        // Worth another try as it is.
        HostError::Unavailable(_) | HostError::Denied(_) => refused(error),
        HostError::NotFound => {
            let reason = format!("there is no workflow '{}'", config.target_workflow);
            Fault::new(TRIGGER_WORKFLOW_ERROR, reason)
        }
        other => Fault::new(TRIGGER_WORKFLOW_ERROR, other.to_string()),
    })?;
    Ok(Output { execution_id })
}

fn check(config: &Config, _: &Context) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if config.target_workflow.trim().is_empty() {
        errors.push(FieldError::new("/target_workflow", "must not be empty"));
    }
    for (at, about) in config.contexts.iter().enumerate() {
        let pointer = format!("/contexts/{at}/entity_id");
        errors.extend(Text::parse(&about.entity_id).err().map(|why| FieldError::new(pointer, why)));
    }
    if let Some(input) = &config.input {
        errors.extend(check_value("/input", &Value::Object(input.clone())));
    }
    errors
}
