use super::Refusal;
use crate::bindings::events;
use crate::state::State;

impl events::Host for State {
    async fn emit(&mut self, kind: String, data: String) -> Result<(), Refusal> {
        Ok(self.enter()?.emit(&kind, data)?)
    }
}
