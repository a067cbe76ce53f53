//! PostgreSQL databases for single tests.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::sync::atomic::{AtomicU32, Ordering};

/// Said by `cargo xtask test` when there is no PostgreSQL.
const NONE: &str = "STEPWRIGHT_TEST_NO_POSTGRES";
const URL: &str = "STEPWRIGHT_TEST_DATABASE_URL";
const DEFAULT_URL: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// An empty database. Left behind when the test fails, dropped by [`Self::drop_it`].
pub struct Scratch {
    admin: String,
    name: String,
    pub url: String,
}

impl Scratch {
    /// Makes one; nothing where there is no PostgreSQL, which is said aloud.
    #[expect(clippy::print_stdout, reason = "a test that does not run must say so")]
    pub async fn create() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if std::env::var(NONE).is_ok_and(|value| value == "1") {
            println!("SKIPPED: {NONE}=1, so nothing of this test has run");
            return None;
        }
        let admin = std::env::var(URL).unwrap_or_else(|_| DEFAULT_URL.to_owned());
        let name = format!("stepwright_it_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let (server, _) = admin.rsplit_once('/').expect("a database in the URL");
        let url = format!("{server}/{name}");
        let scratch = Self { admin, name, url };
        scratch.run(&format!("CREATE DATABASE {}", scratch.name)).await;
        Some(scratch)
    }

    async fn run(&self, statement: &str) {
        let mut connection = PgConnection::connect(&self.admin).await.expect("PostgreSQL");
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.expect(statement);
    }

    /// Throws everybody out and lets nobody in.
    pub async fn close_down(&self) {
        self.run(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", self.name)).await;
        let name = &self.name;
        self.run(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")).await;
    }

    /// Lets them in again.
    pub async fn open_up(&self) {
        self.run(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", self.name)).await;
    }

    /// Drops it, whoever is still connected.
    pub async fn drop_it(self) {
        self.run(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}
