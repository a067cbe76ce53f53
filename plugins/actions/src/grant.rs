//! What is said when a tenant has not granted something.

use stepwright_sdk::{Fault, HostError};

/// The code of a call that the tenant's grants do not cover.
pub const GRANT_MISSING: &str = "GRANT_MISSING";

/// A host call's refusal; a missing grant says how it is given.
pub fn refused(error: HostError) -> Fault {
    match error {
        HostError::Denied(grant) => missing(&grant),
        other => other.into(),
    }
}

/// Names a grant that is missing.
pub fn missing(grant: &str) -> Fault {
    let reason = format!(
        "the tenant has not granted `{grant}` to the plugin '{}': enable {} {} with this grant",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
    );
    Fault::new(GRANT_MISSING, reason)
}
