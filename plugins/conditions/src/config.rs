//! The config of a statement (source: epilot's `Statement` and `EvaluationSource`, laid flat).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One statement: how the values of attributes are tested.
///
/// It is what the statement and its source say, without what the host resolves by itself (`id`, `origin`,
/// `origin_type`, `schema`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// How the source is compared with the values.
    pub operator: Operator,
    /// What the source is compared with, numbers and booleans as text. `is_empty` and `is_not_empty` need none.
    #[serde(default)]
    pub values: Vec<String>,
    /// Whether the values stand for themselves or for days counted from the day of the call.
    #[serde(default)]
    pub value_type: ValueType,
    /// The attribute's type; without it the type in the entity's schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute_type: Option<AttributeType>,
    /// The attribute's name, for explanations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// Whether the attribute may have several values; any of them may then meet the statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute_repeatable: Option<bool>,
    /// What must have happened to the attribute for the statement to be met at all.
    #[serde(default)]
    pub attribute_operation: AttributeOperation,
    /// Several attributes of one type, each tested; one operand each, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub attributes: Vec<String>,
    /// How many of several attributes must meet the statement.
    #[serde(default)]
    pub attributes_match: AttributesMatch,
    /// The key of an object to compare, instead of the one its type is known by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute_sub_field: Option<String>,
    /// Added to the source before it is compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_offset: Option<DateOffset>,
}

/// A distance on the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DateOffset {
    /// How many; negative goes back.
    #[schemars(range(min = -100_000, max = 100_000))]
    pub amount: i64,
    /// Of what.
    pub unit: OffsetUnit,
}

/// Enums of the wire, each with its token.
macro_rules! tokens {
    ($($(#[$doc:meta])* enum $name:ident { $(#[$first_doc:meta])* $first:ident = $first_token:literal,
        $($(#[$variant_doc:meta])* $variant:ident = $token:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
        pub enum $name {
            $(#[$first_doc])* #[default] #[serde(rename = $first_token)] $first,
            $($(#[$variant_doc])* #[serde(rename = $token)] $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[Self::$first, $(Self::$variant),*];

            /// As it is written on the wire.
            pub const fn token(self) -> &'static str {
                match self {
                    Self::$first => $first_token,
                    $(Self::$variant => $token,)*
                }
            }

            /// Reads a token.
            pub fn parse(token: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.token() == token)
            }
        }
    )*};
}

tokens! {
    /// How a source is compared.
    enum Operator {
        /// The value, or for a multi-valued type the same set.
        Equals = "equals",
        /// Not `equals`.
        NotEquals = "not_equals",
        /// At least one in common.
        AnyOf = "any_of",
        /// Nothing in common.
        NoneOf = "none_of",
        /// A part of the text, or all of the values among a multi-valued type's.
        Contains = "contains",
        /// Not `contains`.
        NotContains = "not_contains",
        /// The beginning of the text.
        StartsWith = "starts_with",
        /// The end of the text.
        EndsWith = "ends_with",
        /// More, or later.
        GreaterThan = "greater_than",
        /// Less, or earlier.
        LessThan = "less_than",
        /// Not less, or not earlier.
        GreaterThanOrEquals = "greater_than_or_equals",
        /// Not more, or not later.
        LessThanOrEquals = "less_than_or_equals",
        /// No value at all.
        IsEmpty = "is_empty",
        /// Any value.
        IsNotEmpty = "is_not_empty",
    }

    /// What an attribute holds.
    enum AttributeType {
        /// A line of text.
        String = "string",
        /// Text.
        Text = "text",
        /// An exact decimal number.
        Number = "number",
        /// `true` or `false`.
        Boolean = "boolean",
        /// A calendar day.
        Date = "date",
        /// An instant.
        Datetime = "datetime",
        /// Tags.
        Tags = "tags",
        /// A country's code, in either case.
        Country = "country",
        /// An address, or an object with `email`; in either case.
        Email = "email",
        /// A number, or an object with `phone`.
        Phone = "phone",
        /// A related product.
        Product = "product",
        /// A related price; its amount is what is ordered.
        Price = "price",
        /// A status.
        Status = "status",
        /// Related entities.
        Relation = "relation",
        /// Several of a list.
        Multiselect = "multiselect",
        /// One of a list.
        Select = "select",
        /// One of a list.
        Radio = "radio",
        /// Related users.
        RelationUser = "relation_user",
        /// Purposes.
        Purpose = "purpose",
        /// Labels.
        Label = "label",
        /// A message's address, or an object with `address`.
        MessageEmailAddress = "message_email_address",
    }

    /// What the values are.
    enum ValueType {
        /// Themselves.
        Static = "static",
        /// `today`, `yesterday`, `tomorrow` or `now`.
        RelativeDate = "relative_date",
    }

    /// What the trigger's diff says about an attribute.
    enum AttributeOperation {
        /// Whatever it says.
        All = "all",
        /// Another value.
        Updated = "updated",
        /// A value where there was none.
        Added = "added",
        /// No value where there was one.
        Deleted = "deleted",
    }

    /// How many of several attributes must meet a statement.
    enum AttributesMatch {
        /// At least one.
        Any = "any",
        /// Every one.
        All = "all",
    }

    /// What an offset counts.
    enum OffsetUnit {
        /// Days.
        Days = "days",
        /// Months.
        Months = "months",
        /// Years.
        Years = "years",
    }
}

impl Operator {
    /// Whether there is something to compare with.
    pub const fn needs_values(self) -> bool {
        !matches!(self, Self::IsEmpty | Self::IsNotEmpty)
    }

    /// Whether it orders.
    pub const fn orders(self) -> bool {
        matches!(self, Self::GreaterThan | Self::LessThan | Self::GreaterThanOrEquals | Self::LessThanOrEquals)
    }

    /// Whether values of a type can be compared so (source: plugins.md 4.2, the table's last column).
    pub const fn applies_to(self, kind: AttributeType) -> bool {
        match self {
            Self::Equals | Self::NotEquals | Self::AnyOf | Self::NoneOf | Self::IsEmpty | Self::IsNotEmpty => true,
            Self::Contains | Self::NotContains => kind.is_text() || kind.is_multi_valued(),
            Self::StartsWith | Self::EndsWith => kind.is_text(),
            Self::GreaterThan | Self::LessThan | Self::GreaterThanOrEquals | Self::LessThanOrEquals => {
                matches!(kind, AttributeType::Number | AttributeType::Price) || kind.is_temporal()
            }
        }
    }
}

impl AttributeType {
    /// The string types.
    pub const fn is_text(self) -> bool {
        matches!(self, Self::String | Self::Text | Self::Email | Self::Phone | Self::MessageEmailAddress)
    }

    /// Types whose values are a set.
    pub const fn is_multi_valued(self) -> bool {
        matches!(
            self,
            Self::Tags | Self::Multiselect | Self::Relation | Self::RelationUser | Self::Purpose | Self::Label
        )
    }

    /// Types of days and instants.
    pub const fn is_temporal(self) -> bool {
        matches!(self, Self::Date | Self::Datetime)
    }
}
