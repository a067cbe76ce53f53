//! The tenant's business data. Grants: `data: {read: [dataset…], write: [dataset…]}`.
//!
//! ```no_run
//! # use stepwright_sdk::prelude::*;
//! # fn example(ctx: &Context) -> Result<(), Fault> {
//! use stepwright_sdk::data::{self, any_of, lt};
//!
//! #[derive(Deserialize)]
//! struct Invoice { id: String }
//!
//! let overdue = data::query("invoices").filter("status", any_of(["sent"])).filter("due_date", lt(&ctx.now));
//! let writes = overdue.fetch_all::<Invoice>()?.into_iter();
//! data::apply(writes.map(|invoice| data::write("invoices", invoice.id).set("status", "overdue")))?;
//! # Ok(()) }
//! ```

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::bindings::data as wit;
use crate::pages::Pages;
use crate::sys::data as sys;
use crate::{Fault, HostError};

/// Rows asked for at once.
const PAGE: u32 = 500;

/// A row of a dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its id within the dataset.
    pub id: String,
    /// One more per change, from 1.
    pub version: u64,
    /// The row as a JSON object, `id` included.
    pub value: Value,
}

impl Row {
    /// The row as a type of yours.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.value)
    }
}

/// What a field is compared with: [`eq`], [`ne`], [`lt`], [`le`], [`gt`], [`ge`] or [`any_of`].
#[derive(Debug, Clone)]
pub struct Comparison {
    kind: wit::Comparison,
    value: String,
}

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident $kind:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(value: impl Serialize) -> Comparison {
            Comparison::new(wit::Comparison::$kind, &value)
        }
    )*};
}

comparisons! {
    /// Equal to the value.
    eq Eq;
    /// Not equal to the value; a missing field is not.
    ne Ne;
    /// Less than the value; a missing field never is.
    lt Lt;
    /// Less than or equal to the value.
    le Le;
    /// Greater than the value.
    gt Gt;
    /// Greater than or equal to the value.
    ge Ge;
    /// Equal to one of a list.
    any_of AnyOf;
}

impl Comparison {
    fn new(kind: wit::Comparison, value: &impl Serialize) -> Self {
        // What is not JSON becomes text that is not, which the host refuses as an invalid filter.
        Self { kind, value: serde_json::to_string(value).unwrap_or_default() }
    }
}

/// Asks for rows of a dataset, in the order of their ids.
pub fn query(dataset: impl Into<String>) -> Query {
    Query { dataset: dataset.into(), filters: Vec::new() }
}

/// See [`query`].
#[derive(Debug, Clone)]
#[must_use = "nothing is read before one of `rows`, `fetch_all` and `first`"]
pub struct Query {
    dataset: String,
    filters: Vec<wit::Filter>,
}

impl Query {
    /// Rows whose field compares so; all filters must hold.
    pub fn filter(mut self, field: &str, comparison: Comparison) -> Self {
        let Comparison { kind, value } = comparison;
        self.filters.push(wit::Filter { field: field.to_owned(), comparison: kind, value });
        self
    }

    /// The rows, with what this call has staged; pages are fetched as they are needed.
    pub fn rows(self) -> impl Iterator<Item = Result<Row, HostError>> {
        self.pages(PAGE)
    }

    /// All rows as a type of yours. For datasets that may be large use [`Query::rows`]: memory is limited.
    pub fn fetch_all<T: DeserializeOwned>(self) -> Result<Vec<T>, Fault> {
        self.rows().map(|row| Ok(row?.parse()?)).collect()
    }

    /// The first row.
    pub fn first(self) -> Result<Option<Row>, HostError> {
        self.pages(1).next().transpose()
    }

    fn pages(self, limit: u32) -> impl Iterator<Item = Result<Row, HostError>> {
        let Self { dataset, filters } = self;
        let mut query = wit::Query { dataset, filters, limit, cursor: None };
        Pages::new(move |cursor| {
            query.cursor = cursor.map(str::to_owned);
            let page = sys::select(&query)?;
            Ok((page.rows, page.next_cursor))
        })
        .map(|row| row.and_then(read))
    }
}

/// The row of a dataset with an id.
pub fn find(dataset: &str, id: &str) -> Result<Option<Row>, HostError> {
    query(dataset).filter("id", eq(id)).first()
}

/// A change of a row, staged by [`apply`] or [`Write::apply`].
pub fn write(dataset: impl Into<String>, id: impl Into<String>) -> Write {
    Write { dataset: dataset.into(), id: id.into(), patch: Value::Object(Default::default()), expected: None }
}

/// See [`write()`].
#[derive(Debug, Clone)]
#[must_use = "nothing is changed before `apply`"]
pub struct Write {
    dataset: String,
    id: String,
    patch: Value,
    expected: Option<u64>,
}

impl Write {
    /// Fields to merge, shallowly; null removes.
    pub fn patch(mut self, patch: Value) -> Self {
        self.patch = patch;
        self
    }

    /// Sets one field.
    pub fn set(mut self, field: &str, value: impl Into<Value>) -> Self {
        if let Value::Object(patch) = &mut self.patch {
            patch.insert(field.to_owned(), value.into());
        }
        self
    }

    /// Refused with a conflict when the row has another version.
    pub fn expect_version(mut self, version: u64) -> Self {
        self.expected = Some(version);
        self
    }

    /// Refused with a conflict when there is such a row.
    pub fn expect_new(self) -> Self {
        self.expect_version(0)
    }

    /// Stages this change alone.
    pub fn apply(self) -> Result<(), HostError> {
        apply([self])
    }
}

/// Stages all writes or none. At most 500 in one call.
pub fn apply(writes: impl IntoIterator<Item = Write>) -> Result<(), HostError> {
    let writes: Vec<wit::Write> = writes.into_iter().map(to_wit).collect();
    if writes.is_empty() { Ok(()) } else { Ok(sys::apply(&writes)?) }
}

fn to_wit(write: Write) -> wit::Write {
    wit::Write {
        dataset: write.dataset,
        id: write.id,
        patch: write.patch.to_string(),
        expected_version: write.expected,
    }
}

fn read(row: wit::Row) -> Result<Row, HostError> {
    let value = serde_json::from_str(&row.value).map_err(|error| HostError::not_json(&error))?;
    Ok(Row { id: row.id, version: row.version, value })
}
