//! A template as it is stored: the document in its definition's presentation.

use super::MAX_NAME;
use crate::error::{AppError, AppResult, FieldFault};
use crate::usecases::derived_uuid;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stepwright_engine::flow::Template;
use stepwright_engine::{
    Definition, DefinitionId, DefinitionStatus, Dialect, Graph, OnFailure, RawJson, TenantId, Timestamp, Trigger,
};

/// Which generation of the API a template is written for; only carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TemplateVersion {
    V1,
    /// Linear.
    V2,
    /// With branches.
    V3,
}

/// A definition's presentation: reads as a [`Template`] too, which leaves the other members aside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TemplateDocument {
    /// What clients name it by.
    pub id: String,
    pub version: TemplateVersion,
    /// What the engine has no use for, in the places it stood in.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub carried: Value,
    #[serde(flatten)]
    pub template: Template,
}

/// A template to be saved. Faults come back with the pointers of [`Template::check`].
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateDraft {
    pub version: TemplateVersion,
    pub template: Template,
    pub carried: Value,
    /// Refuse what goes beyond the soft limits.
    pub enforce_limits: bool,
}

/// A template with the definition it is.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredTemplate {
    pub definition: Definition,
    pub document: TemplateDocument,
}

/// The definition of the template clients know by `id`, whether there is one or not.
pub fn template_definition_id(tenant: TenantId, id: &str) -> DefinitionId {
    DefinitionId::from_uuid(derived_uuid(&["epilot", &tenant.to_string(), id]))
}

impl TemplateDraft {
    /// Looks for everything that is wrong with the draft by itself.
    ///
    /// # Errors
    /// `Invalid` with every fault.
    pub fn check(&self) -> AppResult<()> {
        let mut faults: Vec<FieldFault> =
            self.template.check().into_iter().map(|f| FieldFault::new(f.path, f.detail)).collect();
        if self.template.name.chars().count() > MAX_NAME {
            faults.push(FieldFault::new("/name", format!("must have at most {MAX_NAME} characters")));
        }
        if self.enforce_limits {
            let beyond = self.template.limit_warnings().into_iter();
            faults.extend(beyond.map(|w| FieldFault::new(w.path, format!("goes beyond a limit ({})", w.message))));
        }
        if faults.is_empty() { Ok(()) } else { Err(AppError::Invalid(faults)) }
    }
}

impl From<TemplateDocument> for TemplateDraft {
    /// For changing a part of a stored template.
    fn from(document: TemplateDocument) -> Self {
        let TemplateDocument { id: _, version, carried, template } = document;
        Self { version, template, carried, enforce_limits: false }
    }
}

impl StoredTemplate {
    /// `times` are those of creation and of the last change.
    pub(super) fn new(
        tenant: TenantId,
        id: String,
        version: u32,
        draft: TemplateDraft,
        times: (Timestamp, Timestamp),
    ) -> AppResult<Self> {
        let document =
            TemplateDocument { id, version: draft.version, carried: draft.carried, template: draft.template };
        let presentation = RawJson::of(&document).map_err(|e| AppError::Internal(format!("a template: {e}")))?;
        let enabled = document.template.enabled;
        let definition = Definition {
            id: template_definition_id(tenant, &document.id),
            tenant_id: tenant,
            dialect: Dialect::Epilot,
            version,
            name: document.template.name.clone(),
            description: document.template.description.clone(),
            status: if enabled { DefinitionStatus::Active } else { DefinitionStatus::Inactive },
            trigger: Trigger::Manual,
            timezone: None,
            graph: Graph::default(),
            on_failure: OnFailure::Stop,
            presentation,
            created_at: times.0,
            updated_at: times.1,
        };
        Ok(Self { definition, document })
    }

    pub(super) fn read(definition: Definition) -> AppResult<Self> {
        let document = definition.presentation.read();
        let document = document.map_err(|e| AppError::Internal(format!("template {}: {e}", definition.id)))?;
        Ok(Self { definition, document })
    }
}
