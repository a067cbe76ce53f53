//! Secrets that can be used but not read. Grant: `secrets: {<name>: {hosts: [host…]}}`.

use crate::HostError;
use crate::sys::secrets as sys;

/// A placeholder. Where it stands in a header of an outgoing request to a host the secret is granted for, the host
/// puts the value; elsewhere it stays the meaningless text it is.
pub fn placeholder(name: &str) -> Result<String, HostError> {
    Ok(sys::placeholder(name)?)
}
