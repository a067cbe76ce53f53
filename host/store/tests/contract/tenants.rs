//! Tenants, keys, instances, the change counter.

use crate::support::{Bed, T0, at, empty_commit, json, on_both};
use serde_json::json as value;
use stepwright_app::ports::{
    CommitStore as _, DataStore as _, IdempotencyKey, IdempotencyStore as _, KeyStore as _, StoreError,
    TenantStore as _,
};
use stepwright_app::{
    ApiKey, Commit, Environment, Instance, KeyKind, Paging, SecretHash, Settings, Tenant, UsageDelta, Wake,
};
use stepwright_engine::{Dialect, InstanceId, KeyId, TenantId};

on_both!(
    a_slug_is_given_once,
    only_live_tenants_are_listed,
    settings_are_replaced_and_counted_as_a_change,
    a_key_is_found_by_its_hash_whoever_asks,
    keys_of_a_tenant_and_its_sandbox_are_listed_together,
    a_revoked_key_keeps_its_first_instant,
    deleting_a_tenant_leaves_nothing_of_it,
    instances_belong_to_their_tenant,
    the_store_answers_a_ping,
);

const ALL: Paging = Paging::Offset { limit: 100, offset: 0 };

pub fn api_key(bed: &Bed, tenant_id: TenantId) -> ApiKey {
    ApiKey {
        id: KeyId::fresh(&*bed.ids),
        tenant_id,
        dialect: Dialect::Platform,
        kind: KeyKind::ApiKey,
        environment: Environment::Live,
        name: Some("a key".into()),
        prefix: "sk_live_1".into(),
        scopes: vec!["platform.*".into()],
        instance_id: None,
        subject: None,
        ip_allowlist: Vec::new(),
        rate_limit_per_minute: None,
        expires_at: None,
        revoked_at: None,
        created_at: T0,
    }
}

async fn a_slug_is_given_once(bed: &Bed) {
    let live = bed.tenant("acme").await;
    let first = bed.db.tenant(live).await.unwrap().unwrap();
    let test = bed.db.tenant(first.paired).await.unwrap().unwrap();
    assert_eq!((test.environment, test.paired), (Environment::Test, live));
    let again = |id, slug: &str| Tenant { id, slug: slug.into(), ..first.clone() };
    let (one, two) = (TenantId::fresh(&*bed.ids), TenantId::fresh(&*bed.ids));
    for (live_slug, test_slug) in [("acme", "new"), ("new", "acme-test")] {
        let refused = bed.db.insert_tenants(&again(one, live_slug), &again(two, test_slug)).await;
        assert_eq!(refused, Err(StoreError::Duplicate("slug")));
        assert_eq!(bed.db.tenant(one).await.unwrap(), None);
    }
}

async fn only_live_tenants_are_listed(bed: &Bed) {
    let (one, two) = (bed.tenant("one").await, bed.tenant("two").await);
    let tenants = bed.db.tenants(ALL).await.unwrap().items;
    assert_eq!(tenants.iter().map(|t| t.id).collect::<Vec<_>>(), [two, one]);
}

async fn settings_are_replaced_and_counted_as_a_change(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let before = bed.db.change_counter().await.unwrap();
    let settings = Settings { timezone: "Europe/Zurich".into(), ..Settings::default() };
    assert!(bed.db.save_settings(tenant, &settings).await.unwrap());
    assert!(bed.db.change_counter().await.unwrap() > before);
    assert_eq!(bed.db.tenant(tenant).await.unwrap().unwrap().settings, settings);
    assert!(!bed.db.save_settings(TenantId::fresh(&*bed.ids), &settings).await.unwrap());
}

async fn a_key_is_found_by_its_hash_whoever_asks(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let key = api_key(bed, tenant);
    let hash = SecretHash([7; 32]);
    let before = bed.db.change_counter().await.unwrap();
    bed.db.insert_key(&key, hash).await.unwrap();
    assert!(bed.db.change_counter().await.unwrap() > before);
    assert_eq!(bed.db.key_by_hash(hash).await.unwrap(), Some(key.clone()));
    assert_eq!(bed.db.key_by_hash(SecretHash([8; 32])).await.unwrap(), None);
    let same = ApiKey { id: KeyId::fresh(&*bed.ids), ..key };
    assert_eq!(bed.db.insert_key(&same, hash).await, Err(StoreError::Duplicate("key")));
}

