//! The store's contract: every body runs against SQLite and against PostgreSQL.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test ends where something it counts on is missing")]

mod support;

mod agent_runs;
mod agents;
mod audits;
mod automations;
mod batches;
mod claims;
mod closing_reasons;
mod commits;
mod data;
mod definitions;
mod effects;
mod execution_lists;
mod flow_lists;
mod flows;
mod guards;
mod isolation;
mod lists;
mod mcp_servers;
mod migrations;
mod outages;
mod outbox;
mod plans;
mod plugins;
mod record_days;
mod record_others;
mod records;
mod requests;
mod tenants;
mod webhooks;
