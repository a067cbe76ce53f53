//! What the store keeps about requests: answers for replay, and the bill.

use super::StoreResult;
use async_trait::async_trait;
use stepwright_engine::{TenantId, Timestamp};

/// Names a request that may come twice.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    pub tenant_id: TenantId,
    pub method: String,
    pub path: String,
    pub key: String,
}

/// An answer kept for replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredResponse {
    pub status: u16,
    /// Name and value.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What the store knows of an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdempotencyBegin {
    /// Never seen (or its answer has expired, or its first request died): go ahead, then `finish` or `abandon`.
    Fresh,
    /// The first request is still running.
    Running,
    /// The same request has been answered.
    Replay(StoredResponse),
    /// The key was used with another body.
    OtherBody,
}

#[async_trait]
pub trait IdempotencyStore: Send + Sync {
    /// Reserves the key, durably. A reservation not finished by `stale_before` counts as dead.
    async fn begin(
        &self,
        key: &IdempotencyKey,
        body_hash: [u8; 32],
        now: Timestamp,
        stale_before: Timestamp,
    ) -> StoreResult<IdempotencyBegin>;
    async fn finish(&self, key: &IdempotencyKey, response: &StoredResponse, expires_at: Timestamp) -> StoreResult<()>;
    async fn abandon(&self, key: &IdempotencyKey) -> StoreResult<()>;
    /// Deletes expired answers, at most `limit`.
    async fn sweep(&self, now: Timestamp, limit: u32) -> StoreResult<u64>;
}

/// A day's use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageDay {
    /// `YYYY-MM-DD`, UTC.
    pub day: String,
    pub executions: u64,
    pub steps: u64,
    pub fuel: u64,
    pub host_calls: u64,
    pub wall_us: u64,
}

#[async_trait]
pub trait UsageStore: Send + Sync {
    /// Days from `from` to `to`, both inclusive, `YYYY-MM-DD`; days without use are left out.
    async fn usage(&self, tenant: TenantId, from: &str, to: &str) -> StoreResult<Vec<UsageDay>>;
}
