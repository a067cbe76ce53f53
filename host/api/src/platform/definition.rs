//! Reading native definitions (contracts/platform.md, native definition).

use crate::kit::{ApiError, ApiResult, Faults, Fields};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use stepwright_app::usecases::{Access, DefinitionDraft, NodeDraft, NodeDraftKind};
use stepwright_app::{App, FieldFault};
use stepwright_engine::{DefinitionStatus, Dialect, Edge, NodeId, OnFailure, RawJson, Trigger};
use utoipa::ToSchema;

/// What of a definition only this API needs.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Presentation {
    pub icon: Option<Value>,
    pub category: Option<Value>,
    pub entity_type: Option<Value>,
    /// Anything the author wants kept.
    pub metadata: Option<Value>,
    pub max_retries: u32,
    pub nodes: BTreeMap<String, NodePresentation>,
}

/// What of a node only this API needs.
#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodePresentation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Value>,
}

/// A definition to be saved.
#[derive(ToSchema)]
#[schema(as = DefinitionBody)]
#[expect(dead_code, reason = "describes the body, whose members are read one by one so that all faults are found")]
pub struct DefinitionBody {
    name: String,
    description: Option<String>,
    /// `platform` (default) or `smartmca`; the other APIs make their own.
    dialect: Option<String>,
    icon: Option<Value>,
    category: Option<Value>,
    entity_type: Option<Value>,
    /// Anything the author wants kept.
    metadata: Option<Value>,
    /// `draft`, `active` (default), `paused` or `inactive`.
    status: Option<String>,
    /// `{kind: manual}` (default), `{kind: schedule, cron, timezone?}` or `{kind: event, event}`.
    #[schema(value_type = Option<Object>)]
    trigger: Option<Value>,
    timezone: Option<String>,
    /// `pause`, `stop` (default) or `continue`.
    on_failure: Option<String>,
    /// 0 to 100, for nodes without a number of their own.
    max_retries: Option<u32>,
    nodes: Vec<NodeBody>,
    /// Absent: the nodes run one after the other; empty: all at once.
    #[schema(value_type = Option<Vec<Object>>)]
    edges: Option<Value>,
    /// With PUT: the version that must stand.
    expected_version: Option<u32>,
}

/// A node of a definition to be saved.
#[derive(ToSchema)]
#[schema(as = DefinitionNodeBody)]
#[expect(dead_code, reason = "describes a part of the body")]
struct NodeBody {
    id: String,
    name: Option<String>,
    /// `manual` or `step`.
    #[schema(rename = "type")]
    kind: String,
    /// `<plugin>/<step>`, or the bare id of a built-in.
    step_type: Option<String>,
    #[schema(value_type = Option<Object>)]
    config: Option<Value>,
    max_retries: Option<u32>,
    description: Option<Value>,
    position: Option<Value>,
    metadata: Option<Value>,
}

/// A definition as read, not yet checked by the application.
pub struct ReadDefinition {
    draft: DefinitionDraft,
    faults: Vec<FieldFault>,
    zone_in_trigger: bool,
    /// The version the caller has seen.
    pub expected_version: Option<u64>,
}

impl ReadDefinition {
    /// Reads a body; what is wrong with its members comes out in [`Self::checked`].
    ///
    /// # Errors
    /// `Invalid` when the body is no object.
    pub fn of(body: &Value) -> ApiResult<Self> {
        let faults = Faults::new();
        let fields = Fields::of(body, &faults)?;
        let max_retries = fields.opt_u64("max_retries", 100).unwrap_or(0) as u32;
        let (trigger, trigger_zone) = read_trigger(&fields);
        let zone_in_trigger = trigger_zone.is_some();
        let (nodes, node_presentations) = read_nodes(&fields, max_retries);
        let edges = read_edges(&fields, &nodes);
        let presentation = Presentation {
            icon: fields.get("icon").cloned(),
            category: fields.get("category").cloned(),
            entity_type: fields.get("entity_type").cloned(),
            metadata: fields.get("metadata").cloned(),
            max_retries,
            nodes: node_presentations,
        };
        let draft = DefinitionDraft {
            dialect: read_dialect(&fields),
            name: fields.text("name"),
            description: fields.opt_text("description"),
            status: fields.opt_choice("status", &STATUSES).unwrap_or(DefinitionStatus::Active),
            trigger,
            timezone: trigger_zone.or_else(|| fields.opt_text("timezone")),
            nodes,
            edges,
            on_failure: fields.opt_choice("on_failure", &ON_FAILURE).unwrap_or_default(),
            presentation: RawJson::of(&presentation).map_err(|_| ApiError::invalid("", "cannot be kept"))?,
        };
        let expected_version = fields.opt_u64("expected_version", u64::from(u32::MAX));
        Ok(Self { draft, faults: faults.into_vec(), zone_in_trigger, expected_version })
    }

    /// The draft, once neither this reader nor the application finds a fault: all faults come at once.
    ///
    /// # Errors
    /// `Invalid` with every fault.
    pub async fn checked(self, app: &App, access: &Access) -> ApiResult<DefinitionDraft> {
        if self.faults.is_empty() {
            return Ok(self.draft);
        }
        let mut faults = self.faults;
        let known: Vec<String> = faults.iter().map(|f| f.pointer.clone()).collect();
        let found = app.definition_faults(access, self.draft).await?;
        // Where the reader had to put in a stand-in, the application's finding is about the stand-in.
        let is_known = |pointer: &str| {
            known.iter().any(|k| pointer.strip_prefix(k.as_str()).is_some_and(|r| r.is_empty() || r.starts_with('/')))
        };
        faults.extend(found.into_iter().filter(|f| !is_known(&f.pointer)));
        Err(renamed(faults, self.zone_in_trigger))
    }

