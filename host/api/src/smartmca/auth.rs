//! What keys of this API may do (source: contracts/smartmca.md 1D.1).

use crate::kit::Permission;
use stepwright_engine::Dialect;

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident: $scopes:expr;)+) => {$(
        $(#[$doc])*
        pub(super) struct $name;
        impl Permission for $name {
            const DIALECT: Dialect = Dialect::Smartmca;
            const SCOPES: &'static [&'static str] = &$scopes;
        }
    )+};
}

permissions! {
    /// Listing workflows and executions, reading either.
    Read: ["workflows:read"];
    /// Triggering workflows, changing an application's status, advancing its stage.
    Trigger: ["workflows:trigger"];
    /// Assigning underwriters.
    Underwriting: ["underwriting:trigger"];
}
