//! Where the databases come from, and where they go.

use super::Bed;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, SqliteConnection};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::OnceCell;

/// An administrator's URL of a PostgreSQL server, on which every test makes a database of its own.
const URL: &str = "STEPWRIGHT_TEST_DATABASE_URL";
/// Says that there is no PostgreSQL here.
const NONE: &str = "STEPWRIGHT_TEST_NO_POSTGRES";
const DEFAULT_URL: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// Runs a body on a fresh SQLite file.
pub async fn on_sqlite<F: Future<Output = ()> + Send + 'static>(body: impl FnOnce(Bed) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let bed = Bed::open(format!("sqlite://{}/store.db", folder.path().display())).await;
    let db = bed.db.clone();
    let ended = tokio::spawn(body(bed)).await;
    db.close().await;
    resume(ended);
}

/// The administrator's URL, or nothing when PostgreSQL is left out on purpose.
pub fn postgres_admin() -> Option<String> {
    if std::env::var(NONE).is_ok_and(|value| value == "1") {
        println!("SKIPPED: {NONE}=1, so nothing of this test has run against PostgreSQL");
        return None;
    }
    Some(std::env::var(URL).unwrap_or_else(|_| DEFAULT_URL.to_owned()))
}

/// Runs a body on a fresh, migrated PostgreSQL database, which is dropped afterwards, also when the body panics.
pub async fn on_postgres<F: Future<Output = ()> + Send + 'static>(body: impl FnOnce(Bed) -> F) {
    let Some(mut admin) = Admin::connect().await else { return };
    let template = admin.template().await;
    admin.lend(template, async |url| Bed::open(url).await, body).await;
}

/// Runs a body on the URL of a PostgreSQL database without a table.
pub async fn on_empty_postgres<F: Future<Output = ()> + Send + 'static>(body: impl FnOnce(String) -> F) {
    let Some(mut admin) = Admin::connect().await else { return };
    admin.lend("template0", async |url| url, body).await;
}

/// A session that may make databases.
struct Admin {
    options: PgConnectOptions,
    connection: PgConnection,
}

impl Admin {
    async fn connect() -> Option<Self> {
        let url = postgres_admin()?;
        let options: PgConnectOptions = url.parse().unwrap();
        let connection = options
            .connect()
            .await
            .unwrap_or_else(|error| panic!("no PostgreSQL at {url} ({error}); set {URL}, or {NONE}=1 to leave it out"));
        Some(Self { options, connection })
    }

    async fn run(&mut self, text: String) {
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut self.connection).await.unwrap();
    }

    fn url(&self, name: &str) -> String {
        self.options.clone().database(name).to_url_lossy().to_string()
    }

    async fn lend<T, F: Future<Output = ()> + Send + 'static>(
        &mut self,
        template: &str,
        open: impl AsyncFnOnce(String) -> T,
        body: impl FnOnce(T) -> F,
    ) {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("stepwright_test_{}_{}", process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        self.run(format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        let ended = tokio::spawn(body(open(self.url(&name)).await)).await;
        self.run(format!("DROP DATABASE {name} WITH (FORCE)")).await;
        self.run(format!("DROP ROLE IF EXISTS {name}_user")).await;
        resume(ended);
    }

    /// A database with every migration applied, which each test's is a copy of: migrating anew takes longer than most
    /// tests. It is made once per set of migrations and stays for the next run.
    async fn template(&mut self) -> &'static str {
        static NAME: OnceCell<String> = OnceCell::const_new();
        NAME.get_or_init(async || self.make_template().await).await
    }

    async fn make_template(&mut self) -> String {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/postgres");
        let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let mut hash = DefaultHasher::new();
        files.iter().for_each(|file| std::fs::read(file).unwrap().hash(&mut hash));
        let name = format!("stepwright_template_{:x}", hash.finish());
        // Test binaries that run at the same time wait for the one that makes it.
        self.run("SELECT pg_advisory_lock(7243)".into()).await;
        let known: Vec<String> =
            sqlx::query_scalar("SELECT datname::text FROM pg_database").fetch_all(&mut self.connection).await.unwrap();
        if !known.contains(&name) {
            for old in known.iter().filter(|name| name.starts_with("stepwright_template_")) {
                self.run(format!("DROP DATABASE {old} WITH (FORCE)")).await;
            }
            let making = format!("{name}_making");
            self.run(format!("CREATE DATABASE {making}")).await;
            Bed::open(self.url(&making)).await.db.close().await;
            self.run(format!("ALTER DATABASE {making} RENAME TO {name}")).await;
        }
        self.run("SELECT pg_advisory_unlock(7243)".into()).await;
        name
    }
}

fn resume(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        std::panic::resume_unwind(error.into_panic());
    }
}

impl Bed {
    /// The number of rows of a table, past every policy.
    pub async fn count(&self, table: &str) -> i64 {
        let text = AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        if self.url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(text).fetch_one(&mut connection).await.unwrap()
        } else {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            sqlx::query_scalar(text).fetch_one(&mut connection).await.unwrap()
        }
    }

    /// Has the database count what it has, so that it plans as it would for so many rows.
    pub async fn analyze(&self) {
        if self.url.starts_with("sqlite:") {
            let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::query("ANALYZE").execute(&mut connection).await.unwrap();
        } else {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            sqlx::query("VACUUM ANALYZE").execute(&mut connection).await.unwrap();
        }
    }

    /// The number of transactions that have written something.
    pub async fn transactions(&self) -> u64 {
        if let Some(path) = self.url.strip_prefix("sqlite://") {
            committed_frames(&std::fs::read(format!("{path}-wal")).unwrap())
        } else {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            let next: i64 = sqlx::query_scalar("SELECT txid_snapshot_xmax(txid_current_snapshot())")
                .fetch_one(&mut connection)
                .await
                .unwrap();
            u64::try_from(next).unwrap()
        }
    }

    /// The PostgreSQL database's name.
    pub fn database(&self) -> String {
        let options: PgConnectOptions = self.url.parse().unwrap();
        options.get_database().unwrap().to_owned()
    }
}

/// The same database's URL for a new user who is no administrator, made with the clauses given.
pub async fn plain_user(url: &str, clauses: &str) -> String {
    let options: PgConnectOptions = url.parse().unwrap();
    let user = format!("{}_user", options.get_database().unwrap());
    let mut connection = options.connect().await.unwrap();
    let text = format!("CREATE ROLE {user} LOGIN PASSWORD 'plain' {clauses}");
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    options.username(&user).password("plain").to_url_lossy().to_string()
}

/// Frames of a write-ahead log that end a transaction (source: sqlite.org/fileformat2.html 4.1, 4.2).
fn committed_frames(log: &[u8]) -> u64 {
    let word = |at: usize| log.get(at..at + 4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]));
    let (Some(page), Some(salt)) = (word(8), log.get(16..24)) else { return 0 };
    let mut count = 0;
    let mut at = 32;
    while let (Some(size), Some(own)) = (word(at + 4), log.get(at + 8..at + 16)) {
        count += u64::from(own == salt && size != 0);
        at += 24 + page as usize;
    }
    count
}
