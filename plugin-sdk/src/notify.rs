//! Notifications to the tenant's users. Grant: `notify: true`.

use crate::HostError;
use crate::bindings::notify as wit;
use crate::sys::notify as sys;

/// Begins a notification; to everybody in the tenant unless users or roles are named.
pub fn notification(title: impl Into<String>) -> Notification {
    Notification(wit::Notification {
        user_ids: Vec::new(),
        role_ids: Vec::new(),
        title: title.into(),
        body: String::new(),
    })
}

/// See [`notification`].
#[derive(Debug, Clone)]
#[must_use = "nothing is sent before `send`"]
pub struct Notification(wit::Notification);

impl Notification {
    /// What it says.
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.0.body = body.into();
        self
    }

    /// Adds a user.
    pub fn user(mut self, id: impl Into<String>) -> Self {
        self.0.user_ids.push(id.into());
        self
    }

    /// Adds everybody with a role.
    pub fn role(mut self, id: impl Into<String>) -> Self {
        self.0.role_ids.push(id.into());
        self
    }

    /// Stages the notification and returns its id.
    pub fn send(self) -> Result<String, HostError> {
        Ok(sys::send(&self.0)?)
    }
}
