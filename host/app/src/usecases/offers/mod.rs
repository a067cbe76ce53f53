//! What a tenant offers to AI clients outside: its workflows and its step types, each a tool with a JSON Schema.
//!
//! Calling one starts an execution like any other; how far it is, and what it asks people meanwhile, is its progress.
//! The schemas are those of the steps themselves: what an agent inside sees of a step is what a client outside sees.

mod call;
mod list;
mod lone;
mod progress;

pub(crate) use lone::{lone_definition, lone_node};
pub use progress::Progress;

use crate::ports::ToolEffect;
use serde_json::json;
use stepwright_engine::{Definition, DefinitionId, Dialect, RawJson};
use uuid::Uuid;

use crate::model::Profile;

/// Begins the names of workflows.
const WORKFLOW: &str = "workflow_";
/// Characters of a workflow's own name that stand in its tool's name.
const MAX_SLUG: usize = 22;

/// A tool as an outside client sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// `[a-zA-Z0-9_-]{1,128}`, unique in the tenant.
    pub name: String,
    /// For people.
    pub title: String,
    pub description: String,
    /// JSON Schema of the arguments, an object's.
    pub input_schema: RawJson,
    /// JSON Schema of what it comes to.
    pub output_schema: Option<RawJson>,
    pub effect: ToolEffect,
}

/// A part of all offers.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferPage {
    pub offers: Vec<Offer>,
    /// Where the next part begins; none at the end.
    pub next: Option<String>,
}

/// The tool of a workflow: its own name for people and models, its id for whoever calls it.
fn workflow_name(definition: &Definition) -> String {
    let mut slug = String::new();
    for c in definition.name.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => slug.push(c),
            _ if !slug.is_empty() && !slug.ends_with('_') => slug.push('_'),
            _ => {}
        }
        if slug.len() >= MAX_SLUG {
            break;
        }
    }
    let slug = slug.trim_end_matches('_');
    let id = definition.id.uuid().simple();
    if slug.is_empty() { format!("{WORKFLOW}{id}") } else { format!("{WORKFLOW}{slug}_{id}") }
}

/// The workflow that a tool's name means; only the id counts, so that a workflow may get another name meanwhile.
fn workflow_of(name: &str) -> Option<DefinitionId> {
    let rest = name.strip_prefix(WORKFLOW)?;
    let id = rest.rsplit('_').next()?;
    (id.len() == 32).then(|| Uuid::try_parse(id).ok()).flatten().map(DefinitionId::from_uuid)
}

/// The workflow as a tool.
fn workflow_offer(definition: &Definition) -> Offer {
    let about = definition.description.clone().filter(|text| !text.is_empty());
    Offer {
        name: workflow_name(definition),
        title: definition.name.clone(),
        description: about.unwrap_or_else(|| format!("Runs the workflow '{}'.", definition.name)),
        input_schema: RawJson::from(workflow_schema(definition)),
        output_schema: None,
        effect: ToolEffect::Irreversible,
    }
}

fn workflow_schema(definition: &Definition) -> serde_json::Value {
    let mut schema = json!({ "type": "string", "minLength": 1, "maxLength": 200 });
    if let Some(entity_type) = Profile::of(definition).entity_type {
        schema["enum"] = json!([entity_type]);
    }
    let entity = json!({
        "type": "object", "additionalProperties": false, "required": ["schema", "id"],
        "description": "The entity it is about.",
        "properties": { "schema": schema, "id": { "type": "string", "minLength": 1, "maxLength": 200 } },
    });
    if definition.dialect == Dialect::Epilot {
        return json!({
            "type": "object", "additionalProperties": false, "required": ["entity"],
            "properties": { "entity": entity },
        });
    }
    json!({
        "type": "object", "additionalProperties": false,
        "properties": {
            "input": { "type": "object", "description": "What its steps are to know." },
            "entity": entity,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use stepwright_engine::{DefinitionStatus, Graph, OnFailure, TenantId, Timestamp, Trigger};

    fn named(name: &str) -> Definition {
        Definition {
            id: DefinitionId::from_uuid(Uuid::from_u128(0x0190_aaaa_0000_7000_8000_0000_0000_0001)),
            tenant_id: TenantId::from_uuid(Uuid::from_u128(1)),
            dialect: Dialect::Platform,
            version: 1,
            name: name.into(),
            description: None,
            status: DefinitionStatus::Active,
            trigger: Trigger::Manual,
            timezone: None,
            graph: Graph::default(),
            on_failure: OnFailure::Stop,
            presentation: RawJson::empty_object(),
            created_at: Timestamp::from_micros(0),
            updated_at: Timestamp::from_micros(0),
        }
    }

    #[test]
    fn a_workflows_tool_is_found_again_whatever_the_workflow_is_called() {
        for name in ["Deal Onboarding", "Ümläute & mehr!", "", "___", "a_very_long_name_that_goes_on_and_on", "日本語"]
        {
            let definition = named(name);
            let tool = workflow_name(&definition);
            assert!(tool.len() <= 64, "{tool}");
            assert!(tool.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'), "{tool}");
            assert_eq!(workflow_of(&tool), Some(definition.id), "{tool}");
        }
        assert_eq!(
            workflow_name(&named("Deal Onboarding")),
            "workflow_deal_onboarding_0190aaaa000070008000000000000001"
        );
        for odd in
            ["workflow_x", "counter__everything", "workflow_", "", "workflow_0190aaaa-0000-7000-8000-000000000001"]
        {
            assert_eq!(workflow_of(odd), None, "{odd}");
        }
    }
}
