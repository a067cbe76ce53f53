//! Very many records, as fast as the database takes them: rows are copied from those the host has made itself, with
//! other ids, customers, references and times. Through the API a million would take longer than everything else measured.

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use std::path::Path;
use tokio::sync::Mutex;

/// The types of the records, which take turns.
pub(super) const TYPES: [&str; 4] = ["lead", "maintenance", "viewing", "custom"];
/// How what is copied is known by its reference or title.
pub(super) const TEMPLATE: &str = "TEMPLATE";
/// Customers the records are of.
const CUSTOMERS: u64 = 100;
/// Records made on a day; the first ones are the newest.
const A_DAY: u64 = 10_000;
/// Rows of a transaction.
const CHUNK: u64 = 50_000;

/// The nth customer.
pub(super) fn customer(n: u64) -> String {
    format!("160c0c4b-9966-4dc1-a916-{:012x}", n % CUSTOMERS)
}

/// The nth record's reference.
pub(super) fn reference(n: u64) -> String {
    format!("R-{n}")
}

/// The database of a running host.
pub(super) enum Filled {
    Sqlite(Mutex<SqliteConnection>),
    Postgres(Mutex<PgConnection>),
}

/// What differs between the databases: the numbers of a chunk, an id from a number (of 12 digits), its bytes.
struct Words {
    numbers: &'static str,
    id_text: &'static str,
    id: &'static str,
    customer_text: &'static str,
    customer: &'static str,
}

const SQLITE: Words = Words {
    numbers: "WITH RECURSIVE numbers(n) AS (SELECT FROM_N UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < TO_N)",
    id_text: "'01990000-0000-7000-8000-' || printf('%012x', n)",
    id: "unhex('01990000000070008000' || printf('%012x', n))",
    customer_text: "'160c0c4b-9966-4dc1-a916-' || printf('%012x', n % 100)",
    customer: "unhex('160c0c4b99664dc1a916' || printf('%012x', n % 100))",
};

const POSTGRES: Words = Words {
    numbers: "WITH numbers AS (SELECT generate_series(FROM_N::bigint, TO_N::bigint - 1) AS n)",
    id_text: "'01990000-0000-7000-8000-' || lpad(to_hex(n), 12, '0')",
    id: "('01990000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid",
    customer_text: "'160c0c4b-9966-4dc1-a916-' || lpad(to_hex(n % 100), 12, '0')",
    customer: "('160c0c4b-9966-4dc1-a916-' || lpad(to_hex(n % 100), 12, '0'))::uuid",
};

/// Every tenth is of another API, every tenth of the records is paused. A record is its template's with these places
/// filled in; its time is the template's, and as much earlier as its number says.
const STATEMENTS: [&str; 8] = [
    // What is copied, with the bytes of its id as they stand in its document.
    "CREATE TEMPORARY TABLE IF NOT EXISTS copied AS
        SELECT e.*, r.workflow_type, r.instance_id, r.status AS record_status, r.reference AS known_by
        FROM executions e LEFT JOIN records r ON r.execution_id = e.id
        WHERE r.reference LIKE 'TEMPLATE%' OR e.title = 'TEMPLATE'",
    "INSERT INTO executions (id, tenant_id, definition_id, definition_version, dialect, kind, title, status, version,
        doc, created_at, updated_at, ended_at, entity_schema, entity_id, started_at)
     NUMBERS SELECT ID, c.tenant_id, c.definition_id, c.definition_version, c.dialect, c.kind, c.title, c.status,
        c.version, replace(replace(replace(c.doc, DOC_ID, ID_TEXT), '160c0c4b-9966-4dc1-a916-000000000000',
            CUSTOMER_TEXT), COALESCE(c.known_by, 'TEMPLATE-'), 'R-' || n),
        c.created_at - AGO, c.updated_at - AGO, c.ended_at - AGO, c.entity_schema,
        CASE WHEN c.known_by IS NULL THEN c.entity_id ELSE CUSTOMER_TEXT END, c.started_at - AGO
     FROM numbers JOIN copied c ON KIND",
    "INSERT INTO records (execution_id, tenant_id, instance_id, workflow_type, status, customer_id, reference,
        created_at, suspended_at)
     NUMBERS SELECT ID, c.tenant_id, c.instance_id, c.workflow_type, c.record_status, CUSTOMER, 'R-' || n,
        c.created_at - AGO, NULL
     FROM numbers JOIN copied c ON KIND WHERE c.known_by IS NOT NULL",
    "INSERT INTO record_counts (tenant_id, family, customer_id, instance_id, workflow_type, status, shard, n)
     NUMBERS SELECT c.tenant_id, 0, NOBODY, c.instance_id, c.workflow_type, c.record_status, 0, COUNT(*)
     FROM numbers JOIN copied c ON KIND WHERE c.known_by IS NOT NULL GROUP BY 1, 4, 5, 6
     ON CONFLICT (tenant_id, family, customer_id, instance_id, workflow_type, status, shard)
     DO UPDATE SET n = record_counts.n + excluded.n",
    "INSERT INTO record_counts (tenant_id, family, customer_id, instance_id, workflow_type, status, shard, n)
     NUMBERS SELECT c.tenant_id, 1, CUSTOMER, c.instance_id, c.workflow_type, c.record_status, 0, COUNT(*)
     FROM numbers JOIN copied c ON KIND WHERE c.known_by IS NOT NULL GROUP BY 1, 3, 4, 5, 6
     ON CONFLICT (tenant_id, family, customer_id, instance_id, workflow_type, status, shard)
     DO UPDATE SET n = record_counts.n + excluded.n",
    "INSERT INTO record_days (tenant_id, instance_id, workflow_type, status, day, shard, n)
     NUMBERS SELECT c.tenant_id, NOBODY, c.workflow_type, c.record_status, (c.created_at - AGO) / 86400000000, 0,
        COUNT(*)
     FROM numbers JOIN copied c ON KIND WHERE c.known_by IS NOT NULL GROUP BY 1, 3, 4, 5
     ON CONFLICT (tenant_id, instance_id, workflow_type, status, day, shard)
     DO UPDATE SET n = record_days.n + excluded.n",
    "INSERT INTO record_days (tenant_id, instance_id, workflow_type, status, day, shard, n)
     NUMBERS SELECT c.tenant_id, c.instance_id, c.workflow_type, c.record_status,
        (c.created_at - AGO) / 86400000000, 0, COUNT(*)
     FROM numbers JOIN copied c ON KIND WHERE c.known_by IS NOT NULL GROUP BY 1, 2, 3, 4, 5
     ON CONFLICT (tenant_id, instance_id, workflow_type, status, day, shard)
     DO UPDATE SET n = record_days.n + excluded.n",
    "INSERT INTO history (execution_id, seq, tenant_id, doc)
     NUMBERS SELECT ID, h.seq, h.tenant_id, h.doc
     FROM numbers JOIN copied c ON KIND JOIN history h ON h.execution_id = c.id",
];

