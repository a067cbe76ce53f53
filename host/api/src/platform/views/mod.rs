//! What the platform API shows of the application's model.

mod definition;
mod execution;
mod key;
mod plugin;
mod settings;
mod small;
mod webhook;

pub use definition::{DefinitionView, view_definition, view_definitions};
pub use execution::{
    AcceptedView, EndedView, ErrorView, ExecutionDetail, HistoryLine, SummaryView, view_error, view_history,
};
pub use key::{KeyView, NewKeyView, view_key};
pub use plugin::{PluginView, view_plugin};
pub use settings::view_settings;
pub use small::{EntityView, InstanceView, MailView, TenantView, view_entity, view_instance, view_mail, view_tenant};
pub use webhook::{DeliveryView, EndpointView, EndpointWithSecret, view_delivery, view_endpoint};
