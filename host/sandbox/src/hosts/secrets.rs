use super::Refusal;
use crate::bindings::secrets;
use crate::state::State;

impl secrets::Host for State {
    async fn placeholder(&mut self, name: String) -> Result<String, Refusal> {
        self.enter()?;
        Ok(self.outbound.placeholder(&name)?)
    }
}
