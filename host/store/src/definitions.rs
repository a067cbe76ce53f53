//! Definitions and their versions.

use crate::Database;
use crate::conn::{Conn, affected, on};
use crate::error::{DbResult, QueryResult as _, read_json, write_json};
use crate::executions::status_list;
use crate::paging::Page;
use crate::tenants::count_change;
use async_trait::async_trait;
use stepwright_app::ports::{DefinitionFilter, DefinitionStore, StoreResult};
use stepwright_app::{Listed, Paging};
use stepwright_engine::decision::Test;
use stepwright_engine::{Definition, DefinitionId, Dialect, NodeKind, TenantId, Timestamp, Trigger};
use uuid::Uuid;

fn read((id, doc): (Uuid, String)) -> StoreResult<Definition> {
    read_json("definitions", "doc", &id, &doc)
}

fn event_kind(definition: &Definition) -> Option<&str> {
    match &definition.trigger {
        Trigger::Event { event } => Some(event),
        Trigger::Manual | Trigger::Schedule { .. } => None,
    }
}

/// The trigger that matches every event of this one's kind: `deal.*` for `deal.updated`.
fn every_of(kind: &str) -> String {
    let kind = kind.rsplit_once('.').map_or(kind, |(kind, _)| kind);
    format!("{kind}.*")
}

async fn insert_version(conn: &mut Conn<'_>, definition: &Definition, doc: &str) -> DbResult<()> {
    affected!(conn, |c| sqlx::query(
        "INSERT INTO definition_versions (definition_id, version, tenant_id, doc) VALUES ($1, $2, $3, $4)"
    )
    .bind(definition.id.uuid())
    .bind(i64::from(definition.version))
    .bind(definition.tenant_id.uuid())
    .bind(doc)
    .execute(c))?;
    Ok(())
}

#[async_trait]
impl DefinitionStore for Database {
    async fn insert_definition(&self, definition: &Definition, next_tick: Option<Timestamp>) -> StoreResult<()> {
        let doc = write_json(definition)?;
        let mut conn = self.write(definition.tenant_id).await?;
        affected!(conn, |c| sqlx::query(
            "INSERT INTO definitions
                (id, tenant_id, dialect, status, version, event_kind, next_tick, doc, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
        )
        .bind(definition.id.uuid())
        .bind(definition.tenant_id.uuid())
        .bind(definition.dialect.as_str())
        .bind(definition.status.as_str())
        .bind(i64::from(definition.version))
        .bind(event_kind(definition))
        .bind(next_tick.map(Timestamp::micros))
        .bind(&doc)
        .bind(definition.created_at.micros())
        .execute(c))
        .or_duplicate("definition")?;
        insert_version(&mut conn, definition, &doc).await?;
        if event_kind(definition).is_some() {
            count_change(&mut conn).await?;
        }
        Ok(conn.done().await?)
    }

    async fn update_definition(&self, definition: &Definition, next_tick: Option<Timestamp>) -> StoreResult<bool> {
        let doc = write_json(definition)?;
        let mut conn = self.write(definition.tenant_id).await?;
        let updated = affected!(conn, |c| sqlx::query(
            "UPDATE definitions SET status = $3, version = $4, event_kind = $5, next_tick = $6, doc = $7
             WHERE id = $1 AND tenant_id = $2 AND version = $4 - 1 AND deleted_at IS NULL"
        )
        .bind(definition.id.uuid())
        .bind(definition.tenant_id.uuid())
        .bind(definition.status.as_str())
        .bind(i64::from(definition.version))
        .bind(event_kind(definition))
        .bind(next_tick.map(Timestamp::micros))
        .bind(&doc)
        .execute(c))?;
        if updated == 0 {
            conn.undo().await?;
            return Ok(false);
        }
        insert_version(&mut conn, definition, &doc).await?;
        count_change(&mut conn).await?;
        conn.done().await?;
        Ok(true)
    }

    async fn delete_definition(&self, tenant: TenantId, id: DefinitionId, at: Timestamp) -> StoreResult<bool> {
        let mut conn = self.write(tenant).await?;
        let deleted = affected!(conn, |c| sqlx::query(
            "UPDATE definitions SET deleted_at = $3, next_tick = NULL, event_kind = NULL
             WHERE id = $1 AND tenant_id = $2 AND deleted_at IS NULL"
        )
        .bind(id.uuid())
        .bind(tenant.uuid())
        .bind(at.micros())
        .execute(c))?;
        count_change(&mut conn).await?;
        conn.done().await?;
        Ok(deleted > 0)
    }

    async fn definition(&self, tenant: TenantId, id: DefinitionId) -> StoreResult<Option<Definition>> {
        let mut conn = self.read(tenant).await?;
        let row = on!(conn, |c| sqlx::query_as(
            "SELECT id, doc FROM definitions WHERE id = $1 AND tenant_id = $2 AND deleted_at IS NULL"
        )
        .bind(id.uuid())
        .bind(tenant.uuid())
        .fetch_optional(c))?;
        conn.done().await?;
        row.map(read).transpose()
    }

    async fn definition_version(
        &self,
        tenant: TenantId,
        id: DefinitionId,
        version: u32,
    ) -> StoreResult<Option<Definition>> {
        let mut conn = self.read(tenant).await?;
        let row = on!(conn, |c| sqlx::query_as(
            "SELECT definition_id, doc FROM definition_versions
             WHERE definition_id = $1 AND version = $2 AND tenant_id = $3"
        )
        .bind(id.uuid())
        .bind(i64::from(version))
        .bind(tenant.uuid())
        .fetch_optional(c))?;
        conn.done().await?;
        row.map(read).transpose()
    }

    async fn definitions(
        &self,
        tenant: TenantId,
        filter: &DefinitionFilter,
        page: Paging,
    ) -> StoreResult<Listed<Definition>> {
        let at = Page::from(page);
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| sqlx::query_as(
            "SELECT id, doc FROM definitions WHERE tenant_id = $1 AND (created_at, id) < ($2, $3)
             AND deleted_at IS NULL AND ($6 IS NULL OR dialect = $6) AND ($7 = '' OR $7 LIKE '%,' || status || ',%')
             ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5"
        )
        .bind(tenant.uuid())
        .bind(at.at)
        .bind(at.id)
        .bind(at.fetch)
        .bind(at.offset)
        .bind(filter.dialect.map(Dialect::as_str))
        .bind(status_list(&filter.statuses))
        .fetch_all(c))?;
        conn.done().await?;
        let items = rows.into_iter().map(read).collect::<StoreResult<_>>()?;
        Ok(Listed::cut(items, at.limit))
    }

