//! Mail through the tenant's SMTP server, by way of a durable outbox. Grant: `mail: true`.

use crate::HostError;
use crate::bindings::mail as wit;
use crate::sys::mail as sys;

/// Begins a message. The key tells several messages of one step apart: the same key is delivered once, however often
/// the step is retried.
pub fn message(key: impl Into<String>) -> Message {
    Message(wit::Message {
        to: Vec::new(),
        cc: Vec::new(),
        bcc: Vec::new(),
        reply_to: None,
        subject: String::new(),
        text: String::new(),
        html: None,
        key: key.into(),
    })
}

/// See [`message`]. Addresses are `a@b.c` or `Name <a@b.c>`; to, cc and bcc together 1 to 50.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before `send`"]
pub struct Message(wit::Message);

impl Message {
    /// Adds a recipient.
    pub fn to(mut self, address: impl Into<String>) -> Self {
        self.0.to.push(address.into());
        self
    }

    /// Adds a recipient of a copy.
    pub fn cc(mut self, address: impl Into<String>) -> Self {
        self.0.cc.push(address.into());
        self
    }

    /// Adds a recipient the others don't see.
    pub fn bcc(mut self, address: impl Into<String>) -> Self {
        self.0.bcc.push(address.into());
        self
    }

    /// Where answers go.
    pub fn reply_to(mut self, address: impl Into<String>) -> Self {
        self.0.reply_to = Some(address.into());
        self
    }

    /// At most 200 characters, no line breaks.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.0.subject = subject.into();
        self
    }

    /// The body as plain text.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.0.text = text.into();
        self
    }

    /// The body as HTML, besides the plain text.
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.0.html = Some(html.into());
        self
    }

    /// Stages the message and returns its id.
    pub fn send(self) -> Result<String, HostError> {
        Ok(sys::send(&self.0)?)
    }
}

/// How far a message has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// It waits for this step's commit or for the server.
    Queued,
    /// The server has taken it, but for these recipients.
    Sent(Vec<String>),
    /// A sandbox tenant's mail is kept, never sent.
    Captured,
    /// Given up.
    Failed {
        /// `SMTP_` with the server's code, or `MAIL_FAILED`.
        code: String,
        /// The server's words.
        reason: String,
    },
}

/// A message this task has sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What [`Message::send`] has given back.
    pub id: String,
    /// RFC 3339.
    pub queued_at: String,
    /// How far it has come.
    pub delivery: Delivery,
}

/// What became of the message this task has sent with this key, now or before it deferred itself. A task that defers
/// itself while its message is queued runs again as soon as that has been sent or given up.
pub fn status(key: &str) -> Result<Option<Status>, HostError> {
    let delivery = |from| match from {
        wit::Delivery::Queued => Delivery::Queued,
        wit::Delivery::Sent(rejected) => Delivery::Sent(rejected),
        wit::Delivery::Captured => Delivery::Captured,
        wit::Delivery::Failed(wit::Refusal { code, reason }) => Delivery::Failed { code, reason },
    };
    let found = sys::status(key)?;
    Ok(found.map(|s| Status { id: s.id, queued_at: s.queued_at, delivery: delivery(s.delivery) }))
}
