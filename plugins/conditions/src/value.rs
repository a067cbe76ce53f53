//! Values as they are compared: what the source and the statement's texts mean for a type.

use std::cmp::Ordering;

use chrono::{DateTime, NaiveDate, Utc};
use stepwright_sdk::{Context, Fault};

use crate::calendar::{Calendar, Moment, Stamp};
use crate::config::{AttributeType, DateOffset, Operator, ValueType};
use crate::decimal::Decimal;
use crate::fold::fold;
use crate::source::{AMOUNTS, Element};

/// How values of an attribute are read.
#[derive(Debug, Clone, Copy)]
pub enum Reader {
    /// Case matters.
    Text,
    /// Case does not matter.
    Folded,
    /// The id of an entity or a user.
    Id,
    /// An exact decimal.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A calendar day.
    Day(Calendar),
    /// An instant.
    Instant(Calendar),
}

/// A value of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A number.
    Number(Decimal),
    /// A truth value.
    Boolean(bool),
    /// An instant and its day.
    Moment(Moment),
}

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparand {
    /// A text.
    Text(String),
    /// A number.
    Number(Decimal),
    /// A truth value.
    Boolean(bool),
    /// A whole day: moments of it are equal to it.
    Day(NaiveDate),
    /// An instant.
    Instant(DateTime<Utc>),
}

/// A day or an instant counted from the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relative {
    /// The tenant's day.
    Today,
    /// The instant.
    Now,
    /// The day before.
    Yesterday,
    /// The day after.
    Tomorrow,
}

impl Reader {
    /// The reader of a type. The operators that order prices read their amount; another part of an object is read as
    /// text unless it is an amount or the type is a scalar's.
    pub fn of(
        kind: AttributeType,
        operator: Operator,
        sub_field: Option<&str>,
        context: &Context,
    ) -> Result<Self, Fault> {
        use AttributeType as T;
        Ok(match kind {
            T::Number => Self::Number,
            T::Price if operator.orders() || sub_field.is_some_and(|key| AMOUNTS.contains(&key)) => Self::Number,
            T::Boolean => Self::Boolean,
            T::Date => Self::Day(Calendar::of(context)?),
            T::Datetime => Self::Instant(Calendar::of(context)?),
            T::Country => Self::Folded,
            T::Email if sub_field.is_none() => Self::Folded,
            T::Relation | T::RelationUser | T::Product | T::Price if sub_field.is_none() => Self::Id,
            _ => Self::Text,
        })
    }

    /// What an unreadable value is not.
    pub fn expects(self) -> &'static str {
        match self {
            Self::Text | Self::Folded => "a text",
            Self::Id => "an id",
            Self::Number => "a number",
            Self::Boolean => "`true` or `false`",
            Self::Day(_) => "a date",
            Self::Instant(_) => "a date and time",
        }
    }

    /// A value of the source, moved by the offset; `None` when it cannot be read.
    pub fn value(self, element: &Element<'_>, offset: Option<&DateOffset>) -> Option<Value> {
        let text = match (self, element) {
            (_, Element::Foreign(_)) => return None,
            (Self::Boolean, Element::Boolean(value)) => return Some(Value::Boolean(*value)),
            (_, Element::Text(text)) => text.as_str(),
            (Self::Text | Self::Folded | Self::Number, Element::Number(text)) => text,
            (Self::Text | Self::Folded, Element::Boolean(true)) => "true",
            (Self::Text | Self::Folded, Element::Boolean(false)) => "false",
            (_, Element::Number(_) | Element::Boolean(_)) => return None,
        };
        Some(match self {
            Self::Text | Self::Id => Value::Text(text.to_owned()),
            Self::Folded => Value::Text(fold(text)),
            Self::Number => Value::Number(Decimal::parse(text)?),
            Self::Boolean => Value::Boolean(text.parse().ok()?),
            Self::Day(calendar) | Self::Instant(calendar) => {
                Value::Moment(calendar.place(Stamp::parse(text)?, offset)?)
            }
        })
    }

    /// A value of the statement; `None` when it cannot be read.
    pub fn comparand(self, text: &str, value_type: ValueType) -> Option<Comparand> {
        let calendar = match self {
            Self::Day(calendar) | Self::Instant(calendar) => calendar,
            _ if value_type == ValueType::RelativeDate => return None,
            Self::Text | Self::Id => return Some(Comparand::Text(text.to_owned())),
            Self::Folded => return Some(Comparand::Text(fold(text))),
            Self::Number => return Decimal::parse(text).map(Comparand::Number),
            Self::Boolean => return text.parse().ok().map(Comparand::Boolean),
        };
        let whole_days = matches!(self, Self::Day(_));
        match value_type {
            ValueType::RelativeDate => {
                let today = calendar.now().day;
                Some(match Relative::parse(text)? {
                    Relative::Now if !whole_days => Comparand::Instant(calendar.now().at),
                    Relative::Now | Relative::Today => Comparand::Day(today),
                    Relative::Yesterday => Comparand::Day(today.pred_opt()?),
                    Relative::Tomorrow => Comparand::Day(today.succ_opt()?),
                })
            }
            ValueType::Static => {
                let stamp = Stamp::parse(text)?;
                let moment = calendar.place(stamp, None)?;
                let day = whole_days || matches!(stamp, Stamp::Day(_));
                Some(if day { Comparand::Day(moment.day) } else { Comparand::Instant(moment.at) })
            }
        }
    }
}

impl Value {
    /// How a value stands to what it is compared with. Both come from the same reader.
    pub fn compare(&self, with: &Comparand) -> Option<Ordering> {
        Some(match (self, with) {
            (Self::Text(a), Comparand::Text(b)) => a.cmp(b),
            (Self::Number(a), Comparand::Number(b)) => a.cmp(b),
            (Self::Boolean(a), Comparand::Boolean(b)) => a.cmp(b),
            (Self::Moment(a), Comparand::Day(b)) => a.day.cmp(b),
            (Self::Moment(a), Comparand::Instant(b)) => a.at.cmp(b),
            _ => return None,
        })
    }

    /// Whether it is the same.
    pub fn equals(&self, with: &Comparand) -> bool {
        self.compare(with) == Some(Ordering::Equal)
    }

    /// Whether both are texts, and stand to each other as a test of texts says.
    pub fn matches(&self, with: &Comparand, test: impl Fn(&str, &str) -> bool) -> bool {
        matches!((self, with), (Self::Text(a), Comparand::Text(b)) if test(a, b))
    }
}

impl Relative {
    const TOKENS: [(&'static str, Self); 4] =
        [("today", Self::Today), ("now", Self::Now), ("yesterday", Self::Yesterday), ("tomorrow", Self::Tomorrow)];

    /// Reads a token.
    pub fn parse(token: &str) -> Option<Self> {
        Self::TOKENS.iter().find(|(known, _)| *known == token).map(|(_, relative)| *relative)
    }

    /// All tokens, for people.
    pub fn tokens() -> String {
        Self::TOKENS.map(|(token, _)| token).join(", ")
    }
}
