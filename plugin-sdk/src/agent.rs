//! Agents: components that decide for themselves what to do next.
//!
//! An agent is a plain loop over [`tools`](crate::tools), [`memory`](crate::memory) and, if it wants, a
//! [language model](crate::llm). It may be interrupted anywhere and is then run again from its beginning, with every
//! host call answered as before; so all it knows of the world comes from host calls.
//!
//! ```
//! use stepwright_sdk::prelude::*;
//! use stepwright_sdk::{llm, run, tools};
//!
//! #[derive(Deserialize, Serialize, JsonSchema)]
//! struct Config {
//!     /// What the model is told to be.
//!     instructions: String,
//! }
//!
//! /// Answers a question with whatever tools it is granted.
//! #[agent(outcomes = ["answered"])]
//! fn helper(config: Config) -> Result<Conclusion<String>, Fault> {
//!     let mut chat = llm::conversation(config.instructions);
//!     chat.say(run::input()?.custom_data["question"].as_str().unwrap_or_default())?;
//!     let names: Vec<String> = tools::catalog().tools.into_iter().map(|tool| tool.name).collect();
//!     loop {
//!         let reply = chat.complete(&names)?;
//!         if reply.calls().next().is_none() {
//!             return Ok(Conclusion::new("answered", reply.text()));
//!         }
//!         let results = tools::call_all(reply.calls().map(|call| call.request()));
//!         chat.answer(reply.calls().zip(results))?;
//!     }
//! }
//!
//! stepwright_sdk::plugin! { agents: [helper] }
//!
//! // The test's model says what the test wants; the entities are tools by themselves.
//! use stepwright_sdk::testing::{Host, Reply};
//! let host = Host::new().entity("contact", "c1", json!({"name": "Ada"})).replies([
//!     Reply::call("entities_get", json!({"schema": "contact", "id": "c1"})),
//!     Reply::text("She is called Ada."),
//! ]);
//! let input = json!({"custom_data": {"question": "Who is c1?"}});
//! let concluded = host.run_agent(helper, json!({"instructions": "Be brief."}), input).unwrap();
//! assert_eq!((concluded.outcome.as_deref(), concluded.output), (Some("answered"), json!("She is called Ada.")));
//! ```

use schemars::JsonSchema;
use serde::Serialize;

use crate::bindings::agents::exports::stepwright::agent::agents as wit;
use crate::config::{self, Config};
use crate::{Context, EntityRef, Fault, FieldError};

/// What catalogues show about an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentInfo {
    /// `[a-z][a-z0-9_-]{0,63}`, unique in the plugin.
    pub id: &'static str,
    /// A short name for people.
    pub title: &'static str,
    /// What the agent does.
    pub description: &'static str,
    /// The outcomes a conclusion may name; empty when it names none.
    pub outcomes: &'static [&'static str],
    /// Names of tools it will ask for, for whoever grants them.
    pub tools: &'static [&'static str],
}

/// An agent. `#[agent]` writes the implementation for a function.
pub trait Agent {
    /// The config as the tenant has set it, with the task's parameters laid over it.
    type Config: Config;
    /// What it puts out.
    type Output: Serialize + JsonSchema;

    /// What catalogues show.
    const INFO: AgentInfo;

    /// One run, from its beginning to its end.
    fn run(context: &Context, config: Self::Config) -> Result<Conclusion<Self::Output>, Fault>;

    /// Checks what the config's type cannot say.
    fn validate(_config: &Self::Config) -> Result<(), Vec<FieldError>> {
        Ok(())
    }
}

/// What an agent has come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Conclusion<T> {
    /// One of the outcomes the agent has declared.
    pub outcome: Option<String>,
    /// For people, at most 64 KiB.
    pub response: String,
    /// For machines, at most 256 KiB as JSON.
    pub output: T,
    /// Entities it has made or changed.
    pub entities: Vec<EntityRef>,
}

impl<T> Conclusion<T> {
    /// With an outcome.
    pub fn new(outcome: impl Into<String>, output: T) -> Self {
        Self { outcome: Some(outcome.into()), ..Self::plain(output) }
    }

    /// Without one.
    pub fn plain(output: T) -> Self {
        Self { outcome: None, response: String::new(), output, entities: Vec::new() }
    }

    /// Says something to people.
    #[must_use]
    pub fn say(mut self, response: impl Into<String>) -> Self {
        self.response = response.into();
        self
    }

    /// Names an entity it has made or changed.
    #[must_use]
    pub fn with_entity(mut self, entity: EntityRef) -> Self {
        self.entities.push(entity);
        self
    }
}

/// What an agent's function returns when it does not fail; for `#[agent]`.
pub trait AgentReturn {
    /// The output.
    type Output: Serialize + JsonSchema;
}

impl<T: Serialize + JsonSchema> AgentReturn for Conclusion<T> {
    type Output = T;
}

/// An agent without its types, as the plugin's table holds it.
#[derive(Debug, Clone, Copy)]
pub struct AgentEntry {
    /// What catalogues show.
    pub info: &'static AgentInfo,
    schemas: fn() -> (String, String),
    validate: fn(&str) -> Result<String, Vec<FieldError>>,
    run: fn(&Context, &str) -> Result<Conclusion<String>, Fault>,
}

impl AgentEntry {
    /// The entry of an agent.
    pub const fn of<A: Agent>() -> Self {
        Self {
            info: &A::INFO,
            schemas: || (config::input_schema::<A::Config>(), config::output_schema::<A::Output>()),
            validate: |text| config::normalise(text, A::validate),
            run: run::<A>,
        }
    }

    /// The config with defaults filled in, or everything that is wrong with it.
    pub fn validate(&self, config: &str) -> Result<String, Vec<FieldError>> {
        (self.validate)(config)
    }

    /// Runs the agent; the output is JSON text.
    pub fn run(&self, context: &Context, config: &str) -> Result<Conclusion<String>, Fault> {
        (self.run)(context, config)
    }

    pub(crate) fn descriptor(&self) -> wit::Descriptor {
        let (config_schema, output_schema) = (self.schemas)();
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        wit::Descriptor {
            id: self.info.id.to_owned(),
            title: self.info.title.to_owned(),
            description: self.info.description.to_owned(),
            config_schema,
            output_schema: Some(output_schema),
            outcomes: own(self.info.outcomes),
            tools: own(self.info.tools),
        }
    }
}

fn run<A: Agent>(context: &Context, config: &str) -> Result<Conclusion<String>, Fault> {
    let config = config::parse(config).map_err(|errors| Fault::invalid_config(&errors))?;
    let Conclusion { outcome, response, output, entities } = A::run(context, config)?;
    Ok(Conclusion { outcome, response, output: serde_json::to_string(&output)?, entities })
}
