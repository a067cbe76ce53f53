//! What steps stage, committed with their outcome.

use crate::support::{Bed, T0, at, json, on_both};
use serde_json::json as value;
use stepwright_app::ports::{CommitError, CommitStore as _, DataStore as _, ExecutionStore as _, OutboxStore as _};
use stepwright_app::{
    Commit, DataWrite, Dataset, Effects, EntityDelete, EntityWrite, KvScope, KvWrite, MailState, Message, Notification,
    OutboxMail, Paging, Wake,
};
use stepwright_engine::{ExecutionId, MailId, NotificationId, TenantId};

on_both!(
    staged_entities_and_rows_are_committed_with_the_step,
    a_changed_entity_refuses_the_whole_commit,
    a_changed_row_refuses_the_whole_commit_and_no_other,
    an_entity_is_deleted_at_the_version_it_has_or_nothing_is_written,
    rivals_for_one_entity_pass_one_at_a_time,
    the_last_write_to_a_key_stands_and_none_removes_it,
    a_second_mail_with_the_same_key_is_dropped,
    notifications_are_rows_of_their_dataset,
);

fn entity(id: &str, n: i64, expected: u64) -> EntityWrite {
    EntityWrite { schema: "deal".into(), id: id.into(), attributes: json(value!({ "n": n })), expected }
}

fn customer(id: &str, name: &str, expected: u64) -> DataWrite {
    let value = json(value!({ "id": id, "name": name }));
    DataWrite { dataset: Dataset::Customers, id: id.into(), value, expected }
}

fn mail(bed: &Bed, tenant_id: TenantId, execution: ExecutionId, key: &str) -> OutboxMail {
    OutboxMail {
        id: MailId::fresh(&*bed.ids),
        tenant_id,
        execution_id: Some(execution),
        dedupe_key: key.into(),
        message: Message {
            to: vec!["a@example.com".into()],
            cc: Vec::new(),
            bcc: Vec::new(),
            reply_to: None,
            subject: "hello".into(),
            text: "text".into(),
            html: None,
        },
        state: MailState::Queued { next_at: T0, attempts: 0, last_error: None },
        created_at: T0,
    }
}

