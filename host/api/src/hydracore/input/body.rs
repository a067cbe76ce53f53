//! The body as a whole.

use super::super::error::invalid;
use super::super::wire::Fault;
use super::Faults;
use crate::kit::body::{checked_text, is_json, parse_json};
use crate::kit::{ApiError, ApiResult, RawBody};
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// Whether there must be a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Presence {
    Required,
    /// None is an empty object.
    Optional,
}

/// A body as it came in.
pub(in super::super) struct Sent {
    media_type: String,
    bytes: Bytes,
}

impl Sent {
    /// Reads it.
    ///
    /// # Errors
    /// `TooLarge`.
    pub(in super::super) async fn read(body: RawBody, limit: usize) -> ApiResult<Self> {
        let media_type = body.media_type();
        Ok(Self { media_type, bytes: body.read(limit).await? })
    }

    /// The bytes.
    pub(in super::super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its members, `None` after a fault.
    ///
    /// # Errors
    /// A body that is no JSON, which is told alone, as nothing else can be said of the request then.
    pub(in super::super) fn members(
        &self,
        presence: Presence,
        faults: &Faults,
    ) -> ApiResult<Option<Map<String, Value>>> {
        let Self { media_type, bytes } = self;
        if bytes.is_empty() {
            return Ok(absent(presence, faults));
        }
        if !(media_type.is_empty() || is_json(media_type)) {
            let shown = Value::from(String::from_utf8_lossy(bytes));
            faults.add(no_object().with_input(&shown));
            return Ok(None);
        }
        let text = checked_text(bytes.clone()).map_err(|error| broken(bytes, &error))?;
        match parse_json::<Value>(&text).map_err(|error| broken(bytes, &error))? {
            Value::Object(members) => Ok(Some(members)),
            Value::Null => Ok(absent(presence, faults)),
            other => {
                faults.add(no_object().with_input(&other));
                Ok(None)
            }
        }
    }
}

fn absent(presence: Presence, faults: &Faults) -> Option<Map<String, Value>> {
    match presence {
        Presence::Optional => Some(Map::new()),
        Presence::Required => {
            faults.add(Fault::new("missing", vec!["body".into()], "Field required").with_input(&Value::Null));
            None
        }
    }
}

fn no_object() -> Fault {
    let msg = "Input should be a valid dictionary or object to extract fields from";
    Fault::new("model_attributes_type", vec!["body".into()], msg)
}

/// A body that cannot be read, at the byte where that is noticed.
fn broken(bytes: &[u8], error: &ApiError) -> ApiError {
    let ApiError::Malformed { message, line, column } = error else { return error.clone() };
    let before = bytes.split_inclusive(|byte| *byte == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len);
    let offset = before.sum::<usize>() + column.saturating_sub(1);
    let fault = Fault::new("json_invalid", vec!["body".into(), offset.into()], "JSON decode error");
    invalid(vec![fault.with_input(&json!({})).with_ctx(json!({ "error": message }))])
}
