//! What the caller's own task does, so that the committer's does not have to: checks, texts, keys.

use crate::error::write_json;
use crate::import::canonical;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, Hash};
use stepwright_app::ports::{StoreError, StoreResult};
use stepwright_app::{
    Commit, ExecutionWrite, FlowListing, ListingChange, Notification, Precondition, UsageDelta, Wake,
};
use uuid::Uuid;

/// A line of history, ready to be written.
pub(super) struct HistoryText {
    pub(super) execution: Uuid,
    pub(super) seq: i64,
    pub(super) doc: String,
}

/// A commit with everything that can be worked out before the transaction.
pub(super) struct Prepared {
    pub(super) commit: Commit,
    pub(super) history: Vec<HistoryText>,
    /// Message and state of each mail.
    pub(super) mails: Vec<(String, String)>,
    /// The value of each notification's row.
    pub(super) notifications: Vec<String>,
    /// The value of each staged row as it is stored.
    pub(super) data: Vec<String>,
    /// The day its use is billed to, where there is any.
    pub(super) day: Option<String>,
    /// Hashes of everything a set-wise statement must not meet twice. Two commits that share one never stand in the
    /// same transaction; a false match only costs them one transaction more.
    pub(super) keys: Vec<u64>,
    /// Roughly what it adds to a statement.
    pub(super) bytes: usize,
}

fn key(of: impl Hash) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(of)
}

impl Prepared {
    /// # Errors
    /// `Inconsistent` for a commit no transition makes: of two tenants, to a version that does not move on.
    pub(super) fn new(commit: Commit) -> StoreResult<Self> {
        refuse_nul(&commit)?;
        let mut bytes = 256;
        let mut history = Vec::new();
        for write in &commit.executions {
            check(&commit, write)?;
            bytes += write.document.len() + write.next.title.len() + 256;
            for event in &write.events {
                let seq = i64::try_from(event.seq).map_err(|e| StoreError::Inconsistent(e.to_string()))?;
                let doc = write_json(event)?;
                bytes += doc.len() + 64;
                history.push(HistoryText { execution: write.next.id.uuid(), seq, doc });
            }
        }
        let effects = &commit.effects;
        let mut mails = Vec::with_capacity(effects.mails.len());
        for mail in &effects.mails {
            let texts = (write_json(&mail.message)?, write_json(&mail.state)?);
            bytes += texts.0.len() + texts.1.len() + 128;
            mails.push(texts);
        }
        let notifications: Vec<String> = effects.notifications.iter().map(notification_text).collect();
        let data =
            effects.data.iter().map(|w| Ok(canonical(&w.value)?.into_owned())).collect::<StoreResult<Vec<_>>>()?;
        bytes += notifications.iter().chain(&data).map(String::len).sum::<usize>();
        bytes += effects.entities.iter().map(|w| w.attributes.as_str().len()).sum::<usize>();
        bytes += effects.emitted.iter().map(|e| e.data.as_str().len()).sum::<usize>();
        bytes += effects.kv.iter().filter_map(|w| w.value.as_ref()).map(|v| v.as_str().len()).sum::<usize>();
        bytes += commit.webhooks.iter().map(|(event, to)| event.body.as_str().len() + 128 * to.len()).sum::<usize>();
        bytes += effects.listings.iter().map(listing_bytes).sum::<usize>();
        bytes += effects.journal.iter().flat_map(|w| &w.entries).map(|entry| entry.body.len()).sum::<usize>();
        bytes += effects.journal.iter().flat_map(|w| &w.blobs).map(|(_, text)| text.len()).sum::<usize>();
        let keys = keys(&commit);
        let day = (commit.usage != UsageDelta::default()).then(|| commit.at.datetime().date_naive().to_string());
        Ok(Self { commit, history, mails, notifications, data, day, keys, bytes })
    }

    /// Which lane it belongs to.
    pub(super) fn home(&self) -> u64 {
        self.keys.first().copied().unwrap_or_default()
    }

    /// Whether a refusal by one statement may come after another statement has written something of it.
    pub(super) fn has_parts(&self) -> bool {
        self.commit.executions.len() > 1 || !self.commit.preconditions.is_empty()
    }
}

/// Keys are short; what counts is how many rows there are.
fn listing_bytes(listing: &FlowListing) -> usize {
    match &listing.change {
        ListingChange::Gone => 64,
        ListingChange::Changed { tasks, gone, users, .. } => {
            128 + 256 * tasks.len() + 64 * gone.len() + 96 * users.as_ref().map_or(0, |users| users.assigned.len())
        }
    }
}

