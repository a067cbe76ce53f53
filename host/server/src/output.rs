//! What the program says on standard output; logs go to standard error.

use std::io::Write as _;

/// Prints a line. That nobody reads it (a closed pipe) is no reason to stop.
pub fn say(text: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// Prints a line on standard error, for those who run the program; what happens inside it is logged.
pub fn complain(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
