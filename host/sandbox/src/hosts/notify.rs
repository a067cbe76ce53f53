use super::Refusal;
use crate::bindings::notify;
use crate::state::State;

impl notify::Host for State {
    async fn send(&mut self, notification: notify::Notification) -> Result<String, Refusal> {
        let notify::Notification { user_ids, role_ids, title, body } = notification;
        Ok(self.enter()?.notify(user_ids, role_ids, title, body)?.to_string())
    }
}
