//! Published plugin versions, what is switched on, and the component bytes.

use crate::Database;
use crate::conn::{Conn, Scope, affected, on};
use crate::error::{DbResult, QueryResult as _, broken, read_json, stored, write_json};
use crate::tenants::count_change;
use async_trait::async_trait;
use sqlx::FromRow;
use stepwright_app::ports::{PluginStore, StoreError, StoreResult};
use stepwright_app::{ComponentInfo, Enablement, Listed, Paging, Plugin};
use stepwright_engine::{TenantId, Timestamp};
use uuid::Uuid;

#[derive(FromRow)]
struct PluginRow {
    tenant_id: Uuid,
    name: String,
    info: String,
    published_at: i64,
}

impl TryFrom<PluginRow> for Plugin {
    type Error = StoreError;

    fn try_from(row: PluginRow) -> StoreResult<Self> {
        Ok(Self {
            tenant_id: TenantId::from_uuid(row.tenant_id),
            info: read_json("plugins", "info", &row.name, &row.info)?,
            published_at: Timestamp::from_micros(row.published_at),
        })
    }
}

/// A plugin version's place in a list: the first half of its digest.
fn place(info: &ComponentInfo) -> StoreResult<Uuid> {
    info.digest
        .get(..32)
        .and_then(|half| Uuid::try_parse(half).ok())
        .ok_or_else(|| broken("plugins", "digest", &info.name, &"not a hex SHA-256"))
}

/// Deletes component bytes unless a plugin of some tenant refers to them.
pub(crate) async fn release_component(conn: &mut Conn<'_>, digest: &str) -> DbResult<()> {
    // Locks the row against a publication of the same bytes, which locks it too; the next statement sees its outcome.
    affected!(conn, |c| sqlx::query("UPDATE components SET size = size WHERE digest = $1").bind(digest).execute(c))?;
    affected!(conn, |c| sqlx::query(
        "DELETE FROM components WHERE digest = $1 AND NOT EXISTS (SELECT 1 FROM plugins WHERE digest = $1)"
    )
    .bind(digest)
    .execute(c))?;
    Ok(())
}

#[async_trait]
impl PluginStore for Database {
    async fn insert_plugin(&self, plugin: &Plugin, bytes: &[u8]) -> StoreResult<()> {
        let info = write_json(&plugin.info)?;
        let id = place(&plugin.info)?;
        // Other tenants' plugins may hold the same bytes, so this is the host's work.
        let mut conn = self.write(Scope::Host).await?;
        affected!(conn, |c| sqlx::query(
            "INSERT INTO components (digest, size, bytes) VALUES ($1, $2, $3)
             ON CONFLICT (digest) DO UPDATE SET size = excluded.size"
        )
        .bind(&plugin.info.digest)
        .bind(stored(bytes.len() as u64))
        .bind(bytes)
        .execute(c))?;
        affected!(conn, |c| sqlx::query(
            "INSERT INTO plugins (tenant_id, name, version, id, digest, info, published_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)"
        )
        .bind(plugin.tenant_id.uuid())
        .bind(&plugin.info.name)
        .bind(&plugin.info.version)
        .bind(id)
        .bind(&plugin.info.digest)
        .bind(&info)
        .bind(plugin.published_at.micros())
        .execute(c))
        .or_duplicate("plugin version")?;
        count_change(&mut conn).await?;
        Ok(conn.done().await?)
    }

    async fn plugin(&self, tenant: TenantId, name: &str, version: &str) -> StoreResult<Option<Plugin>> {
        let mut conn = self.read(tenant).await?;
        let row = on!(conn, |c| sqlx::query_as::<_, PluginRow>(
            "SELECT tenant_id, name, info, published_at FROM plugins
             WHERE tenant_id = $1 AND name = $2 AND version = $3"
        )
        .bind(tenant.uuid())
        .bind(name)
        .bind(version)
        .fetch_optional(c))?;
        conn.done().await?;
        row.map(Plugin::try_from).transpose()
    }

    async fn plugins(&self, tenant: TenantId, page: Paging) -> StoreResult<Listed<Plugin>> {
        let text = "SELECT tenant_id, name, info, published_at FROM plugins
            WHERE tenant_id = $1 AND (published_at, id) < ($2, $3)
            ORDER BY published_at DESC, id DESC LIMIT $4 OFFSET $5";
        Ok(self.page(tenant, page, text, |row: PluginRow| Plugin::try_from(row)).await?)
    }

