//! What epilot's automations are made of (source: contracts/plugins.md 4.4): steps that work on the entity an
//! automation runs on.
//!
//! | step | needs from the tenant |
//! |---|---|
//! | `send-email` | nothing; `entities.read` of the schema when a text names the entity |
//! | `map-entity` | `entities.read` of the source's schema, `entities.write` of the target's |
//! | `trigger-webhook` | `http` with the host; `secrets` when a header names one |
//! | `trigger-workflow` | nothing; `entities.read` as above |
//!
//! The plugin comes with the host, which opens its doors in every tenant; what lies behind them is the tenant's to
//! grant, and a call that is not granted fails with `GRANT_MISSING` and the grant's name. `custom-action` is no step:
//! it names a step of a plugin of the tenant's own, and the host resolves it when the automation is saved.

mod email;
mod entity;
mod grant;
mod mapping;
mod path;
mod scope;
mod text;
mod webhook;
mod workflow;

pub use email::send_email;
pub use entity::map_entity;
pub use webhook::trigger_webhook;
pub use workflow::trigger_workflow;

stepwright_sdk::plugin! { steps: [send_email, map_entity, trigger_webhook, trigger_workflow] }

#[cfg(test)]
mod tests;
