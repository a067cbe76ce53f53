//! Agents in tests: tools that the test makes up, a model that says what the test wants, people who answer.

use std::fmt;
use std::rc::Rc;

use serde::Serialize;
use serde_json::Value;

use super::Host;
use super::world::enter;
use crate::agent::AgentEntry;
use crate::run::Answer;
use crate::tools::{Effect, Request, ToolError};
use crate::{Agent, Conclusion, Fault};

/// A tool the test has made up.
#[derive(Clone)]
pub(super) struct Tool {
    pub name: String,
    pub effect: Effect,
    pub reply: ToolReply,
}

/// What a made-up tool answers to its arguments.
pub(super) type ToolReply = Rc<dyn Fn(&Value) -> Result<Value, ToolError>>;

impl fmt::Debug for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tool").field("name", &self.name).field("effect", &self.effect).finish_non_exhaustive()
    }
}

/// What the test's model says next.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// Words.
    Text(String),
    /// Calls of tools, each a name and its arguments.
    Calls(Vec<(String, Value)>),
    /// It does not answer.
    Fails(crate::llm::LlmError),
}

impl Reply {
    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// One call of a tool.
    pub fn call(tool: impl Into<String>, arguments: Value) -> Self {
        Self::Calls(vec![(tool.into(), arguments)])
    }
}

impl Host {
    /// Adds a tool. The tenant's entities are tools without that: `entities_get`, `entities_list` and `entities_put`.
    #[must_use]
    pub fn tool(
        self,
        name: &str,
        effect: Effect,
        reply: impl Fn(&Value) -> Result<Value, ToolError> + 'static,
    ) -> Self {
        let tool = Tool { name: name.to_owned(), effect, reply: Rc::new(reply) };
        self.world.borrow_mut().setup.tools.push(tool);
        self
    }

    /// What the model says, call by call; behind the last it fails.
    #[must_use]
    pub fn replies(self, replies: impl IntoIterator<Item = Reply>) -> Self {
        self.world.borrow_mut().setup.model.extend(replies);
        self
    }

    /// What people answer, question by question; behind the last nobody answers.
    #[must_use]
    pub fn answers(self, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.world.borrow_mut().setup.answers.extend(answers);
        self
    }

    /// Runs an agent. The config is validated first; what its tools change is kept, as the host keeps it.
    pub fn run_agent<A: Agent>(
        &self,
        _agent: A,
        config: impl Serialize,
        input: Value,
    ) -> Result<Conclusion<Value>, Fault> {
        let entry = AgentEntry::of::<A>();
        let context = self.call_context();
        let config = serde_json::to_string(&config)?;
        let config = entry.validate(&config).map_err(|errors| Fault::invalid_config(&errors))?;
        let mut world = self.world.borrow().clone();
        world.setup.input = input.to_string();
        world.setup.now.clone_from(&context.now);
        world.setup.actor.clone_from(&context.actor);
        world.setup.dialect.clone_from(&context.dialect);
        let (concluded, world) = enter(world, || entry.run(&context, &config));
        self.world.replace(world);
        let Conclusion { outcome, response, output, entities } = concluded?;
        Ok(Conclusion { outcome, response, output: serde_json::from_str(&output)?, entities })
    }

    /// All tool calls agents have made.
    pub fn tool_calls(&self) -> Vec<Request> {
        self.world.borrow().trace.calls.clone()
    }

    /// All questions people were asked, with their details.
    pub fn questions(&self) -> Vec<(String, Value)> {
        self.world.borrow().trace.questions.clone()
    }

    /// All notes agents have left.
    pub fn notes(&self) -> Vec<(String, Value)> {
        self.world.borrow().notes.clone()
    }
}