    async fn delete_plugin(&self, tenant: TenantId, name: &str, version: &str) -> StoreResult<bool> {
        let mut conn = self.write(Scope::Host).await?;
        let digest = on!(conn, |c| sqlx::query_scalar::<_, String>(
            "DELETE FROM plugins WHERE tenant_id = $1 AND name = $2 AND version = $3 RETURNING digest"
        )
        .bind(tenant.uuid())
        .bind(name)
        .bind(version)
        .fetch_optional(c))?;
        let Some(digest) = digest else { return Ok(false) };
        affected!(conn, |c| sqlx::query(
            "DELETE FROM enablements WHERE tenant_id = $1 AND name = $2 AND version = $3"
        )
        .bind(tenant.uuid())
        .bind(name)
        .bind(version)
        .execute(c))?;
        release_component(&mut conn, &digest).await?;
        count_change(&mut conn).await?;
        conn.done().await?;
        Ok(true)
    }

    async fn enable_plugin(&self, enablement: &Enablement) -> StoreResult<()> {
        let doc = write_json(enablement)?;
        let mut conn = self.write(enablement.tenant_id).await?;
        affected!(conn, |c| sqlx::query(
            "INSERT INTO enablements (tenant_id, name, version, doc) VALUES ($1, $2, $3, $4)
             ON CONFLICT (tenant_id, name) DO UPDATE SET version = excluded.version, doc = excluded.doc"
        )
        .bind(enablement.tenant_id.uuid())
        .bind(&enablement.name)
        .bind(&enablement.version)
        .bind(&doc)
        .execute(c))?;
        count_change(&mut conn).await?;
        Ok(conn.done().await?)
    }

    async fn disable_plugin(&self, tenant: TenantId, name: &str, version: &str) -> StoreResult<bool> {
        let mut conn = self.write(tenant).await?;
        let disabled = affected!(conn, |c| sqlx::query(
            "DELETE FROM enablements WHERE tenant_id = $1 AND name = $2 AND version = $3"
        )
        .bind(tenant.uuid())
        .bind(name)
        .bind(version)
        .execute(c))?;
        count_change(&mut conn).await?;
        conn.done().await?;
        Ok(disabled > 0)
    }

    async fn enablements(&self, tenant: TenantId) -> StoreResult<Vec<Enablement>> {
        let mut conn = self.read(tenant).await?;
        let rows = on!(conn, |c| sqlx::query_as::<_, (String, String)>(
            "SELECT name, doc FROM enablements WHERE tenant_id = $1 ORDER BY name"
        )
        .bind(tenant.uuid())
        .fetch_all(c))?;
        conn.done().await?;
        rows.into_iter().map(|(name, doc)| read_json("enablements", "doc", &name, &doc)).collect()
    }

    async fn keep_component(&self, digest: &str, bytes: &[u8]) -> StoreResult<()> {
        let mut conn = self.read(Scope::Host).await?;
        let there = on!(conn, |c| sqlx::query_scalar::<_, i64>("SELECT size FROM components WHERE digest = $1")
            .bind(digest)
            .fetch_optional(c))?;
        conn.done().await?;
        if there.is_some() {
            return Ok(());
        }
        let mut conn = self.write(Scope::Host).await?;
        affected!(conn, |c| sqlx::query(
            "INSERT INTO components (digest, size, bytes) VALUES ($1, $2, $3) ON CONFLICT (digest) DO NOTHING"
        )
        .bind(digest)
        .bind(stored(bytes.len() as u64))
        .bind(bytes)
        .execute(c))?;
        Ok(conn.done().await?)
    }

    async fn component_bytes(&self, digest: &str) -> StoreResult<Option<Vec<u8>>> {
        let mut conn = self.read(Scope::Host).await?;
        let bytes = on!(conn, |c| sqlx::query_scalar::<_, Vec<u8>>("SELECT bytes FROM components WHERE digest = $1")
            .bind(digest)
            .fetch_optional(c))?;
        conn.done().await?;
        Ok(bytes)
    }

    async fn component_info(&self, tenant: TenantId, digest: &str) -> StoreResult<Option<ComponentInfo>> {
        let mut conn = self.read(tenant).await?;
        let info = on!(conn, |c| sqlx::query_scalar::<_, String>(
            "SELECT info FROM plugins WHERE digest = $1 AND tenant_id = $2 LIMIT 1"
        )
        .bind(digest)
        .bind(tenant.uuid())
        .fetch_optional(c))?;
        conn.done().await?;
        info.map(|text| read_json("plugins", "info", &digest, &text)).transpose()
    }
}
