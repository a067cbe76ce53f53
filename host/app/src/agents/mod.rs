//! Runs of agents: what answers an agent's host calls, from the journal or anew.
//!
//! Everything an agent learns comes through here and is journalled before it learns it: a call that changes something
//! outside leaves an intent before and a result after; whatever a tool stages inside Stepwright is committed with its
//! result. An agent that has to wait is dropped and run again later, and everything up to there is answered from the
//! journal.

mod body;
mod calls;
mod catalog;
mod chat;
mod complete;
mod confirm;
mod foreign;
mod host;
mod memory;
mod spans;
mod taint;
mod tools;
mod values;

pub(crate) use catalog::every_step;
pub(crate) use host::{Around, Halted, RunHost, levels, today};
pub(crate) use spans::invoke_agent;
