//! Requests that may come twice.

use crate::Database;
use crate::conn::{Scope, affected, on};
use crate::error::{broken, read_int, read_json, write_json};
use async_trait::async_trait;
use sqlx::FromRow;
use std::time::Duration;
use stepwright_app::ports::{IdempotencyBegin, IdempotencyKey, IdempotencyStore, StoreResult, StoredResponse};
use stepwright_engine::Timestamp;

/// How long a reservation stands that nobody ever finishes; then it is swept like an expired answer.
const RESERVED: Duration = Duration::from_secs(24 * 3600);

#[derive(FromRow)]
struct KnownRow {
    body_hash: Vec<u8>,
    status: Option<i64>,
    headers: Option<String>,
    body: Option<Vec<u8>>,
}

impl KnownRow {
    fn read(self, key: &IdempotencyKey, body_hash: [u8; 32]) -> StoreResult<IdempotencyBegin> {
        if self.body_hash != body_hash {
            return Ok(IdempotencyBegin::OtherBody);
        }
        match (self.status, self.headers, self.body) {
            (None, _, _) => Ok(IdempotencyBegin::Running),
            (Some(status), Some(headers), Some(body)) => Ok(IdempotencyBegin::Replay(StoredResponse {
                status: read_int("idempotency", "status", &key.key, status)?,
                headers: read_json("idempotency", "headers", &key.key, &headers)?,
                body,
            })),
            (Some(_), _, _) => Err(broken("idempotency", "body", &key.key, &"answered, but without an answer")),
        }
    }
}

#[async_trait]
impl IdempotencyStore for Database {
    async fn begin(
        &self,
        key: &IdempotencyKey,
        body_hash: [u8; 32],
        now: Timestamp,
        stale_before: Timestamp,
    ) -> StoreResult<IdempotencyBegin> {
        let mut conn = self.write(key.tenant_id).await?;
        // One statement decides who goes first: a new key, an expired answer or a dead reservation is taken over.
        let taken = affected!(conn, |c| sqlx::query(
            "INSERT INTO idempotency AS known (tenant_id, method, path, name, body_hash, started_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $8)
             ON CONFLICT (tenant_id, method, path, name) DO UPDATE SET
                body_hash = excluded.body_hash, started_at = excluded.started_at, expires_at = excluded.expires_at,
                status = NULL, headers = NULL, body = NULL
             WHERE known.expires_at <= $6 OR (known.status IS NULL AND known.started_at <= $7)"
        )
        .bind(key.tenant_id.uuid())
        .bind(&key.method)
        .bind(&key.path)
        .bind(&key.key)
        .bind(&body_hash[..])
        .bind(now.micros())
        .bind(stale_before.micros())
        .bind((now + RESERVED).micros())
        .execute(c))?;
        if taken > 0 {
            conn.done().await?;
            return Ok(IdempotencyBegin::Fresh);
        }
        let known = on!(conn, |c| sqlx::query_as::<_, KnownRow>(
            "SELECT body_hash, status, headers, body FROM idempotency
             WHERE tenant_id = $1 AND method = $2 AND path = $3 AND name = $4"
        )
        .bind(key.tenant_id.uuid())
        .bind(&key.method)
        .bind(&key.path)
        .bind(&key.key)
        .fetch_optional(c))?;
        conn.done().await?;
        // Abandoned between the two statements: the caller asks again, as it does while the first is running.
        known.map_or(Ok(IdempotencyBegin::Running), |row| row.read(key, body_hash))
    }

    async fn finish(&self, key: &IdempotencyKey, response: &StoredResponse, expires_at: Timestamp) -> StoreResult<()> {
        let headers = write_json(&response.headers)?;
        let mut conn = self.write(key.tenant_id).await?;
        affected!(conn, |c| sqlx::query(
            "UPDATE idempotency SET status = $5, headers = $6, body = $7, expires_at = $8
             WHERE tenant_id = $1 AND method = $2 AND path = $3 AND name = $4"
        )
        .bind(key.tenant_id.uuid())
        .bind(&key.method)
        .bind(&key.path)
        .bind(&key.key)
        .bind(i64::from(response.status))
        .bind(&headers)
        .bind(&response.body)
        .bind(expires_at.micros())
        .execute(c))?;
        Ok(conn.done().await?)
    }

    async fn abandon(&self, key: &IdempotencyKey) -> StoreResult<()> {
        let mut conn = self.write(key.tenant_id).await?;
        affected!(conn, |c| sqlx::query(
            "DELETE FROM idempotency
             WHERE tenant_id = $1 AND method = $2 AND path = $3 AND name = $4 AND status IS NULL"
        )
        .bind(key.tenant_id.uuid())
        .bind(&key.method)
        .bind(&key.path)
        .bind(&key.key)
        .execute(c))?;
        Ok(conn.done().await?)
    }

    async fn sweep(&self, now: Timestamp, limit: u32) -> StoreResult<u64> {
        let mut conn = self.write(Scope::Host).await?;
        let swept = affected!(conn, |c| sqlx::query(
            "DELETE FROM idempotency WHERE (tenant_id, method, path, name) IN (
                SELECT tenant_id, method, path, name FROM idempotency WHERE expires_at <= $1
                ORDER BY expires_at LIMIT $2)"
        )
        .bind(now.micros())
        .bind(i64::from(limit))
        .execute(c))?;
        conn.done().await?;
        Ok(swept)
    }
}
