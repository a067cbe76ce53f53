//! What the fake host holds, and how a running step reaches it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use super::agent::{Reply, Tool};
use super::rows::Table;
use super::{Mail, Notification};
use crate::EntityRef;
use crate::bindings::types::HostError;
use crate::log::Level;
use crate::plugin::Manifest;
use crate::run::Answer;
use crate::tools::Request;

/// An event a step has emitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Dotted lower case.
    pub kind: String,
    /// A JSON object.
    pub data: Value,
}

/// A workflow a step has started.
#[derive(Debug, Clone, PartialEq)]
pub struct Started {
    /// The execution's id, as the step got it.
    pub execution_id: String,
    /// Which definition.
    pub definition_id: String,
    /// Its input.
    pub input: Value,
    /// What it is about.
    pub entity: Option<EntityRef>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// How serious.
    pub level: Level,
    /// What it says.
    pub message: String,
}

/// Everything of the tenant. A run works on a copy that replaces the original when the step does not fail.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub datasets: BTreeMap<String, Table>,
    pub entities: BTreeMap<String, Table>,
    pub kv: BTreeMap<(bool, String), String>,
    pub secrets: BTreeSet<String>,
    pub mails: Vec<Mail>,
    pub notifications: Vec<Notification>,
    pub events: Vec<Event>,
    pub started: Vec<Started>,
    /// Which mails have been sent, so that a key is delivered once.
    pub mail_ids: BTreeSet<String>,
    pub ids: u64,
    pub memory: BTreeMap<String, (u64, String)>,
    pub notes: Vec<(String, Value)>,
    pub setup: Setup,
    pub trace: Trace,
}

/// What the test has decided beforehand.
#[derive(Debug, Clone, Default)]
pub(super) struct Setup {
    pub denied: BTreeSet<String>,
    pub manifest: Option<Manifest>,
    pub task: u64,
    pub tools: Vec<Tool>,
    pub answers: VecDeque<Answer>,
    pub model: VecDeque<Reply>,
    /// What the running agent is about, and who has set it off.
    pub input: String,
    pub actor: String,
    pub dialect: String,
    pub now: String,
    /// None: captured, as in a sandbox tenant.
    pub mail_delivery: Option<crate::mail::Delivery>,
    #[cfg(feature = "http")]
    pub replies: Vec<(String, String, Result<crate::http::Response, crate::http::Error>)>,
}

/// What is kept of a failed run too.
#[derive(Debug, Clone, Default)]
pub(super) struct Trace {
    pub logs: Vec<LogLine>,
    pub calls: Vec<Request>,
    pub questions: Vec<(String, Value)>,
    #[cfg(feature = "http")]
    pub requests: Vec<crate::http::Request>,
}

impl World {
    /// Refuses what the test has denied.
    pub fn check(&self, grant: &str) -> Result<(), HostError> {
        if self.setup.denied.contains(grant) {
            Err(HostError::Denied(format!("missing grant `{grant}`")))
        } else {
            Ok(())
        }
    }

    /// Refuses a dataset the plugin's manifest does not ask for, when the test has named the plugin.
    pub fn check_dataset(&self, name: &str, write: bool) -> Result<(), HostError> {
        let access = if write { "data.write" } else { "data.read" };
        self.check(&format!("{access}:{name}"))?;
        let Some(manifest) = &self.setup.manifest else { return Ok(()) };
        let asked = manifest.datasets.iter().any(|(asked, writes)| *asked == name && (*writes || !write));
        let refusal = || HostError::Denied(format!("the manifest does not ask for {access} `{name}`"));
        if asked { Ok(()) } else { Err(refusal()) }
    }

    /// Refuses a host the plugin's manifest does not ask for, when the test has named the plugin.
    #[cfg(feature = "http")]
    pub fn check_url(&self, url: &str) -> Result<(), HostError> {
        let Some(manifest) = &self.setup.manifest else { return Ok(()) };
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let fits = |asked: &&str| match asked.strip_prefix('*') {
            Some(suffix) => authority.ends_with(suffix),
            None => authority == *asked,
        };
        let refusal = || HostError::Denied(format!("the manifest does not ask for host `{authority}`"));
        if manifest.hosts.iter().any(fits) { Ok(()) } else { Err(refusal()) }
    }

    /// An id that is the same in every run of the test.
    pub fn next_id(&mut self, kind: &str) -> String {
        self.ids += 1;
        format!("{kind}-{}", self.ids)
    }
}

thread_local! {
    static RUNNING: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// Runs code with a world for its host calls, and returns the world as the code has left it.
pub(super) fn enter<T>(world: World, code: impl FnOnce() -> T) -> (T, World) {
    /// Clears the world when the code panics.
    struct Leave;

    impl Drop for Leave {
        fn drop(&mut self) {
            RUNNING.take();
        }
    }

    let before = RUNNING.replace(Some(world));
    assert!(before.is_none(), "a step is running on this thread already");
    let leave = Leave;
    let value = code();
    let world = RUNNING.take().unwrap_or_default();
    drop(leave);
    (value, world)
}

/// One host call.
pub(super) fn call<T>(work: impl FnOnce(&mut World) -> Result<T, HostError>) -> Result<T, HostError> {
    RUNNING.with_borrow_mut(|running| match running {
        Some(world) => work(world),
        None => Err(HostError::Unavailable("host calls work inside `testing::Host::run` and `Host::with`".to_owned())),
    })
}
