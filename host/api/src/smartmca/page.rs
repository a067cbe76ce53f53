//! Pages by number, and parameters with two spellings (source: contracts/smartmca.md 1D.1).

use super::wire::Pagination;
use crate::kit::{ApiError, ApiResult, Query};

/// Entries of a page unless asked otherwise.
const DEFAULT_LIMIT: u64 = 20;
/// A larger limit is cut down to this, and the answer says so.
const MAX_LIMIT: u64 = 100;

/// Which page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// From 1.
    number: u64,
    limit: u64,
}

impl Page {
    /// Entries before the page.
    pub(super) fn skipped(self) -> usize {
        usize::try_from((self.number - 1).saturating_mul(self.limit)).unwrap_or(usize::MAX)
    }

    /// Entries of the page at most.
    pub(super) fn taken(self) -> usize {
        usize::try_from(self.limit).unwrap_or(usize::MAX)
    }

    /// The page as the answer tells it.
    pub(super) fn of(self, total: u64) -> Pagination {
        let total_pages = total.div_ceil(self.limit.max(1));
        Pagination { page: self.number, limit: self.limit, total, total_pages }
    }
}

/// One page that holds all of a list.
pub(super) const fn everything(total: u64) -> Page {
    Page { number: 1, limit: if total == 0 { 1 } else { total } }
}

/// `page` and `limit`; `None` when neither is given.
///
/// # Errors
/// `Invalid` for what is no whole number from 1.
pub(super) fn optional(query: &Query) -> ApiResult<Option<Page>> {
    let given = query.get("page").is_some() || query.get("limit").is_some();
    let page = wanted(query)?;
    Ok(given.then_some(page))
}

/// `page` and `limit` with their defaults.
///
/// # Errors
/// `Invalid` for what is no whole number from 1.
pub(super) fn wanted(query: &Query) -> ApiResult<Page> {
    let number = from_one(query, "page")?.unwrap_or(1);
    let limit = from_one(query, "limit")?.unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT);
    Ok(Page { number, limit })
}

fn from_one(query: &Query, name: &str) -> ApiResult<Option<u64>> {
    let Some(text) = query.get(name) else { return Ok(None) };
    // `parse` alone would take a sign.
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(number) if digits && number > 0 => Ok(Some(number)),
        _ => Err(ApiError::invalid(format!("/{name}"), "must be a whole number from 1")),
    }
}

/// A parameter with two spellings; the documented one leads.
pub(super) fn either<'q>(query: &'q Query, name: &str, other: &str) -> Option<&'q str> {
    query.get(name).or_else(|| query.get(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> Query {
        Query::new(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn pages_have_their_defaults_and_large_limits_are_cut_down() {
        assert_eq!(wanted(&query(&[])), Ok(Page { number: 1, limit: 20 }));
        assert_eq!(wanted(&query(&[("page", "3"), ("limit", "500")])), Ok(Page { number: 3, limit: 100 }));
        assert_eq!(optional(&query(&[])), Ok(None));
        assert_eq!(optional(&query(&[("page", "2")])), Ok(Some(Page { number: 2, limit: 20 })));
    }

    #[test]
    fn what_is_no_whole_number_from_1_is_refused() {
        for text in ["0", "-1", "+1", "1.5", "x", "", "99999999999999999999999"] {
            for name in ["page", "limit"] {
                assert!(wanted(&query(&[(name, text)])).is_err(), "{name}={text}");
            }
        }
    }

    #[test]
    fn a_page_tells_how_many_there_are() {
        let page = wanted(&query(&[("page", "2"), ("limit", "10")])).unwrap();
        assert_eq!(page.skipped(), 10);
        assert_eq!(page.of(25), Pagination { page: 2, limit: 10, total: 25, total_pages: 3 });
        assert_eq!(everything(0).of(0), Pagination { page: 1, limit: 1, total: 0, total_pages: 0 });
        assert_eq!(everything(150).of(150).total_pages, 1);
    }

    #[test]
    fn both_spellings_are_read_and_the_documented_one_leads() {
        assert_eq!(either(&query(&[("entityType", "deal")]), "entity_type", "entityType"), Some("deal"));
        let both = query(&[("entityType", "a"), ("entity_type", "b")]);
        assert_eq!(either(&both, "entity_type", "entityType"), Some("b"));
    }
}
