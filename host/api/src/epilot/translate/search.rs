//! Which templates a list or a search is to show.

use super::members::without_nulls;
use crate::kit::{ApiError, ApiResult, Faults, Fields, Query};
use serde_json::Value;
use stepwright_app::usecases::{MAX_TEMPLATES, SortBy, TemplateFilter, TemplateSearch, TriggerFilter};

/// Entries of a page unless the client says otherwise, and the most it may ask for.
const SIZE: u64 = 10;
const MAX_SIZE: u64 = 100;
const TRIGGER_TYPES: [&str; 3] = ["automation", "manual", "journey_submission"];

fn trigger(kind: Option<&str>, source: Option<&str>, schema: Option<&str>) -> Option<TriggerFilter> {
    let source = source.filter(|s| !s.is_empty()).map(str::to_owned);
    let entity_schema = schema.filter(|s| !s.is_empty()).map(str::to_owned);
    Some(match (kind, source) {
        (None, None) => TriggerFilter::Any,
        (None, Some(source)) => TriggerFilter::Source(source),
        (Some("automation"), automation_id) => TriggerFilter::Automation { automation_id },
        // By hand has no source, and nothing else has a schema.
        (Some("manual"), _) => TriggerFilter::Manual { entity_schema },
        (Some("journey_submission"), journey_id) => TriggerFilter::JourneySubmission { journey_id },
        (Some(_), _) => return None,
    })
}

/// The filter in a list's query.
///
/// # Errors
/// `Invalid`.
pub(in crate::epilot) fn list_filter(query: &Query) -> ApiResult<TemplateFilter> {
    let kind = query.get("trigger_type").filter(|k| !k.is_empty());
    let trigger = trigger(kind, query.get("trigger_source_id"), query.get("trigger_schema"));
    let unknown = || ApiError::invalid("/trigger_type", format!("must be one of {}", TRIGGER_TYPES.join(", ")));
    Ok(TemplateFilter { trigger: trigger.ok_or_else(unknown)?, ..TemplateFilter::default() })
}

/// Filter, order and page in a search's body.
///
/// # Errors
/// `Invalid` with every fault.
pub(in crate::epilot) fn search(body: &Value) -> ApiResult<(TemplateFilter, TemplateSearch)> {
    let body = without_nulls(body);
    let faults = Faults::new();
    let fields = Fields::of(&body, &faults)?;
    let kind = fields.opt_choice("trigger_type", &TRIGGER_TYPES.map(|word| (word, word)));
    let filter = TemplateFilter {
        name: fields.opt_text("name").filter(|name| !name.is_empty()),
        id: fields.opt_text("definition_id").filter(|id| !id.is_empty()),
        enabled: fields.opt_bool("enabled"),
        trigger: trigger(kind, None, None).unwrap_or_default(),
    };
    let by = [("created_at", SortBy::CreatedAt), ("updated_at", SortBy::UpdatedAt)];
    let size = fields.typed("size", &format!("must be a whole number from 1 to {MAX_SIZE}"), |v| {
        v.as_u64().filter(|n| (1..=MAX_SIZE).contains(n))
    });
    let whole = |n: u64| usize::try_from(n).unwrap_or(MAX_TEMPLATES);
    let search = TemplateSearch {
        sort_by: fields.opt_choice("sort_by", &by).unwrap_or(SortBy::UpdatedAt),
        ascending: fields.opt_choice("sort_order", &[("asc", true), ("desc", false)]).unwrap_or(false),
        from: whole(fields.opt_u64("from", u64::MAX).unwrap_or(0)),
        size: whole(size.unwrap_or(SIZE)),
    };
    faults.or((filter, search))
}
