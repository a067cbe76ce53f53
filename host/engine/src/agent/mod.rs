//! What is pure about runs of agents: the journal and its replay, budgets, loops, and how a run can end.
//!
//! An agent is re-run from its beginning whenever it is taken up again; its host calls are answered from the journal
//! as far as that goes. Everything here is a function of the journal and the calls.

mod budget;
mod ending;
mod hash;
mod journal;
mod repeats;
mod replay;
#[cfg(test)]
mod tests;

pub use budget::{Amounts, Dimension, Limits};
pub use ending::{Ending, RunFault};
pub use hash::Hash;
pub use journal::{BrokenJournal, Entry, Journal, NewEntry, Phase};
pub use repeats::Repeats;
pub use replay::{Diverged, Next, Replay};
