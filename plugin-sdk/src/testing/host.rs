//! The fake host.

use std::cell::RefCell;

use serde::Serialize;
use serde_json::{Map, Value};

use super::world::{World, enter};
use crate::condition::{Condition, ConditionEntry, Operand, Verdict};
use crate::guard::{Decision, Guard, Transition};
use crate::plugin::Plugin;
use crate::step::{StepEntry, StepOutcome};
use crate::{Context, Environment, Fault, FieldError, Input, Step, Tenant};

/// A tenant's data, and whatever a step does to it.
#[derive(Debug)]
pub struct Host {
    pub(super) world: RefCell<World>,
    context: Context,
}

impl Default for Host {
    fn default() -> Self {
        Self::new()
    }
}

impl Host {
    /// An empty tenant. Its time is `2026-01-01T00:00:00Z`, its zone UTC.
    pub fn new() -> Self {
        let context = Context {
            tenant: Tenant { id: "00000000-0000-7000-8000-000000000001".to_owned(), environment: Environment::Test },
            dialect: "platform".to_owned(),
            execution_id: "00000000-0000-7000-8000-000000000002".to_owned(),
            definition_id: Some("00000000-0000-7000-8000-000000000003".to_owned()),
            node_id: Some("node".to_owned()),
            attempt: 1,
            dedupe_key: String::new(),
            now: "2026-01-01T00:00:00Z".to_owned(),
            timezone: "UTC".to_owned(),
            locale: None,
            actor: "system".to_owned(),
            deadline_ms: 30_000,
        };
        Self { world: RefCell::default(), context }
    }

    /// An empty tenant that grants what a plugin's manifest asks for, and no other dataset, host or secret.
    pub fn of<P: Plugin>() -> Self {
        let host = Self::new();
        host.world.borrow_mut().setup.manifest = Some(P::MANIFEST);
        host
    }

    /// Sets the time of the next calls, RFC 3339 UTC.
    #[must_use]
    pub fn now(self, now: &str) -> Self {
        self.context(|context| context.now = now.to_owned())
    }

    /// Sets the zone, an IANA name.
    #[must_use]
    pub fn timezone(self, timezone: &str) -> Self {
        self.context(|context| context.timezone = timezone.to_owned())
    }

    /// Sets which attempt the next calls are.
    #[must_use]
    pub fn attempt(self, attempt: u32) -> Self {
        self.context(|context| context.attempt = attempt)
    }

    /// Changes anything else of the context. `dedupe_key` is set by each run unless it is set here.
    #[must_use]
    pub fn context(mut self, change: impl FnOnce(&mut Context)) -> Self {
        change(&mut self.context);
        self
    }

    /// Fills a dataset with rows that have an `id` each; their version is 1.
    #[must_use]
    pub fn dataset(self, name: &str, rows: impl IntoIterator<Item = Value>) -> Self {
        for row in rows {
            let id = row["id"].as_str().map_or_else(|| row["id"].to_string(), str::to_owned);
            let stored = (1, object("a row", row));
            self.world.borrow_mut().datasets.entry(name.to_owned()).or_default().insert(id, stored);
        }
        self
    }

    /// Adds an entity of version 1.
    #[must_use]
    pub fn entity(self, schema: &str, id: &str, attributes: Value) -> Self {
        let stored = (1, object("an entity's attributes", attributes));
        self.world.borrow_mut().entities.entry(schema.to_owned()).or_default().insert(id.to_owned(), stored);
        self
    }

    /// Adds a secret.
    #[must_use]
    pub fn secret(self, name: &str) -> Self {
        self.world.borrow_mut().secrets.insert(name.to_owned());
        self
    }

    /// What [`crate::mail::status`] says from now on of mails that have been sent, all of them queued at
    /// `2026-01-01T00:00:00Z`; `Captured` unless it is set.
    #[must_use]
    pub fn mail_delivery(self, delivery: crate::mail::Delivery) -> Self {
        self.world.borrow_mut().setup.mail_delivery = Some(delivery);
        self
    }

