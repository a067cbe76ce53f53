//! What summary steps hand to delivery steps: the member `summary` of their output.
//!
//! ```json
//! {"summary": {"title": "Payments", "period": {"from": "2026-03-01", "to": "2026-03-07", "timezone": "UTC"},
//!              "sections": [{"title": "EUR", "rows": [{"label": "Net", "value": {"cents": 1050, "currency": "EUR"}},
//!                                                     {"label": "Payments", "value": 3}]}]}}
//! ```
//!
//! Any plugin's step may produce it: a delivery step renders every output that has such a member. Besides `summary`
//! an output holds what the step likes, usually the exact numbers.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Calendar, Currency, Period};

/// A summary for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// What it is about.
    pub title: String,
    /// The days it covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Covered>,
    /// Its parts, in order.
    #[serde(default)]
    pub sections: Vec<Section>,
}

/// The days a summary covers, both inclusive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Covered {
    /// The first day, `YYYY-MM-DD`.
    pub from: String,
    /// The last day, `YYYY-MM-DD`.
    pub to: String,
    /// The IANA name of the zone they are days of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}

/// A part of a summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Section {
    /// Its heading, "" for none.
    #[serde(default)]
    pub title: String,
    /// Its lines, in order.
    #[serde(default)]
    pub rows: Vec<Line>,
}

/// A line of a section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// What the value means.
    pub label: String,
    /// The value.
    pub value: Figure,
}

/// A value of a summary: text, a number, or an amount of money that whoever renders it formats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Figure {
    /// Shown as it is.
    Text(String),
    /// Shown as it is.
    Number(serde_json::Number),
    /// Shown with the decimals of its currency.
    Money {
        /// In the currency's smallest unit.
        cents: i64,
        /// ISO 4217.
        currency: Currency,
    },
}

impl Summary {
    /// A summary of a period.
    pub fn new(title: impl Into<String>, period: &Period, calendar: &Calendar) -> Self {
        let covered = Covered {
            from: period.from.to_string(),
            to: period.to.to_string(),
            timezone: Some(calendar.zone().to_owned()),
        };
        Self { title: title.into(), period: Some(covered), sections: Vec::new() }
    }

    /// Adds a part.
    #[must_use]
    pub fn with(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }
}

impl Section {
    /// A part without lines.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), rows: Vec::new() }
    }

    /// Adds a line.
    #[must_use]
    pub fn row(mut self, label: impl Into<String>, value: impl Into<Figure>) -> Self {
        self.rows.push(Line { label: label.into(), value: value.into() });
        self
    }

    /// Adds an amount.
    #[must_use]
    pub fn money(self, label: &str, cents: i64, currency: &Currency) -> Self {
        self.row(label, Figure::Money { cents, currency: currency.clone() })
    }
}

impl From<&str> for Figure {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Figure {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Figure {
    fn from(number: u64) -> Self {
        Self::Number(number.into())
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Money { cents, currency } => f.write_str(&currency.format(*cents)),
        }
    }
}

/// `0 invoices`, `1 invoice`.
pub fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
