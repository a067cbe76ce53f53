//! Paging by offset, and the filter every list has (source: contracts/softsolz.md 1C.1).

use super::wire::{List, Meta, Word};
use crate::kit::{ApiError, ApiResult, Query};
use stepwright_app::{Listed, Paging};

/// Entries of a page unless asked otherwise.
const DEFAULT_LIMIT: u32 = 50;
/// A larger limit is cut down to this, and the answer says so.
const MAX_LIMIT: u32 = 100;

/// What a list was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted<T> {
    pub paging: Paging,
    pub status: Option<T>,
}

/// Reads `limit`, `offset` and `status`.
///
/// # Errors
/// `Invalid` for a limit or an offset that is no integer in bounds, and for a word that is no status.
pub(super) fn wanted<T: Word>(query: &Query) -> ApiResult<Wanted<T>> {
    Ok(Wanted { paging: query.offset_page(DEFAULT_LIMIT, MAX_LIMIT)?, status: status(query)? })
}

fn status<T: Word>(query: &Query) -> ApiResult<Option<T>> {
    let Some(asked) = query.get("status") else { return Ok(None) };
    let found = T::CHOICES.iter().find(|(word, _)| *word == asked).map(|(_, status)| *status);
    let words: Vec<&str> = T::CHOICES.iter().map(|(word, _)| *word).collect();
    found.map(Some).ok_or_else(|| ApiError::invalid("/status", format!("must be one of {}", words.join(", "))))
}

/// The envelope of what was found.
pub(super) fn list<T>(paging: Paging, found: Listed<T>) -> List<T> {
    let offset = match paging {
        Paging::Offset { offset, .. } => offset,
        Paging::After { .. } => 0,
    };
    List { data: found.items, meta: Meta { limit: paging.limit(), offset, has_more: found.has_more } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::softsolz::wire::{RunStatus, WorkflowStatus};

    fn query(pairs: &[(&str, &str)]) -> Query {
        Query::new(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn a_page_is_what_was_asked_for_within_the_bounds() {
        for (pairs, limit, offset) in [
            (&[][..], 50, 0),
            (&[("limit", "10"), ("offset", "20")], 10, 20),
            (&[("limit", "100")], 100, 0),
            (&[("limit", "101")], 100, 0),
        ] {
            let wanted = wanted::<RunStatus>(&query(pairs));
            assert_eq!(wanted, Ok(Wanted { paging: Paging::Offset { limit, offset }, status: None }), "{pairs:?}");
        }
    }

    #[test]
    fn what_is_no_integer_in_bounds_is_refused() {
        for (name, value) in
            [("limit", "0"), ("limit", "-1"), ("limit", "ten"), ("limit", ""), ("limit", "1.5"), ("offset", "-1")]
        {
            assert!(wanted::<RunStatus>(&query(&[(name, value)])).is_err(), "{name}={value}");
        }
    }

    #[test]
    fn the_envelope_shows_the_limit_as_applied() {
        let Wanted { paging, .. } = wanted::<RunStatus>(&query(&[("limit", "500"), ("offset", "3")])).unwrap();
        let list = list(paging, Listed { items: vec![1, 2], has_more: true });
        assert_eq!(list.meta, Meta { limit: 100, offset: 3, has_more: true });
    }

    #[test]
    fn a_status_filter_takes_the_words_of_its_list_only() {
        assert_eq!(status(&query(&[("status", "failed")])), Ok(Some(RunStatus::Failed)));
        assert_eq!(status::<RunStatus>(&query(&[])), Ok(None));
        let refused = ApiError::invalid("/status", "must be one of active, paused");
        assert_eq!(status::<WorkflowStatus>(&query(&[("status", "failed")])), Err(refused));
    }
}