async fn staged_entities_and_rows_are_committed_with_the_step(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let loaded = bed.execution(&definition, T0, Wake::Never).await;
    let effects = Effects {
        entities: vec![entity("17", 1, 0), entity("18", 2, 0)],
        data: vec![customer("c1", "One", 0)],
        ..Effects::default()
    };
    bed.db.commit(Commit { effects, ..loaded.step(at(1), Wake::Never) }).await.unwrap();
    let loaded = loaded.advanced(at(1));
    let effects =
        Effects { entities: vec![entity("17", 3, 1)], data: vec![customer("c1", "Uno", 1)], ..Effects::default() };
    bed.db.commit(Commit { effects, ..loaded.step(at(2), Wake::Never) }).await.unwrap();
    let changed = bed.db.entity(tenant, "deal", "17").await.unwrap().unwrap();
    assert_eq!((changed.version, changed.attributes.as_str()), (2, r#"{"n":3}"#));
    assert_eq!((changed.created_at, changed.updated_at), (at(1), at(2)));
    assert_eq!(bed.db.entity(tenant, "deal", "18").await.unwrap().unwrap().version, 1);
    let row = bed.db.data_row(tenant, Dataset::Customers, "c1").await.unwrap().unwrap();
    assert_eq!((row.version, row.value.to_value()["name"].clone()), (2, value!("Uno")));
}

async fn a_changed_entity_refuses_the_whole_commit(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let loaded = bed.execution(&definition, T0, Wake::Never).await;
    bed.db.put_entity(tenant, "deal", "17", &json(value!({})), None, T0).await.unwrap();
    for (expected, id) in [(0, "17"), (2, "17"), (1, "unknown")] {
        let effects = Effects {
            entities: vec![entity("16", 1, 0), entity(id, 1, expected)],
            mails: vec![mail(bed, tenant, loaded.execution.id, "key")],
            ..Effects::default()
        };
        let refused = bed.db.commit(Commit { effects, ..loaded.step(at(1), Wake::Never) }).await;
        assert_eq!(refused, Err(CommitError::EffectConflict(format!("entity deal/{id}"))));
        assert_eq!(bed.db.entity(tenant, "deal", "16").await.unwrap(), None);
    }
    assert_eq!(bed.db.execution(tenant, loaded.execution.id).await.unwrap(), Some(loaded.execution));
    assert!(bed.db.mails(tenant, Paging::Offset { limit: 10, offset: 0 }).await.unwrap().items.is_empty());
}

async fn an_entity_is_deleted_at_the_version_it_has_or_nothing_is_written(bed: &Bed) {
    let (tenant, other) = (bed.tenant("acme").await, bed.tenant("other").await);
    let definition = bed.definition(tenant).await;
    let loaded = bed.execution(&definition, T0, Wake::Never).await;
    for owner in [tenant, other] {
        bed.db.put_entity(owner, "deal", "17", &json(value!({})), None, T0).await.unwrap();
    }
    let delete = |id: &str, expected| EntityDelete { schema: "deal".into(), id: id.into(), expected };
    let effects = |gone| Effects { entities: vec![entity("16", 1, 0)], deleted: vec![gone], ..Effects::default() };
    for (id, expected) in [("17", 2), ("unknown", 1)] {
        let commit = Commit { effects: effects(delete(id, expected)), ..loaded.step(at(1), Wake::Never) };
        let refused = bed.db.commit(commit).await;
        assert_eq!(refused, Err(CommitError::EffectConflict(format!("entity deal/{id}"))));
        assert_eq!(bed.db.entity(tenant, "deal", "16").await.unwrap(), None);
    }
    bed.db.commit(Commit { effects: effects(delete("17", 1)), ..loaded.step(at(1), Wake::Never) }).await.unwrap();
    assert_eq!(bed.db.entity(tenant, "deal", "17").await.unwrap(), None);
    assert_eq!(bed.db.entity(tenant, "deal", "16").await.unwrap().unwrap().version, 1);
    assert!(bed.db.entity(other, "deal", "17").await.unwrap().is_some());
}

async fn a_changed_row_refuses_the_whole_commit_and_no_other(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    bed.db.import_rows(tenant, &[customer("taken", "Taken", 0)], T0).await.unwrap();
    let mut commits = Vec::new();
    for n in 0..20 {
        let loaded = bed.execution(&definition, T0, Wake::Never).await;
        let id = if n % 5 == 0 { "taken".to_owned() } else { format!("c{n:02}") };
        let effects = Effects { data: vec![customer(&id, "New", 0)], ..Effects::default() };
        commits.push(Commit { effects, ..loaded.step(at(1), Wake::Never) });
    }
    let results = bed.commit_all(commits).await;
    for (n, result) in results.into_iter().enumerate() {
        if n % 5 == 0 {
            assert_eq!(result, Err(CommitError::EffectConflict("row customers/taken".into())));
        } else {
            assert_eq!(result, Ok(()));
        }
    }
    let rows = bed.db.data_rows(tenant, Dataset::Customers, &[], None, 100).await.unwrap();
    assert_eq!(rows.items.len(), 17);
    assert_eq!(rows.items[16].value.to_value()["name"], "Taken");
}

async fn rivals_for_one_entity_pass_one_at_a_time(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let mut commits = Vec::new();
    for n in 0..12 {
        let loaded = bed.execution(&definition, T0, Wake::Never).await;
        let effects = Effects { entities: vec![entity("17", n, 0)], ..Effects::default() };
        commits.push(Commit { effects, ..loaded.step(at(1), Wake::Never) });
    }
    let results = bed.commit_all(commits).await;
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1);
    assert_eq!(bed.db.entity(tenant, "deal", "17").await.unwrap().unwrap().version, 1);
}

async fn the_last_write_to_a_key_stands_and_none_removes_it(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let loaded = bed.execution(&definition, T0, Wake::Never).await;
    let scopes = [KvScope::Definition(definition.id), KvScope::Execution(loaded.execution.id)];
    let put = |key: &str, value: Option<i64>| KvWrite {
        plugin: "core".into(),
        scope: scopes[0],
        key: key.into(),
        value: value.map(|n| json(value!(n))),
    };
    let kv = vec![put("a", Some(1)), put("b", Some(2)), put("a", Some(3)), put("c", Some(4)), put("c", None)];
    let effects = Effects { kv, ..Effects::default() };
    bed.db.commit(Commit { effects, ..loaded.step(at(1), Wake::Never) }).await.unwrap();
    let read = async |key: &str| {
        bed.db.kv(tenant, "core", scopes[0], key).await.unwrap().map(|value| value.as_str().to_owned())
    };
    assert_eq!((read("a").await, read("b").await, read("c").await), (Some("3".into()), Some("2".into()), None));
    assert_eq!(bed.db.kv(tenant, "core", scopes[1], "a").await.unwrap(), None);
    assert_eq!(bed.db.kv(tenant, "other", scopes[0], "a").await.unwrap(), None);
    let effects = Effects { kv: vec![put("a", None)], ..Effects::default() };
    bed.db.commit(Commit { effects, ..loaded.advanced(at(1)).step(at(2), Wake::Never) }).await.unwrap();
    assert_eq!(read("a").await, None);
}

async fn a_second_mail_with_the_same_key_is_dropped(bed: &Bed) {
    let (tenant, other) = (bed.tenant("acme").await, bed.tenant("other").await);
    for owner in [tenant, other] {
        let definition = bed.definition(owner).await;
        for key in ["a", "a", "b"] {
            let loaded = bed.execution(&definition, T0, Wake::Never).await;
            let effects = Effects { mails: vec![mail(bed, owner, loaded.execution.id, key)], ..Effects::default() };
            bed.db.commit(Commit { effects, ..loaded.step(at(1), Wake::Never) }).await.unwrap();
        }
        let mails = bed.db.mails(owner, Paging::After { limit: 10, cursor: None }).await.unwrap().items;
        assert_eq!(mails.iter().map(|m| m.dedupe_key.as_str()).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(bed.db.mail(owner, mails[0].id).await.unwrap(), Some(mails[0].clone()));
    }
}

async fn notifications_are_rows_of_their_dataset(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let definition = bed.definition(tenant).await;
    let loaded = bed.execution(&definition, T0, Wake::Never).await;
    let note = |key: &str, title: &str| Notification {
        id: NotificationId::fresh(&*bed.ids),
        execution_id: Some(loaded.execution.id),
        dedupe_key: key.into(),
        user_ids: vec!["u1".into()],
        role_ids: Vec::new(),
        title: title.into(),
        body: "the body".into(),
        created_at: at(1),
    };
    let notes = vec![note("a", "first"), note("a", "dropped"), note("b", "second")];
    let effects = Effects { notifications: notes.clone(), ..Effects::default() };
    bed.db.commit(Commit { effects, ..loaded.step(at(1), Wake::Never) }).await.unwrap();
    let rows = bed.db.data_rows(tenant, Dataset::Notifications, &[], None, 10).await.unwrap().items;
    assert_eq!(rows.len(), 2);
    let first = rows[0].value.to_value();
    assert_eq!(rows[0].id, notes[0].id.to_string());
    assert_eq!(first["source_execution_id"], loaded.execution.id.to_string());
    assert_eq!((&first["title"], &first["read_at"]), (&value!("first"), &value!(null)));
    assert!(Dataset::Notifications.check(&first).is_empty());
}