    /// Takes a grant away: `mail`, `notify`, `kv`, `flow`, `events`, `data.read:<dataset>`, `data.write:<dataset>`,
    /// `entities.read:<schema>` or `entities.write:<schema>`.
    #[must_use]
    pub fn deny(self, grant: &str) -> Self {
        self.world.borrow_mut().setup.denied.insert(grant.to_owned());
        self
    }

    /// Answers requests with a method to URLs that begin so.
    #[cfg(feature = "http")]
    #[must_use]
    pub fn reply(self, method: &str, url: &str, reply: Result<crate::http::Response, crate::http::Error>) -> Self {
        self.world.borrow_mut().setup.replies.push((method.to_owned(), url.to_owned(), reply));
        self
    }

    /// Runs a step as the host does: the config is validated first, and what the step changes is kept unless it
    /// fails. The input is the execution's own, or an [`Input`] with more.
    pub fn run<S: Step>(
        &self,
        _step: S,
        config: impl Serialize,
        input: impl Into<Input>,
    ) -> Result<StepOutcome<Value>, Fault> {
        let entry = StepEntry::of::<S>();
        let context = self.call_context();
        let config = serde_json::to_string(&config)?;
        let config = entry.validate(&config, &context).map_err(|errors| Fault::invalid_config(&errors))?;
        let input = input.into();
        let (outcome, world) = enter(self.world.borrow().clone(), || entry.run(&context, &config, input));
        if let Ok(outcome) = &outcome {
            // One that has deferred itself goes on in its next run.
            let ended = u64::from(!matches!(outcome, StepOutcome::Defer(_)));
            self.world.replace(world);
            self.world.borrow_mut().setup.task += ended;
        } else {
            self.world.borrow_mut().trace = world.trace;
        }
        typed(outcome?)
    }

    /// Validates a step's config: the config with its defaults, or what is wrong with it.
    pub fn validate<S: Step>(&self, _step: S, config: impl Serialize) -> Result<Value, Vec<FieldError>> {
        let whole = |error: serde_json::Error| vec![FieldError::new("", error.to_string())];
        let config = serde_json::to_string(&config).map_err(whole)?;
        let normal = StepEntry::of::<S>().validate(&config, &self.call_context())?;
        serde_json::from_str(&normal).map_err(whole)
    }

    /// Evaluates a condition.
    pub fn evaluate<C: Condition>(&self, config: impl Serialize, operands: &[Operand]) -> Result<Verdict, Fault> {
        let entry = ConditionEntry::of::<C>();
        let config = serde_json::to_string(&config)?;
        let config = entry.validate(&config).map_err(|errors| Fault::invalid_config(&errors))?;
        let operands: Vec<_> = operands.iter().map(Operand::to_raw).collect();
        entry.evaluate(&self.call_context(), &config, &operands)
    }

    /// Asks a guard.
    pub fn check<G: Guard>(&self, transition: &Transition) -> Decision {
        G::check(&self.call_context(), transition)
    }

    /// Runs code that makes host calls outside a step; what it changes is kept.
    pub fn with<T>(&self, code: impl FnOnce(&Context) -> T) -> T {
        let context = self.call_context();
        let (value, world) = enter(self.world.borrow().clone(), || code(&context));
        self.world.replace(world);
        value
    }

    pub(super) fn call_context(&self) -> Context {
        let mut context = self.context.clone();
        if context.dedupe_key.is_empty() {
            context.dedupe_key = format!("task-{}", self.world.borrow().setup.task);
        }
        context
    }
}

fn typed(outcome: StepOutcome<String>) -> Result<StepOutcome<Value>, Fault> {
    Ok(match outcome {
        StepOutcome::Completed { output, entities } => {
            StepOutcome::Completed { output: serde_json::from_str(&output)?, entities }
        }
        StepOutcome::Skipped(why) => StepOutcome::Skipped(why),
        StepOutcome::Waiting { resume_key, expires_at } => StepOutcome::Waiting { resume_key, expires_at },
        StepOutcome::Defer(until) => StepOutcome::Defer(until),
    })
}

fn object(what: &str, value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("{what} must be a JSON object, not {other}"),
    }
}
