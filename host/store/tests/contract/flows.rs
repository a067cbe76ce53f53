//! Flows by the entities they are about.

use crate::support::{Bed, at, commit_of, json, on_both, write};
use stepwright_app::ports::{
    CommitError, CommitStore as _, DataStore as _, DefinitionStore as _, ExecutionStore as _, FlowStore as _, Put,
    TenantStore as _,
};
use stepwright_app::{
    Commit, Effects, Entity, EntitySeen, EntityWrite, Erasure, FlowContexts, FlowListing, KvScope, KvWrite, ListedFlow,
    ListingChange, StartKey, UsageDelta, Wake,
};
use stepwright_engine::flow::StatusName;
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{Definition, Dialect, Execution, ExecutionId, ExecutionStatus, TenantId};

on_both!(
    a_flow_is_found_by_its_entities,
    changed_contexts_replace_those_known_before,
    a_flow_that_has_ended_is_found_but_is_not_open,
    open_flows_come_in_pages,
    a_deleted_execution_leaves_nothing_behind,
    an_erasure_that_comes_too_late_leaves_everything,
    an_entity_of_an_open_flow_is_not_written_untold,
    a_flow_begins_only_on_the_entity_it_has_seen,
    a_flow_that_begins_and_a_write_of_its_entity_do_not_pass_each_other_by,
    each_entity_shows_its_own_flows_started_ones_first,
    flows_that_lists_do_not_know_are_handed_out_until_they_do,
    the_migration_finds_flows_of_which_lists_know_nothing_or_a_part,
    another_tenants_flows_are_not_found,
);

fn entity(schema: &str, id: &str) -> EntityRef {
    EntityRef { schema: schema.into(), id: id.into() }
}

impl Bed {
    /// A started execution about these entities.
    async fn flow(&self, definition: &Definition, seconds: u64, entities: &[EntityRef]) -> ExecutionId {
        let (execution, events) = self.start(definition, at(seconds));
        let id = execution.id;
        let commit = commit_of(write(0, execution, events, Wake::Never), at(seconds));
        self.db.commit(about(commit, id, entities)).await.unwrap();
        id
    }
}

fn about(commit: Commit, execution: ExecutionId, entities: &[EntityRef]) -> Commit {
    let contexts =
        vec![FlowContexts { execution, started: StartKey::of(commit.at, execution), entities: entities.to_vec() }];
    Commit { effects: Effects { contexts, ..commit.effects }, ..commit }
}

async fn a_flow_is_found_by_its_entities(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let both = [entity("contact", "1"), entity("deal", "1"), entity("contact", "1")];
    let older = bed.flow(&definition, 0, &both).await;
    let newer = bed.flow(&definition, 1, &both[..1]).await;
    let found = |schema, id| async move {
        let flows = bed.db.flows_of(tenant, schema, id, 9).await.unwrap();
        flows.into_iter().map(|e| e.id).collect::<Vec<_>>()
    };
    assert_eq!(found(Some("contact"), "1").await, [newer, older]);
    assert_eq!(found(Some("deal"), "1").await, [older]);
    assert_eq!(found(None, "1").await, [newer, older]);
    assert_eq!(found(None, "2").await, []);
    assert_eq!(bed.db.open_flows_of(tenant, "deal", "1", None, 9).await.unwrap(), [older]);
}

async fn changed_contexts_replace_those_known_before(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let id = bed.flow(&definition, 0, &[entity("contact", "1"), entity("deal", "1")]).await;
    let execution = bed.db.execution(tenant, id).await.unwrap().unwrap();
    let next = Execution { version: 2, ..execution };
    let commit = commit_of(write(1, next, Vec::new(), Wake::Never), at(1));
    bed.db.commit(about(commit, id, &[entity("deal", "1"), entity("deal", "2")])).await.unwrap();
    assert_eq!(bed.db.open_flows_of(tenant, "contact", "1", None, 9).await.unwrap(), []);
    assert_eq!(bed.db.open_flows_of(tenant, "deal", "1", None, 9).await.unwrap(), [id]);
    assert_eq!(bed.db.open_flows_of(tenant, "deal", "2", None, 9).await.unwrap(), [id]);
}

async fn a_flow_that_has_ended_is_found_but_is_not_open(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let id = bed.flow(&definition, 0, &[entity("deal", "1")]).await;
    let mut next = bed.db.execution(tenant, id).await.unwrap().unwrap();
    next.version = 2;
    next.status = ExecutionStatus::Completed { at: at(1) };
    bed.db.commit(commit_of(write(1, next, Vec::new(), Wake::Never), at(1))).await.unwrap();
    assert_eq!(bed.db.open_flows_of(tenant, "deal", "1", None, 9).await.unwrap(), []);
    assert_eq!(bed.db.flows_of(tenant, Some("deal"), "1", 9).await.unwrap().len(), 1);
}

