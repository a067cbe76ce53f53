//! Steps: what a node of a workflow does.

use schemars::JsonSchema;
use serde::Serialize;

use crate::bindings::steps::exports::stepwright::step::steps as wit;
use crate::config::{self, Config};
use crate::{Context, EntityRef, Fault, FieldError, Input};

pub use wit::Category;

/// What catalogues show about a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepInfo {
    /// `[a-z][a-z0-9_-]{0,63}`, unique in the plugin.
    pub id: &'static str,
    /// A short name for people.
    pub title: &'static str,
    /// What the step does.
    pub description: &'static str,
    /// What the step is for.
    pub category: Category,
    /// Its output is meant to be delivered by a later step.
    pub requires_delivery: bool,
    /// It delivers what earlier steps have produced.
    pub delivers: bool,
}

/// A step type. `#[step]` writes the implementation for a function; write it by hand where a function is not enough.
pub trait Step {
    /// The config, filled in by the author of a workflow.
    type Config: Config;
    /// `T`, or [`StepOutcome<T>`] for steps that do not always complete.
    type Output: StepReturn;

    /// What catalogues show.
    const INFO: StepInfo;

    /// Does the work. What it changes through host calls is kept only when it returns `Ok`.
    fn run(context: &Context, config: Self::Config, input: Input) -> Result<Self::Output, Fault>;

    /// Checks what the config's type cannot say.
    fn validate(_config: &Self::Config, _context: &Context) -> Result<(), Vec<FieldError>> {
        Ok(())
    }
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq)]
pub enum StepOutcome<T> {
    /// It has done its work.
    Completed {
        /// What later steps see; at most 256 KiB as JSON.
        output: T,
        /// Entities the step has made or changed, for history and search.
        entities: Vec<EntityRef>,
    },
    /// There was nothing to do; the text says why.
    Skipped(String),
    /// Wait for a call-back; the step runs again with [`Input::resume`] set.
    Waiting {
        /// What the call-back must name; unguessable, at most 200 bytes.
        resume_key: String,
        /// RFC 3339; `None` waits for ever.
        expires_at: Option<String>,
    },
    /// Run again at this instant (RFC 3339); does not count as an attempt.
    Defer(String),
}

impl<T> StepOutcome<T> {
    /// The step has done its work.
    pub fn completed(output: T) -> Self {
        Self::Completed { output, entities: Vec::new() }
    }

    /// There was nothing to do.
    pub fn skipped(why: impl Into<String>) -> Self {
        Self::Skipped(why.into())
    }

    /// Waits for a call-back that names the key.
    pub fn waiting(resume_key: impl Into<String>) -> Self {
        Self::Waiting { resume_key: resume_key.into(), expires_at: None }
    }

    /// Runs again at an instant, RFC 3339.
    pub fn defer(until: impl Into<String>) -> Self {
        Self::Defer(until.into())
    }

    /// Names an entity that the completed step has made or changed.
    #[must_use]
    pub fn with_entity(mut self, entity: EntityRef) -> Self {
        if let Self::Completed { entities, .. } = &mut self {
            entities.push(entity);
        }
        self
    }

    /// Ends a wait at an instant, RFC 3339.
    #[must_use]
    pub fn until(mut self, instant: impl Into<String>) -> Self {
        if let Self::Waiting { expires_at, .. } = &mut self {
            *expires_at = Some(instant.into());
        }
        self
    }

    /// The output of a completed step.
    pub fn output(&self) -> Option<&T> {
        match self {
            Self::Completed { output, .. } => Some(output),
            Self::Skipped(_) | Self::Waiting { .. } | Self::Defer(_) => None,
        }
    }
}

/// What a step may return: its output, or a [`StepOutcome`] of it.
pub trait StepReturn {
    /// The output.
    type Output: Serialize + JsonSchema;

    /// How the step ended.
    fn into_outcome(self) -> StepOutcome<Self::Output>;
}

impl<T: Serialize + JsonSchema> StepReturn for T {
    type Output = T;

    fn into_outcome(self) -> StepOutcome<T> {
        StepOutcome::completed(self)
    }
}

impl<T: Serialize + JsonSchema> StepReturn for StepOutcome<T> {
    type Output = T;

    fn into_outcome(self) -> Self {
        self
    }
}

/// A step without its types, as the plugin's table holds it.
#[derive(Debug, Clone, Copy)]
pub struct StepEntry {
    /// What catalogues show.
    pub info: &'static StepInfo,
    schemas: fn() -> (String, String),
    validate: fn(&str, &Context) -> Result<String, Vec<FieldError>>,
    run: fn(&Context, &str, Input) -> Result<StepOutcome<String>, Fault>,
}

impl StepEntry {
    /// The entry of a step.
    pub const fn of<S: Step>() -> Self {
        Self {
            info: &S::INFO,
            schemas: || {
                let output = config::output_schema::<<S::Output as StepReturn>::Output>();
                (config::input_schema::<S::Config>(), output)
            },
            validate: |text, context| config::normalise(text, |config| S::validate(config, context)),
            run: run::<S>,
        }
    }

    /// The JSON Schemas of its config and its output.
    pub fn schemas(&self) -> (String, String) {
        (self.schemas)()
    }

    /// The config with defaults filled in, or everything that is wrong with it.
    pub fn validate(&self, config: &str, context: &Context) -> Result<String, Vec<FieldError>> {
        (self.validate)(config, context)
    }

    /// Runs the step; the output is JSON text.
    pub fn run(&self, context: &Context, config: &str, input: Input) -> Result<StepOutcome<String>, Fault> {
        (self.run)(context, config, input)
    }

    pub(crate) fn descriptor(&self) -> wit::Descriptor {
        let (config_schema, output_schema) = self.schemas();
        wit::Descriptor {
            id: self.info.id.to_owned(),
            title: self.info.title.to_owned(),
            description: self.info.description.to_owned(),
            category: self.info.category,
            config_schema,
            output_schema: Some(output_schema),
            requires_delivery: self.info.requires_delivery,
            delivers: self.info.delivers,
        }
    }
}

fn run<S: Step>(context: &Context, config: &str, input: Input) -> Result<StepOutcome<String>, Fault> {
    let config = config::parse(config).map_err(|errors| Fault::invalid_config(&errors))?;
    Ok(match S::run(context, config, input)?.into_outcome() {
        StepOutcome::Completed { output, entities } => {
            StepOutcome::Completed { output: serde_json::to_string(&output)?, entities }
        }
        StepOutcome::Skipped(why) => StepOutcome::Skipped(why),
        StepOutcome::Waiting { resume_key, expires_at } => StepOutcome::Waiting { resume_key, expires_at },
        StepOutcome::Defer(until) => StepOutcome::Defer(until),
    })
}

pub(crate) fn to_wit(result: Result<StepOutcome<String>, Fault>) -> wit::Outcome {
    match result {
        Ok(StepOutcome::Completed { output, entities }) => {
            wit::Outcome::Completed(wit::Completion { output, entities })
        }
        Ok(StepOutcome::Skipped(why)) => wit::Outcome::Skipped(why),
        Ok(StepOutcome::Waiting { resume_key, expires_at }) => {
            wit::Outcome::Waiting(wit::Wait { resume_key, expires_at })
        }
        Ok(StepOutcome::Defer(until)) => wit::Outcome::Defer(until),
        Err(fault) => wit::Outcome::Failed(fault.into()),
    }
}
