use super::definition::step_type_of;
use crate::kit::time::millis;
use serde::Serialize;
use stepwright_app::usecases::{Access, ActionWarning, CUSTOM_ACTION};
use stepwright_app::{App, Automation, AutomationAction};
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
    /// Runs within an hour; null for no limit.
    max_executions: Option<u32>,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// What is legal and will fail as the tenant stands now.
    warnings: Vec<WarningView>,
}

/// Something legal that will fail when it runs.
#[derive(Serialize, ToSchema)]
#[schema(as = AutomationWarning)]
struct WarningView {
    /// `GRANT_MISSING` or `mail_not_configured`.
    code: &'static str,
    pointer: String,
    detail: String,
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
pub fn view_automation(app: &App, access: &Access, automation: Automation) -> AutomationView {
    let warnings = app.automation_warnings(access, &automation).into_iter();
    let warning = |w: ActionWarning| WarningView { code: w.code, pointer: w.pointer, detail: w.message };
    let warnings = warnings.map(warning).collect();
    let actions = automation.actions.into_iter().map(|AutomationAction { step, config, allow_failure, custom }| {
        let named = step_type_of(app, &step);
        let (step_type, config) = if custom {
            (CUSTOM_ACTION.to_owned(), RawJson::from(serde_json::json!({ "component": named, "config": config })))
        } else {
            (named, config)
        };
        ActionView { step_type, config, allow_failure }
    });
    AutomationView {
        id: automation.flow_id,
        name: automation.name,
        version: automation.version,
        actions: actions.collect(),
        max_executions: automation.max_executions,
        created_at: automation.created_at,
        updated_at: automation.updated_at,
        warnings,
    }
}