async fn open_flows_come_in_pages(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let mut all = Vec::new();
    for seconds in 0..3 {
        all.push(bed.flow(&definition, seconds, &[entity("deal", "1")]).await);
    }
    all.sort_unstable();
    let first = bed.db.open_flows_of(tenant, "deal", "1", None, 2).await.unwrap();
    assert_eq!(first, all[..2]);
    assert_eq!(bed.db.open_flows_of(tenant, "deal", "1", Some(first[1]), 2).await.unwrap(), all[2..]);
}

async fn a_deleted_execution_leaves_nothing_behind(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let id = bed.flow(&definition, 0, &[entity("deal", "1")]).await;
    let kept = KvWrite {
        plugin: "acme".into(),
        scope: KvScope::Execution(id),
        key: "k".into(),
        value: Some(json(serde_json::json!(1))),
    };
    let loaded = bed.db.execution(tenant, id).await.unwrap().unwrap();
    let next = Execution { version: 2, ..loaded };
    let mut noting = commit_of(write(1, next, Vec::new(), Wake::Never), at(1));
    noting.effects.kv = vec![kept.clone(), KvWrite { plugin: "other".into(), ..kept }];
    bed.db.commit(noting).await.unwrap();
    bed.erase(tenant, id).await;
    assert_eq!(bed.db.execution(tenant, id).await.unwrap(), None);
    for table in ["executions", "history", "flow_entities"] {
        assert_eq!(bed.count(table).await, 0, "{table}");
    }
    assert_eq!(bed.count("kv").await, 1, "of the plugins it has named, nothing is left");
}

async fn an_erasure_that_comes_too_late_leaves_everything(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let id = bed.flow(&definition, 0, &[entity("deal", "1")]).await;
    let loaded = bed.db.execution(tenant, id).await.unwrap().unwrap();
    let stale = Execution { version: 9, ..loaded };
    let refused = bed.db.commit(erasing(commit_of(write(8, stale, Vec::new(), Wake::Never), at(1)), id)).await;
    assert_eq!(refused, Err(CommitError::Stale(id)));
    assert_eq!(bed.db.open_flows_of(tenant, "deal", "1", None, 9).await.unwrap(), [id]);
}

fn erasing(commit: Commit, execution: ExecutionId) -> Commit {
    let erased = vec![Erasure { execution, plugins: vec!["acme".into()] }];
    Commit { effects: Effects { erased, ..commit.effects }, ..commit }
}

impl Bed {
    /// Commits a last transition of an execution, with which it is gone.
    pub async fn erase(&self, tenant: TenantId, id: ExecutionId) {
        let loaded = self.db.execution(tenant, id).await.unwrap().unwrap();
        let expected = loaded.version;
        let next = Execution { version: expected + 1, ..loaded };
        let last = commit_of(write(expected, next, Vec::new(), Wake::Never), at(9));
        self.db.commit(erasing(last, id)).await.unwrap();
    }

    async fn put(&self, tenant: TenantId, id: &str) -> Put<Entity> {
        self.db.put_entity(tenant, "deal", id, &json(serde_json::json!({})), None, at(1)).await.unwrap()
    }

    /// A commit that writes an entity and tells nobody.
    fn untold(&self, tenant: TenantId, id: &str, expected: u64) -> Commit {
        let (schema, attributes) = ("deal".to_owned(), json(serde_json::json!({ "n": expected })));
        let write = EntityWrite { schema, id: id.into(), attributes, expected };
        let effects = Effects { untold: vec![write.entity()], entities: vec![write], ..Effects::default() };
        self.effects(tenant, effects)
    }

    fn effects(&self, tenant_id: TenantId, effects: Effects) -> Commit {
        Commit {
            tenant_id,
            at: at(2),
            preconditions: Vec::new(),
            executions: Vec::new(),
            effects,
            webhooks: Vec::new(),
            usage: UsageDelta::default(),
        }
    }

    /// A start of a flow about an entity that was seen at a version.
    fn seeing(&self, definition: &Definition, about: EntityRef, version: u64) -> Commit {
        let (execution, events) = self.start(definition, at(3));
        let id = execution.id;
        let mut commit =
            self::about(commit_of(write(0, execution, events, Wake::Never), at(3)), id, std::slice::from_ref(&about));
        commit.effects.seen = vec![EntitySeen { entity: about, version }];
        commit
    }
}

