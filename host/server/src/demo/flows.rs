//! The demo's epilot flow: an automation that mails and notes, then a decision.

use super::client::Client;
use crate::wiring::Host;
use anyhow::Context as _;
use serde_json::{Value, json};
use stepwright_app::usecases::{Access, ActionDraft, AutomationDraft, EnableRequest};
use stepwright_app::{AppError, Grants, ReadWrite};
use stepwright_engine::RawJson;

const TEMPLATES: &str = "/v2/flows/templates";
const NAME: &str = "Welcome a customer";
const AUTOMATION: &str = "welcome";
/// The built-in plugin whose steps are the actions of automations.
const ACTIONS: &str = "actions";
/// The entity that flows of the demo are about.
pub const CONTACT: &str = "c-willow";

/// A mail to the contact, and a note on it.
fn actions() -> Vec<ActionDraft> {
    let action = |step_type: &str, config: Value| ActionDraft {
        step_type: step_type.into(),
        config: RawJson::from(config),
        allow_failure: false,
    };
    vec![
        action(
            "send-email",
            json!({
                "to": "{{entity.email}}", "subject": "Welcome, {{entity.name}}",
                "body": "Dear {{entity.name}},\n\nwe are glad that you are here.",
            }),
        ),
        action(
            "map-entity",
            json!({
                "target_schema": "contact", "target_id": "{{entity._id}}",
                "mapping_attributes": [{ "target": "welcomed", "mode": "set_value", "value": true }],
            }),
        ),
    ]
}

/// The automation, then a call for businesses and a letter for everybody else.
fn template() -> Value {
    let condition = |id: &str, kind: &str| {
        json!({
            "id": id, "branch_name": id, "logical_operator": "AND",
            "statements": [{
                "id": format!("{id}-1"), "operator": "equals", "values": [kind],
                "source": {
                    "origin": "trigger", "schema": "contact", "attribute": "kind", "attribute_type": "select",
                },
            }],
        })
    };
    let manual = |id: &str, name: &str| json!({ "id": id, "name": name, "task_type": "MANUAL" });
    json!({
        "name": NAME,
        "description": "Welcomes by mail, then lets the kind of customer decide.",
        "tasks": [
            {
                "id": "welcome", "name": "Say welcome", "task_type": "AUTOMATION",
                "automation_config": { "flow_id": AUTOMATION },
            },
            {
                "id": "kind", "name": "Which kind?", "task_type": "DECISION", "trigger_mode": "automatic",
                "conditions": [condition("business", "business"), condition("partner", "partner")],
            },
            manual("call", "Call them"), manual("meet", "Meet them"), manual("letter", "Write a letter"),
        ],
        "edges": [
            { "id": "e1", "from_id": "welcome", "to_id": "kind" },
            { "id": "e2", "from_id": "kind", "to_id": "call", "condition_id": "business" },
            { "id": "e3", "from_id": "kind", "to_id": "meet", "condition_id": "partner" },
            { "id": "e4", "from_id": "kind", "to_id": "letter", "none_met": true },
        ],
    })
}

/// Makes what is missing of it; gives the template's id.
///
/// # Errors
/// Those of the application and of the dialect.
pub async fn make(host: &Host, tenant: &Access, client: &Client<'_>) -> anyhow::Result<String> {
    let contact = json!({ "name": "Willow Care Ltd", "email": "accounts@willow.example", "kind": "business" });
    host.app.put_entity(tenant, "contact", CONTACT, RawJson::from(contact), None).await?;
    let builtin = host.app.builtin(ACTIONS).context("no actions")?;
    let grants = Grants {
        entities: ReadWrite { write: ["contact".to_owned()].into(), ..ReadWrite::default() },
        ..Grants::default()
    };
    let request = EnableRequest { grants, ..EnableRequest::default() };
    host.app.enable_plugin(tenant, ACTIONS, &builtin.info.version, request).await?;
    let draft = AutomationDraft {
        flow_id: Some(AUTOMATION.into()),
        name: "Welcome".into(),
        actions: actions(),
        max_executions: None,
    };
    match host.app.create_automation(tenant, draft).await {
        Ok(_) | Err(AppError::Conflict(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let listed = client.get(TEMPLATES).await?;
    let there = listed["results"].as_array().into_iter().flatten().find(|template| template["name"] == NAME);
    let made = match there {
        Some(there) => there.clone(),
        None => client.post(TEMPLATES, &template()).await?,
    };
    Ok(made["id"].as_str().context("a template without an id")?.to_owned())
}
