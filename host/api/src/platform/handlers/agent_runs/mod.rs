//! Runs of agents, their journals, and what they ask people.

pub mod confirmations;
pub mod decide;
pub mod get;
pub mod journal;
pub mod list;
pub mod replay;
