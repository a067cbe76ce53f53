//! The answers that show a workflow.

use crate::smartmca::ids;
use crate::smartmca::wire::{OnFailure, TriggerType, TypeDetail, TypeSummary, WorkflowStatus};
use serde_json::{Map, Value};
use stepwright_app::Profile;
use stepwright_engine::{self as engine, Definition, DefinitionStatus, Trigger};

/// A definition in a list.
pub(in crate::smartmca) fn summary(definition: &Definition) -> TypeSummary {
    summary_of(definition, Profile::of(definition))
}

/// A definition in full.
pub(in crate::smartmca) fn type_detail(definition: &Definition) -> TypeDetail {
    let profile = Profile::of(definition);
    let mut conditions = Map::new();
    if let Trigger::Event { event } = &definition.trigger {
        conditions.insert("event".into(), Value::from(event.clone()));
    }
    conditions.extend(profile.trigger_conditions.clone());
    TypeDetail {
        trigger_conditions: Value::Object(conditions),
        on_failure: match definition.on_failure {
            engine::OnFailure::Pause => OnFailure::Pause,
            engine::OnFailure::Stop => OnFailure::Stop,
            engine::OnFailure::Continue => OnFailure::Continue,
        },
        max_retries: profile.max_retries,
        node_count: definition.graph.nodes.len(),
        summary: summary_of(definition, profile),
    }
}

fn summary_of(definition: &Definition, profile: Profile) -> TypeSummary {
    TypeSummary {
        id: ids::workflow_id(definition.id),
        name: definition.name.clone(),
        description: definition.description.clone(),
        icon: profile.icon,
        category: profile.category,
        entity_type: profile.entity_type,
        trigger_type: match definition.trigger {
            Trigger::Manual => TriggerType::Manual,
            Trigger::Event { .. } => TriggerType::Event,
            Trigger::Schedule { .. } => TriggerType::Schedule,
        },
        status: match definition.status {
            DefinitionStatus::Active => WorkflowStatus::Active,
            DefinitionStatus::Draft => WorkflowStatus::Draft,
            DefinitionStatus::Paused | DefinitionStatus::Inactive => WorkflowStatus::Inactive,
        },
        is_active: definition.status == DefinitionStatus::Active,
        version: definition.version,
    }
}
