//! What an agent can do: its tools, made from its grants.

use super::RunHost;
use super::foreign::foreign_tools;
use super::host::Around;
use crate::error::AppResult;
use crate::model::{AgentGrants, AgentMode, AgentRun, Capability, ComponentInfo, StepCategory, StepDescriptor};
use crate::ports::{Halt, McpAccess, ToolCatalog, ToolEffect, ToolInfo};
use serde_json::json;
use stepwright_engine::RawJson;
use stepwright_engine::agent::{Hash, RunFault};

/// Bytes of a tool's name.
const MAX_NAME: usize = 128;

/// What a tool does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ToolKind {
    EntitiesGet,
    EntitiesList,
    EntitiesPut,
    /// A step type of the tenant.
    Step {
        plugin: String,
        step: String,
        digest: String,
        /// It reaches servers outside, so that its results hold what strangers have written.
        reaches_out: bool,
    },
    /// A tool of a server of the Model Context Protocol.
    Foreign {
        server: String,
        tool: String,
        /// Of what the agent has been shown of it.
        pinned: Hash,
        access: McpAccess,
        /// The server describes it otherwise by now: nobody may call it.
        changed: bool,
    },
}

/// A tool with what calling it takes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tool {
    pub info: ToolInfo,
    pub kind: ToolKind,
}

impl RunHost {
    /// The tools as they are now.
    pub(super) async fn tools(&mut self) -> Result<Vec<Tool>, Halt> {
        match tools(&self.around, &self.run).await {
            Ok(tools) => Ok(tools),
            Err(crate::AppError::Unavailable(text)) => Err(self.halt(super::Halted::Unavailable(text))),
            Err(error) => Err(self.fail(RunFault::PolicyDenied(error.to_string()))),
        }
    }

    pub(super) async fn shown_catalog(&mut self, known: Option<u64>) -> Result<Option<ToolCatalog>, Halt> {
        let request = Hash::of(&[&known.unwrap_or(u64::MAX).to_be_bytes()]);
        let (ordinal, answered) = self.known::<Option<ToolCatalog>>("catalog", request)?;
        let shown = match answered {
            Some(shown) => shown,
            None => {
                let tools = shown(&self.tools().await?);
                let generation = generation(&tools);
                let fresh = (known != Some(generation)).then_some(ToolCatalog { generation, tools });
                self.value(ordinal, "catalog", request, &fresh).await?
            }
        };
        if shown.is_some() {
            self.catalog.clone_from(&shown);
        }
        Ok(shown)
    }
}

/// What an agent is shown: everything that it may call.
pub(super) fn shown(tools: &[Tool]) -> Vec<ToolInfo> {
    let callable = |tool: &&Tool| !matches!(tool.kind, ToolKind::Foreign { changed: true, .. });
    tools.iter().filter(callable).map(|tool| tool.info.clone()).collect()
}

/// Another number whenever anything about the tools is different.
pub(super) fn generation(tools: &[ToolInfo]) -> u64 {
    let text = serde_json::to_string(tools).unwrap_or_default();
    let mut first = [0; 8];
    first.copy_from_slice(&Hash::of_text(&text).bytes()[..8]);
    // Within what JSON numbers hold exactly.
    u64::from_be_bytes(first) >> 11
}

