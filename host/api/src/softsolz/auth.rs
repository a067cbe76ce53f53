//! What keys of this API may do (source: contracts/softsolz.md 1C.1). A key with `service.workflows.*` may do all.

use crate::kit::Permission;
use stepwright_engine::Dialect;

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident: $scopes:expr;)+) => {$(
        $(#[$doc])*
        pub(super) struct $name;
        impl Permission for $name {
            const DIALECT: Dialect = Dialect::Softsolz;
            const SCOPES: &'static [&'static str] = &$scopes;
        }
    )+};
}

permissions! {
    /// Nothing but a valid key.
    AnyKey: [];
    /// Listing and reading workflows.
    WorkflowsView: ["service.workflows.workflows.view"];
    /// Making, changing, pausing, resuming and deleting workflows.
    WorkflowsManage: ["service.workflows.workflows.manage"];
    /// Triggering runs.
    WorkflowsRun: ["service.workflows.workflows.run"];
    /// Listing and reading runs.
    RunsView: ["service.workflows.runs.view"];
}
