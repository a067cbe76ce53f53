//! Deleting a tenant with everything it owns.

use crate::Database;
use crate::conn::{Conn, Scope, affected, on};
use crate::error::DbResult;
use crate::plugins::release_component;
use crate::rows::{Statement, row_set};
use crate::tenants::count_change;
use std::sync::LazyLock;
use stepwright_engine::TenantId;
use uuid::Uuid;

/// Executions deleted in one transaction, so that a large tenant does not hold the writer for long.
const CHUNK: i64 = 500;

/// What is deleted by tenant; definitions, keys and the like follow the tenant by foreign key.
const BY_TENANT: [&str; 21] = [
    "DELETE FROM execution_count_changes WHERE tenant_id = $1",
    "DELETE FROM execution_counts WHERE tenant_id = $1",
    "DELETE FROM execution_days WHERE tenant_id = $1",
    "DELETE FROM entities WHERE tenant_id = $1",
    "DELETE FROM entity_audit WHERE tenant_id = $1",
    "DELETE FROM flow_entities WHERE tenant_id = $1",
    "DELETE FROM flow_list WHERE tenant_id = $1",
    "DELETE FROM flow_tasks WHERE tenant_id = $1",
    "DELETE FROM flow_users WHERE tenant_id = $1",
    "DELETE FROM flows_to_list WHERE tenant_id = $1",
    "DELETE FROM record_counts WHERE tenant_id = $1",
    "DELETE FROM record_days WHERE tenant_id = $1",
    "DELETE FROM data_rows WHERE tenant_id = $1",
    "DELETE FROM kv WHERE tenant_id = $1",
    "DELETE FROM mails WHERE tenant_id = $1",
    "DELETE FROM emitted_events WHERE tenant_id = $1",
    "DELETE FROM deliveries WHERE tenant_id = $1",
    "DELETE FROM webhook_events WHERE tenant_id = $1",
    "DELETE FROM idempotency WHERE tenant_id = $1",
    "DELETE FROM usage_days WHERE tenant_id = $1",
    "DELETE FROM tenants WHERE id = $1",
];

row_set! {
    struct GoneRow { id: Uuid }
}

static HISTORY_OF: LazyLock<Statement> =
    LazyLock::new(|| Statement::new::<GoneRow>("DELETE FROM history WHERE execution_id IN (SELECT r.id FROM {rows})"));

static RECORDS_OF: LazyLock<Statement> =
    LazyLock::new(|| Statement::new::<GoneRow>("DELETE FROM records WHERE execution_id IN (SELECT r.id FROM {rows})"));

impl Database {
    pub(crate) async fn delete_both(&self, id: TenantId) -> DbResult<bool> {
        let mut conn = self.read(Scope::Host).await?;
        let paired = on!(conn, |c| sqlx::query_scalar::<_, Uuid>("SELECT paired FROM tenants WHERE id = $1")
            .bind(id.uuid())
            .fetch_optional(c))?;
        conn.done().await?;
        let Some(paired) = paired else { return Ok(false) };
        // The bulk goes piece by piece; should the host die in between, the tenant still stands and is deleted again.
        for tenant in [id.uuid(), paired] {
            let mut more = true;
            while more {
                let mut conn = self.write(Scope::Host).await?;
                more = delete_executions(&mut conn, tenant).await?;
                conn.done().await?;
            }
        }
        let mut conn = self.write(Scope::Host).await?;
        for tenant in [id.uuid(), paired] {
            while delete_executions(&mut conn, tenant).await? {}
            let digests = on!(conn, |c| sqlx::query_scalar::<_, String>(
                "SELECT DISTINCT digest FROM plugins WHERE tenant_id = $1 ORDER BY digest"
            )
            .bind(tenant)
            .fetch_all(c))?;
            for text in BY_TENANT {
                affected!(conn, |c| sqlx::query(text).bind(tenant).execute(c))?;
            }
            for digest in digests {
                release_component(&mut conn, &digest).await?;
            }
        }
        count_change(&mut conn).await?;
        conn.done().await?;
        Ok(true)
    }
}

/// Deletes some executions with their history; whether there were any.
async fn delete_executions(conn: &mut Conn<'_>, tenant: Uuid) -> DbResult<bool> {
    let ids = on!(conn, |c| sqlx::query_scalar::<_, Uuid>(
        "DELETE FROM executions WHERE id IN (
            SELECT id FROM executions WHERE tenant_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2)
         RETURNING id"
    )
    .bind(tenant)
    .bind(CHUNK)
    .fetch_all(c))?;
    let gone: Vec<GoneRow> = ids.into_iter().map(|id| GoneRow { id }).collect();
    HISTORY_OF.execute(conn.parts(), &gone).await?;
    RECORDS_OF.execute(conn.parts(), &gone).await?;
    Ok(!gone.is_empty())
}
