//! Which entities flows are about.

use super::listings::{DROP_ENTITIES, FlowRow};
use super::prepared::Prepared;
use crate::conn::Conn;
use crate::error::DbResult;
use crate::rows::{Statement, row_set};
use std::sync::LazyLock;
use uuid::Uuid;

row_set! {
    struct ContextRow<'a> {
        tenant_id: Uuid,
        entity_id: &'a str,
        schema_name: &'a str,
        execution_id: Uuid,
        started: i64,
    }
}

static KEEP: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<ContextRow>(
        "INSERT INTO flow_entities (tenant_id, entity_id, schema_name, execution_id, started)
         SELECT r.tenant_id, r.entity_id, r.schema_name, r.execution_id, r.started FROM {rows} WHERE TRUE
         ON CONFLICT DO NOTHING",
    )
});

/// Replaces what is known of every flow that is started or whose contexts have changed.
pub(super) async fn write(going: &[&Prepared], conn: &mut Conn<'_>) -> DbResult<()> {
    let changed = || going.iter().flat_map(|p| p.commit.effects.contexts.iter().map(|flow| (&p.commit, flow)));
    let flows: Vec<FlowRow> = changed().map(|(_, flow)| FlowRow { execution_id: flow.execution.uuid() }).collect();
    if flows.is_empty() {
        return Ok(());
    }
    let mut rows: Vec<ContextRow<'_>> = changed()
        .flat_map(|(commit, flow)| {
            flow.entities.iter().map(|entity| ContextRow {
                tenant_id: commit.tenant_id.uuid(),
                entity_id: &entity.id,
                schema_name: &entity.schema,
                execution_id: flow.execution.uuid(),
                started: flow.started.nanos(),
            })
        })
        .collect();
    rows.sort_unstable_by_key(|row| (row.tenant_id, row.entity_id, row.schema_name, row.execution_id));
    DROP_ENTITIES.execute(conn.parts(), &flows).await?;
    KEEP.execute(conn.parts(), &rows).await?;
    Ok(())
}
