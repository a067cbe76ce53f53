//! Pages of lists ordered by (`created_at`, `id`) descending.

use stepwright_app::Paging;
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
