//! Steps that deliver: mail and notifications, with what summary steps have produced before them.

mod body;
mod email;
mod ids;
mod line;
mod notification;
mod pending;
mod recipients;
mod render;
mod template;

pub use email::send_email;
pub use notification::create_notification;

stepwright_sdk::plugin! { steps: [send_email, create_notification] }

#[cfg(test)]
mod tests;
