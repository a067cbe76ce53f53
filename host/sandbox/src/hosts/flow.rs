use super::Refusal;
use crate::bindings::{flow, types};
use crate::state::State;

impl flow::Host for State {
    async fn start(
        &mut self,
        definition_id: String,
        input: String,
        entity: Option<types::EntityRef>,
    ) -> Result<String, Refusal> {
        Ok(self.enter()?.flow_start(&definition_id, input, entity.map(Into::into)).await?)
    }
}
