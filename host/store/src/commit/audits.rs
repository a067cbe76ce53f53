//! What has been done to entities.

use super::prepared::Prepared;
use crate::conn::Conn;
use crate::error::{DbResult, stored, write_json};
use crate::rows::{Statement, row_set};
use std::sync::LazyLock;
use uuid::Uuid;

row_set! {
    struct AuditRow<'a> {
        id: Uuid,
        tenant_id: Uuid,
        schema_name: &'a str,
        entity_id: &'a str,
        version: i64,
        doc: &'a str,
        at: i64,
    }
}

static AUDITS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<AuditRow>(
        "INSERT INTO entity_audit (id, tenant_id, schema_name, entity_id, version, doc, created_at)
         SELECT r.id, r.tenant_id, r.schema_name, r.entity_id, r.version, r.doc, r.at FROM {rows}",
    )
});

/// Writes all of them.
pub(super) async fn write(going: &[&Prepared], conn: &mut Conn<'_>) -> DbResult<()> {
    let audits = || going.iter().flat_map(|p| p.commit.effects.audits.iter().map(|audit| (&p.commit, audit)));
    let mut docs = Vec::new();
    for (_, audit) in audits() {
        docs.push(write_json(audit)?);
    }
    let rows: Vec<AuditRow<'_>> = audits()
        .zip(&docs)
        .map(|((commit, audit), doc)| AuditRow {
            id: audit.id,
            tenant_id: commit.tenant_id.uuid(),
            schema_name: &audit.schema,
            entity_id: &audit.entity,
            version: stored(audit.version),
            doc,
            at: audit.at.micros(),
        })
        .collect();
    AUDITS.execute(conn.parts(), &rows).await?;
    Ok(())
}
