//! Runs steps, conditions, guards and agents without a host, against data the test lays out.
//!
//! On targets that are not WebAssembly every capability goes to the [`Host`] that is running, which keeps to the
//! rules of the real one: changes are staged, seen by the step's own reads, and dropped when it fails.
//!
//! ```
//! use stepwright_sdk::prelude::*;
//! use stepwright_sdk::testing::Host;
//! use stepwright_sdk::{data, mail};
//!
//! #[derive(Deserialize, Serialize, JsonSchema)]
//! struct Config {
//!     to: String,
//! }
//!
//! /// Reminds somebody of each open invoice.
//! #[step(category = delivery)]
//! fn remind(config: Config) -> Result<usize, Fault> {
//!     let open = data::query("invoices").filter("status", data::eq("sent")).rows().collect::<Result<Vec<_>, _>>()?;
//!     for row in &open {
//!         mail::message(&row.id).to(&config.to).subject(format!("Invoice {}", row.id)).send()?;
//!     }
//!     Ok(open.len())
//! }
//!
//! let host = Host::new().dataset("invoices", [json!({"id": "17", "status": "sent"})]);
//! let outcome = host.run(remind, json!({"to": "a@example.com"}), json!({})).unwrap();
//! assert_eq!(outcome, StepOutcome::completed(json!(1)));
//! assert_eq!(host.mails()[0].subject, "Invoice 17");
//! ```

mod agent;
pub(crate) mod agent_sys;
mod host;
mod inspect;
mod rows;
pub(crate) mod sys;
mod world;

pub use crate::bindings::mail::Message as Mail;
pub use crate::bindings::notify::Notification;
pub use agent::Reply;
pub use host::Host;
pub use world::{Event, LogLine, Started};
