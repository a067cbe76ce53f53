//! Narrowing and ordering lists of templates.

use super::StoredTemplate;
use std::cmp::Reverse;
use stepwright_engine::flow::TriggerKind;

/// Which templates; every member that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateFilter {
    /// A part of the name, in any case.
    pub name: Option<String>,
    pub id: Option<String>,
    pub enabled: Option<bool>,
    pub trigger: TriggerFilter,
}

/// What one of a template's triggers must be like. A template without any is started by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TriggerFilter {
    #[default]
    Any,
    Manual {
        entity_schema: Option<String>,
    },
    Automation {
        automation_id: Option<String>,
    },
    JourneySubmission {
        journey_id: Option<String>,
    },
    /// An automation or a journey with this id.
    Source(String),
}

/// What a search is ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortBy {
    CreatedAt,
    UpdatedAt,
}

/// Order and page of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemplateSearch {
    pub sort_by: SortBy,
    pub ascending: bool,
    pub from: usize,
    pub size: usize,
}

impl TemplateFilter {
    pub(super) fn admits(&self, template: &StoredTemplate) -> bool {
        let document = &template.document;
        let named = |part: &String| document.template.name.to_lowercase().contains(&part.to_lowercase());
        let mut triggers = document.template.trigger.iter().chain(&document.template.additional_triggers).peekable();
        let triggered = match triggers.peek() {
            None => self.trigger.admits(&TriggerKind::Manual { entity_schema: None }),
            Some(_) => triggers.any(|trigger| self.trigger.admits(&trigger.kind)),
        };
        triggered
            && self.name.as_ref().is_none_or(named)
            && self.id.as_ref().is_none_or(|id| *id == document.id)
            && self.enabled.is_none_or(|enabled| enabled == document.template.enabled)
    }
}

impl TriggerFilter {
    fn admits(&self, kind: &TriggerKind) -> bool {
        let is = |asked: &Option<String>, has: Option<&String>| asked.as_ref().is_none_or(|asked| has == Some(asked));
        match (self, kind) {
            (Self::Any, _) => true,
            (Self::Manual { entity_schema: asked }, TriggerKind::Manual { entity_schema }) => {
                is(asked, entity_schema.as_ref())
            }
            (Self::Automation { automation_id: asked }, TriggerKind::Automation { automation_id, .. }) => {
                is(asked, automation_id.as_ref())
            }
            (Self::JourneySubmission { journey_id: asked }, TriggerKind::JourneySubmission { journey_id }) => {
                is(asked, Some(journey_id))
            }
            (Self::Source(id), TriggerKind::Automation { automation_id, .. }) => automation_id.as_ref() == Some(id),
            (Self::Source(id), TriggerKind::JourneySubmission { journey_id }) => journey_id == id,
            (
                Self::Manual { .. } | Self::Automation { .. } | Self::JourneySubmission { .. } | Self::Source(_),
                TriggerKind::Manual { .. }
                | TriggerKind::Automation { .. }
                | TriggerKind::JourneySubmission { .. }
                | TriggerKind::JourneyAutomation { .. },
            ) => false,
        }
    }
}

impl TemplateSearch {
    pub(super) fn sort(&self, templates: &mut [StoredTemplate]) {
        let at = |t: &StoredTemplate| match self.sort_by {
            SortBy::CreatedAt => t.definition.created_at,
            SortBy::UpdatedAt => t.definition.updated_at,
        };
        if self.ascending {
            templates.sort_by_key(|t| (at(t), t.definition.id));
        } else {
            templates.sort_by_key(|t| Reverse((at(t), t.definition.id)));
        }
    }
}