async fn an_entity_of_an_open_flow_is_not_written_untold(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    assert!(matches!(bed.put(tenant, "1").await, Put::Done(entity) if entity.version == 1));
    bed.db.commit(bed.untold(tenant, "1", 1)).await.unwrap();
    let id = bed.flow(&definition, 0, &[entity("deal", "1")]).await;
    let both = [entity("deal", "1"), entity("deal", "2"), entity("deal", "1"), entity("contact", "1")];
    assert_eq!(bed.db.entities_with_open_flows(tenant, &both).await.unwrap(), [entity("deal", "1")]);
    assert_eq!(bed.put(tenant, "1").await, Put::OfFlows);
    assert_eq!(bed.db.delete_entity(tenant, "deal", "1").await.unwrap(), Put::OfFlows);
    let refused = bed.db.commit(bed.untold(tenant, "1", 2)).await;
    assert_eq!(refused, Err(CommitError::EffectConflict("what is about entity deal/1".into())));
    assert_eq!(bed.db.entity(tenant, "deal", "1").await.unwrap().unwrap().version, 2);
    // One that has ended need not be told.
    let mut next = bed.db.execution(tenant, id).await.unwrap().unwrap();
    next.version = 2;
    next.status = ExecutionStatus::Completed { at: at(1) };
    bed.db.commit(commit_of(write(1, next, Vec::new(), Wake::Never), at(1))).await.unwrap();
    bed.db.commit(bed.untold(tenant, "1", 2)).await.unwrap();
    assert!(matches!(bed.put(tenant, "1").await, Put::Done(entity) if entity.version == 4));
    assert_eq!(bed.db.delete_entity(tenant, "deal", "1").await.unwrap(), Put::Done(()));
}

async fn a_flow_begins_only_on_the_entity_it_has_seen(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    bed.put(tenant, "1").await;
    bed.put(tenant, "1").await;
    let deal = || entity("deal", "1");
    let stale = bed.db.commit(bed.seeing(&definition, deal(), 1)).await;
    assert_eq!(stale, Err(CommitError::EffectConflict("entity deal/1".into())));
    let missing = bed.db.commit(bed.seeing(&definition, entity("deal", "none"), 1)).await;
    assert_eq!(missing, Err(CommitError::EffectConflict("entity deal/none".into())));
    bed.db.commit(bed.seeing(&definition, deal(), 2)).await.unwrap();
    assert_eq!(bed.db.open_flows_of(tenant, "deal", "1", None, 9).await.unwrap().len(), 1);
}

/// Of a flow that begins and a write of its entity that tells nobody, exactly one goes through as it was made.
async fn a_flow_that_begins_and_a_write_of_its_entity_do_not_pass_each_other_by(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let other = bed.second_host().await;
    for n in 0..40 {
        let id = n.to_string();
        bed.put(tenant, &id).await;
        let start = bed.seeing(&definition, entity("deal", &id), 1);
        // By itself, or with the commit of a step.
        let (started, written) = if n % 2 == 0 {
            let (started, put) = tokio::join!(other.db.commit(start), bed.put(tenant, &id));
            (started.is_ok(), matches!(put, Put::Done(_)))
        } else {
            let (started, put) = tokio::join!(other.db.commit(start), bed.db.commit(bed.untold(tenant, &id, 1)));
            (started.is_ok(), put.is_ok())
        };
        assert!(started != written, "{n}: started {started}, written {written}");
    }
    other.db.close().await;
}

async fn each_entity_shows_its_own_flows_started_ones_first(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let mut flows = Vec::new();
    for (seconds, status) in [(0, StatusName::Started), (1, StatusName::Done), (2, StatusName::Closed)] {
        let id = bed.flow(&definition, seconds, &[entity("deal", "1"), entity("deal", "2")]).await;
        bed.list_as(tenant, id, seconds, status).await;
        flows.push(id);
    }
    // No list knows of it, as of one that was deleted.
    bed.flow(&definition, 3, &[entity("deal", "1")]).await;
    let wanted = [entity("deal", "2"), entity("deal", "1"), entity("contact", "1")];
    let found = bed.db.flows_of_each(tenant, &wanted, 2).await.unwrap();
    let found: Vec<(&str, ExecutionId)> = found.iter().map(|(of, flow)| (of.id.as_str(), flow.id)).collect();
    assert_eq!(found, [("1", flows[0]), ("1", flows[2]), ("2", flows[0]), ("2", flows[2])]);
}

