//! What a run may still do after it has read what strangers have written.
//!
//! Whether a model follows instructions that stand in what it reads, nobody can tell. So nobody tries: from the first
//! untrusted result on, what the run changes is asked about or refused, by what it changes alone. It follows from the
//! journalled results, so that it is the same whenever a run is taken up again.

use super::RunHost;
use crate::model::OnUntrusted;
use crate::ports::{ToolEffect, ToolResult};

impl RunHost {
    /// The agent has been given a result.
    pub(super) fn read_of(&mut self, done: &ToolResult) {
        if self.tainted_by.is_none() {
            self.tainted_by.clone_from(&done.untrusted);
        }
    }

    /// What becomes of a call that changes this.
    pub(super) fn on_untrusted(&self, effect: ToolEffect) -> OnUntrusted {
        let policy = self.run.agent.grants.untrusted;
        match effect {
            _ if self.tainted_by.is_none() => OnUntrusted::Allow,
            ToolEffect::Read => OnUntrusted::Allow,
            ToolEffect::Write => policy.write,
            ToolEffect::Irreversible => policy.irreversible,
        }
    }

    /// Why a tool is not called.
    pub(super) fn denial(&self, tool: &str) -> String {
        let source = self.tainted_by.as_deref().unwrap_or_default();
        format!("'{tool}' is not called, since the run has read what is not to be trusted ({source})")
    }
}
