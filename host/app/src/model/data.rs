//! Business data and entities: what steps read and write (source: contracts/core-model.md 3.4).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::cmp::Ordering;
use stepwright_engine::{RawJson, Timestamp};

/// An entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    pub schema: String,
    pub id: String,
    /// From 1, one more per change.
    pub version: u64,
    pub attributes: RawJson,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// A row of a dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataRow {
    pub id: String,
    /// From 1, one more per change.
    pub version: u64,
    /// A JSON object with `id`.
    pub value: RawJson,
}

/// The datasets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dataset {
    Customers,
    Invoices,
    RecurringTemplates,
    Payments,
    Forms,
    FormSubmissions,
    Notifications,
}

/// Not one of [`Dataset::ALL`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no dataset; known are customers, invoices, recurring_templates, payments, forms, form_submissions, notifications"
)]
pub struct UnknownDataset(pub String);

/// A field's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    Text,
    /// Whole number from 0.
    Count,
    /// Three letters (ISO 4217).
    Currency,
    Boolean,
    /// `YYYY-MM-DD`.
    Date,
    /// RFC 3339.
    Instant,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// Any JSON object.
    Object,
    /// Array of objects `{description, quantity, unit_price_cents}`.
    Lines,
    /// Array of text.
    Texts,
}

/// A rule for one field; unknown fields are kept as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldRule {
    pub name: &'static str,
    pub kind: FieldType,
    pub required: bool,
}

const fn required(name: &'static str, kind: FieldType) -> FieldRule {
    FieldRule { name, kind, required: true }
}

const fn optional(name: &'static str, kind: FieldType) -> FieldRule {
    FieldRule { name, kind, required: false }
}

impl Dataset {
    /// Every dataset.
    pub const ALL: [Self; 7] = [
        Self::Customers,
        Self::Invoices,
        Self::RecurringTemplates,
        Self::Payments,
        Self::Forms,
        Self::FormSubmissions,
        Self::Notifications,
    ];

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customers => "customers",
            Self::Invoices => "invoices",
            Self::RecurringTemplates => "recurring_templates",
            Self::Payments => "payments",
            Self::Forms => "forms",
            Self::FormSubmissions => "form_submissions",
            Self::Notifications => "notifications",
        }
    }

    /// The inverse of [`Self::as_str`].
    ///
    /// # Errors
    /// When `text` names no dataset.
    pub fn parse(text: &str) -> Result<Self, UnknownDataset> {
        Self::ALL.into_iter().find(|d| d.as_str() == text).ok_or_else(|| UnknownDataset(text.into()))
    }

    /// The rules of its fields, `id` aside.
    pub const fn fields(self) -> &'static [FieldRule] {
        use FieldType::{Boolean, Count, Currency, Date, Instant, Lines, Object, OneOf, Text, Texts};
        match self {
            Self::Customers => const { &[required("name", Text), optional("email", Text)] },
            Self::Invoices => {
                const {
                    &[
                        required("invoice_number", Text),
                        required("customer_id", Text),
                        required(
                            "status",
                            OneOf(&["draft", "posted", "sent", "partially_paid", "paid", "overdue", "void"]),
                        ),
                        required("currency", Currency),
                        required("total_cents", Count),
                        optional("amount_paid_cents", Count),
                        required("issue_date", Date),
                        required("due_date", Date),
                        optional("sent_at", Instant),
                        optional("last_reminder_at", Instant),
                        optional("reminder_count", Count),
                        optional("recurring_template_id", Text),
                        optional("lines", Lines),
                    ]
                }
            }
            Self::RecurringTemplates => {
                const {
                    &[
                        required("customer_id", Text),
                        required("lines", Lines),
                        required("currency", Currency),
                        required("interval", OneOf(&["weekly", "monthly", "yearly"])),
                        required("next_issue_date", Date),
                        optional("due_in_days", Count),
                        optional("end_date", Date),
                        optional("active", Boolean),
                        optional("anchor_day", Count),
                    ]
                }
            }
            Self::Payments => {
                const {
                    &[
                        optional("invoice_id", Text),
                        required("amount_cents", Count),
                        required("currency", Currency),
                        required("status", OneOf(&["succeeded", "failed", "refunded"])),
                        optional("method", Text),
                        required("received_at", Instant),
                    ]
                }
            }
            Self::Forms => const { &[optional("slug", Text), required("name", Text)] },
            Self::FormSubmissions => {
                const { &[required("form_id", Text), required("values", Object), required("submitted_at", Instant)] }
            }
            Self::Notifications => {
                const {
                    &[
                        optional("user_ids", Texts),
                        optional("role_ids", Texts),
                        required("title", Text),
                        optional("body", Text),
                        optional("created_at", Instant),
                        optional("read_at", Instant),
                    ]
                }
            }
        }
    }
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    AnyOf,
}

/// A condition on a row (source: wit/data@0.1.0).
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    pub field: String,
    pub comparison: Comparison,
    /// For [`Comparison::AnyOf`] an array.
    pub value: Value,
}

impl Filter {
    /// Whether the row meets the condition. Numbers compare as numbers, text as text; different types never order.
    pub fn matches(&self, row: &Value) -> bool {
        let field = row.get(&self.field).unwrap_or(&Value::Null);
        match self.comparison {
            Comparison::Eq => same(field, &self.value),
            Comparison::Ne => !same(field, &self.value),
            Comparison::AnyOf => self.value.as_array().is_some_and(|values| values.iter().any(|v| same(field, v))),
            Comparison::Lt => order(field, &self.value).is_some_and(Ordering::is_lt),
            Comparison::Le => order(field, &self.value).is_some_and(Ordering::is_le),
            Comparison::Gt => order(field, &self.value).is_some_and(Ordering::is_gt),
            Comparison::Ge => order(field, &self.value).is_some_and(Ordering::is_ge),
        }
    }
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => order(a, b) == Some(Ordering::Equal),
        _ => a == b,
    }
}

fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        _ => None,
    }
}
