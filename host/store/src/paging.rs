//! Pages of lists ordered by (`created_at`, `id`) descending.

use crate::Database;
use crate::conn::on;
use crate::error::DbResult;
use sqlx::FromRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use stepwright_app::ports::StoreResult;
use stepwright_app::{Listed, Paging};
use stepwright_engine::TenantId;
use uuid::Uuid;

/// A page as every list statement takes it: entries behind (`at`, `id`), `fetch` of them after `offset`.
///
/// One statement serves both kinds of paging: without a cursor the place is behind everything there can be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) at: i64,
    pub(crate) id: Uuid,
    /// One more than wanted, to know whether more follow.
    pub(crate) fetch: i64,
    pub(crate) offset: i64,
    pub(crate) limit: u32,
}

impl From<Paging> for Page {
    fn from(paging: Paging) -> Self {
        let limit = paging.limit();
        let first = Self { at: i64::MAX, id: Uuid::max(), fetch: i64::from(limit) + 1, offset: 0, limit };
        match paging {
            Paging::Offset { offset, .. } => Self { offset: i64::try_from(offset).unwrap_or(i64::MAX), ..first },
            Paging::After { cursor: Some(cursor), .. } => Self { at: cursor.at.micros(), id: cursor.id, ..first },
            Paging::After { cursor: None, .. } => first,
        }
    }
}

impl Database {
    /// A page of what one tenant has: `text` takes the tenant as `$1`, and the page as `$2` to `$5`.
    pub(crate) async fn page<R, T>(
        &self,
        tenant: TenantId,
        page: Paging,
        text: &'static str,
        read: impl Fn(R) -> StoreResult<T>,
    ) -> DbResult<Listed<T>>
    where
        R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let at = Page::from(page);
        let mut conn = self.read(tenant).await?;
        let rows: Vec<R> = on!(conn, |c| sqlx::query_as(text)
            .bind(tenant.uuid())
            .bind(at.at)
            .bind(at.id)
            .bind(at.fetch)
            .bind(at.offset)
            .fetch_all(c))?;
        conn.done().await?;
        let items = rows.into_iter().map(read).collect::<StoreResult<_>>()?;
        Ok(Listed::cut(items, at.limit))
    }
}
