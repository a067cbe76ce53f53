//! The words of records as they go over the wire.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every word, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The inverse of [`Self::as_str`].
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text)
            }
        }
    };
}

words! {
    /// What kind of process a record is; only a label, but guards are bound to it.
    WorkflowType {
        Lead = "lead",
        RentArrears = "rent_arrears",
        Maintenance = "maintenance",
        ComplianceRenewal = "compliance_renewal",
        Viewing = "viewing",
        Roster = "roster",
        Approval = "approval",
        InvoiceChase = "invoice_chase",
        Onboarding = "onboarding",
        Custom = "custom",
    }
}

words! {
    /// A record's status without its data.
    RecordStatusName {
        Active = "active",
        AwaitingApproval = "awaiting_approval",
        Paused = "paused",
        Suspended = "suspended",
        Completed = "completed",
        Expired = "expired",
        Cancelled = "cancelled",
        Failed = "failed",
    }
}

impl RecordStatusName {
    /// Nothing moves a record on from here.
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Active | Self::AwaitingApproval | Self::Paused | Self::Suspended => false,
            Self::Completed | Self::Expired | Self::Cancelled | Self::Failed => true,
        }
    }
}
