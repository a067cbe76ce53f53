//! Plugins, what is switched on, and component bytes shared by tenants.

use crate::support::{Bed, T0, at, on_both};
use stepwright_app::ports::{PluginStore as _, StoreError, TenantStore as _};
use stepwright_app::{ComponentInfo, Cursor, Enablement, Grants, LimitOverrides, Paging, Plugin};
use stepwright_engine::{TenantId, Timestamp};
use uuid::Uuid;

on_both!(
    a_plugin_version_is_published_once,
    bytes_stay_until_the_last_tenant_has_let_go,
    bytes_of_a_built_in_are_kept_without_a_tenant,
    one_version_is_enabled_at_a_time,
    plugins_are_listed_newest_first,
    publishing_and_deleting_the_same_bytes_at_once_loses_nothing,
);

fn plugin(tenant_id: TenantId, name: &str, version: &str, seed: u8, published_at: Timestamp) -> Plugin {
    let info = ComponentInfo {
        name: name.into(),
        version: version.into(),
        description: String::new(),
        digest: format!("{seed:02x}").repeat(32),
        size: 3,
        steps: Vec::new(),
        conditions: Vec::new(),
        guards: Vec::new(),
        agents: Vec::new(),
        imports: Default::default(),
        datasets: Vec::new(),
        hosts: Vec::new(),
        secrets: Vec::new(),
    };
    Plugin { tenant_id, info, published_at }
}

fn enablement(plugin: &Plugin) -> Enablement {
    Enablement {
        tenant_id: plugin.tenant_id,
        name: plugin.info.name.clone(),
        version: plugin.info.version.clone(),
        digest: plugin.info.digest.clone(),
        grants: Grants { mail: true, ..Grants::default() },
        config: None,
        limits: LimitOverrides::default(),
        enabled_at: T0,
    }
}

async fn a_plugin_version_is_published_once(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let published = plugin(tenant, "pdf", "1.0.0", 1, T0);
    bed.db.insert_plugin(&published, &[1, 2, 3]).await.unwrap();
    let other_bytes = plugin(tenant, "pdf", "1.0.0", 2, at(1));
    let refused = bed.db.insert_plugin(&other_bytes, &[4, 5, 6]).await;
    assert_eq!(refused, Err(StoreError::Duplicate("plugin version")));
    assert_eq!(bed.db.component_bytes(&other_bytes.info.digest).await.unwrap(), None);
    assert_eq!(bed.db.plugin(tenant, "pdf", "1.0.0").await.unwrap(), Some(published.clone()));
    assert_eq!(bed.db.component_info(tenant, &published.info.digest).await.unwrap(), Some(published.info));
}

async fn bytes_stay_until_the_last_tenant_has_let_go(bed: &Bed) {
    let (one, two, three) = (bed.tenant("one").await, bed.tenant("two").await, bed.tenant("three").await);
    for tenant in [one, two, three] {
        bed.db.insert_plugin(&plugin(tenant, "pdf", "1.0.0", 1, T0), &[1, 2, 3]).await.unwrap();
    }
    let digest = "01".repeat(32);
    assert_eq!(bed.count("components").await, 1);
    assert!(bed.db.delete_plugin(one, "pdf", "1.0.0").await.unwrap());
    assert!(!bed.db.delete_plugin(one, "pdf", "1.0.0").await.unwrap());
    assert_eq!(bed.db.component_info(one, &digest).await.unwrap(), None);
    assert!(bed.db.delete_tenant(two).await.unwrap());
    assert_eq!(bed.db.component_bytes(&digest).await.unwrap(), Some(vec![1, 2, 3]));
    assert!(bed.db.delete_tenant(three).await.unwrap());
    assert_eq!(bed.db.component_bytes(&digest).await.unwrap(), None);
}