    async fn definitions_for_event(&self, tenant: TenantId, kind: &str) -> StoreResult<Vec<Definition>> {
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| sqlx::query_as(
            // Sorted by an expression: the index of all definitions in this order must not seem the better one.
            "SELECT id, doc FROM definitions
             WHERE tenant_id = $1 AND event_kind IS NOT NULL AND event_kind IN ($2, $3) AND status = 'active'
             AND deleted_at IS NULL ORDER BY COALESCE(created_at, 0), id"
        )
        .bind(tenant.uuid())
        .bind(kind)
        .bind(every_of(kind))
        .fetch_all(c))?;
        conn.done().await?;
        rows.into_iter().map(read).collect()
    }

    async fn event_triggers(&self, tenant: TenantId) -> StoreResult<Vec<String>> {
        let mut conn = self.read(tenant).await?;
        let kinds = on!(conn, |c| sqlx::query_scalar::<_, String>(
            "SELECT DISTINCT event_kind FROM definitions
             WHERE tenant_id = $1 AND event_kind IS NOT NULL AND status = 'active' AND deleted_at IS NULL"
        )
        .bind(tenant.uuid())
        .fetch_all(c))?;
        conn.done().await?;
        Ok(kinds)
    }

    async fn names_plugin(&self, tenant: TenantId, plugin: &str, version: &str) -> StoreResult<bool> {
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| {
            sqlx::query_as(
                "SELECT id, doc FROM definitions
                 WHERE tenant_id = $1 AND deleted_at IS NULL AND (doc LIKE '%\"plugin\":%' OR doc LIKE '%\"component\":%')",
            )
            .bind(tenant.uuid())
            .fetch_all(c)
        })?;
        conn.done().await?;
        for row in rows {
            let names = read(row)?.graph.nodes.iter().any(|node| match &node.kind {
                NodeKind::Step { step, .. } => {
                    step.plugin == plugin && step.version.as_deref().is_none_or(|asked| asked == version)
                }
                NodeKind::Decision(decision) => {
                    let tests = decision.branches.iter().flat_map(|branch| &branch.tests);
                    tests.into_iter().any(|test| match test {
                        Test::Custom(custom) => custom.component.rsplit_once('/').is_some_and(|(p, _)| p == plugin),
                        Test::Compare { .. } => false,
                    })
                }
                NodeKind::Manual => false,
            });
            if names {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