/// Which template the nth is copied from.
const KIND: &str = "CASE WHEN n % 10 = 9 THEN c.known_by IS NULL ELSE c.known_by = 'TEMPLATE-' ||
    CASE n % 4 WHEN 0 THEN 'lead' WHEN 1 THEN 'maintenance' WHEN 2 THEN 'viewing' ELSE 'custom' END ||
    CASE WHEN n % 10 = 0 THEN '-true' ELSE '-false' END END";

impl Filled {
    /// The database of the host whose data lies in `dir`, or that is on PostgreSQL.
    pub(super) async fn open(dir: &Path, postgres: Option<&str>) -> Result<Self> {
        if let Some(url) = postgres {
            return Ok(Self::Postgres(Mutex::new(PgConnection::connect(url).await?)));
        }
        let file = std::fs::read_dir(dir)?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|ext| ext == "db"))
            .context("the host's database file")?;
        let mut connection = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await?;
        let settings = "PRAGMA busy_timeout = 60000; PRAGMA synchronous = OFF; PRAGMA cache_size = -400000";
        sqlx::raw_sql(settings).execute(&mut connection).await?;
        Ok(Self::Sqlite(Mutex::new(connection)))
    }

    /// Makes the records from one number up to another.
    pub(super) async fn fill(&self, from: u64, to: u64) -> Result<()> {
        for start in (from..to).step_by(CHUNK as usize) {
            self.run(start, (start + CHUNK).min(to)).await?;
        }
        match self {
            Self::Sqlite(_) => Ok(()),
            // As the database does by itself, later.
            Self::Postgres(_) => self.execute("VACUUM ANALYZE").await,
        }
    }

    async fn run(&self, from: u64, to: u64) -> Result<()> {
        let (words, nobody, doc_id) = match self {
            Self::Sqlite(_) => (
                &SQLITE,
                "zeroblob(16)",
                "lower(printf('%s-%s-%s-%s-%s', substr(hex(c.id), 1, 8), substr(hex(c.id), 9, 4), \
                 substr(hex(c.id), 13, 4), substr(hex(c.id), 17, 4), substr(hex(c.id), 21)))",
            ),
            Self::Postgres(_) => (&POSTGRES, "'00000000-0000-0000-0000-000000000000'::uuid", "c.id::text"),
        };
        let (from, to) = (from.to_string(), to.to_string());
        let mut texts = vec!["BEGIN".to_owned()];
        for statement in STATEMENTS {
            texts.push(
                statement
                    .replace("KIND", KIND)
                    .replace("NUMBERS", words.numbers)
                    .replace("FROM_N", &from)
                    .replace("TO_N", &to)
                    .replace("DOC_ID", doc_id)
                    .replace("ID_TEXT", words.id_text)
                    .replace("CUSTOMER_TEXT", words.customer_text)
                    .replace("CUSTOMER", words.customer)
                    .replace("NOBODY", nobody)
                    .replace("AGO", &format!("n * {}", 86_400_000_000 / A_DAY))
                    .replace(" ID,", &format!(" {},", words.id)),
            );
        }
        texts.push("COMMIT".to_owned());
        self.execute(&texts.join(";\n")).await
    }

    async fn execute(&self, text: &str) -> Result<()> {
        let text = AssertSqlSafe(text.to_owned());
        match self {
            Self::Sqlite(connection) => sqlx::raw_sql(text).execute(&mut *connection.lock().await).await.map(drop),
            Self::Postgres(connection) => sqlx::raw_sql(text).execute(&mut *connection.lock().await).await.map(drop),
        }
        .context("filling the database")
    }
}
