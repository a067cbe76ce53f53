//! Calls of tools: checked, confirmed, announced, made, and committed with what they have changed.

use super::RunHost;
use super::catalog::{Tool, generation, shown};
use super::confirm::{Begun, Question};
use super::host::{Along, Halted, Refused};
use super::tools::{Calling, Ran, result};
use crate::error::FieldFault;
use crate::model::{AgentMode, Commit, ConfirmationKind, Decision, OnUntrusted, UsageDelta};
use crate::ports::{CommitError, Halt, ToolCall, ToolEffect, ToolError, ToolInfo, ToolResult};
use crate::usecases::schema_faults;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use stepwright_engine::RawJson;
use stepwright_engine::agent::{Amounts, Hash, Next, Phase, RunFault};
use stepwright_engine::flow::Entities;
use tracing::Instrument as _;

/// Calls side by side (source: wit/tools@0.1.0 `call-all`).
const MAX_CALLS: usize = 16;
/// Bytes of a call's arguments.
const MAX_ARGUMENTS: usize = 256 << 10;
/// Bytes of a result.
const MAX_RESULT: usize = 1 << 20;
/// How often a tool is called anew because somebody else has changed what it read.
const MAX_CLASHES: u32 = 20;

type Answer = Result<ToolResult, ToolError>;

/// The row that says that a tool is about to be called.
#[derive(Serialize, Deserialize)]
struct Intent {
    tool: String,
    /// As they are, after whatever a person has made of them.
    arguments: Value,
}

/// A result as it is journalled: what stands in it twice is written once.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Journalled {
    /// The text is the JSON.
    Same(String),
    Done(ToolResult),
    Failed(ToolError),
}

impl From<&Answer> for Journalled {
    fn from(answer: &Answer) -> Self {
        match answer {
            Ok(ToolResult { text, structured: Some(json), untrusted: None }) if json.as_str() == text => {
                Self::Same(text.clone())
            }
            Ok(done) => Self::Done(done.clone()),
            Err(error) => Self::Failed(error.clone()),
        }
    }
}

impl From<Journalled> for Answer {
    fn from(journalled: Journalled) -> Self {
        match journalled {
            Journalled::Same(text) => {
                let structured = RawJson::parse_text(text.clone()).ok();
                Ok(ToolResult { text, structured, untrusted: None })
            }
            Journalled::Done(done) => Ok(done),
            Journalled::Failed(error) => Err(error),
        }
    }
}

/// A call that has no answer yet.
struct Open {
    /// Among the calls made together.
    place: usize,
    ordinal: u32,
    request: Hash,
    begun: Begun,
    calling: Calling,
}

/// A tool and the arguments it is called with, or why it is not.
type Checked = Result<(Tool, Map<String, Value>), ToolError>;

impl RunHost {
    pub(super) async fn called(&mut self, calls: Vec<ToolCall>) -> Result<Vec<Answer>, Halt> {
        if calls.len() > MAX_CALLS {
            return Err(Halt::Misuse(format!("at most {MAX_CALLS} tools may be called at once")));
        }
        if calls.iter().any(|call| call.arguments.len() > MAX_ARGUMENTS || call.tool.len() > 256) {
            return Err(Halt::Misuse(format!("the arguments of a tool have at most {MAX_ARGUMENTS} bytes")));
        }
        let requests: Vec<Hash> = calls.iter().map(request).collect();
        let mut answers: Vec<Option<Answer>> = Vec::with_capacity(calls.len());
        let mut unanswered = Vec::new();
        // All ordinals are given before anything is done: they depend on the agent alone.
        for (place, (call, request)) in calls.iter().zip(&requests).enumerate() {
            match self.call("tool", *request)? {
                (_, Next::Answered { body }) => answers.push(Some(self.read::<Journalled>(&body)?.into())),
                (ordinal, next) => {
                    answers.push(None);
                    unanswered.push((place, ordinal, call, Begun::of(next)));
                }
            }
        }
        if !unanswered.is_empty() {
            let tools = self.tools().await?;
            let mut open = Vec::new();
            for (place, ordinal, call, begun) in unanswered {
                match self.checked(&tools, call, &begun)? {
                    Ok((tool, arguments)) => {
                        let (around, run) = (self.around.clone(), Arc::new(self.run.clone()));
                        let calling = Calling { around, run, ordinal, tool, arguments };
                        open.push(Open { place, ordinal, request: requests[place], begun, calling });
                    }
                    Err(error) => answers[place] = Some(self.told(ordinal, requests[place], Err(error)).await?),
                }
            }
            let open = self.confirmed(open, &mut answers).await?;
            let open = self.announced(open, &mut answers).await?;
            self.made(open, &mut answers).await?;
        }
        let answers: Vec<Answer> = answers.into_iter().flatten().collect();
        for (request, answer) in requests.iter().zip(&answers) {
            self.looped(*request, answer)?;
        }
        Ok(answers)
    }

