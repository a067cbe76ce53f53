//! Flows of which nothing is to be left, removed by the commit of their last transition.

use super::prepared::Prepared;
use crate::conn::Conn;
use crate::error::DbResult;
use crate::rows::{Statement, row_set};
use std::sync::LazyLock;
use uuid::Uuid;

row_set! {
    struct GoneRow { execution_id: Uuid }
}

macro_rules! forget {
    ($($name:ident: $table:literal, $id:literal;)+) => {$(
        static $name: LazyLock<Statement> = LazyLock::new(|| {
            Statement::new::<GoneRow>(concat!(
                "DELETE FROM ", $table, " WHERE ", $id, " IN (SELECT r.execution_id FROM {rows})"
            ))
        });
    )+};
}

forget! {
    EXECUTIONS: "executions", "id";
    HISTORY: "history", "execution_id";
    ENTITIES: "flow_entities", "execution_id";
    LIST: "flow_list", "execution_id";
    TASKS: "flow_tasks", "execution_id";
    USERS: "flow_users", "execution_id";
    TO_LIST: "flows_to_list", "execution_id";
}

row_set! {
    struct MemoryRow<'a> { tenant_id: Uuid, plugin: &'a str, scope_id: Uuid }
}

static MEMORY: LazyLock<Statement> = LazyLock::new(|| {
    Statement::new::<MemoryRow>(
        "DELETE FROM kv WHERE (tenant_id, plugin, scope_kind, scope_id) IN (
            SELECT r.tenant_id, r.plugin, 'execution', r.scope_id FROM {rows})",
    )
});

/// Removes them. Their executions' rows are held by this transaction, which has just written them; runs of agents go
/// with them by foreign key.
pub(super) async fn write(going: &[&Prepared], conn: &mut Conn<'_>) -> DbResult<()> {
    let erased = || going.iter().flat_map(|p| p.commit.effects.erased.iter().map(|gone| (p.commit.tenant_id, gone)));
    let rows: Vec<GoneRow> = erased().map(|(_, gone)| GoneRow { execution_id: gone.execution.uuid() }).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let memory: Vec<MemoryRow<'_>> = erased()
        .flat_map(|(tenant, gone)| {
            let row = move |plugin| MemoryRow { tenant_id: tenant.uuid(), plugin, scope_id: gone.execution.uuid() };
            gone.plugins.iter().map(String::as_str).map(row)
        })
        .collect();
    for statement in [&HISTORY, &ENTITIES, &LIST, &TASKS, &USERS, &TO_LIST, &EXECUTIONS] {
        statement.execute(conn.parts(), &rows).await?;
    }
    MEMORY.execute(conn.parts(), &memory).await?;
    Ok(())
}
