//! What the platform API shows of the application's model.

mod agent;
mod agent_run;
mod automation;
mod definition;
mod entity_audit;
mod execution;
mod execution_brief;
mod execution_node;
mod guard;
mod key;
mod mcp_server;
mod plugin;
mod settings;
mod small;
mod webhook;

pub use agent::{AgentView, view_agent};
pub use agent_run::{
    AgentRunDetail, AgentRunView, ConfirmationView, JournalView, ReplayView, view_confirmation, view_journal, view_run,
};
pub use automation::{AutomationView, view_automation};
pub use definition::{DefinitionView, view_definition, view_definitions};
pub use entity_audit::EntityAuditView;
pub use execution::{EndedView, ExecutionDetail};
pub use execution_brief::{AcceptedView, HistoryLine, SummaryView, view_history};
pub use execution_node::{ErrorView, view_error};
pub use guard::{GuardView, GuardsView};
pub use key::{KeyView, NewKeyView, view_key};
pub use mcp_server::{McpServerView, view_mcp_server};
pub use plugin::{PluginView, view_plugin};
pub use settings::view_settings;
pub use small::{EntityView, InstanceView, MailView, TenantView, view_entity, view_instance, view_mail, view_tenant};
pub use webhook::{DeliveryView, EndpointView, EndpointWithSecret, view_delivery, view_endpoint};
