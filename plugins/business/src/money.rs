//! Exact money: whole numbers of a currency's smallest unit, never two currencies in one sum.
//!
//! The datasets call these numbers `…_cents` for every currency: 1050 is 10.50 EUR, 1,050 JPY and 1.050 KWD.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use stepwright_sdk::Fault;

/// Largest number of cents a row or an output may hold: JSON readers keep no larger one exact.
pub const MAX_CENTS: i64 = (1 << 53) - 1;

/// Currencies without a smaller unit (ISO 4217).
const WHOLE: [&str; 17] = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF",
    "XPF",
];
/// Currencies whose smaller unit is a thousandth (ISO 4217).
const THOUSANDTHS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
/// Currencies whose smaller unit is a ten-thousandth (ISO 4217).
const TEN_THOUSANDTHS: [&str; 2] = ["CLF", "UYW"];

/// A currency's code; `eur` and `EUR` are the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Currency(String);

impl Currency {
    /// The currency of a code.
    pub fn new(code: &str) -> Self {
        Self(code.trim().to_uppercase())
    }

    /// Its code in capitals.
    pub fn code(&self) -> &str {
        &self.0
    }

    /// Digits after the decimal point.
    pub fn decimals(&self) -> u32 {
        match self.0.as_str() {
            code if WHOLE.contains(&code) => 0,
            code if THOUSANDTHS.contains(&code) => 3,
            code if TEN_THOUSANDTHS.contains(&code) => 4,
            _ => 2,
        }
    }

    /// An amount for people: `-1,234.50 EUR`.
    pub fn format(&self, cents: i64) -> String {
        let unit = 10_u64.pow(self.decimals());
        let sign = if cents < 0 { "-" } else { "" };
        let whole = grouped(cents.unsigned_abs() / unit);
        let part = cents.unsigned_abs() % unit;
        match self.decimals() {
            0 => format!("{sign}{whole} {self}"),
            digits => format!("{sign}{whole}.{part:0width$} {self}", width = digits as usize),
        }
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::new(&Cow::<str>::deserialize(deserializer)?))
    }
}

/// A sum of cents of one currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum(i128);

impl Sum {
    /// Adds an amount.
    pub fn add(&mut self, cents: i64) -> Result<(), Fault> {
        self.add_wide(i128::from(cents))
    }

    /// Adds `quantity` times `unit_cents`.
    pub fn add_line(&mut self, quantity: i64, unit_cents: i64) -> Result<(), Fault> {
        self.add_wide(i128::from(quantity) * i128::from(unit_cents))
    }

    fn add_wide(&mut self, cents: i128) -> Result<(), Fault> {
        self.0 = self.0.checked_add(cents).ok_or_else(too_large)?;
        Ok(())
    }

    /// The sum, or a fault when it is too large to be written down exactly.
    pub fn cents(self) -> Result<i64, Fault> {
        i64::try_from(self.0).ok().filter(|cents| (-MAX_CENTS..=MAX_CENTS).contains(cents)).ok_or_else(too_large)
    }
}

fn too_large() -> Fault {
    Fault::new("AMOUNT_OVERFLOW", format!("a sum exceeds {MAX_CENTS} cents, the largest amount that stays exact"))
}

/// One value per currency, in the order of their codes.
pub type ByCurrency<T> = BTreeMap<Currency, T>;
