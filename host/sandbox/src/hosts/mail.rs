use super::Refusal;
use crate::bindings::mail;
use crate::state::State;
use stepwright_app::Message;

impl mail::Host for State {
    async fn send(&mut self, message: mail::Message) -> Result<String, Refusal> {
        let mail::Message { to, cc, bcc, reply_to, subject, text, html, key } = message;
        let id = self.enter()?.mail_send(Message { to, cc, bcc, reply_to, subject, text, html }, &key)?;
        Ok(id.to_string())
    }
}
