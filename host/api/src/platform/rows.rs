//! Reading rows to import: a JSON array, NDJSON, or CSV with a header line.

use crate::kit::body::{checked_text, is_json, parse_json};
use crate::kit::{ApiError, ApiResult};
use bytes::Bytes;
use serde_json::{Map, Value};
use stepwright_app::{Dataset, FieldFault, FieldType};

/// What may be sent.
pub const ACCEPTED: &str = "application/json, application/x-ndjson or text/csv";

/// How the rows stand in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Lines,
    Csv,
}

impl Format {
    /// By media type.
    ///
    /// # Errors
    /// `UnsupportedType`.
    pub fn of(media_type: &str) -> ApiResult<Self> {
        match media_type {
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Ok(Self::Lines),
            "text/csv" | "application/csv" => Ok(Self::Csv),
            other if is_json(other) => Ok(Self::Json),
            _ => Err(ApiError::UnsupportedType { expected: ACCEPTED }),
        }
    }
}

/// The rows.
///
/// # Errors
/// `Malformed` for a broken JSON array, `Invalid` naming the row for a broken line.
pub fn read(format: Format, dataset: Dataset, bytes: Bytes) -> ApiResult<Vec<Value>> {
    match format {
        Format::Json => match parse_json(&checked_text(bytes)?)? {
            Value::Array(rows) => Ok(rows),
            _ => Err(ApiError::invalid("", "must be an array of rows")),
        },
        Format::Lines => read_lines(&checked_text(bytes)?),
        Format::Csv => read_csv(dataset, &bytes),
    }
}

/// An error of the application about rows, with the row named in its text too.
pub fn with_row_numbers(error: ApiError) -> ApiError {
    let ApiError::Invalid(faults) = error else { return error };
    let told = |fault: FieldFault| {
        let mut parts = fault.pointer.splitn(3, '/').skip(1);
        let place = match (parts.next().and_then(|row| row.parse::<usize>().ok()), parts.next()) {
            (Some(row), Some(field)) => format!("row {}, field {field}: ", row + 1),
            (Some(row), None) => format!("row {}: ", row + 1),
            (None, _) => String::new(),
        };
        FieldFault { message: format!("{place}{}", fault.message), pointer: fault.pointer }
    };
    ApiError::Invalid(faults.into_iter().map(told).collect())
}

fn read_lines(text: &str) -> ApiResult<Vec<Value>> {
    let mut rows = Vec::new();
    let mut faults = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let number = rows.len();
        match serde_json::from_str(line) {
            Ok(row) => rows.push(row),
            Err(error) => {
                faults.push(FieldFault::new(format!("/{number}"), format!("is no JSON: {error}")));
                rows.push(Value::Null);
            }
        }
    }
    if faults.is_empty() { Ok(rows) } else { Err(ApiError::Invalid(faults)) }
}

fn read_csv(dataset: Dataset, bytes: &[u8]) -> ApiResult<Vec<Value>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.contains(&0) {
        return Err(ApiError::malformed("NUL characters are not accepted"));
    }
    // Quotes are doubled inside of cells, so that they always come in pairs.
    if bytes.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
        return Err(ApiError::invalid("", "a quoted cell does not end"));
    }
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(bytes);
    let header = reader.headers().map_err(|e| ApiError::malformed(format!("the header cannot be read: {e}")))?.clone();
    let mut rows = Vec::new();
    let mut faults = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) => {
                let cells =
                    header.iter().zip(record.iter()).filter(|(name, cell)| !name.is_empty() && !cell.is_empty());
                let row: Map<String, Value> =
                    cells.map(|(name, cell)| (name.to_owned(), cell_value(dataset, name, cell))).collect();
                rows.push(Value::Object(row));
            }
            Err(error) => {
                faults.push(FieldFault::new(format!("/{}", rows.len()), format!("cannot be read: {error}")));
                rows.push(Value::Null);
            }
        }
    }
    if faults.is_empty() { Ok(rows) } else { Err(ApiError::Invalid(faults)) }
}

/// A cell as its field's type; what does not read as it stays text, and the dataset's rules name the fault.
fn cell_value(dataset: Dataset, name: &str, cell: &str) -> Value {
    let kind = dataset.fields().iter().find(|f| f.name == name).map(|f| f.kind);
    let text = || Value::from(cell);
    match kind {
        Some(FieldType::Count) => cell.trim().parse::<i64>().map_or_else(|_| text(), Value::from),
        Some(FieldType::Boolean) => match cell.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Value::from(true),
            "false" | "0" | "no" => Value::from(false),
            _ => text(),
        },
        Some(FieldType::Object | FieldType::Lines | FieldType::Texts) => {
            serde_json::from_str(cell).unwrap_or_else(|_| text())
        }
        Some(FieldType::Text | FieldType::Currency | FieldType::Date | FieldType::Instant | FieldType::OneOf(_))
        | None => text(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn csv_cells_take_their_fields_types_and_empty_ones_are_absent() {
        let text = "\u{feff}id, interval ,active,due_in_days,lines,note\nt1,weekly,yes,14,\"[{\"\"a\"\":1}]\",\"a,b\"\nt2,,,,x,\n";
        let rows = read(Format::Csv, Dataset::RecurringTemplates, Bytes::from(text)).unwrap();
        let first = json!({"id": "t1", "interval": "weekly", "active": true, "due_in_days": 14, "lines": [{"a": 1}], "note": "a,b"});
        assert_eq!(rows, [first, json!({"id": "t2", "lines": "x"})]);
    }

    #[test]
    fn a_broken_line_is_named_and_good_ones_do_not_hide_it() {
        let Err(ApiError::Invalid(faults)) = read(Format::Lines, Dataset::Customers, Bytes::from("{}\n\n{\n{}")) else {
            panic!("accepted")
        };
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].pointer, "/1");
    }

    #[test]
    fn faults_name_row_and_field() {
        let error = with_row_numbers(ApiError::invalid("/1/total_cents", "must be a whole number"));
        let ApiError::Invalid(faults) = error else { panic!("another error") };
        assert_eq!(faults[0].message, "row 2, field total_cents: must be a whole number");
    }

    #[test]
    fn other_types_are_refused() {
        assert_eq!(Format::of("text/csv"), Ok(Format::Csv));
        assert_eq!(Format::of("application/json"), Ok(Format::Json));
        assert!(Format::of("text/plain").is_err());
        assert!(Format::of("").is_err());
    }
}
