//! Flows by the entities they are about.

use crate::support::{Bed, at, commit_of, on_both, write};
use stepwright_app::ports::{CommitStore as _, ExecutionStore as _, FlowStore as _, TenantStore as _};
use stepwright_app::{Commit, Effects, FlowContexts, StartKey, Wake};
use stepwright_engine::outcome::EntityRef;
use stepwright_engine::{Definition, ExecutionId, ExecutionStatus};

on_both!(
    a_flow_is_found_by_its_entities,
    changed_contexts_replace_those_known_before,
    a_flow_that_has_ended_is_found_but_is_not_open,
    open_flows_come_in_pages,
    a_deleted_execution_leaves_nothing_behind,
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
    let next = stepwright_engine::Execution { version: 2, ..execution };
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
    assert!(bed.db.delete_execution(tenant, id).await.unwrap());
    assert!(!bed.db.delete_execution(tenant, id).await.unwrap());
    assert_eq!(bed.db.execution(tenant, id).await.unwrap(), None);
    for table in ["executions", "history", "flow_entities"] {
        assert_eq!(bed.count(table).await, 0, "{table}");
    }
}

async fn another_tenants_flows_are_not_found(bed: &Bed) {
    let (tenant, other) = (bed.tenant("acme").await, bed.tenant("other").await);
    let definition = bed.definition(tenant).await;
    let id = bed.flow(&definition, 0, &[entity("deal", "1")]).await;
    assert_eq!(bed.db.open_flows_of(other, "deal", "1", None, 9).await.unwrap(), []);
    assert_eq!(bed.db.flows_of(other, None, "1", 9).await.unwrap(), []);
    assert!(!bed.db.delete_execution(other, id).await.unwrap());
    assert!(bed.db.delete_tenant(tenant).await.unwrap());
    assert_eq!(bed.count("flow_entities").await, 0);
}