    /// Where this definition names its time zone, for [`Self::rename`].
    pub fn zone_in_trigger(&self) -> bool {
        self.zone_in_trigger
    }

    /// An error of the application with this API's pointers.
    pub fn rename(error: stepwright_app::AppError, zone_in_trigger: bool) -> ApiError {
        match ApiError::from(error) {
            ApiError::Invalid(faults) => renamed(faults, zone_in_trigger),
            other => other,
        }
    }
}

const STATUSES: [(&str, DefinitionStatus); 4] = [
    ("draft", DefinitionStatus::Draft),
    ("active", DefinitionStatus::Active),
    ("paused", DefinitionStatus::Paused),
    ("inactive", DefinitionStatus::Inactive),
];

const ON_FAILURE: [(&str, OnFailure); 3] =
    [("pause", OnFailure::Pause), ("stop", OnFailure::Stop), ("continue", OnFailure::Continue)];

/// Whose definitions are made here; the other dialects make theirs by themselves.
pub const DIALECTS: [(&str, Dialect); 2] = [("platform", Dialect::Platform), ("smartmca", Dialect::Smartmca)];

fn renamed(faults: Vec<FieldFault>, zone_in_trigger: bool) -> ApiError {
    let rename = |mut fault: FieldFault| {
        if zone_in_trigger && fault.pointer == "/timezone" {
            fault.pointer = "/trigger/timezone".into();
        }
        fault
    };
    ApiError::Invalid(faults.into_iter().map(rename).collect())
}

fn read_dialect(fields: &Fields<'_>) -> Dialect {
    fields.opt_choice("dialect", &DIALECTS).unwrap_or(Dialect::Platform)
}

fn read_trigger(fields: &Fields<'_>) -> (Trigger, Option<String>) {
    let Some(trigger) = fields.opt_object("trigger") else { return (Trigger::Manual, None) };
    match trigger.text("kind").as_str() {
        // Its absence is a fault already.
        "" | "manual" => (Trigger::Manual, None),
        "schedule" => (Trigger::Schedule { cron: trigger.text("cron") }, trigger.opt_text("timezone")),
        "event" => (Trigger::Event { event: trigger.text("event") }, None),
        _ => {
            trigger.fault("kind", "must be one of manual, schedule, event");
            (Trigger::Manual, None)
        }
    }
}

fn read_nodes(fields: &Fields<'_>, max_retries: u32) -> (Vec<NodeDraft>, BTreeMap<String, NodePresentation>) {
    let mut drafts = Vec::new();
    let mut presentations = BTreeMap::new();
    if fields.get("nodes").is_none() {
        fields.fault("nodes", "is required");
    }
    for node in fields.object_items("nodes") {
        // A place must be kept for what is no object, or the pointers of those behind it would shift.
        let Some(node) = node else {
            drafts.push(NodeDraft { id: String::new(), name: String::new(), kind: NodeDraftKind::Manual, max_retries });
            continue;
        };
        let id = node.text("id");
        let presentation = NodePresentation {
            description: node.get("description").cloned(),
            position: node.get("position").cloned(),
            metadata: node.get("metadata").cloned(),
        };
        if presentation != NodePresentation::default() {
            presentations.insert(id.clone(), presentation);
        }
        drafts.push(NodeDraft {
            name: node.opt_text("name").unwrap_or_else(|| id.clone()),
            id,
            kind: read_kind(&node),
            max_retries: node.opt_u64("max_retries", 100).map_or(max_retries, |n| n as u32),
        });
    }
    (drafts, presentations)
}

fn read_kind(node: &Fields<'_>) -> NodeDraftKind {
    match node.text("type").as_str() {
        "step" => {
            let (step_type, config) = (node.text("step_type"), node.raw_object("config"));
            // A missing step type is a fault already; looking it up would only find a second one.
            if step_type.is_empty() { NodeDraftKind::Manual } else { NodeDraftKind::Step { step_type, config } }
        }
        // The type's absence is a fault already.
        "" | "manual" => NodeDraftKind::Manual,
        kind @ ("decision" | "agent") => {
            node.fault("type", format!("{kind} nodes are not available in this version"));
            NodeDraftKind::Manual
        }
        _ => {
            node.fault("type", "must be one of manual, step");
            NodeDraftKind::Manual
        }
    }
}

/// Without `edges` the nodes run one after the other; with an empty list all at once.
fn read_edges(fields: &Fields<'_>, nodes: &[NodeDraft]) -> Vec<Edge> {
    if fields.get("edges").is_none() {
        let edge = |pair: &[NodeDraft]| Edge { from: NodeId::new(&pair[0].id), to: NodeId::new(&pair[1].id) };
        let named = |pair: &&[NodeDraft]| pair.iter().all(|node| !node.id.is_empty());
        return nodes.windows(2).filter(named).map(edge).collect();
    }
    let read = |edge: Option<Fields<'_>>| {
        let Some(edge) = edge else { return Edge { from: NodeId::new(""), to: NodeId::new("") } };
        for name in ["condition", "when"] {
            if edge.get(name).is_some() {
                edge.fault(name, "conditions on edges are not available in this version");
            }
        }
        Edge { from: NodeId::new(edge.text("from")), to: NodeId::new(edge.text("to")) }
    };
    fields.object_items("edges").into_iter().map(read).collect()
}