async fn keys_of_a_tenant_and_its_sandbox_are_listed_together(bed: &Bed) {
    let (live, other) = (bed.tenant("acme").await, bed.tenant("other").await);
    let test = bed.db.tenant(live).await.unwrap().unwrap().paired;
    let keys = [api_key(bed, live), api_key(bed, test), api_key(bed, other)];
    for (n, key) in keys.iter().enumerate() {
        bed.db.insert_key(key, SecretHash([n as u8; 32])).await.unwrap();
    }
    assert_eq!(bed.db.keys(&[live, test], ALL).await.unwrap().items, [keys[1].clone(), keys[0].clone()]);
    assert_eq!(bed.db.keys(&[live], ALL).await.unwrap().items, [keys[0].clone()]);
    assert!(bed.db.keys(&[], ALL).await.unwrap().items.is_empty());
}

async fn a_revoked_key_keeps_its_first_instant(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let key = api_key(bed, tenant);
    bed.db.insert_key(&key, SecretHash([1; 32])).await.unwrap();
    for secs in [5, 9] {
        assert!(bed.db.revoke_key(&[tenant], key.id, at(secs)).await.unwrap());
    }
    assert_eq!(bed.db.key_by_hash(SecretHash([1; 32])).await.unwrap().unwrap().revoked_at, Some(at(5)));
    assert!(!bed.db.revoke_key(&[], key.id, at(9)).await.unwrap());
}

async fn deleting_a_tenant_leaves_nothing_of_it(bed: &Bed) {
    let (gone, stays) = (bed.tenant("gone").await, bed.tenant("stays").await);
    let sandbox = bed.db.tenant(gone).await.unwrap().unwrap().paired;
    for (n, tenant) in [gone, sandbox, stays].into_iter().enumerate() {
        let definition = bed.definition(tenant).await;
        for secs in 0..3 {
            bed.execution(&definition, at(secs), Wake::At(at(secs))).await;
        }
        bed.db.insert_key(&api_key(bed, tenant), SecretHash([n as u8; 32])).await.unwrap();
        bed.db.put_entity(tenant, "deal", "1", &json(value!({})), None, T0).await.unwrap();
        let usage = UsageDelta { steps: 1, ..UsageDelta::default() };
        bed.db.commit(Commit { usage, ..empty_commit(tenant, T0) }).await.unwrap();
        let key = IdempotencyKey { tenant_id: tenant, method: "POST".into(), path: "/".into(), key: "k".into() };
        bed.db.begin(&key, [0; 32], T0, T0).await.unwrap();
    }
    assert!(bed.db.delete_tenant(gone).await.unwrap());
    assert!(!bed.db.delete_tenant(gone).await.unwrap());
    assert_eq!(bed.db.tenant(sandbox).await.unwrap(), None);
    for (table, left) in [
        ("tenants", 2),
        ("definitions", 1),
        ("definition_versions", 1),
        ("executions", 3),
        ("history", 3),
        ("api_keys", 1),
        ("entities", 1),
        ("usage_days", 1),
        ("idempotency", 1),
    ] {
        assert_eq!(bed.count(table).await, left, "{table}");
    }
}

async fn instances_belong_to_their_tenant(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let instance =
        Instance { id: InstanceId::fresh(&*bed.ids), tenant_id: tenant, name: "agent".into(), created_at: T0 };
    bed.db.insert_instance(&instance).await.unwrap();
    assert_eq!(bed.db.instance(tenant, instance.id).await.unwrap(), Some(instance.clone()));
    assert_eq!(bed.db.instances(tenant, ALL).await.unwrap().items, [instance]);
}

async fn the_store_answers_a_ping(bed: &Bed) {
    let before = bed.db.change_counter().await.unwrap();
    bed.db.ping().await.unwrap();
    assert_eq!(bed.db.change_counter().await.unwrap(), before);
    bed.db.close().await;
    assert!(matches!(bed.db.ping().await, Err(StoreError::Unavailable(_))));
    let closed = bed.db.commit(empty_commit(TenantId::fresh(&*bed.ids), T0)).await;
    assert!(closed.is_err());
}
