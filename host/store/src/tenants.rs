//! Tenants, their settings and instances, and the counter that tells hosts to drop their caches.

use crate::Database;
use crate::conn::{Conn, Scope, affected, on};
use crate::error::{DbResult, QueryResult as _, broken, read_json, write_json};
use crate::paging::Page;
use async_trait::async_trait;
use sqlx::FromRow;
use stepwright_app::ports::{StoreError, StoreResult, TenantStore};
use stepwright_app::{Environment, Instance, Listed, Paging, Settings, Tenant};
use stepwright_engine::{InstanceId, TenantId, Timestamp};
use uuid::Uuid;

/// Moves the change counter on, in the transaction of the change itself.
pub(crate) async fn count_change(conn: &mut Conn<'_>) -> DbResult<()> {
    affected!(conn, |c| sqlx::query("UPDATE change_counter SET value = value + 1").execute(c))?;
    Ok(())
}

#[derive(FromRow)]
struct TenantRow {
    id: Uuid,
    paired: Uuid,
    slug: String,
    name: String,
    environment: String,
    settings: String,
    created_at: i64,
}

impl TryFrom<TenantRow> for Tenant {
    type Error = StoreError;

    fn try_from(row: TenantRow) -> StoreResult<Self> {
        let environment = [Environment::Live, Environment::Test]
            .into_iter()
            .find(|environment| environment.as_str() == row.environment)
            .ok_or_else(|| broken("tenants", "environment", &row.id, &row.environment))?;
        Ok(Self {
            id: TenantId::from_uuid(row.id),
            name: row.name,
            slug: row.slug,
            environment,
            paired: TenantId::from_uuid(row.paired),
            settings: read_json("tenants", "settings", &row.id, &row.settings)?,
            created_at: Timestamp::from_micros(row.created_at),
        })
    }
}

type InstanceRow = (Uuid, Uuid, String, i64);

fn read_instance((id, tenant, name, created_at): InstanceRow) -> Instance {
    Instance {
        id: InstanceId::from_uuid(id),
        tenant_id: TenantId::from_uuid(tenant),
        name,
        created_at: Timestamp::from_micros(created_at),
    }
}

async fn insert(conn: &mut Conn<'_>, tenant: &Tenant) -> DbResult<()> {
    let settings = write_json(&tenant.settings)?;
    affected!(conn, |c| sqlx::query(
        "INSERT INTO tenants (id, paired, slug, name, environment, settings, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)"
    )
    .bind(tenant.id.uuid())
    .bind(tenant.paired.uuid())
    .bind(&tenant.slug)
    .bind(&tenant.name)
    .bind(tenant.environment.as_str())
    .bind(&settings)
    .bind(tenant.created_at.micros())
    .execute(c))
    .or_duplicate("slug")?;
    Ok(())
}

#[async_trait]
impl TenantStore for Database {
    async fn insert_tenants(&self, live: &Tenant, test: &Tenant) -> StoreResult<()> {
        let mut conn = self.write(Scope::Host).await?;
        insert(&mut conn, live).await?;
        insert(&mut conn, test).await?;
        Ok(conn.done().await?)
    }

    async fn tenant(&self, id: TenantId) -> StoreResult<Option<Tenant>> {
        let mut conn = self.read(id).await?;
        let row = on!(conn, |c| sqlx::query_as::<_, TenantRow>(
            "SELECT id, paired, slug, name, environment, settings, created_at FROM tenants WHERE id = $1"
        )
        .bind(id.uuid())
        .fetch_optional(c))?;
        conn.done().await?;
        row.map(Tenant::try_from).transpose()
    }

    async fn tenants(&self, page: Paging) -> StoreResult<Listed<Tenant>> {
        let at = Page::from(page);
        let mut conn = self.read(Scope::Host).await?;
        let rows = on!(conn, |c| sqlx::query_as::<_, TenantRow>(
            "SELECT id, paired, slug, name, environment, settings, created_at FROM tenants
             WHERE environment = 'live' AND (created_at, id) < ($1, $2)
             ORDER BY created_at DESC, id DESC LIMIT $3 OFFSET $4"
        )
        .bind(at.at)
        .bind(at.id)
        .bind(at.fetch)
        .bind(at.offset)
        .fetch_all(c))?;
        conn.done().await?;
        let items = rows.into_iter().map(Tenant::try_from).collect::<StoreResult<_>>()?;
        Ok(Listed::cut(items, at.limit))
    }

    async fn delete_tenant(&self, id: TenantId) -> StoreResult<bool> {
        Ok(self.delete_both(id).await?)
    }

    async fn save_settings(&self, tenant: TenantId, settings: &Settings) -> StoreResult<bool> {
        let settings = write_json(settings)?;
        let mut conn = self.write(tenant).await?;
        let saved = affected!(conn, |c| sqlx::query("UPDATE tenants SET settings = $2 WHERE id = $1")
            .bind(tenant.uuid())
            .bind(settings)
            .execute(c))?;
        count_change(&mut conn).await?;
        conn.done().await?;
        Ok(saved > 0)
    }

    async fn insert_instance(&self, instance: &Instance) -> StoreResult<()> {
        let mut conn = self.write(instance.tenant_id).await?;
        affected!(conn, |c| sqlx::query(
            "INSERT INTO instances (id, tenant_id, name, created_at) VALUES ($1, $2, $3, $4)"
        )
        .bind(instance.id.uuid())
        .bind(instance.tenant_id.uuid())
        .bind(&instance.name)
        .bind(instance.created_at.micros())
        .execute(c))
        .or_duplicate("instance")?;
        Ok(conn.done().await?)
    }

    async fn instances(&self, tenant: TenantId, page: Paging) -> StoreResult<Listed<Instance>> {
        let text = "SELECT id, tenant_id, name, created_at FROM instances
            WHERE tenant_id = $1 AND (created_at, id) < ($2, $3)
            ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5";
        Ok(self.page(tenant, page, text, |row: InstanceRow| Ok(read_instance(row))).await?)
    }

    async fn instance(&self, tenant: TenantId, id: InstanceId) -> StoreResult<Option<Instance>> {
        let mut conn = self.read(tenant).await?;
        let row = on!(conn, |c| sqlx::query_as::<_, InstanceRow>(
            "SELECT id, tenant_id, name, created_at FROM instances WHERE id = $1 AND tenant_id = $2"
        )
        .bind(id.uuid())
        .bind(tenant.uuid())
        .fetch_optional(c))?;
        conn.done().await?;
        Ok(row.map(read_instance))
    }

    async fn change_counter(&self) -> StoreResult<i64> {
        let mut conn = self.read(Scope::Host).await?;
        let value =
            on!(conn, |c| sqlx::query_scalar::<_, i64>("SELECT value FROM change_counter WHERE id = 1").fetch_one(c))?;
        conn.done().await?;
        Ok(value)
    }

    async fn ping(&self) -> StoreResult<()> {
        // A write that changes nothing but goes the whole way: a full disk or a read-only standby shows here.
        let mut conn = self.write(Scope::Host).await?;
        affected!(conn, |c| sqlx::query("UPDATE change_counter SET value = value").execute(c))?;
        Ok(conn.done().await?)
    }
}
