//! The database is gone, locked or full: callers are told to try again, nothing is half-written, and it recovers.

use crate::support::{Bed, T0, at, commit_of, on_postgres, on_sqlite, options, plain_user, write};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use std::time::Duration;
use stepwright_app::Wake;
use stepwright_app::ports::{CommitError, CommitStore as _, ExecutionStore as _, StoreError, TenantStore as _};
use stepwright_store::{Database, StoreOptions};

fn is_unavailable(result: &Result<(), CommitError>) -> bool {
    matches!(result, Err(CommitError::Store(StoreError::Unavailable(_))))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_sqlite_file_is_unavailable_until_it_is_free() {
    on_sqlite(|bed| async move {
        let tenant = bed.tenant("acme").await;
        let definition = bed.definition(tenant).await;
        let hasty = StoreOptions { wait: Duration::from_millis(200), ..options() };
        let bed = Bed { db: Database::connect(&bed.url, &hasty).await.unwrap(), ..bed };
        let loaded = bed.execution(&definition, T0, Wake::Never).await;
        let mut intruder = SqliteConnection::connect(&bed.url).await.unwrap();
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut intruder).await.unwrap();
        let refused = bed.db.commit(loaded.step(at(1), Wake::Never)).await;
        assert!(is_unavailable(&refused), "{refused:?}");
        assert!(matches!(bed.db.ping().await, Err(StoreError::Unavailable(_))));
        // Reading goes on.
        assert_eq!(bed.db.execution(tenant, loaded.execution.id).await.unwrap(), Some(loaded.execution.clone()));
        sqlx::raw_sql("ROLLBACK").execute(&mut intruder).await.unwrap();
        bed.db.commit(loaded.step(at(1), Wake::Never)).await.unwrap();
        bed.db.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_sqlite_file_is_unavailable_until_there_is_room() {
    on_sqlite(|bed| async move {
        let (large, small) = (bed.tenant("large").await, bed.tenant("small").await);
        let definition = bed.definition(small).await;
        let filling = bed.definition(large).await;
        let narrow = StoreOptions { sqlite_max_bytes: Some(4 << 20), ..options() };
        let bed = Bed { db: Database::connect(&bed.url, &narrow).await.unwrap(), ..bed };
        let loaded = bed.execution(&definition, T0, Wake::Never).await;
        let mut full = None;
        for n in 0..200 {
            let commits = (0..8)
                .map(|_| {
                    let (mut execution, events) = bed.start(&filling, at(n));
                    execution.title = "x".repeat(20_000);
                    commit_of(write(0, execution, events, Wake::Never), at(n))
                })
                .collect();
            let results = bed.commit_all(commits).await;
            assert!(results.iter().all(|r| r.is_ok() || is_unavailable(r)), "{results:?}");
            if results.iter().any(is_unavailable) {
                full = Some(n);
                break;
            }
        }
        assert!(full.is_some());
        // What went through is whole, what did not has left nothing.
        let stored = bed.db.open_executions(large).await.unwrap();
        assert_eq!(u64::try_from(bed.count("history").await).unwrap(), stored + 1);
        assert!(bed.db.delete_tenant(large).await.unwrap());
        bed.db.commit(loaded.step(at(1), Wake::Never)).await.unwrap();
        bed.db.ping().await.unwrap();
        bed.db.close().await;
    })
    .await;
}

/// Throws every other session off the database, and lets new ones in or not.
async fn throw_off(url: &str, name: &str, let_in: bool) {
    let mut admin = PgConnection::connect(url).await.unwrap();
    let text = format!(
        "ALTER DATABASE {name} CONNECTION LIMIT {};
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        if let_in { -1 } else { 0 }
    );
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut admin).await.unwrap();
    admin.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_throws_everybody_off_costs_no_commit() {
    on_postgres(|bed| async move {
        let tenant = bed.tenant("acme").await;
        let definition = bed.definition(tenant).await;
        let admin = crate::support::postgres_admin().unwrap();
        for round in 0..5 {
            let loaded = bed.execution(&definition, at(round), Wake::Never).await;
            throw_off(&admin, &bed.database(), true).await;
            bed.db.commit(loaded.step(at(round), Wake::Never)).await.unwrap();
        }
        // Readers may meet a dead connection once each, and are told to try again.
        let mut tries = 0;
        while bed.db.open_executions(tenant).await.is_err() {
            tries += 1;
            assert!(tries < 20);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_to_a_postgres_that_is_gone_are_unavailable_and_it_recovers() {
    on_postgres(|bed| async move {
        let tenant = bed.tenant("acme").await;
        let definition = bed.definition(tenant).await;
        let admin = crate::support::postgres_admin().unwrap();
        let hasty = StoreOptions { wait: Duration::from_millis(300), ..options() };
        // A role that the connection limit holds for; an administrator would slip through.
        let user = plain_user(&bed.url, "IN ROLE stepwright_app").await;
        let bed = Bed { db: Database::connect(&user, &hasty).await.unwrap(), ..bed };
        let mut started = Vec::new();
        for n in 0..20 {
            started.push(bed.execution(&definition, at(n), Wake::Never).await);
        }
        throw_off(&admin, &bed.database(), false).await;
        let steps = |secs| started.iter().map(|loaded| loaded.step(at(secs), Wake::Never)).collect::<Vec<_>>();
        let results = bed.commit_all(steps(30)).await;
        assert!(results.iter().all(is_unavailable), "{results:?}");
        throw_off(&admin, &bed.database(), true).await;
        assert!(bed.commit_all(steps(40)).await.iter().all(Result::is_ok));
        assert_eq!(bed.count("history").await, 40);
        bed.db.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_lost_at_any_moment_neither_loses_a_commit_nor_refuses_one_that_was_written() {
    on_postgres(|bed| async move {
        let tenant = bed.tenant("acme").await;
        let definition = bed.definition(tenant).await;
        let admin = crate::support::postgres_admin().unwrap();
        for round in 0..40 {
            let mut all = Vec::new();
            for _ in 0..20 {
                all.push(bed.execution(&definition, at(round), Wake::Never).await);
            }
            let begun: Vec<_> = (0..10).map(|_| bed.start(&definition, at(100 + round))).collect();
            let starts = begun.iter().map(|(execution, events)| {
                commit_of(write(0, execution.clone(), events.clone(), Wake::Never), at(100 + round))
            });
            let commits = all.iter().map(|loaded| loaded.step(at(100 + round), Wake::Never)).chain(starts).collect();
            let (admin, database) = (admin.clone(), bed.database());
            let killing = tokio::spawn(async move {
                // From before the statement is sent until after its answer has come.
                tokio::time::sleep(Duration::from_micros(100 * round)).await;
                throw_off(&admin, &database, true).await;
            });
            let results = bed.commit_all(commits).await;
            killing.await.unwrap();
            let stored = async |id| loop {
                if let Ok(stored) = bed.db.execution(tenant, id).await {
                    return stored;
                }
            };
            for (loaded, result) in all.iter().zip(&results) {
                let next = loaded.advanced(at(100 + round));
                let now = stored(loaded.execution.id).await.unwrap();
                let written = now == next.execution;
                assert!(written || now == loaded.execution, "neither as it was nor as it was to be");
                assert!(result.is_ok() == written || is_unavailable(result), "{result:?}, written: {written}");
            }
            for ((execution, _), result) in begun.iter().zip(&results[all.len()..]) {
                let written = stored(execution.id).await.is_some();
                assert!(result.is_ok() == written || is_unavailable(result), "{result:?}, written: {written}");
            }
        }
    })
    .await;
}
