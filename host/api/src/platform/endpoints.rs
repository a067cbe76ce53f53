use super::handlers::{
    automations, data, definitions, entities, executions, instances, keys, outbox, plugins, settings, tenants, usage,
    webhook_endpoints,
};
use crate::endpoint;
use crate::kit::Endpoint;

/// A plugin whose name holds a slash.
macro_rules! namespaced {
    ($rest:literal) => {
        concat!("/platform/v1/tenants/{t}/plugins/{ns}/{name}/{version}", $rest)
    };
}

/// Every operation.
pub fn all() -> Vec<Endpoint> {
    vec![
        endpoint!(tenants::create),
        endpoint!(tenants::list),
        endpoint!(tenants::get),
        endpoint!(tenants::delete),
        endpoint!(keys::create),
        endpoint!(keys::list),
        endpoint!(keys::revoke),
        endpoint!(instances::create),
        endpoint!(instances::list),
        endpoint!(settings::get),
        endpoint!(settings::patch),
        endpoint!(entities::put),
        endpoint!(entities::get),
        endpoint!(entities::history),
        endpoint!(entities::delete),
        endpoint!(entities::list),
        endpoint!(data::import),
        endpoint!(data::list),
        endpoint!(outbox),
        endpoint!(webhook_endpoints::create),
        endpoint!(webhook_endpoints::list),
        endpoint!(webhook_endpoints::get),
        endpoint!(webhook_endpoints::update),
        endpoint!(webhook_endpoints::delete),
        endpoint!(webhook_endpoints::deliveries),
        endpoint!(webhook_endpoints::rotate_secret),
        endpoint!(definitions::create),
        endpoint!(definitions::list),
        endpoint!(definitions::get),
        endpoint!(definitions::replace),
        endpoint!(definitions::delete),
        endpoint!(definitions::start),
        endpoint!(automations::create),
        endpoint!(automations::list),
        endpoint!(automations::get),
        endpoint!(automations::replace),
        endpoint!(automations::delete),
        endpoint!(plugins::publish),
        endpoint!(plugins::list),
        endpoint!(plugins::get).also(namespaced!("")),
        endpoint!(plugins::delete).also(namespaced!("")),
        endpoint!(plugins::enable).also(namespaced!("/enable")),
        endpoint!(plugins::disable).also(namespaced!("/disable")),
        endpoint!(plugins::try_step).also(namespaced!("/try")),
        endpoint!(executions::list),
        endpoint!(executions::get),
        endpoint!(executions::history),
        endpoint!(executions::cancel),
        endpoint!(executions::resume),
        endpoint!(executions::retry),
        endpoint!(executions::complete_task),
        endpoint!(executions::skip_task),
        endpoint!(executions::callback),
        endpoint!(usage),
    ]
}
