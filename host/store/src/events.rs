//! Events emitted inside a tenant that nobody has looked at yet.

use crate::Database;
use crate::conn::{Scope, on};
use crate::error::{broken, read_int};
use async_trait::async_trait;
use sqlx::FromRow;
use stepwright_app::Emitted;
use stepwright_app::ports::{EventStore, StoreResult};
use stepwright_engine::{EmittedEventId, ExecutionId, RawJson, TenantId};
use uuid::Uuid;

#[derive(FromRow)]
struct EventRow {
    id: Uuid,
    tenant_id: Uuid,
    kind: String,
    data: String,
    source: Uuid,
    depth: i64,
}

impl EventRow {
    fn read(self) -> StoreResult<(TenantId, Emitted)> {
        let data = RawJson::parse_text(self.data).map_err(|e| broken("emitted_events", "data", &self.id, &e))?;
        let emitted = Emitted {
            id: EmittedEventId::from_uuid(self.id),
            kind: self.kind,
            data,
            source: ExecutionId::from_uuid(self.source),
            depth: read_int("emitted_events", "depth", &self.id, self.depth)?,
        };
        Ok((TenantId::from_uuid(self.tenant_id), emitted))
    }
}

#[async_trait]
impl EventStore for Database {
    async fn unhandled_events(&self, limit: u32) -> StoreResult<Vec<(TenantId, Emitted)>> {
        let mut conn = self.read(Scope::Host).await?;
        let rows = on!(conn, |c| sqlx::query_as::<_, EventRow>(
            "SELECT id, tenant_id, kind, data, source, depth FROM emitted_events ORDER BY created_at, id LIMIT $1"
        )
        .bind(i64::from(limit))
        .fetch_all(c))?;
        conn.done().await?;
        rows.into_iter().map(EventRow::read).collect()
    }
}
