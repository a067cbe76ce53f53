//! API keys.

use crate::Database;
use crate::conn::{Scope, affected, on};
use crate::error::{QueryResult as _, read_json, write_json};
use crate::paging::Page;
use crate::tenants::count_change;
use async_trait::async_trait;
use sqlx::FromRow;
use stepwright_app::ports::{KeyStore, StoreError, StoreResult};
use stepwright_app::{ApiKey, Listed, Paging, SecretHash};
use stepwright_engine::{KeyId, TenantId, Timestamp};
use uuid::Uuid;

#[derive(FromRow)]
struct KeyRow {
    id: Uuid,
    doc: String,
    revoked_at: Option<i64>,
}

impl TryFrom<KeyRow> for ApiKey {
    type Error = StoreError;

    fn try_from(row: KeyRow) -> StoreResult<Self> {
        let mut key: Self = read_json("api_keys", "doc", &row.id, &row.doc)?;
        key.revoked_at = row.revoked_at.map(Timestamp::from_micros);
        Ok(key)
    }
}

/// The tenants as the two parameters every statement here has; a list is a tenant, or a tenant and its sandbox.
fn pair(tenants: &[TenantId]) -> StoreResult<Option<(Uuid, Uuid)>> {
    match tenants {
        [] => Ok(None),
        [one] => Ok(Some((one.uuid(), one.uuid()))),
        [one, other] => Ok(Some((one.uuid(), other.uuid()))),
        more => {
            Err(StoreError::Inconsistent(format!("keys of {} tenants were asked for, at most 2 can be", more.len())))
        }
    }
}

#[async_trait]
impl KeyStore for Database {
    async fn insert_key(&self, key: &ApiKey, hash: SecretHash) -> StoreResult<()> {
        let doc = write_json(key)?;
        let mut conn = self.write(key.tenant_id).await?;
        affected!(conn, |c| sqlx::query(
            "INSERT INTO api_keys (id, tenant_id, hash, doc, revoked_at, created_at) VALUES ($1, $2, $3, $4, $5, $6)"
        )
        .bind(key.id.uuid())
        .bind(key.tenant_id.uuid())
        .bind(&hash.0[..])
        .bind(doc)
        .bind(key.revoked_at.map(Timestamp::micros))
        .bind(key.created_at.micros())
        .execute(c))
        .or_duplicate("key")?;
        count_change(&mut conn).await?;
        Ok(conn.done().await?)
    }

    async fn key_by_hash(&self, hash: SecretHash) -> StoreResult<Option<ApiKey>> {
        let mut conn = self.read(Scope::Host).await?;
        let row =
            on!(conn, |c| sqlx::query_as::<_, KeyRow>("SELECT id, doc, revoked_at FROM api_keys WHERE hash = $1")
                .bind(&hash.0[..])
                .fetch_optional(c))?;
        conn.done().await?;
        row.map(ApiKey::try_from).transpose()
    }

    async fn keys(&self, tenants: &[TenantId], page: Paging) -> StoreResult<Listed<ApiKey>> {
        let at = Page::from(page);
        let Some((one, other)) = pair(tenants)? else { return Ok(Listed::cut(Vec::new(), at.limit)) };
        let mut conn = self.read(Scope::Host).await?;
        let rows = on!(conn, |c| sqlx::query_as::<_, KeyRow>(
            "SELECT id, doc, revoked_at FROM api_keys
             WHERE tenant_id IN ($1, $6) AND (created_at, id) < ($2, $3)
             ORDER BY created_at DESC, id DESC LIMIT $4 OFFSET $5"
        )
        .bind(one)
        .bind(at.at)
        .bind(at.id)
        .bind(at.fetch)
        .bind(at.offset)
        .bind(other)
        .fetch_all(c))?;
        conn.done().await?;
        let items = rows.into_iter().map(ApiKey::try_from).collect::<StoreResult<_>>()?;
        Ok(Listed::cut(items, at.limit))
    }

    async fn revoke_key(&self, tenants: &[TenantId], id: KeyId, at: Timestamp) -> StoreResult<bool> {
        let Some((one, other)) = pair(tenants)? else { return Ok(false) };
        let mut conn = self.write(Scope::Host).await?;
        // A key revoked twice keeps its first instant.
        let revoked = affected!(conn, |c| sqlx::query(
            "UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $4) WHERE id = $1 AND tenant_id IN ($2, $3)"
        )
        .bind(id.uuid())
        .bind(one)
        .bind(other)
        .bind(at.micros())
        .execute(c))?;
        count_change(&mut conn).await?;
        conn.done().await?;
        Ok(revoked > 0)
    }
}
