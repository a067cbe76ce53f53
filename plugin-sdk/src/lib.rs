//! What authors of Stepwright plugins depend on.
//!
//! A step is a typed function; its config and output types give the JSON Schemas, its errors are faults, and `?` works
//! on everything. [`plugin!`] makes a component of the crate. A plugin's `Cargo.toml` names this crate, `serde` and
//! `schemars`, and says `crate-type = ["cdylib", "rlib"]`; it is built with `--target wasm32-wasip2`.
//!
//! ```
//! use stepwright_sdk::data::{self, any_of, lt};
//! use stepwright_sdk::prelude::*;
//!
//! #[derive(Deserialize, Serialize, JsonSchema)]
//! struct Config {
//!     /// What overdue invoices become.
//!     #[serde(default = "overdue")]
//!     status: String,
//! }
//!
//! fn overdue() -> String {
//!     "overdue".to_owned()
//! }
//!
//! #[derive(Serialize, JsonSchema)]
//! struct Output {
//!     marked: usize,
//! }
//!
//! /// Marks invoices overdue that have been sent and are past their due date.
//! #[step(title = "Mark invoices overdue", category = action)]
//! fn mark_invoices_overdue(ctx: &Context, config: Config) -> Result<Output, Fault> {
//!     let today = &ctx.now[..10];
//!     let late = data::query("invoices").filter("status", any_of(["sent"])).filter("due_date", lt(today));
//!     let rows = late.rows().collect::<Result<Vec<_>, _>>()?;
//!     let mark = |row: &data::Row| data::write("invoices", &row.id).set("status", config.status.as_str());
//!     data::apply(rows.iter().map(|row| mark(row).expect_version(row.version)))?;
//!     Ok(Output { marked: rows.len() })
//! }
//!
//! stepwright_sdk::plugin! {
//!     datasets: [write "invoices"],
//!     steps: [mark_invoices_overdue],
//! }
//!
//! // On any target but WebAssembly, `testing` stands in for the host.
//! let host = stepwright_sdk::testing::Host::of::<Plugin>().now("2026-11-22T09:00:00Z").dataset("invoices", [
//!     json!({"id": "1", "status": "sent", "due_date": "2026-11-01"}),
//!     json!({"id": "2", "status": "sent", "due_date": "2026-12-01"}),
//! ]);
//! let outcome = host.run(mark_invoices_overdue, json!({}), json!({})).unwrap();
//! assert_eq!(outcome, StepOutcome::completed(json!({"marked": 1})));
//! assert_eq!(host.row("invoices", "1").unwrap()["status"], "overdue");
//! assert_eq!(host.row("invoices", "2").unwrap()["status"], "sent");
//! ```
//!
//! A component imports only the capabilities its code calls, and a tenant grants imports one by one: what a plugin does
//! not use, it is not asked to trust.

pub mod agent;
#[cfg(target_family = "wasm")]
pub mod bump;
pub mod condition;
pub mod config;
pub mod data;
pub mod entities;
pub mod events;
pub mod flow;
pub mod guard;
#[cfg(feature = "http")]
pub mod http;
pub mod kv;
pub mod llm;
pub mod log;
pub mod mail;
pub mod memory;
pub mod notify;
pub mod plugin;
pub mod run;
pub mod secrets;
pub mod step;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
pub mod tools;

mod bindings;
mod fault;
mod input;
mod pages;
mod sys;

pub use agent::{Agent, Conclusion};
pub use bindings::types::{Context, EntityRef, Environment, FieldError, Tenant};
pub use config::NoConfig;
pub use fault::{Fault, HostError};
pub use input::{Input, Trigger};
pub use step::{Step, StepOutcome};
pub use stepwright_sdk_macros::{agent, plugin, step};

/// What nearly every plugin uses.
pub mod prelude {
    pub use crate::{
        Conclusion, Context, EntityRef, Fault, FieldError, HostError, Input, NoConfig, StepOutcome, agent, plugin, step,
    };
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};
    pub use serde_json::{Value, json};
}

/// For the macros alone.
#[doc(hidden)]
pub mod __rt {
    use crate::Fault;
    pub use crate::bindings::{agents, conditions, guards, manifest, steps};
    pub use crate::config::Findings;

    /// Stops the build when a family of a plugin is too large or has an id twice.
    pub const fn assert_unique(ids: &[&str]) {
        assert!(ids.len() <= 64, "a plugin has at most 64 steps, conditions, guards or agents");
        let mut later = 1;
        while later < ids.len() {
            let mut earlier = 0;
            while earlier < later {
                assert!(!same(ids[earlier].as_bytes(), ids[later].as_bytes()), "two of this plugin's ids are the same");
                earlier += 1;
            }
            later += 1;
        }
    }

    const fn same(a: &[u8], b: &[u8]) -> bool {
        let mut at = 0;
        while at < a.len() && at < b.len() && a[at] == b[at] {
            at += 1;
        }
        at == a.len() && at == b.len()
    }

    /// Whatever result a step's function returns.
    pub trait Returns {
        /// What it returns when it does not fail.
        type Output;

        /// With the error as a fault.
        fn into_result(self) -> Result<Self::Output, Fault>;
    }

    impl<T, E: Into<Fault>> Returns for Result<T, E> {
        type Output = T;

        fn into_result(self) -> Result<T, Fault> {
            self.map_err(Into::into)
        }
    }
}
