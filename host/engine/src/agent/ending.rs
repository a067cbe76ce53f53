//! How a run can end: a closed list.

use super::Dimension;
use crate::Fault;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Why a run has failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunFault {
    /// The agent itself says so, or it has trapped or run into a limit of the sandbox.
    GuestError(Fault),
    /// Its conclusion is not what it has described.
    InvalidOutput(String),
    /// The model's provider gave up.
    ProviderFailed(String),
    /// The agent does not do what it did; the text says where.
    JournalDiverged(String),
    BudgetExhausted(Dimension),
    /// The provider has billed more than was reserved, which is more than it was asked for.
    Overbilled {
        dimension: Dimension,
        reserved: u64,
        billed: u64,
    },
    LoopDetected,
    /// A person has said no, and the agent could do nothing else.
    DeniedByHuman(String),
    ConfirmationExpired,
    /// The host's policy forbids it.
    PolicyDenied(String),
}

/// How a run has ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    Completed,
    Failed(RunFault),
    Cancelled,
}

impl RunFault {
    /// The word of the closed list.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::GuestError(_) => "GUEST_ERROR",
            Self::InvalidOutput(_) => "INVALID_OUTPUT",
            Self::ProviderFailed(_) => "PROVIDER_FAILED",
            Self::JournalDiverged(_) => "JOURNAL_DIVERGED",
            Self::BudgetExhausted(_) | Self::Overbilled { .. } => "BUDGET_EXHAUSTED",
            Self::LoopDetected => "LOOP_DETECTED",
            Self::DeniedByHuman(_) => "DENIED_BY_HUMAN",
            Self::ConfirmationExpired => "CONFIRMATION_EXPIRED",
            Self::PolicyDenied(_) => "POLICY_DENIED",
        }
    }

    /// The code clients of epilot know (source: contracts/plugins.md 4.3).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::GuestError(_) | Self::JournalDiverged(_) | Self::PolicyDenied(_) => "INTERNAL_ERROR",
            Self::InvalidOutput(_) => "INVALID_OUTPUT",
            Self::ProviderFailed(_) | Self::Overbilled { .. } => "LLM_ERROR",
            Self::BudgetExhausted(Dimension::WallMs | Dimension::Fuel) => "TIMEOUT",
            Self::BudgetExhausted(Dimension::LlmCalls | Dimension::ToolCalls) | Self::LoopDetected => {
                "MAX_ITERATIONS_EXCEEDED"
            }
            Self::BudgetExhausted(_) => "LLM_ERROR",
            Self::DeniedByHuman(_) | Self::ConfirmationExpired => "REJECTED",
        }
    }

    /// For people.
    pub fn reason(&self) -> String {
        match self {
            Self::GuestError(fault) => format!("the agent failed: {} ({})", fault.reason, fault.code),
            Self::InvalidOutput(why) => format!("the agent's conclusion is not what it should be: {why}"),
            Self::ProviderFailed(code) => format!("the model's provider failed: {code}"),
            Self::JournalDiverged(what) => format!("the agent does not do what it did before: {what}"),
            Self::BudgetExhausted(dimension) => format!("the budget of {} is used up", dimension.as_str()),
            Self::Overbilled { dimension, reserved, billed } => format!(
                "the model's provider has billed {billed} of {}, more than the {reserved} that were reserved for the call",
                dimension.as_str()
            ),
            Self::LoopDetected => "the agent repeats itself".into(),
            Self::DeniedByHuman(why) => format!("a person has said no: {why}"),
            Self::ConfirmationExpired => "nobody has answered in time".into(),
            Self::PolicyDenied(rule) => format!("not allowed: {rule}"),
        }
    }

    /// As a task's fault, the closed list's word in `info`.
    pub fn fault(&self) -> Fault {
        let mut info = json!({ "reason": self.word() });
        match self {
            Self::BudgetExhausted(dimension) => info["dimension"] = dimension.as_str().into(),
            Self::Overbilled { dimension, reserved, billed } => {
                info["dimension"] = dimension.as_str().into();
                info["reserved"] = (*reserved).into();
                info["billed"] = (*billed).into();
            }
            Self::GuestError(fault) => info["code"] = fault.code.clone().into(),
            Self::InvalidOutput(_)
            | Self::ProviderFailed(_)
            | Self::JournalDiverged(_)
            | Self::LoopDetected
            | Self::DeniedByHuman(_)
            | Self::ConfirmationExpired
            | Self::PolicyDenied(_) => {}
        }
        Fault::permanent(self.code(), self.reason()).with_info(info)
    }
}
