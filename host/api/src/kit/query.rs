//! Query parameters and paging.

use super::{ApiError, ApiResult};
use axum::extract::FromRequestParts;
use http::request::Parts;
use stepwright_app::{Cursor, Paging};

/// The query's parameters. Of doubled ones the last counts; unknown ones are ignored.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        if parts.uri.query().is_none_or(str::is_empty) {
            return Ok(Self::default());
        }
        match axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri) {
            Ok(axum::extract::Query(pairs)) => Ok(Self(pairs)),
            Err(error) => Err(ApiError::malformed(format!("the query cannot be read: {error}"))),
        }
    }
}

impl Query {
    /// From pairs.
    pub fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// A parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter, also of a comma-separated one.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).flat_map(|(_, value)| value.split(',')).filter(|v| !v.is_empty())
    }

    /// A whole number.
    ///
    /// # Errors
    /// `Invalid` when it is none.
    pub fn number(&self, name: &str) -> ApiResult<Option<u64>> {
        match self.get(name).map(str::parse) {
            None => Ok(None),
            Some(Ok(number)) => Ok(Some(number)),
            Some(Err(_)) => Err(ApiError::invalid(format!("/{name}"), "must be a whole number from 0")),
        }
    }

    /// `true` or `false`, absent counts as `false`.
    ///
    /// # Errors
    /// `Invalid` for other words.
    pub fn flag(&self, name: &str) -> ApiResult<bool> {
        match self.get(name) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1" | "") => Ok(true),
            Some(_) => Err(ApiError::invalid(format!("/{name}"), "must be true or false")),
        }
    }

    /// `limit`: `default` when absent, cut down to `max`.
    ///
    /// # Errors
    /// `Invalid` for 0 and what is no number.
    pub fn limit(&self, default: u32, max: u32) -> ApiResult<u32> {
        match self.number("limit")? {
            None => Ok(default),
            Some(0) => Err(ApiError::invalid("/limit", format!("must be 1 to {max}"))),
            Some(limit) => Ok(u32::try_from(limit).map_or(max, |limit| limit.min(max))),
        }
    }

    /// `limit` and `cursor` of a list ordered by time of creation.
    ///
    /// # Errors
    /// `Invalid`.
    pub fn page(&self, default: u32, max: u32) -> ApiResult<Paging> {
        let limit = self.limit(default, max)?;
        let cursor = match self.get("cursor").filter(|c| !c.is_empty()) {
            None => None,
            Some(text) => Some(Cursor::decode(text).ok_or_else(bad_cursor)?),
        };
        Ok(Paging::After { limit, cursor })
    }

    /// `cursor` of a list ordered by text ids.
    ///
    /// # Errors
    /// `Invalid`.
    pub fn text_cursor(&self) -> ApiResult<Option<String>> {
        use base64::Engine as _;
        let Some(text) = self.get("cursor").filter(|c| !c.is_empty()) else { return Ok(None) };
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).map_err(|_| bad_cursor())?;
        String::from_utf8(bytes).map(Some).map_err(|_| bad_cursor())
    }

    /// `limit` and `offset`.
    ///
    /// # Errors
    /// `Invalid`.
    pub fn offset_page(&self, default: u32, max: u32) -> ApiResult<Paging> {
        let limit = self.limit(default, max)?;
        Ok(Paging::Offset { limit, offset: self.number("offset")?.unwrap_or(0) })
    }
}

/// The wire form of a place behind a text id.
pub fn encode_text_cursor(id: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(id)
}

fn bad_cursor() -> ApiError {
    ApiError::invalid("/cursor", "is not a cursor of this list")
}

#[cfg(test)]
mod tests {
    use super::*;
    use stepwright_engine::Timestamp;
    use uuid::Uuid;

    fn query(pairs: &[(&str, &str)]) -> Query {
        Query::new(pairs.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect())
    }

    #[test]
    fn a_limit_has_a_default_and_a_ceiling_and_is_never_zero() {
        assert_eq!(query(&[]).limit(50, 200), Ok(50));
        assert_eq!(query(&[("limit", "200")]).limit(50, 200), Ok(200));
        assert_eq!(query(&[("limit", "99999999999")]).limit(50, 200), Ok(200));
        for bad in ["0", "-1", "x", "1.5", ""] {
            assert!(query(&[("limit", bad)]).limit(50, 200).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_cursor_comes_back_as_it_went_out() {
        let cursor = Cursor { at: Timestamp::from_micros(1_234_567), id: Uuid::from_u128(7) };
        let page = query(&[("cursor", &cursor.encode())]).page(50, 200);
        assert_eq!(page, Ok(Paging::After { limit: 50, cursor: Some(cursor) }));
        assert!(query(&[("cursor", "nonsense")]).page(50, 200).is_err());
    }

    #[test]
    fn a_text_cursor_comes_back_as_it_went_out() {
        let text = encode_text_cursor("deal/ä 1");
        assert_eq!(query(&[("cursor", &text)]).text_cursor(), Ok(Some("deal/ä 1".into())));
        assert!(query(&[("cursor", "!")]).text_cursor().is_err());
    }

    #[test]
    fn of_doubled_parameters_the_last_counts() {
        assert_eq!(query(&[("a", "1"), ("a", "2")]).get("a"), Some("2"));
    }
}
