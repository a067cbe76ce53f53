use crate::kit::time::opt_millis;
use serde::Serialize;
use stepwright_app::{
    App, CapabilitySet, ComponentInfo, Enablement, Grants, LimitOverrides, Plugin, StepCategory, StepDescriptor,
};
use stepwright_engine::{RawJson, Timestamp};
use utoipa::ToSchema;

/// A published version of a plugin.
#[derive(Serialize, ToSchema)]
#[schema(as = Plugin)]
pub struct PluginView {
    name: String,
    version: String,
    description: String,
    /// Hex SHA-256 of the component's bytes.
    digest: String,
    /// Bytes of the component.
    size: u64,
    provides: Provides,
    requests: Requests,
    /// `published` or `enabled`; a built-in is always enabled.
    state: &'static str,
    /// Comes with the host: every tenant has it, and may give it further grants.
    built_in: bool,
    /// What it was enabled with; null unless it is.
    #[schema(value_type = Option<Object>)]
    grants: Option<Grants>,
    #[schema(value_type = Option<Object>)]
    config: Option<RawJson>,
    #[schema(value_type = Option<Object>)]
    limits: Option<LimitOverrides>,
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    enabled_at: Option<Timestamp>,
    /// Null for a built-in.
    #[serde(serialize_with = "opt_millis")]
    #[schema(value_type = Option<String>, format = DateTime)]
    published_at: Option<Timestamp>,
}

/// What the component exports.
#[derive(Serialize, ToSchema)]
struct Provides {
    steps: Vec<StepView>,
    conditions: Vec<String>,
    agents: Vec<String>,
    guards: Vec<String>,
}

/// A step type.
#[derive(Serialize, ToSchema)]
#[schema(as = StepType)]
struct StepView {
    id: String,
    /// What a definition names it by.
    step_type: String,
    title: String,
    description: String,
    category: StepCategoryName,
    /// JSON Schema.
    #[schema(value_type = Object)]
    config_schema: RawJson,
    #[schema(value_type = Option<Object>)]
    output_schema: Option<RawJson>,
    requires_delivery: bool,
    delivers: bool,
}

/// What the component asks for: what it imports, and what its manifest declares.
#[derive(Serialize, ToSchema)]
struct Requests {
    #[schema(value_type = Vec<String>)]
    capabilities: CapabilitySet,
    datasets: Vec<DatasetRequest>,
    hosts: Vec<String>,
    secrets: Vec<String>,
}

/// A dataset it reads or writes.
#[derive(Serialize, ToSchema)]
struct DatasetRequest {
    dataset: &'static str,
    write: bool,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = StepCategory)]
enum StepCategoryName {
    Summary,
    Delivery,
    Action,
    Integration,
    Logic,
}

/// `enablement` counts when it is of exactly this version.
pub fn view_plugin(app: &App, plugin: Plugin, enablement: Option<Enablement>) -> PluginView {
    let Plugin { info, published_at, .. } = plugin;
    let built_in = app.builtin(&info.name).is_some_and(|builtin| builtin.info.digest == info.digest);
    let enablement = enablement.filter(|e| e.version == info.version && e.digest == info.digest);
    let state = if enablement.is_some() { "enabled" } else { "published" };
    let provides = Provides {
        steps: info.steps.iter().map(|step| view_step(&info, step)).collect(),
        conditions: info.conditions,
        agents: info.agents,
        guards: info.guards,
    };
    let requests = Requests {
        capabilities: info.imports,
        datasets: info
            .datasets
            .iter()
            .map(|(d, write)| DatasetRequest { dataset: d.as_str(), write: *write })
            .collect(),
        hosts: info.hosts,
        secrets: info.secrets,
    };
    let (grants, config, limits, enabled_at) = match enablement {
        Some(e) => (Some(e.grants), e.config, Some(e.limits), Some(e.enabled_at)),
        None => (None, None, None, None),
    };
    PluginView {
        name: info.name,
        version: info.version,
        description: info.description,
        digest: info.digest,
        size: info.size,
        provides,
        requests,
        state,
        built_in,
        grants,
        config,
        limits,
        enabled_at: enabled_at.filter(|at| at.micros() > 0),
        published_at: (!built_in).then_some(published_at),
    }
}

fn view_step(info: &ComponentInfo, step: &StepDescriptor) -> StepView {
    StepView {
        id: step.id.clone(),
        step_type: format!("{}/{}", info.name, step.id),
        title: step.title.clone(),
        description: step.description.clone(),
        category: match step.category {
            StepCategory::Summary => StepCategoryName::Summary,
            StepCategory::Delivery => StepCategoryName::Delivery,
            StepCategory::Action => StepCategoryName::Action,
            StepCategory::Integration => StepCategoryName::Integration,
            StepCategory::Logic => StepCategoryName::Logic,
        },
        config_schema: step.config_schema.clone(),
        output_schema: step.output_schema.clone(),
        requires_delivery: step.requires_delivery,
        delivers: step.delivers,
    }
}