fn check(commit: &Commit, write: &ExecutionWrite) -> StoreResult<()> {
    let id = write.next.id;
    let fault = |what: &str| Err(StoreError::Inconsistent(format!("commit of execution {id}: {what}")));
    if write.next.tenant_id != commit.tenant_id {
        return fault("it belongs to another tenant");
    }
    if write.next.version <= write.expected {
        return fault("its version does not move on");
    }
    if write.expected == 0 && matches!(write.wake, Wake::Keep) {
        return fault("a new execution has no wake to keep");
    }
    i64::try_from(write.next.version).map_err(|e| StoreError::Inconsistent(e.to_string()))?;
    Ok(())
}

/// PostgreSQL's texts cannot hold a NUL; SQLite's could, but the two must not differ. Inside JSON it is escaped.
fn refuse_nul(commit: &Commit) -> StoreResult<()> {
    let effects = &commit.effects;
    let entities = effects.entities.iter().flat_map(|w| [&w.schema, &w.id]);
    let deleted = effects.deleted.iter().flat_map(|d| [&d.schema, &d.id]);
    let looked_at =
        effects.seen.iter().map(|seen| &seen.entity).chain(&effects.untold).flat_map(|e| [&e.schema, &e.id]);
    let data = effects.data.iter().map(|w| &w.id);
    let mails = effects.mails.iter().map(|m| &m.dedupe_key);
    let notifications = effects.notifications.iter().map(|n| &n.dedupe_key);
    let kv = effects.kv.iter().flat_map(|w| [&w.plugin, &w.key]);
    let events = effects.emitted.iter().map(|e| &e.kind).chain(commit.webhooks.iter().map(|(event, _)| &event.kind));
    let contexts = effects.contexts.iter().flat_map(|flow| &flow.entities).flat_map(|e| [&e.schema, &e.id]);
    let alone = commit.preconditions.iter().filter_map(|guard| match guard {
        Precondition::NoOpenExecution { entity, .. } => Some([&entity.schema, &entity.id]),
        _ => None,
    });
    let mut names = entities
        .chain(deleted)
        .chain(looked_at)
        .chain(alone.flatten())
        .chain(contexts)
        .chain(data)
        .chain(mails)
        .chain(notifications)
        .chain(kv)
        .chain(events);
    match names.find(|name| name.contains('\0')) {
        None => Ok(()),
        Some(name) => Err(StoreError::Inconsistent(format!("commit: {name:?} holds a NUL character"))),
    }
}

/// The first key decides the lane, so the executions come first.
fn keys(commit: &Commit) -> Vec<u64> {
    let tenant = commit.tenant_id;
    let effects = &commit.effects;
    let executions = commit.executions.iter().map(|w| key(("execution", w.next.id)));
    let guards = commit.preconditions.iter().map(|guard| match guard {
        Precondition::NoExecutionSince { definition, .. }
        | Precondition::TickUnfired { definition, .. }
        | Precondition::NoOpenExecution { definition, .. } => key(("definition", definition)),
        Precondition::EventUnhandled { event } => key(("event", event)),
    });
    let entities = effects.entities.iter().map(|w| key(("entity", tenant, &w.schema, &w.id)));
    let deleted = effects.deleted.iter().map(|d| key(("entity", tenant, &d.schema, &d.id)));
    let data = effects.data.iter().map(|w| key(("data", tenant, w.dataset, &w.id)));
    // All runs of a tenant: they share a day's budget.
    let journals = effects.journal.iter().map(|_| key(("journal", tenant)));
    let mut keys: Vec<u64> =
        executions.chain(guards).chain(entities).chain(deleted).chain(data).chain(journals).collect();
    // A commit may well guard a definition it names twice; it must not be its own rival.
    let home = keys.first().copied();
    keys.sort_unstable();
    keys.dedup();
    if let Some(place) = home.and_then(|home| keys.iter().position(|k| *k == home)) {
        keys.swap(0, place);
    }
    keys
}

/// A notification as a row of the `notifications` dataset.
fn notification_text(note: &Notification) -> String {
    serde_json::json!({
        "id": note.id,
        "user_ids": note.user_ids,
        "role_ids": note.role_ids,
        "title": note.title,
        "body": note.body,
        "created_at": note.created_at.to_rfc3339_millis(),
        "read_at": null,
        "source_execution_id": note.execution_id,
    })
    .to_string()
}
