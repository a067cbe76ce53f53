use super::Refusal;
use crate::bindings::mail;
use crate::state::State;
use stepwright_app::{MailState, Message, OutboxMail};

impl mail::Host for State {
    async fn send(&mut self, message: mail::Message) -> Result<String, Refusal> {
        let mail::Message { to, cc, bcc, reply_to, subject, text, html, key } = message;
        let id = self.enter()?.mail_send(Message { to, cc, bcc, reply_to, subject, text, html }, &key)?;
        Ok(id.to_string())
    }

    async fn status(&mut self, key: String) -> Result<Option<mail::Receipt>, Refusal> {
        Ok(self.enter()?.mail_status(&key).await?.map(status))
    }
}

fn status(mail: OutboxMail) -> mail::Receipt {
    let delivery = match mail.state {
        MailState::Queued { .. } => mail::Delivery::Queued,
        MailState::Sent { rejected, .. } => mail::Delivery::Sent(rejected),
        MailState::Captured { .. } => mail::Delivery::Captured,
        MailState::Failed { error, .. } => mail::Delivery::Failed(refusal(&error)),
    };
    mail::Receipt { id: mail.id.to_string(), queued_at: mail.created_at.to_rfc3339_millis(), delivery }
}

/// The outbox writes a server's refusal as `SMTP_550 no such user`.
fn refusal(error: &str) -> mail::Refusal {
    match error.split_once(' ') {
        Some((code, reason)) if code.starts_with("SMTP_") => {
            mail::Refusal { code: code.to_owned(), reason: reason.to_owned() }
        }
        _ => mail::Refusal { code: "MAIL_FAILED".to_owned(), reason: error.to_owned() },
    }
}
