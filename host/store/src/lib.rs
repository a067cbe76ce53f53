//! The store: every port of [`stepwright_app::ports`] on SQLite and PostgreSQL, from one source.
//!
//! Architecture invariant: the only SQL of the project stands here. Statements are written once (`$n`, `RETURNING`) and
//! compiled for both databases by [`conn::on`]; where the databases must differ (locking, batches of rows) both texts
//! stand side by side in a [`conn::Dual`]. Executions are written by one path alone, the batching [`commit`]ter.

mod agents;
mod audit;
mod automations;
mod claims;
mod closing_reasons;
mod commit;
mod conn;
mod data;
mod database;
mod definitions;
mod documents;
mod error;
mod events;
mod executions;
mod flow_search;
mod flows;
mod guards;
mod idempotency;
mod import;
mod keys;
mod lists;
mod mcp_servers;
mod named;
mod nodelay;
mod outbox;
mod paging;
mod plugins;
mod pools;
mod records;
mod removal;
mod rows;
mod schedule;
mod tenants;
mod text;
mod usage;
mod webhooks;

pub use database::Database;
pub use pools::StoreOptions;
