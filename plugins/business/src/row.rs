//! Rows of datasets as types.

use serde::de::DeserializeOwned;
use stepwright_sdk::Fault;
use stepwright_sdk::data::Row;

/// The row as a type, or a fault that names it. The host checks rows when they are written, so this is for rows that
/// got in another way.
pub fn read<T: DeserializeOwned>(dataset: &str, row: &Row) -> Result<T, Fault> {
    row.parse().map_err(|error| broken(dataset, &row.id, error))
}

/// The fault of a row that breaks its dataset's rules.
pub fn broken(dataset: &str, id: &str, why: impl std::fmt::Display) -> Fault {
    Fault::new("INVALID_ROW", format!("row `{id}` of {dataset}: {why}"))
}
