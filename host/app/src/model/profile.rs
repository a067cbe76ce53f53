use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use stepwright_engine::Definition;

/// What a native definition says of itself besides its graph; kept in its presentation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    pub icon: Option<String>,
    pub category: Option<String>,
    /// The schema of the entities it runs on; none means any.
    pub entity_type: Option<String>,
    /// Anything the author wants kept.
    pub metadata: Option<Value>,
    /// What nodes without a number of their own get.
    pub max_retries: u32,
    /// At most one execution at a time for one entity.
    pub singleton: bool,
    /// What an event must say to start it: a dotted path into the event's data, and the value there, or an array of
    /// values it may have.
    pub trigger_conditions: Map<String, Value>,
    pub nodes: BTreeMap<String, NodeProfile>,
}

/// What of a node only its author needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeProfile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
}

impl Profile {
    /// A definition's profile; definitions of other dialects have the default one.
    pub fn of(definition: &Definition) -> Self {
        if definition.dialect.is_native() {
            definition.presentation.read().unwrap_or_default()
        } else {
            Self::default()
        }
    }

    /// Whether an event with this data may start it.
    pub fn matches(&self, data: &Value) -> bool {
        self.trigger_conditions.iter().all(|(path, wanted)| {
            let found = path.split('.').try_fold(data, |value, name| value.get(name)).unwrap_or(&Value::Null);
            match wanted {
                Value::Array(choices) => choices.contains(found) || wanted == found,
                other => other == found,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_must_say_all_that_the_conditions_name() {
        let of = |conditions: Value| Profile {
            trigger_conditions: conditions.as_object().unwrap().clone(),
            ..Profile::default()
        };
        let data = json!({"stage": "approved", "attributes": {"amount": 5, "tags": ["a"]}});
        for (conditions, met) in [
            (json!({}), true),
            (json!({"stage": "approved"}), true),
            (json!({"stage": ["funded", "approved"]}), true),
            (json!({"stage": "funded"}), false),
            (json!({"stage": []}), false),
            (json!({"attributes.amount": 5, "stage": "approved"}), true),
            (json!({"attributes.amount": 6, "stage": "approved"}), false),
            (json!({"attributes.tags": ["a"]}), true),
            (json!({"attributes.none": null}), true),
            (json!({"stage.deeper": "x"}), false),
        ] {
            assert_eq!(of(conditions.clone()).matches(&data), met, "{conditions}");
        }
    }
}
