//! One mail address or several, as configs name them.

use std::borrow::Cow;
use std::fmt;

use business::address::{self, MAX_RECIPIENTS};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use stepwright_sdk::FieldError;

/// An address, or an array of at least `MIN` of them. Written back the way it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Recipients<const MIN: usize> {
    One(String),
    Several(Vec<String>),
}

impl<const MIN: usize> Recipients<MIN> {
    /// The addresses.
    pub fn addresses(&self) -> &[String] {
        match self {
            Self::One(address) => std::slice::from_ref(address),
            Self::Several(addresses) => addresses,
        }
    }

    /// What is wrong with them, each at its place below `pointer`.
    pub fn check(&self, pointer: &str) -> Vec<FieldError> {
        let wrong = |pointer: String, address: &String| {
            address::check(address).err().map(|message| FieldError::new(pointer, message))
        };
        match self {
            Self::One(address) => wrong(pointer.to_owned(), address).into_iter().collect(),
            Self::Several(addresses) if addresses.len() < MIN => {
                vec![FieldError::new(pointer, "at least one mail address is needed")]
            }
            Self::Several(addresses) => {
                let each = addresses.iter().enumerate();
                each.filter_map(|(at, address)| wrong(format!("{pointer}/{at}"), address)).collect()
            }
        }
    }
}

impl<'de, const MIN: usize> Deserialize<'de> for Recipients<MIN> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<const MIN: usize>;

        impl<'de, const MIN: usize> Visitor<'de> for Either<MIN> {
            type Value = Recipients<MIN>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mail address or an array of mail addresses")
            }

            fn visit_str<E: Error>(self, address: &str) -> Result<Self::Value, E> {
                Ok(Recipients::One(address.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(Recipients::Several)
            }
        }

        deserializer.deserialize_any(Either)
    }
}

impl<const MIN: usize> JsonSchema for Recipients<MIN> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Recipients{MIN}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // Keywords apply to the type they are about, so no `anyOf` is needed, which would hide where the fault is; and
        // what an address looks like is for `check`, which says it better than a pattern.
        json_schema!({
            "type": ["string", "array"],
            "items": { "type": "string" },
            "minItems": MIN,
            "maxItems": MAX_RECIPIENTS,
        })
    }
}
