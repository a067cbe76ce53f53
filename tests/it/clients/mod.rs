//! The vendors' own clients against the real server.

mod hydracore;
mod softsolz;