    /// Whether the agent goes round in circles.
    fn looped(&mut self, request: Hash, answer: &Answer) -> Result<(), Halt> {
        let text = serde_json::to_string(&Journalled::from(answer)).unwrap_or_default();
        if self.repeats.answered(request, Hash::of_text(&text)) {
            return Err(self.fail(RunFault::LoopDetected));
        }
        match answer {
            Err(ToolError::DeniedByHuman(why)) => self.refused = Some(RunFault::DeniedByHuman(why.clone())),
            Err(ToolError::ConfirmationExpired) => self.refused = Some(RunFault::ConfirmationExpired),
            Err(ToolError::DeniedByPolicy(rule)) => self.refused = Some(RunFault::PolicyDenied(rule.clone())),
            Err(ToolError::BudgetExhausted(name)) => {
                let dimensions = stepwright_engine::agent::Dimension::ALL.into_iter();
                let dimension = dimensions.into_iter().find(|d| d.as_str() == name);
                self.refused = dimension.map(RunFault::BudgetExhausted);
            }
            Ok(done) => {
                self.refused = None;
                self.read_of(done);
            }
            Err(
                ToolError::NotFound
                | ToolError::Stale
                | ToolError::InvalidArguments(_)
                | ToolError::Failed(_)
                | ToolError::OutcomeUnknown,
            ) => {}
        }
        Ok(())
    }

    /// The tool that is called, and its arguments.
    fn checked(&mut self, tools: &[Tool], call: &ToolCall, begun: &Begun) -> Result<Checked, Halt> {
        let Some(tool) = tools.iter().find(|tool| tool.info.name == call.tool) else {
            return Ok(Err(ToolError::NotFound));
        };
        // What was about to be called is called with the arguments it was about to be called with.
        if let Some(body) = &begun.intent {
            let Intent { arguments, .. } = self.read(body)?;
            return Ok(Ok((tool.clone(), arguments.as_object().cloned().unwrap_or_default())));
        }
        if self.is_stale(tools, call, &tool.info) {
            return Ok(Err(ToolError::Stale));
        }
        Ok(arguments(&tool.info, &call.arguments).map(|arguments| (tool.clone(), arguments)))
    }

    /// Whether the tool is not what the agent has seen.
    fn is_stale(&self, tools: &[Tool], call: &ToolCall, now: &ToolInfo) -> bool {
        let Some(known) = call.generation else { return false };
        if generation(&shown(tools)) == known {
            return false;
        }
        let seen = self.catalog.as_ref().filter(|catalog| catalog.generation == known);
        !seen.is_some_and(|catalog| catalog.tools.contains(now))
    }

    /// Calls that people have agreed to, or need not agree to. All are asked about before any is made.
    async fn confirmed(&mut self, open: Vec<Open>, answers: &mut [Option<Answer>]) -> Result<Vec<Open>, Halt> {
        let mut agreed = Vec::with_capacity(open.len());
        let mut waiting = false;
        for mut call in open {
            let tool = call.calling.tool.info.clone();
            let unsure = call.begun.intents > 0 && tool.effect == ToolEffect::Irreversible;
            let policy = self.on_untrusted(tool.effect);
            if call.begun.intents == 0 && policy == OnUntrusted::Deny && !tool.needs_confirmation {
                let refusal = Err(ToolError::DeniedByPolicy(self.denial(&tool.name)));
                answers[call.place] = Some(self.told(call.ordinal, call.request, refusal).await?);
                continue;
            }
            let asks = tool.needs_confirmation || policy == OnUntrusted::Confirm;
            if !unsure && (call.begun.intents > 0 || !asks) {
                agreed.push(call);
                continue;
            }
            let detail = RawJson::from(Value::Object(call.calling.arguments.clone()));
            let (kind, question) = if unsure {
                let text = format!("'{}' was about to be called when the host stopped. Has it happened?", tool.name);
                (ConfirmationKind::Outcome, text)
            } else {
                (ConfirmationKind::Tool, format!("May the agent call '{}'?", tool.name))
            };
            let question = Question { kind, question, tool: Some(tool.name.clone()), detail, schema: None };
            let Some(decision) = self.decision(call.ordinal, "tool", call.request, &call.begun, question).await? else {
                waiting = true;
                continue;
            };
            let refusal = match (unsure, decision) {
                (true, Decision::Approve { value }) => {
                    let value = value.unwrap_or_else(|| RawJson::from(json!({ "confirmed": true })));
                    Some(Ok(result(value)))
                }
                // It has not happened, so it is made now.
                (true, Decision::Reject { .. }) | (false, Decision::Approve { .. }) => None,
                (true, Decision::Edit { .. } | Decision::Expire) => Some(Err(ToolError::OutcomeUnknown)),
                (false, Decision::Edit { arguments: edited }) => match arguments(&tool, edited.as_str()) {
                    Ok(edited) => {
                        call.calling.arguments = edited;
                        None
                    }
                    Err(error) => Some(Err(error)),
                },
                (false, Decision::Reject { reason }) => Some(Err(ToolError::DeniedByHuman(reason))),
                (false, Decision::Expire) => Some(Err(ToolError::ConfirmationExpired)),
            };
            match refusal {
                None => agreed.push(call),
                Some(answer) => answers[call.place] = Some(self.told(call.ordinal, call.request, answer).await?),
            }
        }
        if waiting { Err(self.halt(Halted::Waiting)) } else { Ok(agreed) }
    }

