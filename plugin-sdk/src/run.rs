//! The run of an agent: what it is about, time, chance, and asking a person.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Fault;
use crate::bindings::run::Answer as WitAnswer;
pub use crate::bindings::run::Caller;
use crate::sys::run as sys;

/// What a run is about.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentInput {
    /// The primary entity's id.
    pub entity_id: Option<String>,
    /// The primary entity's schema.
    pub entity_schema: Option<String>,
    /// The flow's id.
    pub workflow_execution_id: Option<String>,
    /// The task's id.
    pub task_id: Option<String>,
    /// All entities the flow is about.
    pub flow_context: Vec<FlowContext>,
    /// Whatever else the caller has handed over.
    pub custom_data: Value,
}

/// An entity a flow is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FlowContext {
    /// Its id.
    pub entity_id: String,
    /// Its schema.
    pub entity_schema: String,
    /// Whether it is the one the flow is mainly about.
    pub is_primary: bool,
}

/// A person's answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Yes; with what the person filled in, when a schema was given.
    Approved(Option<Value>),
    /// No, and why.
    Rejected(String),
    /// Nobody answered in time.
    Expired,
}

/// What the run is about.
pub fn input() -> Result<AgentInput, Fault> {
    Ok(serde_json::from_str(&sys::input())?)
}

/// Who has set the run off.
pub fn principal() -> Caller {
    sys::principal()
}

/// When the run must have ended, RFC 3339 UTC.
pub fn deadline() -> String {
    sys::deadline()
}

/// The host's time, RFC 3339 UTC.
pub fn now() -> String {
    sys::now()
}

/// So many random bytes, at most 1 KiB.
pub fn random(len: u32) -> Vec<u8> {
    sys::random(len)
}

/// Leaves a note in the run's journal. `kind` is `[a-z][a-z0-9_.-]{0,63}`.
pub fn note(kind: &str, detail: &Value) {
    sys::note(kind, &detail.to_string());
}

/// Asks a person, and returns when there is an answer.
pub fn confirm(question: &str, detail: &Value) -> Result<Answer, Fault> {
    answer(sys::confirm(question, &detail.to_string(), None))
}

/// As [`confirm`]; an approval brings a value of this JSON Schema.
pub fn ask(question: &str, detail: &Value, schema: &Value) -> Result<Answer, Fault> {
    answer(sys::confirm(question, &detail.to_string(), Some(&schema.to_string())))
}

fn answer(from: WitAnswer) -> Result<Answer, Fault> {
    Ok(match from {
        WitAnswer::Approved(value) => Answer::Approved(value.map(|text| serde_json::from_str(&text)).transpose()?),
        WitAnswer::Rejected(why) => Answer::Rejected(why),
        WitAnswer::Expired => Answer::Expired,
    })
}
