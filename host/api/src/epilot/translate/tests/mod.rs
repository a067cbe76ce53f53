//! Bodies in, templates out, and back.

mod definitions;
mod flows;
mod templates;

use crate::kit::ApiError;
use serde_json::Value;
use stepwright_app::usecases::{StoredTemplate, TemplateDocument, TemplateDraft};
use stepwright_engine::{
    Definition, DefinitionId, DefinitionStatus, Dialect, Graph, OnFailure, RawJson, TenantId, Timestamp, Trigger,
};
use uuid::Uuid;

/// 2026-11-22T09:00:00.123456Z.
const CREATED: Timestamp = Timestamp::from_micros(1_795_338_000_123_456);
const TENANT: Uuid = Uuid::from_u128(7);

/// The template as the store would give it back: through text.
fn stored(draft: TemplateDraft) -> StoredTemplate {
    let TemplateDraft { version, template, carried, .. } = draft;
    let written = TemplateDocument { id: "aBcDeF0123".into(), version, carried, template };
    let presentation = RawJson::of(&written).unwrap();
    let document: TemplateDocument = presentation.read().unwrap();
    assert_eq!(document, written);
    let template: stepwright_engine::flow::Template = presentation.read().unwrap();
    assert_eq!(template, written.template);
    let definition = Definition {
        id: DefinitionId::from_uuid(Uuid::from_u128(1)),
        tenant_id: TenantId::from_uuid(TENANT),
        dialect: Dialect::Epilot,
        version: 1,
        name: document.template.name.clone(),
        description: None,
        status: DefinitionStatus::Active,
        trigger: Trigger::Manual,
        timezone: None,
        graph: Graph::default(),
        on_failure: OnFailure::Stop,
        presentation,
        created_at: CREATED,
        updated_at: CREATED,
    };
    StoredTemplate { definition, document }
}

/// What is wrong, as `place rule`.
fn faults<T: std::fmt::Debug>(result: Result<T, ApiError>) -> Vec<String> {
    match result.unwrap_err() {
        ApiError::Invalid(faults) => faults.into_iter().map(|f| format!("{} {}", f.pointer, f.message)).collect(),
        other => panic!("{other:?}"),
    }
}

/// Fails when a member anywhere is `null`.
fn without_null(value: &Value) {
    match value {
        Value::Null => panic!("a member is null"),
        Value::Object(object) => object.values().for_each(without_null),
        Value::Array(items) => items.iter().for_each(without_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