    /// Calls whose intent stands in the journal, and whose budget is reserved.
    async fn announced(&mut self, open: Vec<Open>, answers: &mut [Option<Answer>]) -> Result<Vec<Open>, Halt> {
        let mut announced = Vec::with_capacity(open.len());
        for call in open {
            let tool = &call.calling.tool.info;
            if self.run.agent.mode == AgentMode::Draft && tool.effect != ToolEffect::Read {
                let draft = json!({ "drafted": true, "tool": tool.name, "arguments": call.calling.arguments });
                let answer = Ok(result(RawJson::from(draft)));
                answers[call.place] = Some(self.told(call.ordinal, call.request, answer).await?);
                continue;
            }
            let arguments = Value::Object(call.calling.arguments.clone());
            let intent = Intent { tool: tool.name.clone(), arguments };
            let (entry, blobs) = self.entry(call.ordinal, Phase::Intent, "tool", call.request, &intent)?;
            let more = Amounts { tool_calls: 1, ..Amounts::default() };
            match self.write(vec![entry], blobs, Along { more, ..Along::default() }).await {
                Ok(()) => announced.push(call),
                Err(Refused::Exhausted(dimension)) => {
                    let error = ToolError::BudgetExhausted(dimension.as_str().into());
                    answers[call.place] = Some(self.told(call.ordinal, call.request, Err(error)).await?);
                }
                Err(refused) => return Err(self.ended_by(refused)),
            }
        }
        Ok(announced)
    }

    /// Makes calls side by side, and commits them one after the other.
    async fn made(&mut self, open: Vec<Open>, answers: &mut [Option<Answer>]) -> Result<(), Halt> {
        let running = open.iter().map(|call| {
            let calling = call.calling.clone();
            let span = super::spans::execute_tool(&calling.tool.info.name, calling.ordinal, &calling.run.id);
            async move { calling.run().await }.instrument(span)
        });
        let first = join_all(running.collect::<Vec<_>>()).await;
        for (call, ran) in open.into_iter().zip(first) {
            answers[call.place] = Some(self.settled(&call, ran).await?);
        }
        Ok(())
    }

    /// Commits what a tool has changed together with its result; calls it again where it asks for that, or where what
    /// it has read is not there any more.
    async fn settled(&mut self, call: &Open, mut ran: Ran) -> Result<Answer, Halt> {
        let mut clashes = 0;
        loop {
            if !ran.starts.is_empty()
                && let Err(error) = self.around.app.check_open_quota(&self.around.view).await
            {
                let fault = stepwright_engine::Fault::permanent("QUOTA_EXCEEDED", error.to_string());
                ran = Ran::refused(ToolError::Failed(fault));
            }
            if let Some(wait) = ran.again {
                // What it has staged so far is kept, as between two attempts of a step.
                if !self.committed(call, ran, None).await? {
                    clashes += 1;
                }
                tokio::time::sleep(wait).await;
            } else {
                let answer = fitting(ran.result.clone());
                if self.committed(call, ran, Some(&answer)).await? {
                    return Ok(answer);
                }
                clashes += 1;
            }
            if clashes > MAX_CLASHES {
                let fault = stepwright_engine::Fault::transient("CONFLICT", "others keep changing what it works on");
                return self.told(call.ordinal, call.request, Err(ToolError::Failed(fault))).await;
            }
            ran = call.calling.run().await;
        }
    }

