use crate::kit::time::millis;
use serde::Serialize;
use serde_json::Value;
use stepwright_app::{Agent, AgentBudget, AgentGrants, App};
use stepwright_engine::{RawJson, Timestamp};
use utoipa::ToSchema;

/// An agent.
#[derive(Serialize, ToSchema)]
#[schema(as = Agent)]
pub struct AgentView {
    /// What tasks name it by (`agent_config.agent_id`).
    id: String,
    name: String,
    version: u32,
    /// `<plugin name>/<agent id>`, or the bare id of a built-in.
    agent: String,
    /// As the plugin has normalised it.
    #[schema(value_type = Object)]
    config: RawJson,
    mode: &'static str,
    #[schema(value_type = Object)]
    grants: AgentGrants,
    /// Every limit in force for one run, and what else the budget says.
    #[schema(value_type = Object)]
    budget: Value,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[serde(serialize_with = "millis")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// View of an agent.
pub fn view_agent(app: &App, agent: Agent) -> AgentView {
    let builtin = app.builtin_of_agent(&agent.agent).is_some_and(|builtin| builtin.info.name == agent.plugin);
    AgentView {
        agent: if builtin { agent.agent } else { format!("{}/{}", agent.plugin, agent.agent) },
        id: agent.name,
        name: agent.title,
        version: agent.version,
        config: agent.config,
        mode: agent.mode.as_str(),
        grants: agent.grants,
        budget: budget(&agent.budget),
        created_at: agent.created_at,
        updated_at: agent.updated_at,
    }
}

fn budget(budget: &AgentBudget) -> Value {
    // Limits always serialize: plain numbers.
    let mut shown = serde_json::to_value(budget.of_run()).unwrap_or_default();
    shown["flow"] = serde_json::to_value(budget.flow).unwrap_or_default();
    shown["max_repeats"] = budget.max_repeats.into();
    shown["confirm_within"] = budget.confirm_within.into();
    shown
}