async fn tools(around: &Around, run: &AgentRun) -> AppResult<Vec<Tool>> {
    let grants = &run.agent.grants;
    let mut tools = entity_tools(grants);
    for enabled in &around.view.enablements {
        let enablement = &enabled.enablement;
        let pins = around.execution.flow.as_deref().map(|flow| &flow.pins);
        let digest = pins.and_then(|pins| pins.get(&enablement.name)).unwrap_or(&enablement.digest);
        let builtin = around.app.builtins().iter().find(|b| b.info.digest == *digest);
        let info = match builtin {
            Some(builtin) => builtin.info.clone(),
            None => match around.app.store().component_info(run.tenant_id, digest).await? {
                Some(info) => info,
                None => continue,
            },
        };
        tools.extend(step_tools(grants, &info, digest, builtin.is_some()));
    }
    tools.extend(foreign_tools(around, run).await?);
    for tool in &mut tools {
        let ToolInfo { name, effect, needs_confirmation, .. } = &mut tool.info;
        if grants.irreversible.contains(name) {
            *effect = ToolEffect::Irreversible;
        }
        let approved = run.agent.mode == AgentMode::Approval && *effect != ToolEffect::Read;
        *needs_confirmation = approved || grants.confirm.contains(name);
    }
    tools.sort_by(|a, b| a.info.name.cmp(&b.info.name));
    tools.dedup_by(|later, first| later.info.name == first.info.name);
    Ok(tools)
}

fn tool(name: &str, description: &str, schema: serde_json::Value, effect: ToolEffect, kind: ToolKind) -> Tool {
    let info = ToolInfo {
        name: name.into(),
        description: description.into(),
        input_schema: RawJson::from(schema),
        output_schema: None,
        effect,
        needs_confirmation: false,
    };
    Tool { info, kind }
}

fn entity_tools(grants: &AgentGrants) -> Vec<Tool> {
    let text = json!({ "type": "string", "minLength": 1, "maxLength": 200 });
    let mut tools = Vec::new();
    if !grants.entities.read.is_empty() || !grants.entities.write.is_empty() {
        let get = json!({
            "type": "object", "additionalProperties": false, "required": ["schema", "id"],
            "properties": { "schema": text, "id": text },
        });
        let list = json!({
            "type": "object", "additionalProperties": false, "required": ["schema"],
            "properties": {
                "schema": text,
                "limit": { "type": "integer", "minimum": 1, "maximum": 100 },
                "cursor": { "type": "string", "maxLength": 200 },
            },
        });
        let about = "Reads one entity: {schema, id, version, attributes}.";
        tools.push(tool("entities_get", about, get, ToolEffect::Read, ToolKind::EntitiesGet));
        let about = "Entities of a schema in the order of their ids: {items, next_cursor}.";
        tools.push(tool("entities_list", about, list, ToolEffect::Read, ToolKind::EntitiesList));
    }
    if !grants.entities.write.is_empty() {
        let put = json!({
            "type": "object", "additionalProperties": false, "required": ["schema", "id", "patch"],
            "properties": {
                "schema": text,
                "id": text,
                "patch": { "type": "object", "description": "Merged into the attributes; null removes one." },
                "expected_version": { "type": "integer", "minimum": 0 },
            },
        });
        let about = "Changes an entity, or makes it: {version}.";
        tools.push(tool("entities_put", about, put, ToolEffect::Write, ToolKind::EntitiesPut));
    }
    tools
}

fn step_tools(grants: &AgentGrants, info: &ComponentInfo, digest: &str, builtin: bool) -> Vec<Tool> {
    let granted = |step_type: &str| grants.steps.contains("*") || grants.steps.contains(step_type);
    let mut tools = Vec::new();
    for step in &info.steps {
        let full = format!("{}/{}", info.name, step.id);
        let step_type = if builtin { &step.id } else { &full };
        if !(granted(step_type) || granted(&full)) {
            continue;
        }
        if let Some(tool) = step_tool(info, step, builtin) {
            let kind = ToolKind::Step {
                plugin: info.name.clone(),
                step: step.id.clone(),
                digest: digest.to_owned(),
                reaches_out: info.imports.contains(&Capability::Http),
            };
            tools.push(Tool { info: tool, kind });
        }
    }
    tools
}

/// Every step of a component that can be a tool.
pub(crate) fn every_step(
    component: &ComponentInfo,
    builtin: bool,
) -> impl Iterator<Item = (ToolInfo, StepDescriptor)> + '_ {
    component.steps.iter().filter_map(move |step| Some((step_tool(component, step, builtin)?, step.clone())))
}

