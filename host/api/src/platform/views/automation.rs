use super::definition::step_type_of;
use crate::kit::time::millis;
use serde::Serialize;
use stepwright_app::{App, Automation};
use stepwright_engine::{RawJson, Timestamp};
use utoipa::ToSchema;

/// An automation.
#[derive(Serialize, ToSchema)]
#[schema(as = Automation)]
pub struct AutomationView {
    /// What tasks name it by.
    id: String,
    name: String,
    version: u32,
    actions: Vec<ActionView>,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// One step of an automation.
#[derive(Serialize, ToSchema)]
#[schema(as = AutomationAction)]
struct ActionView {
    step_type: String,
    /// As the plugin has normalised it.
    #[schema(value_type = Object)]
    config: RawJson,
    allow_failure: bool,
}

/// View of an automation.
pub fn view_automation(app: &App, automation: Automation) -> AutomationView {
    let actions = automation.actions.into_iter().map(|action| ActionView {
        step_type: step_type_of(app, &action.step),
        config: action.config,
        allow_failure: action.allow_failure,
    });
    AutomationView {
        id: automation.flow_id,
        name: automation.name,
        version: automation.version,
        actions: actions.collect(),
        created_at: automation.created_at,
        updated_at: automation.updated_at,
    }
}
