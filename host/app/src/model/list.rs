//! Lists: newest first, by offset or by cursor.

use stepwright_engine::Timestamp;
use uuid::Uuid;

/// A place in a list ordered by (`created_at`, `id`) descending; the wire form is opaque.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub at: Timestamp,
    pub id: Uuid,
}

impl Cursor {
    /// The wire form.
    pub fn encode(&self) -> String {
        format!("{:x}.{}", self.at.micros(), self.id.simple())
    }

    /// Reads the wire form; `None` when it is not one.
    pub fn decode(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('.')?;
        Some(Self { at: Timestamp::from_micros(i64::from_str_radix(at, 16).ok()?), id: Uuid::try_parse(id).ok()? })
    }
}

/// Which part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paging {
    Offset {
        limit: u32,
        offset: u64,
    },
    /// Entries behind the cursor; the first ones without.
    After {
        limit: u32,
        cursor: Option<Cursor>,
    },
}

impl Paging {
    /// The most entries wanted.
    pub const fn limit(&self) -> u32 {
        match self {
            Self::Offset { limit, .. } | Self::After { limit, .. } => *limit,
        }
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed<T> {
    pub items: Vec<T>,
    /// Whether more follow.
    pub has_more: bool,
}

impl<T> Listed<T> {
    /// Cuts `limit + 1` fetched entries down to `limit`.
    pub fn cut(mut items: Vec<T>, limit: u32) -> Self {
        let has_more = items.len() > limit as usize;
        items.truncate(limit as usize);
        Self { items, has_more }
    }

    /// Changes the entries' type.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Listed<U> {
        Listed { items: self.items.into_iter().map(f).collect(), has_more: self.has_more }
    }
}
