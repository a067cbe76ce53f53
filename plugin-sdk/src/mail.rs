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
