//! Reading bodies: size, type, encoding, depth, syntax.

use super::depth::{MAX_DEPTH, too_deep};
use super::{ApiError, ApiResult, Faults, Fields};
use axum::extract::{FromRef, FromRequest, Request};
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;
use serde_json::Value;

/// The most bytes of a body; one more is 413.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimits {
    /// JSON endpoints.
    pub json: usize,
    /// Imports of business data.
    pub import: usize,
    /// Components.
    pub component: usize,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { json: 1 << 20, import: 16 << 20, component: 32 << 20 }
    }
}

/// A JSON body, checked for size, type, encoding and depth, not yet parsed. An empty body passes whatever its type.
#[derive(Clone, Debug)]
pub struct JsonBody {
    text: String,
}

impl JsonBody {
    #[cfg(test)]
    pub(crate) fn of(text: &str) -> Self {
        Self { text: text.into() }
    }

    /// The bytes as sent.
    pub fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The body as a dynamic value; of doubled keys the last counts.
    ///
    /// # Errors
    /// `Malformed` with line and column, also when the body is empty.
    pub fn value(&self) -> ApiResult<Value> {
        self.parse()
    }

    /// As [`Self::value`]; an empty body is an empty object.
    ///
    /// # Errors
    /// `Malformed` with line and column.
    pub fn value_or_empty(&self) -> ApiResult<Value> {
        if self.is_empty() { Ok(Value::Object(serde_json::Map::new())) } else { self.value() }
    }

    /// Reads the body's members, all faults at once.
    ///
    /// # Errors
    /// `Malformed`; `Invalid` with every fault.
    pub fn read<T>(&self, read: impl FnOnce(&Fields<'_>) -> T) -> ApiResult<T> {
        read_members(&self.value()?, read)
    }

    /// As [`Self::read`]; an empty body is an empty object.
    ///
    /// # Errors
    /// `Malformed`; `Invalid` with every fault.
    pub fn read_or_empty<T>(&self, read: impl FnOnce(&Fields<'_>) -> T) -> ApiResult<T> {
        read_members(&self.value_or_empty()?, read)
    }

    /// The body as `T`, which must accept every JSON object (members are validated afterwards).
    ///
    /// # Errors
    /// `Malformed` with line and column, also when the body is empty.
    pub fn parse<'a, T: Deserialize<'a>>(&'a self) -> ApiResult<T> {
        if self.is_empty() {
            return Err(ApiError::malformed("a JSON body is required"));
        }
        parse_json(&self.text)
    }
}

fn read_members<T>(body: &Value, read: impl FnOnce(&Fields<'_>) -> T) -> ApiResult<T> {
    let faults = Faults::new();
    let value = read(&Fields::of(body, &faults)?);
    faults.or(value)
}

/// Parses checked text.
///
/// # Errors
/// `Malformed` with line and column.
pub fn parse_json<'a, T: Deserialize<'a>>(text: &'a str) -> ApiResult<T> {
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        // serde_json ends its text with the place, which the error carries by itself.
        let message = text.split(" at line ").next().unwrap_or_default();
        ApiError::Malformed { message: format!("invalid JSON: {message}"), line, column }
    })
}

/// Checks encoding and depth of a JSON text.
///
/// # Errors
/// `Malformed` with line and column.
pub fn checked_text(bytes: Bytes) -> ApiResult<String> {
    let text = String::from_utf8(Vec::from(bytes)).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
        ApiError::Malformed { message: "the body is not UTF-8".into(), line, column }
    })?;
    if let Some((line, column)) = escaped_nul(&text) {
        // PostgreSQL's texts cannot hold it, and nothing that is written by people does.
        return Err(ApiError::Malformed { message: "NUL characters are not accepted".into(), line, column });
    }
    match too_deep(&text) {
        Some((line, column)) => {
            let message = format!("the body is nested deeper than {MAX_DEPTH} levels");
            Err(ApiError::Malformed { message, line, column })
        }
        None => Ok(text),
    }
}

/// Where a text has the escape `\\u0000`, outside of an escaped backslash.
fn escaped_nul(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(found) = text[from..].find("\\u0000") {
        let at = from + found;
        let backslashes = text.as_bytes()[..at].iter().rev().take_while(|b| **b == b'\\').count();
        if backslashes % 2 == 0 {
            let before = &text[..at];
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            return Some((line, column));
        }
        from = at + 1;
    }
    None
}

impl<S> FromRequest<S> for JsonBody
where
    S: Send + Sync,
    BodyLimits: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> ApiResult<Self> {
        let headers = request.headers();
        let is_json = content_type(headers).is_some_and(is_json);
        let bytes = read(request, BodyLimits::from_ref(state).json).await?;
        if !bytes.is_empty() && !is_json {
            return Err(ApiError::UnsupportedType { expected: "application/json" });
        }
        Ok(Self { text: checked_text(bytes)? })
    }
}

/// A body of any type, unread: the handler says how large it may be.
pub struct RawBody {
    request: Request,
}

impl RawBody {
    /// The media type without parameters, in lower case; "" when there is none.
    pub fn media_type(&self) -> String {
        content_type(self.request.headers()).map(essence).unwrap_or_default()
    }

    /// Reads it.
    ///
    /// # Errors
    /// `TooLarge`.
    pub async fn read(self, limit: usize) -> ApiResult<Bytes> {
        read(self.request, limit).await
    }
}

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = ApiError;
    async fn from_request(request: Request, _: &S) -> ApiResult<Self> {
        Ok(Self { request })
    }
}

/// Whether the content type is `application/json` or ends in `+json`, in UTF-8.
pub fn is_json(content_type: &str) -> bool {
    let essence = essence(content_type);
    let Some((kind, subtype)) = essence.split_once('/') else { return false };
    let json = (kind == "application" && subtype == "json") || subtype.ends_with("+json");
    json && charset(content_type).is_none_or(|set| matches!(set.as_str(), "utf-8" | "utf8"))
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(CONTENT_TYPE)?.to_str().ok()
}

fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn charset(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    })
}

async fn read(request: Request, limit: usize) -> ApiResult<Bytes> {
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(ApiError::TooLarge { limit });
    }
    match Limited::new(request.into_body(), limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::TooLarge { limit }),
        Err(error) => Err(ApiError::malformed(format!("the body could not be read: {error}"))),
    }
}
