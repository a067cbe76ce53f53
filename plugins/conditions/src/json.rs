//! JSON read level by level from its text, so that numbers stay as they are written.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// The outermost level of a value.
#[derive(Debug)]
pub enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// As it is written.
    Number(&'a str),
    /// Without its escapes.
    Text(String),
    /// Items, unread.
    List(Vec<&'a RawValue>),
    /// Members, unread; of a name that is there twice the last.
    Object(BTreeMap<String, &'a RawValue>),
}

impl<'a> Json<'a> {
    /// Reads one level.
    pub fn read(raw: &'a RawValue) -> Result<Self, serde_json::Error> {
        let text = raw.get();
        Ok(match text.as_bytes().first() {
            Some(b'"') => Self::Text(serde_json::from_str(text)?),
            Some(b'[') => Self::List(serde_json::from_str(text)?),
            Some(b'{') => Self::Object(serde_json::from_str(text)?),
            Some(b't') => Self::Boolean(true),
            Some(b'f') => Self::Boolean(false),
            Some(b'n') | None => Self::Null,
            Some(_) => Self::Number(text),
        })
    }
}
