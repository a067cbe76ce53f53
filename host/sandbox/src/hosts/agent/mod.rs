//! What agents may call. Only an agent has a host for it; anybody else who calls is stopped.

mod llm;
mod memory;
mod run;
mod tools;

pub use llm::Conversation;

use crate::state::State;
use stepwright_app::ports::{AgentHost, Halt};

impl State {
    /// Begins a host call of an agent: counts it and gives what answers it.
    ///
    /// # Errors
    /// A trap when there have been too many, and in whatever is no agent's run.
    pub fn agent(&mut self) -> wasmtime::Result<&mut dyn AgentHost> {
        self.host_calls.count()?;
        match &mut self.agent {
            Some(agent) => Ok(&mut **agent),
            None => Err(Halt::Misuse("what belongs to agents was called outside an agent's run".into()).into()),
        }
    }
}