impl Bed {
    /// Puts a flow into the lists with this status.
    async fn list_as(&self, tenant: TenantId, execution: ExecutionId, seconds: u64, status: StatusName) {
        let flow =
            ListedFlow { status, name_key: "flow".into(), started: StartKey::of(at(seconds), execution), due: None };
        let change = ListingChange::Changed { flow: Some(flow), tasks: Vec::new(), gone: Vec::new(), users: None };
        let listings = vec![FlowListing { execution, change }];
        self.db.commit(self.effects(tenant, Effects { listings, ..Effects::default() })).await.unwrap();
    }
}

/// What the migration looks for, in this database's words.
fn looking_for_unlisted(bed: &Bed) -> String {
    let migration = match bed.url.starts_with("postgres") {
        true => include_str!("../../../../migrations/postgres/0032_flows_to_list.sql"),
        false => include_str!("../../../../migrations/sqlite/0032_flows_to_list.sql"),
    };
    let (_, insert) = migration.split_once("INSERT").unwrap();
    format!("INSERT{};", insert.split_once(';').unwrap().0)
}

async fn the_migration_finds_flows_of_which_lists_know_nothing_or_a_part(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let other = bed.definition(tenant).await;
    let flows = Definition { dialect: Dialect::Epilot, ..bed.new_definition(tenant) };
    bed.db.insert_definition(&flows, None).await.unwrap();
    bed.flow(&other, 0, &[]).await;
    let unknown = bed.flow(&flows, 1, &[]).await;
    let known = bed.flow(&flows, 2, &[entity("deal", "1")]).await;
    let early = bed.flow(&flows, 3, &[entity("deal", "2")]).await;
    for (id, seconds) in [(known, 2), (early, 3)] {
        bed.list_as(tenant, id, seconds, StatusName::Started).await;
    }
    // Found by its entities before there was an order of starts.
    bed.administer("UPDATE flow_entities SET started = 0 WHERE entity_id = '2'").await;
    bed.administer(&looking_for_unlisted(bed)).await;
    let mut expected = vec![(tenant, unknown), (tenant, early)];
    expected.sort_unstable();
    assert_eq!(bed.db.flows_to_list(9).await.unwrap(), expected);
}

async fn flows_that_lists_do_not_know_are_handed_out_until_they_do(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let mut flows = Vec::new();
    for seconds in 0..3 {
        flows.push(bed.flow(&definition, seconds, &[]).await);
    }
    flows.sort_unstable();
    assert_eq!(bed.db.flows_to_list(9).await.unwrap(), []);
    let all = "INSERT INTO flows_to_list (execution_id, tenant_id) SELECT id, tenant_id FROM executions";
    bed.administer(all).await;
    assert_eq!(bed.db.flows_to_list(2).await.unwrap(), [(tenant, flows[0]), (tenant, flows[1])]);
    bed.db.flow_is_listed(tenant, flows[0]).await.unwrap();
    bed.erase(tenant, flows[1]).await;
    assert_eq!(bed.db.flows_to_list(9).await.unwrap(), [(tenant, flows[2])]);
    let other = bed.tenant("other").await;
    bed.db.flow_is_listed(other, flows[2]).await.unwrap();
    assert_eq!(bed.count("flows_to_list").await, 1);
    assert!(bed.db.delete_tenant(tenant).await.unwrap());
    assert_eq!(bed.count("flows_to_list").await, 0);
}

async fn another_tenants_flows_are_not_found(bed: &Bed) {
    let (tenant, other) = (bed.tenant("acme").await, bed.tenant("other").await);
    let definition = bed.definition(tenant).await;
    let id = bed.flow(&definition, 0, &[entity("deal", "1")]).await;
    assert_eq!(bed.db.open_flows_of(other, "deal", "1", None, 9).await.unwrap(), []);
    assert_eq!(bed.db.flows_of(other, None, "1", 9).await.unwrap(), []);
    assert_eq!(bed.db.entities_with_open_flows(other, &[entity("deal", "1")]).await.unwrap(), []);
    let foreign = Execution { tenant_id: other, version: 2, ..bed.db.execution(tenant, id).await.unwrap().unwrap() };
    let refused = bed.db.commit(erasing(commit_of(write(1, foreign, Vec::new(), Wake::Never), at(1)), id)).await;
    assert_eq!(refused, Err(CommitError::Stale(id)));
    assert!(bed.db.delete_tenant(tenant).await.unwrap());
    assert_eq!(bed.count("flow_entities").await, 0);
}
