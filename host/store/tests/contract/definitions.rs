//! Definitions, their versions and their schedules.

use crate::support::{Bed, T0, at, on_both};
use stepwright_app::Paging;
use stepwright_app::ports::{DefinitionFilter, DefinitionStore as _, ScheduleStore as _, StoreError};
use stepwright_engine::{DefinitionId, DefinitionStatus, Dialect, NodeKind, Trigger};

on_both!(
    a_definition_keeps_all_its_versions,
    an_update_needs_the_version_before,
    a_deleted_definition_keeps_its_versions_only,
    definitions_are_found_by_event_while_active,
    definitions_name_plugins_with_or_without_a_version,
    definitions_are_listed_by_dialect_and_status,
    schedule_states_stand_in_the_order_asked_for,
);

const ALL: Paging = Paging::Offset { limit: 100, offset: 0 };

async fn a_definition_keeps_all_its_versions(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let first = bed.definition(tenant).await;
    assert_eq!(bed.db.insert_definition(&first, None).await, Err(StoreError::Duplicate("definition")));
    let mut second = first.clone();
    second.version = 2;
    second.name = "renamed".into();
    assert!(bed.db.update_definition(&second, None).await.unwrap());
    assert_eq!(bed.db.definition(tenant, first.id).await.unwrap(), Some(second.clone()));
    assert_eq!(bed.db.definition_version(tenant, first.id, 1).await.unwrap(), Some(first.clone()));
    assert_eq!(bed.db.definition_version(tenant, first.id, 2).await.unwrap(), Some(second));
    assert_eq!(bed.db.definition_version(tenant, first.id, 3).await.unwrap(), None);
}

async fn an_update_needs_the_version_before(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let first = bed.definition(tenant).await;
    let mut second = first.clone();
    second.version = 2;
    assert!(bed.db.update_definition(&second, Some(at(60))).await.unwrap());
    assert!(!bed.db.update_definition(&second, None).await.unwrap());
    let mut fourth = first;
    fourth.version = 4;
    assert!(!bed.db.update_definition(&fourth, None).await.unwrap());
    assert_eq!(bed.db.next_tick().await.unwrap(), Some(at(60)));
}

async fn a_deleted_definition_keeps_its_versions_only(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let mut definition = bed.new_definition(tenant);
    bed.db.insert_definition(&definition, Some(at(60))).await.unwrap();
    assert!(bed.db.delete_definition(tenant, definition.id, at(1)).await.unwrap());
    assert!(!bed.db.delete_definition(tenant, definition.id, at(2)).await.unwrap());
    assert_eq!(bed.db.definition(tenant, definition.id).await.unwrap(), None);
    assert_eq!(bed.db.definition_version(tenant, definition.id, 1).await.unwrap(), Some(definition.clone()));
    assert!(bed.db.definitions(tenant, &DefinitionFilter::default(), ALL).await.unwrap().items.is_empty());
    assert_eq!(bed.db.next_tick().await.unwrap(), None);
    definition.version = 2;
    assert!(!bed.db.update_definition(&definition, Some(at(60))).await.unwrap());
}

async fn definitions_are_found_by_event_while_active(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let mut ids = Vec::new();
    for (event, status) in [
        ("invoice.paid", DefinitionStatus::Active),
        ("invoice.paid", DefinitionStatus::Paused),
        ("invoice.sent", DefinitionStatus::Active),
        ("invoice.paid", DefinitionStatus::Active),
    ] {
        let mut definition = bed.new_definition(tenant);
        definition.trigger = Trigger::Event { event: event.into() };
        definition.status = status;
        bed.db.insert_definition(&definition, None).await.unwrap();
        ids.push(definition.id);
    }
    let found = bed.db.definitions_for_event(tenant, "invoice.paid").await.unwrap();
    assert_eq!(found.iter().map(|d| d.id).collect::<Vec<_>>(), [ids[0], ids[3]]);
    assert!(bed.db.definitions_for_event(tenant, "nothing").await.unwrap().is_empty());
}

async fn definitions_name_plugins_with_or_without_a_version(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let mut definition = bed.new_definition(tenant);
    for (node, version) in definition.graph.nodes.iter_mut().zip([None, Some("2.0.0")]) {
        let NodeKind::Step { step, .. } = &mut node.kind else { unreachable!("a step") };
        step.plugin = if version.is_some() { "pinned".into() } else { "loose".into() };
        step.version = version.map(str::to_owned);
    }
    bed.db.insert_definition(&definition, None).await.unwrap();
    for (plugin, version, named) in [
        ("loose", "1.0.0", true),
        ("pinned", "2.0.0", true),
        ("pinned", "1.0.0", false),
        ("loos", "1.0.0", false),
        ("first", "1.0.0", false),
    ] {
        assert_eq!(bed.db.names_plugin(tenant, plugin, version).await.unwrap(), named, "{plugin} {version}");
    }
}

async fn definitions_are_listed_by_dialect_and_status(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let mut ids = Vec::new();
    for (dialect, status) in [
        (Dialect::Softsolz, DefinitionStatus::Active),
        (Dialect::Softsolz, DefinitionStatus::Inactive),
        (Dialect::Epilot, DefinitionStatus::Active),
    ] {
        let mut definition = bed.new_definition(tenant);
        definition.dialect = dialect;
        definition.status = status;
        bed.db.insert_definition(&definition, None).await.unwrap();
        ids.push(definition.id);
    }
    let list = async |dialect, statuses: &[&str]| {
        let statuses = statuses.iter().map(|s| (*s).to_owned()).collect();
        let found = bed.db.definitions(tenant, &DefinitionFilter { dialect, statuses }, ALL).await.unwrap();
        found.items.iter().map(|d| d.id).collect::<Vec<_>>()
    };
    assert_eq!(list(None, &[]).await, [ids[2], ids[1], ids[0]]);
    assert_eq!(list(Some(Dialect::Softsolz), &[]).await, [ids[1], ids[0]]);
    // "inactive" holds "active" but is another word.
    assert_eq!(list(None, &["active"]).await, [ids[2], ids[0]]);
    assert_eq!(list(None, &["active", "inactive"]).await.len(), 3);
    assert_eq!(list(Some(Dialect::Epilot), &["inactive"]).await, []);
}

async fn schedule_states_stand_in_the_order_asked_for(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let (one, two) = (bed.new_definition(tenant), bed.new_definition(tenant));
    bed.db.insert_definition(&one, Some(at(60))).await.unwrap();
    bed.db.insert_definition(&two, None).await.unwrap();
    for secs in [5, 9, 7] {
        bed.execution(&two, at(secs), stepwright_app::Wake::Never).await;
    }
    let unknown = DefinitionId::fresh(&*bed.ids);
    let states = bed.db.schedule_states(tenant, &[two.id, unknown, one.id, two.id]).await.unwrap();
    assert_eq!(states, [(None, Some(at(9))), (None, None), (Some(at(60)), None), (None, Some(at(9)))]);
    assert_eq!(bed.db.schedule_states(tenant, &[]).await.unwrap(), []);
    assert_eq!(bed.db.due_schedules(T0, 10).await.unwrap(), []);
}
