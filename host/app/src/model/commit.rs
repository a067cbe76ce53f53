//! A commit: everything one transition writes, in one database transaction or not at all.

use super::{EntityAudit, FlowListing, Notification, OutboxMail, RecordListing, StartKey, WebhookEvent};
use serde::{Deserialize, Serialize};
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{
    DefinitionId, EmittedEventId, EndpointId, Execution, ExecutionId, HistoryEvent, Metering, NodeInstanceId, RawJson,
    TenantId, Timestamp,
};

/// When somebody must look at the execution, and who holds it until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// `holder` works on it; anybody may claim it after `until`.
    Leased { holder: NodeInstanceId, until: Timestamp },
    /// Nobody holds it; it is due at this instant.
    At(Timestamp),
    /// Only an outside command moves it on.
    Never,
    /// As it was: the columns `wake_at` and `lease_holder` are left alone. Never on an insert.
    Keep,
}

/// The next state of one execution.
#[derive(Clone, Debug)]
pub struct ExecutionWrite {
    /// The version it must have; 0 inserts it.
    pub expected: u64,
    pub next: std::sync::Arc<Execution>,
    /// `next` as JSON, serialized by the caller so that the committer's thread does not have to.
    pub document: String,
    pub events: Vec<HistoryEvent>,
    pub wake: Wake,
    /// A worker's write: goes through only while the row's `lease_holder` is this node (else
    /// [`crate::ports::CommitError::Stale`]), so that a node that has lost its lease cannot commit. `None` for
    /// writes on somebody's request, which need no lease.
    pub held_by: Option<NodeInstanceId>,
}

/// A staged entity: its whole new attributes and the version they were made from.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityWrite {
    pub schema: String,
    pub id: String,
    pub attributes: RawJson,
    /// 0: it must be new.
    pub expected: u64,
}

impl EntityWrite {
    /// Which entity it is.
    pub fn entity(&self) -> EntityRef {
        EntityRef { schema: self.schema.clone(), id: self.id.clone() }
    }
}

/// An entity to be deleted, and the version it must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityDelete {
    pub schema: String,
    pub id: String,
    pub expected: u64,
}

/// An entity that a commit was decided on without writing it: it must stand at this version still, and nobody else can
/// write it until the commit has gone through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntitySeen {
    pub entity: EntityRef,
    pub version: u64,
}

/// A flow of which nothing is to be left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    pub execution: ExecutionId,
    /// Plugins that may have kept something for it.
    pub plugins: Vec<String>,
}

/// A staged row: its whole new value and the version it was made from.
#[derive(Clone, Debug, PartialEq)]
pub struct DataWrite {
    pub dataset: super::Dataset,
    pub id: String,
    pub value: RawJson,
    /// 0: it must be new.
    pub expected: u64,
}

/// Who sees a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum KvScope {
    Execution(ExecutionId),
    Definition(DefinitionId),
}

/// A staged key; `None` removes it.
#[derive(Clone, Debug, PartialEq)]
pub struct KvWrite {
    pub plugin: String,
    pub scope: KvScope,
    pub key: String,
    pub value: Option<RawJson>,
}

/// A staged event. Events of no execution name [`Emitted::NOBODY`] as their source.
#[derive(Clone, Debug, PartialEq)]
pub struct Emitted {
    pub id: EmittedEventId,
    pub kind: String,
    pub data: RawJson,
    pub source: ExecutionId,
    /// Depth of the chain of executions it comes from.
    pub depth: u32,
}

impl Emitted {
    /// The source of events that no execution has caused.
    pub const NOBODY: ExecutionId = ExecutionId::from_uuid(uuid::Uuid::nil());
}

/// The entities a flow is about from this commit on, for finding it by them.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowContexts {
    pub execution: ExecutionId,
    pub started: StartKey,
    pub entities: Vec<EntityRef>,
}

/// What a step has staged; committed with its outcome.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    pub entities: Vec<EntityWrite>,
    pub deleted: Vec<EntityDelete>,
    pub seen: Vec<EntitySeen>,
    /// Entities among those written or deleted whose flows this commit does not tell, because there are none: should
    /// one have begun meanwhile, the commit does not go through.
    pub untold: Vec<EntityRef>,
    pub data: Vec<DataWrite>,
    pub mails: Vec<OutboxMail>,
    pub notifications: Vec<Notification>,
    pub kv: Vec<KvWrite>,
    pub emitted: Vec<Emitted>,
    /// Of flows that are started or whose contexts change.
    pub contexts: Vec<FlowContexts>,
    /// Of flows that change in a way lists show.
    pub listings: Vec<FlowListing>,
    pub audits: Vec<EntityAudit>,
    /// Of records that are opened or whose status changes.
    pub records: Vec<RecordListing>,
    /// Flows that end with this commit, their last transition included.
    pub erased: Vec<Erasure>,
    /// The result of an agent's tool call, of which all of this is the effect.
    pub journal: Option<Box<super::JournalWrite>>,
}

impl Effects {
    /// Nothing at all.
    pub fn is_empty(&self) -> bool {
        // Those left out are the conditional ones.
        let Self { mails, notifications, kv, emitted, contexts, listings, audits, records, erased, journal, .. } = self;
        self.is_unconditional()
            && mails.is_empty()
            && notifications.is_empty()
            && kv.is_empty()
            && emitted.is_empty()
            && contexts.is_empty()
            && listings.is_empty()
            && audits.is_empty()
            && records.is_empty()
            && erased.is_empty()
            && journal.is_none()
    }

    /// Nothing that can clash with another commit.
    pub fn is_unconditional(&self) -> bool {
        let Self { entities, deleted, seen, untold, data, .. } = self;
        entities.is_empty() && deleted.is_empty() && seen.is_empty() && untold.is_empty() && data.is_empty()
    }
}

/// What must hold inside the transaction for the commit to go through.
#[derive(Clone, Debug, PartialEq)]
pub enum Precondition {
    /// No execution of the definition was created after this instant (exclusive).
    NoExecutionSince { definition: DefinitionId, since: Timestamp },
    /// No execution of the definition on this entity is open.
    NoOpenExecution { definition: DefinitionId, entity: EntityRef },
    /// The definition's schedule still stands at this tick; moves it on to `next`. At most one host passes.
    TickUnfired { definition: DefinitionId, tick: Timestamp, next: Option<Timestamp> },
    /// The emitted event is still there; removes it.
    EventUnhandled { event: EmittedEventId },
}

/// Use to add to the tenant's day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageDelta {
    pub executions: u64,
    pub steps: u64,
    pub metering: Metering,
}

/// One commit.
#[derive(Clone, Debug)]
pub struct Commit {
    pub tenant_id: TenantId,
    pub at: Timestamp,
    pub preconditions: Vec<Precondition>,
    pub executions: Vec<ExecutionWrite>,
    pub effects: Effects,
    /// Events with the endpoints they go to.
    pub webhooks: Vec<(WebhookEvent, Vec<EndpointId>)>,
    pub usage: UsageDelta,
}
