//! Taking over rows of datasets in bulk.

use crate::Database;
use crate::error::{DbResult, write_json};
use crate::rows::{Statement, row_set};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use stepwright_app::DataWrite;
use stepwright_app::ports::{ImportCounts, StoreResult};
use stepwright_engine::{RawJson, TenantId, Timestamp};
use uuid::Uuid;

row_set! {
    struct ImportRow<'a> { tenant_id: Uuid, dataset: &'a str, id: &'a str, value: &'a str, at: i64 }
}

static IMPORT: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<ImportRow>(
        "INSERT INTO data_rows (tenant_id, dataset, id, version, value, updated_at)
         SELECT r.tenant_id, r.dataset, r.id, 1, r.value, r.at FROM {rows} WHERE TRUE
         ON CONFLICT (tenant_id, dataset, id) DO UPDATE SET
            version = data_rows.version + 1, value = excluded.value, updated_at = excluded.updated_at
         RETURNING version",
    )
});

/// Rows handed to one statement.
const CHUNK: usize = 1_000;

/// The value as it is stored: a text in it always reads the same, as `serde_json` prints it, and can be searched for.
pub(crate) fn canonical(value: &RawJson) -> StoreResult<Cow<'_, str>> {
    // Only a text with escapes can be spelt in several ways.
    if !value.as_str().contains('\\') {
        return Ok(Cow::Borrowed(value.as_str()));
    }
    match value.read::<serde_json::Value>() {
        Ok(value) => write_json(&value).map(Cow::Owned),
        // A number no `Value` can hold; better found by no search than changed.
        Err(_) => Ok(Cow::Borrowed(value.as_str())),
    }
}

impl Database {
    pub(crate) async fn import(&self, tenant: TenantId, rows: &[DataWrite], at: Timestamp) -> DbResult<ImportCounts> {
        // A statement cannot write a row twice; the last one given stands.
        let mut last: BTreeMap<(&str, &str), Cow<'_, str>> = BTreeMap::new();
        for row in rows {
            last.insert((row.dataset.as_str(), row.id.as_str()), canonical(&row.value)?);
        }
        let set: Vec<ImportRow<'_>> = last
            .iter()
            .map(|((dataset, id), value)| ImportRow { tenant_id: tenant.uuid(), dataset, id, value, at: at.micros() })
            .collect();
        let mut counts = ImportCounts::default();
        let mut conn = self.write(tenant).await?;
        for chunk in set.chunks(CHUNK) {
            let versions: Vec<(i64,)> = IMPORT.fetch(conn.parts(), chunk).await?;
            let inserted = versions.iter().filter(|(version,)| *version == 1).count() as u64;
            counts.inserted += inserted;
            counts.updated += versions.len() as u64 - inserted;
        }
        conn.done().await?;
        Ok(counts)
    }
}
