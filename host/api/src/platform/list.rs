//! Lists: `{data, next_cursor}`.

use crate::kit::{ApiResult, Query, query};
use serde::Serialize;
use stepwright_app::{Cursor, Listed, Paging};
use stepwright_engine::Timestamp;
use utoipa::ToSchema;
use uuid::Uuid;

/// Entries of a list unless the query says otherwise.
pub const DEFAULT_LIMIT: u32 = 50;
/// The most entries of one answer; a larger `limit` is cut down to it.
pub const MAX_LIMIT: u32 = 200;

/// A part of a list.
#[derive(Serialize, ToSchema)]
pub struct Page<T> {
    pub data: Vec<T>,
    /// For `cursor` of the next call; null at the end.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A part of a list ordered by time of creation.
    pub fn of<S>(listed: Listed<S>, place: impl Fn(&S) -> (Timestamp, Uuid), view: impl FnMut(S) -> T) -> Self {
        let next_cursor = listed.items.last().filter(|_| listed.has_more).map(|last| {
            let (at, id) = place(last);
            Cursor { at, id }.encode()
        });
        Self { data: listed.items.into_iter().map(view).collect(), next_cursor }
    }

    /// A part of a list ordered by text ids.
    pub fn by_text<S>(listed: Listed<S>, place: impl Fn(&S) -> &str, view: impl FnMut(S) -> T) -> Self {
        let last = listed.items.last().filter(|_| listed.has_more);
        let next_cursor = last.map(|last| query::encode_text_cursor(place(last)));
        Self { data: listed.items.into_iter().map(view).collect(), next_cursor }
    }
}

/// `limit` and `cursor` of the query.
///
/// # Errors
/// `Invalid`.
pub fn page_of(query: &Query) -> ApiResult<Paging> {
    query.page(DEFAULT_LIMIT, MAX_LIMIT)
}
