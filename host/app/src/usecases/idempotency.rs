//! Requests that may come twice: the first answer is kept for a day and given again.

use super::Access;
use crate::App;
use crate::error::AppResult;
use crate::ports::{IdempotencyBegin, IdempotencyKey, StoredResponse};
use std::time::Duration;

/// How long an answer is kept.
const KEEP: Duration = Duration::from_secs(24 * 3600);
/// A reservation this old belongs to a process that has died; no request runs longer.
const DEAD_AFTER: Duration = Duration::from_secs(120);

/// A request that may come twice.
#[derive(Clone, Debug)]
pub struct Repeatable {
    key: IdempotencyKey,
    body_hash: [u8; 32],
}

impl Repeatable {
    /// Names the request; `path` without query and mount prefix.
    pub fn new(access: &Access, method: &str, path: &str, key: &str, body_hash: [u8; 32]) -> Self {
        let key =
            IdempotencyKey { tenant_id: access.tenant_id(), method: method.into(), path: path.into(), key: key.into() };
        Self { key, body_hash }
    }
}

impl App {
    /// Reserves the request. After `Fresh` the caller must finish or abandon it.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn begin_repeatable(&self, request: &Repeatable) -> AppResult<IdempotencyBegin> {
        let now = self.now();
        Ok(self.store().begin(&request.key, request.body_hash, now, now - DEAD_AFTER).await?)
    }

    /// Keeps the answer for the next request with the same key.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn finish_repeatable(&self, request: &Repeatable, response: &StoredResponse) -> AppResult<()> {
        Ok(self.store().finish(&request.key, response, self.now() + KEEP).await?)
    }

    /// Forgets the request: nothing has happened that a second one must not do again.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn abandon_repeatable(&self, request: &Repeatable) -> AppResult<()> {
        Ok(self.store().abandon(&request.key).await?)
    }
}
