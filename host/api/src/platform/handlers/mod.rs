//! One operation per file: read, translate, one application call, translate.

pub mod agent_runs;
pub mod agents;
pub mod automations;
pub mod data;
pub mod definitions;
pub mod entities;
pub mod executions;
pub mod guards;
pub mod instances;
pub mod keys;
pub mod mcp;
pub mod mcp_servers;
pub mod outbox;
pub mod plugins;
pub mod settings;
pub mod tenants;
pub mod usage;
pub mod webhook_endpoints;
