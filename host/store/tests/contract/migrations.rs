//! Migrations: twins, and safe to run by several hosts at once.

use crate::support::{Bed, on_both, on_empty_postgres, options};
use std::collections::BTreeSet;
use std::path::Path;
use stepwright_app::ports::TenantStore as _;
use stepwright_store::Database;

on_both!(migrating_again_changes_nothing);

async fn migrating_again_changes_nothing(bed: &Bed) {
    bed.tenant("acme").await;
    let again = bed.second_host().await;
    again.db.migrate().await.unwrap();
    again.db.close().await;
    assert_eq!(bed.count("tenants").await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn empty_databases_of_one_cluster_can_be_migrated_at_the_same_time() {
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            tokio::spawn(on_empty_postgres(|url| async move {
                let hosts: Vec<_> = (0..3).map(|_| tokio::spawn(migrated(url.clone()))).collect();
                for host in hosts {
                    host.await.unwrap();
                }
            }))
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

async fn migrated(url: String) {
    let db = Database::connect(&url, &options()).await.unwrap();
    db.migrate().await.unwrap();
    db.ping().await.unwrap();
    db.close().await;
}

fn names(database: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(database);
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn twin_migrations_have_the_same_names() {
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(!names("sqlite").is_empty());
}