    /// Whether it was written; not when what the tool has read has changed.
    async fn committed(&mut self, call: &Open, ran: Ran, answer: Option<&Answer>) -> Result<bool, Halt> {
        let Ran { mut effects, starts, usage, .. } = ran;
        let (app, view) = (self.around.app.clone(), Arc::clone(&self.around.view));
        let execution = Arc::clone(&self.around.execution);
        let told = app.tell_of_changes(&execution, &mut effects, &Entities::new()).await;
        told.map_err(|error| self.halt(Halted::Unavailable(error.to_string())))?;
        let (flows, starts) = app.flow_starts(&execution, Some(&self.run.task), starts);
        effects.emitted.extend(flows);
        let children = app.children(&view, &execution, starts);
        let executions = children.map_err(|error| self.halt(Halted::Unavailable(error.to_string())))?;
        let mut more = Amounts::default();
        if let Some(answer) = answer {
            let journalled = Journalled::from(answer);
            let (entry, blobs) = self.entry(call.ordinal, Phase::Result, "tool", call.request, &journalled)?;
            let (write, sum) = self.prepared(vec![entry], blobs, Along::default());
            more = sum;
            effects.journal = Some(Box::new(write));
        }
        let write = effects.journal.clone();
        let usage = UsageDelta { executions: executions.len() as u64, ..usage };
        let (tenant_id, at) = (self.run.tenant_id, app.now());
        let started = !executions.is_empty() || !effects.emitted.is_empty();
        let commit =
            Commit { tenant_id, at, preconditions: Vec::new(), executions, effects, webhooks: Vec::new(), usage };
        match app.store().commit(commit).await {
            Ok(()) => {
                if let Some(write) = write {
                    self.written(*write, &more, &Amounts::default());
                }
                if started {
                    app.driver().hint();
                }
                Ok(true)
            }
            Err(CommitError::EffectConflict(what)) if what.starts_with("journal") => self.lost().await,
            Err(CommitError::EffectConflict(_) | CommitError::Stale(_) | CommitError::Precondition { .. }) => Ok(false),
            Err(CommitError::Store(error)) => Err(self.unavailable(&error)),
        }
    }

    /// The journal was not written: because the run belongs to somebody else, or because it has become too large.
    async fn lost(&mut self) -> Result<bool, Halt> {
        let stored = self.around.app.store().journal(self.run.tenant_id, &self.run.id).await;
        let stored = stored.map_err(|error| self.unavailable(&error))?;
        Err(match stored {
            Some(stored) if stored.head == self.journal.head() => {
                self.fail(RunFault::BudgetExhausted(stepwright_engine::agent::Dimension::Bytes))
            }
            Some(_) | None => self.halt(Halted::Stale),
        })
    }

    /// Answers a call for which nothing was done.
    async fn told(&mut self, ordinal: u32, request: Hash, answer: Answer) -> Result<Answer, Halt> {
        let journalled = Journalled::from(&answer);
        Ok(self.value(ordinal, "tool", request, &journalled).await?.into())
    }
}

fn request(call: &ToolCall) -> Hash {
    let generation = call.generation.unwrap_or(u64::MAX).to_be_bytes();
    Hash::of(&[call.tool.as_bytes(), call.arguments.as_bytes(), &generation])
}

/// A result too large to be kept is a fault that names itself, not one that comes back for ever.
fn fitting(answer: Answer) -> Answer {
    match answer {
        Ok(done) if done.text.len() > MAX_RESULT => {
            let reason = format!("the result has {} bytes, at most {MAX_RESULT} are allowed", done.text.len());
            Err(ToolError::Failed(stepwright_engine::Fault::permanent("RESULT_TOO_LARGE", reason)))
        }
        other => other,
    }
}

/// Arguments that fit the tool's schema.
fn arguments(tool: &ToolInfo, text: &str) -> Result<Map<String, Value>, ToolError> {
    let invalid = |message: String| ToolError::InvalidArguments(vec![FieldFault::new("", message)]);
    let Ok(json) = RawJson::parse_text(text.to_owned()) else {
        return Err(invalid("must be a JSON object".into()));
    };
    let Value::Object(arguments) = json.to_value() else { return Err(invalid("must be a JSON object".into())) };
    let faults = schema_faults(&tool.input_schema, &json);
    if faults.is_empty() {
        return Ok(arguments);
    }
    let inside = |fault: FieldFault| {
        let pointer = fault.pointer.strip_prefix("/config").unwrap_or_default().to_owned();
        FieldFault::new(pointer, fault.message)
    };
    Err(ToolError::InvalidArguments(faults.into_iter().map(inside).collect()))
}