async fn bytes_of_a_built_in_are_kept_without_a_tenant(bed: &Bed) {
    let digest = "09".repeat(32);
    for _ in 0..2 {
        bed.db.keep_component(&digest, &[9]).await.unwrap();
        assert_eq!(bed.db.component_bytes(&digest).await.unwrap(), Some(vec![9]));
    }
    let tenant = bed.tenant("other").await;
    bed.db.delete_tenant(tenant).await.unwrap();
    assert_eq!(bed.db.component_bytes(&digest).await.unwrap(), Some(vec![9]));
}

async fn one_version_is_enabled_at_a_time(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let (old, new) = (plugin(tenant, "pdf", "1.0.0", 1, T0), plugin(tenant, "pdf", "2.0.0", 2, T0));
    for plugin in [&old, &new] {
        bed.db.insert_plugin(plugin, &[1]).await.unwrap();
        bed.db.enable_plugin(&enablement(plugin)).await.unwrap();
    }
    assert_eq!(bed.db.enablements(tenant).await.unwrap(), [enablement(&new)]);
    assert!(!bed.db.disable_plugin(tenant, "pdf", "1.0.0").await.unwrap());
    assert!(bed.db.delete_plugin(tenant, "pdf", "1.0.0").await.unwrap());
    assert_eq!(bed.db.enablements(tenant).await.unwrap().len(), 1);
    assert!(bed.db.disable_plugin(tenant, "pdf", "2.0.0").await.unwrap());
    assert!(bed.db.enablements(tenant).await.unwrap().is_empty());
    bed.db.enable_plugin(&enablement(&new)).await.unwrap();
    assert!(bed.db.delete_plugin(tenant, "pdf", "2.0.0").await.unwrap());
    assert!(bed.db.enablements(tenant).await.unwrap().is_empty());
}

async fn plugins_are_listed_newest_first(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    for seed in 1..=5 {
        let published = plugin(tenant, &format!("p{seed}"), "1.0.0", seed, at(u64::from(seed)));
        bed.db.insert_plugin(&published, &[seed]).await.unwrap();
    }
    let first = bed.db.plugins(tenant, Paging::After { limit: 2, cursor: None }).await.unwrap();
    assert!(first.has_more);
    let last = &first.items[1];
    // A plugin's place in the list is its instant and the first half of its digest.
    let cursor = Cursor { at: last.published_at, id: Uuid::parse_str(&last.info.digest[..32]).unwrap() };
    let rest = bed.db.plugins(tenant, Paging::After { limit: 10, cursor: Some(cursor) }).await.unwrap();
    let names: Vec<_> = first.items.iter().chain(&rest.items).map(|p| p.info.name.as_str()).collect();
    assert_eq!(names, ["p5", "p4", "p3", "p2", "p1"]);
}

async fn publishing_and_deleting_the_same_bytes_at_once_loses_nothing(bed: &Bed) {
    let (one, two) = (bed.tenant("one").await, bed.tenant("two").await);
    for round in 0..15 {
        let version = format!("1.0.{round}");
        let (mine, theirs) = (plugin(one, "pdf", &version, 7, T0), plugin(two, "pdf", &version, 7, T0));
        bed.db.insert_plugin(&mine, &[7]).await.unwrap();
        let deleting = bed.db.clone();
        let publishing = bed.db.clone();
        let name = version.clone();
        let tasks = (
            tokio::spawn(async move { deleting.delete_plugin(one, "pdf", &name).await }),
            tokio::spawn(async move { publishing.insert_plugin(&theirs, &[7]).await }),
        );
        assert!(tasks.0.await.unwrap().unwrap());
        tasks.1.await.unwrap().unwrap();
        assert_eq!(bed.db.component_bytes(&mine.info.digest).await.unwrap(), Some(vec![7]));
        assert!(bed.db.delete_plugin(two, "pdf", &version).await.unwrap());
        assert_eq!(bed.db.component_bytes(&mine.info.digest).await.unwrap(), None);
    }
}
