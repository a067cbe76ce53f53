//! The invocation's log. Granted to everybody; at most 64 KiB and 1,000 lines per call, the rest is cut.

use crate::sys::log as sys;

pub use crate::bindings::log::Level;

/// Writes a line at a level.
pub fn write(level: Level, message: impl AsRef<str>) {
    sys::write(level, message.as_ref());
}

/// For whoever debugs the plugin.
pub fn debug(message: impl AsRef<str>) {
    write(Level::Debug, message);
}

/// For whoever reads what the step has done.
pub fn info(message: impl AsRef<str>) {
    write(Level::Info, message);
}

/// Something looks wrong, but the step goes on.
pub fn warn(message: impl AsRef<str>) {
    write(Level::Warn, message);
}

/// Something is wrong.
pub fn error(message: impl AsRef<str>) {
    write(Level::Error, message);
}