/// A step as a tool: one schema for definitions, agents and clients outside. None when its name is too long for one.
fn step_tool(component: &ComponentInfo, step: &StepDescriptor, builtin: bool) -> Option<ToolInfo> {
    let name = if builtin { step.id.clone() } else { format!("{}/{}", component.name, step.id).replace('/', "__") };
    // What leaves by HTTP cannot be called back, and may be done twice; all else is committed with its result.
    let effect = match step.category {
        _ if component.imports.contains(&Capability::Http) => ToolEffect::Irreversible,
        StepCategory::Summary => ToolEffect::Read,
        StepCategory::Delivery | StepCategory::Action | StepCategory::Integration | StepCategory::Logic => {
            ToolEffect::Write
        }
    };
    let description = if step.description.is_empty() { &step.title } else { &step.description };
    (name.len() <= MAX_NAME).then(|| ToolInfo {
        name,
        description: description.clone(),
        input_schema: step.config_schema.clone(),
        output_schema: step.output_schema.clone(),
        effect,
        needs_confirmation: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ReadWrite;

    fn info(imports: &[Capability]) -> ComponentInfo {
        let step = |id: &str, category| StepDescriptor {
            id: id.into(),
            title: id.into(),
            description: String::new(),
            category,
            config_schema: RawJson::empty_object(),
            output_schema: None,
            requires_delivery: false,
            delivers: false,
        };
        ComponentInfo {
            name: "acme/crm".into(),
            version: "1.0.0".into(),
            description: String::new(),
            digest: "d".into(),
            size: 1,
            steps: vec![step("totals", StepCategory::Summary), step("refund", StepCategory::Action)],
            conditions: Vec::new(),
            guards: Vec::new(),
            agents: Vec::new(),
            imports: imports.iter().copied().collect(),
            datasets: Vec::new(),
            hosts: Vec::new(),
            secrets: Vec::new(),
        }
    }

    fn names(tools: &[Tool]) -> Vec<(&str, ToolEffect)> {
        tools.iter().map(|tool| (tool.info.name.as_str(), tool.info.effect)).collect()
    }

    #[test]
    fn only_what_is_granted_is_a_tool() {
        assert_eq!(names(&step_tools(&AgentGrants::default(), &info(&[]), "d", false)), []);
        assert_eq!(names(&entity_tools(&AgentGrants::default())), []);
        let grants = AgentGrants { steps: ["acme/crm/refund".into()].into(), ..AgentGrants::default() };
        let tools = step_tools(&grants, &info(&[]), "d", false);
        assert_eq!(names(&tools), [("acme__crm__refund", ToolEffect::Write)]);
        let read = ReadWrite { read: ["contact".into()].into(), ..ReadWrite::default() };
        let grants = AgentGrants { entities: read, ..AgentGrants::default() };
        let reads = [("entities_get", ToolEffect::Read), ("entities_list", ToolEffect::Read)];
        assert_eq!(names(&entity_tools(&grants)), reads);
    }

    #[test]
    fn summaries_read_and_what_reaches_out_cannot_be_taken_back() {
        let grants = AgentGrants { steps: ["*".into()].into(), ..AgentGrants::default() };
        let inside = step_tools(&grants, &info(&[]), "d", true);
        assert_eq!(names(&inside), [("totals", ToolEffect::Read), ("refund", ToolEffect::Write)]);
        let outside = step_tools(&grants, &info(&[Capability::Http]), "d", true);
        assert!(outside.iter().all(|tool| tool.info.effect == ToolEffect::Irreversible));
    }

    #[test]
    fn another_tool_is_another_generation() {
        let grants = AgentGrants { steps: ["*".into()].into(), ..AgentGrants::default() };
        let tools: Vec<ToolInfo> = step_tools(&grants, &info(&[]), "d", true).into_iter().map(|t| t.info).collect();
        assert_eq!(generation(&tools), generation(&tools.clone()));
        assert_ne!(generation(&tools), generation(&tools[..1]));
        assert!(generation(&tools) < 1 << 53);
    }
}
