//! What keys of the platform API may do. The operator token may do everything.
//!
//! `platform:write` includes `platform:read`; `plugins:publish` and `plugins:manage` include nothing else.

use crate::kit::Permission;
use stepwright_engine::Dialect;

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident: $scopes:expr;)+) => {$(
        $(#[$doc])*
        pub struct $name;
        impl Permission for $name {
            const DIALECT: Dialect = Dialect::Platform;
            const SCOPES: &'static [&'static str] = &$scopes;
        }
    )+};
}

permissions! {
    /// Everything that only reads.
    Read: ["platform:read", "platform:write"];
    /// Everything that changes something, plugins aside.
    Write: ["platform:write"];
    /// Publishing plugins.
    Publish: ["plugins:publish"];
    /// Enabling, disabling, deleting and trying plugins.
    Manage: ["plugins:manage"];
}

/// Tenants as such.
pub struct Operator;

impl Permission for Operator {
    const DIALECT: Dialect = Dialect::Platform;
    const SCOPES: &'static [&'static str] = &[];
    const OPERATOR_ONLY: bool = true;
}

/// The scopes a key of this dialect may have; `*` and `<prefix>:*` stand for all of them.
pub const SCOPES: [&str; 4] = ["platform:read", "platform:write", "plugins:publish", "plugins:manage"];
