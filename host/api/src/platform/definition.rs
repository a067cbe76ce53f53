//! Reading native definitions (contracts/platform.md, native definition).

use super::decision::read_decision;
use crate::kit::{ApiError, ApiResult, Faults, Fields};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use stepwright_app::usecases::{Access, DefinitionDraft, NodeDraft, NodeDraftKind};
use stepwright_app::{App, FieldFault, NodeProfile, Profile};
use stepwright_engine::{DefinitionStatus, Dialect, Edge, NodeId, OnFailure, RawJson, Trigger};
use utoipa::ToSchema;

/// A definition to be saved.
#[derive(ToSchema)]
#[schema(as = DefinitionBody)]
#[expect(dead_code, reason = "describes the body, whose members are read one by one so that all faults are found")]
pub struct DefinitionBody {
    name: String,
    description: Option<String>,
    /// `platform` (default) or `smartmca`; the other APIs make their own.
    dialect: Option<String>,
    /// At most 100 characters, as `category`.
    icon: Option<String>,
    category: Option<String>,
    /// The schema of the entities it runs on; null means any.
    entity_type: Option<String>,
    /// At most one execution at a time for one entity; a second start is refused.
    singleton: Option<bool>,
    /// Anything the author wants kept.
    metadata: Option<Value>,
    /// `draft`, `active` (default), `paused` or `inactive`.
    status: Option<String>,
    /// `{kind: manual}` (default), `{kind: schedule, cron, timezone?}` or `{kind: event, event, conditions?}`. An event
    /// such as `application.stage_changed` or `deal.*`; conditions name places in its data and what must stand there.
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
    /// With PUT, and a status other than `active`: cancels executions that have not ended.
    cancel_running: Option<bool>,
}

/// A node of a definition to be saved.
#[derive(ToSchema)]
#[schema(as = DefinitionNodeBody)]
#[expect(dead_code, reason = "describes a part of the body")]
struct NodeBody {
    id: String,
    name: Option<String>,
    /// `manual`, `step` or `decision`.
    #[schema(rename = "type")]
    kind: String,
    /// `<plugin>/<step>`, or the bare id of a built-in.
    step_type: Option<String>,
    /// Of a step what the step takes; of a decision `{branches: [{id, name?, match?, conditions}], mode?}`.
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
    /// Executions that have not ended are cancelled when it is not active any more.
    pub cancel_running: bool,
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
        let ReadTrigger { trigger, zone: trigger_zone, conditions: trigger_conditions } = read_trigger(&fields);
        let zone_in_trigger = trigger_zone.is_some();
        let (nodes, node_profiles) = read_nodes(&fields, max_retries);
        let edges = read_edges(&fields, &nodes);
        let profile = Profile {
            icon: short_text(&fields, "icon"),
            category: short_text(&fields, "category"),
            entity_type: short_text(&fields, "entity_type"),
            metadata: fields.get("metadata").cloned(),
            max_retries,
            singleton: fields.opt_bool("singleton").unwrap_or(false),
            trigger_conditions,
            nodes: node_profiles,
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
            presentation: RawJson::of(&profile).map_err(|_| ApiError::invalid("", "cannot be kept"))?,
        };
        let expected_version = fields.opt_u64("expected_version", u64::from(u32::MAX));
        let cancel_running = fields.opt_bool("cancel_running").unwrap_or(false);
        Ok(Self { draft, faults: faults.into_vec(), zone_in_trigger, expected_version, cancel_running })
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

/// A text of at most 100 characters; an empty one counts as none.
fn short_text(fields: &Fields<'_>, name: &str) -> Option<String> {
    let text = fields.opt_text(name).filter(|text| !text.is_empty())?;
    if text.chars().count() > 100 {
        fields.fault(name, "must have at most 100 characters");
    }
    Some(text)
}

struct ReadTrigger {
    trigger: Trigger,
    zone: Option<String>,
    conditions: Map<String, Value>,
}

fn read_trigger(fields: &Fields<'_>) -> ReadTrigger {
    let manual = || ReadTrigger { trigger: Trigger::Manual, zone: None, conditions: Map::new() };
    let Some(trigger) = fields.opt_object("trigger") else { return manual() };
    match trigger.text("kind").as_str() {
        // Its absence is a fault already.
        "" | "manual" => manual(),
        "schedule" => ReadTrigger {
            trigger: Trigger::Schedule { cron: trigger.text("cron") },
            zone: trigger.opt_text("timezone"),
            ..manual()
        },
        "event" => ReadTrigger {
            trigger: Trigger::Event { event: trigger.text("event") },
            conditions: trigger.raw_object("conditions").read().unwrap_or_default(),
            ..manual()
        },
        _ => {
            trigger.fault("kind", "must be one of manual, schedule, event");
            manual()
        }
    }
}

fn read_nodes(fields: &Fields<'_>, max_retries: u32) -> (Vec<NodeDraft>, BTreeMap<String, NodeProfile>) {
    let mut drafts = Vec::new();
    let mut profiles = BTreeMap::new();
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
        let profile = NodeProfile {
            description: node.get("description").cloned(),
            position: node.get("position").cloned(),
            metadata: node.get("metadata").cloned(),
        };
        if profile != NodeProfile::default() {
            profiles.insert(id.clone(), profile);
        }
        drafts.push(NodeDraft {
            name: node.opt_text("name").unwrap_or_else(|| id.clone()),
            id,
            kind: read_kind(&node),
            max_retries: node.opt_u64("max_retries", 100).map_or(max_retries, |n| n as u32),
        });
    }
    (drafts, profiles)
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
        "decision" => NodeDraftKind::Decision(read_decision(node)),
        "agent" => {
            node.fault("type", "agent nodes are not available in this version");
            NodeDraftKind::Manual
        }
        _ => {
            node.fault("type", "must be one of manual, step, decision");
            NodeDraftKind::Manual
        }
    }
}

/// Without `edges` the nodes run one after the other; with an empty list all at once.
fn read_edges(fields: &Fields<'_>, nodes: &[NodeDraft]) -> Vec<Edge> {
    if fields.get("edges").is_none() {
        let edge = |pair: &[NodeDraft]| Edge::plain(NodeId::new(&pair[0].id), NodeId::new(&pair[1].id));
        let named = |pair: &&[NodeDraft]| pair.iter().all(|node| !node.id.is_empty());
        return nodes.windows(2).filter(named).map(edge).collect();
    }
    let read = |edge: Option<Fields<'_>>| {
        let Some(edge) = edge else { return Edge::plain(NodeId::new(""), NodeId::new("")) };
        for name in ["condition", "when"] {
            if edge.get(name).is_some() {
                edge.fault(name, "belongs to a branch of a decision, which an edge names by 'branch'");
            }
        }
        Edge {
            from: NodeId::new(edge.text("from")),
            to: NodeId::new(edge.text("to")),
            branch: edge.opt_text("branch").filter(|branch| !branch.is_empty()),
        }
    };
    fields.object_items("edges").into_iter().map(read).collect()
}
