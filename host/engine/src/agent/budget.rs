//! What a run may use.

use serde::{Deserialize, Serialize};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    LlmCalls,
    ToolCalls,
    InputTokens,
    OutputTokens,
    /// Millionths of the tenant's currency.
    CostMicros,
    /// Time in the host, milliseconds; waiting for a person is free.
    WallMs,
    Fuel,
    /// Bytes of the journal.
    Bytes,
}

impl Dimension {
    /// Every dimension.
    pub const ALL: [Self; 8] = [
        Self::LlmCalls,
        Self::ToolCalls,
        Self::InputTokens,
        Self::OutputTokens,
        Self::CostMicros,
        Self::WallMs,
        Self::Fuel,
        Self::Bytes,
    ];

    /// The name in budgets and errors; that of its column as well.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LlmCalls => "llm_calls",
            Self::ToolCalls => "tool_calls",
            Self::InputTokens => "input_tokens",
            Self::OutputTokens => "output_tokens",
            Self::CostMicros => "cost_micros",
            Self::WallMs => "wall_ms",
            Self::Fuel => "fuel",
            Self::Bytes => "bytes",
        }
    }
}

/// So much of each dimension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Amounts {
    pub llm_calls: u64,
    pub tool_calls: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub cost_micros: u64,
    pub wall_ms: u64,
    pub fuel: u64,
    pub bytes: u64,
}

impl Amounts {
    /// Of one dimension.
    pub const fn get(&self, dimension: Dimension) -> u64 {
        match dimension {
            Dimension::LlmCalls => self.llm_calls,
            Dimension::ToolCalls => self.tool_calls,
            Dimension::InputTokens => self.input_tokens,
            Dimension::OutputTokens => self.output_tokens,
            Dimension::CostMicros => self.cost_micros,
            Dimension::WallMs => self.wall_ms,
            Dimension::Fuel => self.fuel,
            Dimension::Bytes => self.bytes,
        }
    }

    /// Of one dimension.
    pub const fn get_mut(&mut self, dimension: Dimension) -> &mut u64 {
        match dimension {
            Dimension::LlmCalls => &mut self.llm_calls,
            Dimension::ToolCalls => &mut self.tool_calls,
            Dimension::InputTokens => &mut self.input_tokens,
            Dimension::OutputTokens => &mut self.output_tokens,
            Dimension::CostMicros => &mut self.cost_micros,
            Dimension::WallMs => &mut self.wall_ms,
            Dimension::Fuel => &mut self.fuel,
            Dimension::Bytes => &mut self.bytes,
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        for dimension in Dimension::ALL {
            let sum = self.get_mut(dimension);
            *sum = sum.saturating_add(other.get(dimension));
        }
        self
    }

    /// Nothing of anything.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// The most of each dimension; what is none has no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub llm_calls: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_micros: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wall_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fuel: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

impl Limits {
    /// Of one dimension.
    pub const fn get(&self, dimension: Dimension) -> Option<u64> {
        match dimension {
            Dimension::LlmCalls => self.llm_calls,
            Dimension::ToolCalls => self.tool_calls,
            Dimension::InputTokens => self.input_tokens,
            Dimension::OutputTokens => self.output_tokens,
            Dimension::CostMicros => self.cost_micros,
            Dimension::WallMs => self.wall_ms,
            Dimension::Fuel => self.fuel,
            Dimension::Bytes => self.bytes,
        }
    }

    /// These where they say something, else those of `base`.
    #[must_use]
    pub fn or(self, base: Self) -> Self {
        Self {
            llm_calls: self.llm_calls.or(base.llm_calls),
            tool_calls: self.tool_calls.or(base.tool_calls),
            input_tokens: self.input_tokens.or(base.input_tokens),
            output_tokens: self.output_tokens.or(base.output_tokens),
            cost_micros: self.cost_micros.or(base.cost_micros),
            wall_ms: self.wall_ms.or(base.wall_ms),
            fuel: self.fuel.or(base.fuel),
            bytes: self.bytes.or(base.bytes),
        }
    }

    /// The first dimension of which `spent` and `more` together are too much.
    pub fn exceeded(&self, spent: &Amounts, more: &Amounts) -> Option<Dimension> {
        Dimension::ALL.into_iter().find(|dimension| {
            let more = more.get(*dimension);
            more > 0 && self.get(*dimension).is_some_and(|limit| spent.get(*dimension).saturating_add(more) > limit)
        })
    }

    /// What is left of a dimension; none without a limit.
    pub fn left(&self, spent: &Amounts, dimension: Dimension) -> Option<u64> {
        self.get(dimension).map(|limit| limit.saturating_sub(spent.get(dimension)))
    }
}
