//! Asking a model: the budget reserved before the bytes leave, the answer journalled before the agent sees it.

use super::RunHost;
use super::confirm::Begun;
use super::host::{Along, Refused};
use super::spans;
use crate::model::{LlmSettings, ModelAlias, ProviderAccess};
use crate::ports::{
    ChatId, ChatMessage, ChatOutput, Completion, CompletionRequest, Finish, Halt, LlmError, ModelAnswer, ModelFault,
    ModelRequest, TokenUsage, ToolInfo,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use stepwright_engine::agent::{Amounts, Dimension, Hash, Next, Phase, RunFault};
use tracing::Instrument as _;

/// Attempts of one call.
const MAX_ATTEMPTS: u32 = 5;
/// The first wait between two attempts; doubled each time, and drawn anew within it.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest a provider may ask to wait.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// For one exchange.
const TIMEOUT: Duration = Duration::from_secs(120);
/// Tokens a provider may add to what it is sent: roles, tool calls' frames.
const FRAME_TOKENS: u64 = 16;
/// Tokens a provider may add to tell the model how tools are called.
const TOOL_TOKENS: u64 = 1_024;
/// Bytes of the schema of an answer.
const MAX_SCHEMA: usize = 64 << 10;

/// The row that says that a model is about to be asked.
#[derive(Serialize, Deserialize)]
struct Intent {
    alias: String,
    model: String,
    /// Of everything said before.
    prefix: Hash,
    /// What has been said since the model was last asked.
    said: Vec<ChatMessage>,
    max_tokens: u64,
    reserved: Amounts,
}

/// An answer as it is journalled.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Journalled {
    Answer {
        output: Vec<ChatOutput>,
        finish: Finish,
        usage: TokenUsage,
        left: Vec<(String, u64)>,
        attempts: u32,
        /// More was billed than was reserved: the first dimension, what was reserved and what was billed. The run
        /// ends here, whenever it is looked at.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        overbilled: Option<(Dimension, u64, u64)>,
    },
    Failed(LlmError),
}

/// What a provider may bill.
const BILLED: [Dimension; 3] = [Dimension::InputTokens, Dimension::OutputTokens, Dimension::CostMicros];

/// The model an agent has named, with what using it takes.
struct Chosen {
    alias: String,
    model: ModelAlias,
    access: ProviderAccess,
}

/// A request that has been made.
#[derive(Clone, Copy)]
struct Asked<'a> {
    chosen: &'a Chosen,
    max_tokens: u64,
    /// At most, as reserved.
    input: u64,
    reserved: Amounts,
}

impl RunHost {
    pub(super) async fn completed(
        &mut self,
        chat: ChatId,
        request: CompletionRequest,
    ) -> Result<Result<Completion, LlmError>, Halt> {
        if request.schema.as_ref().is_some_and(|schema| schema.len() > MAX_SCHEMA) || request.tools.len() > 256 {
            return Err(Halt::Misuse(format!("at most 256 tools, and a schema of {MAX_SCHEMA} bytes")));
        }
        let shown = serde_json::to_string(&request).unwrap_or_default();
        let hash = Hash::of(&[self.chats.get(chat)?.head().bytes(), shown.as_bytes()]);
        let (ordinal, next) = self.call("llm", hash)?;
        let journalled = match next {
            Next::Answered { body } => self.read(&body)?,
            begun @ (Next::Begun { .. } | Next::Fresh) => {
                self.asked(chat, request, ordinal, hash, &Begun::of(begun)).await?
            }
        };
        self.chats.journalled(chat)?;
        match journalled {
            Journalled::Answer { overbilled: Some((dimension, reserved, billed)), .. } => {
                Err(self.fail(RunFault::Overbilled { dimension, reserved, billed }))
            }
            Journalled::Answer { output, finish, usage, left, .. } => {
                self.chats.answered(chat, output.clone())?;
                self.refused = None;
                Ok(Ok(Completion { output, finish, usage, budget_left: left }))
            }
            Journalled::Failed(error) => {
                self.refused = match &error {
                    LlmError::BudgetExhausted(name) => {
                        Dimension::ALL.into_iter().find(|d| d.as_str() == name).map(RunFault::BudgetExhausted)
                    }
                    LlmError::ProviderFailed(code) => Some(RunFault::ProviderFailed(code.clone())),
                    LlmError::ModelNotAllowed(alias) => {
                        Some(RunFault::PolicyDenied(format!("model '{alias}' is not allowed")))
                    }
                    LlmError::NotConfigured => Some(RunFault::ProviderFailed("NOT_CONFIGURED".into())),
                    LlmError::InvalidRequest(_) | LlmError::ContextTooLong { .. } | LlmError::ContentFiltered => None,
                };
                Ok(Err(error))
            }
        }
    }

    async fn asked(
        &mut self,
        chat: ChatId,
        request: CompletionRequest,
        ordinal: u32,
        hash: Hash,
        begun: &Begun,
    ) -> Result<Journalled, Halt> {
        let chosen = match self.chosen(chat)? {
            Ok(chosen) => chosen,
            Err(error) => return self.value(ordinal, "llm", hash, &Journalled::Failed(error)).await,
        };
        let tools: Vec<ToolInfo> = self.tools().await?.into_iter().map(|tool| tool.info).collect();
        let known = |name: &String| tools.iter().find(|tool| tool.name == *name).cloned();
        let mut named = Vec::with_capacity(request.tools.len());
        for name in &request.tools {
            match known(name) {
                Some(tool) => named.push(tool),
                None => {
                    let error = LlmError::InvalidRequest(format!("there is no tool '{name}'"));
                    return self.value(ordinal, "llm", hash, &Journalled::Failed(error)).await;
                }
            }
        }
        let schema = match request.schema.as_deref().map(serde_json::from_str).transpose() {
            Ok(schema) => schema,
            Err(_) => {
                let error = LlmError::InvalidRequest("the schema is not JSON".into());
                return self.value(ordinal, "llm", hash, &Journalled::Failed(error)).await;
            }
        };
        let talk = self.chats.get(chat)?;
        let model_request = ModelRequest {
            model: chosen.model.model.clone(),
            system: talk.system.clone(),
            messages: talk.messages.clone(),
            tools: named,
            choice: request.choice,
            schema,
            max_tokens: 0,
            temperature: talk.options.temperature.filter(|_| chosen.model.temperature),
            allow_private: self.around.view.tenant.settings.webhooks.allow_private_targets,
            timeout: TIMEOUT,
        };
        // A token is at least a byte, so this is more than any tokenizer can make of it.
        let tools_told = if model_request.tools.is_empty() { 0 } else { TOOL_TOKENS };
        let input = bytes_of(&model_request) + tools_told + FRAME_TOKENS * (2 + model_request.messages.len() as u64);
        if input / 4 > chosen.model.context_tokens {
            let error = LlmError::ContextTooLong { limit: chosen.model.context_tokens, have: input / 4 };
            return self.value(ordinal, "llm", hash, &Journalled::Failed(error)).await;
        }
        let wanted = talk.options.max_output_tokens.map_or(chosen.model.max_output_tokens, u64::from);
        let limits = self.run.agent.budget.of_run();
        let left = limits.left(&self.spent, Dimension::OutputTokens).unwrap_or(u64::MAX);
        let max_tokens = wanted.min(chosen.model.max_output_tokens).min(left).max(1);
        let intent = Intent {
            alias: chosen.alias.clone(),
            model: chosen.model.model.clone(),
            prefix: talk.prefix(),
            said: talk.unjournalled().to_vec(),
            max_tokens,
            reserved: Amounts {
                llm_calls: 1,
                // What the model cannot take is not asked for.
                input_tokens: input.min(chosen.model.context_tokens),
                output_tokens: max_tokens,
                cost_micros: chosen.model.cost(input.min(chosen.model.context_tokens), max_tokens),
                ..Amounts::default()
            },
        };
        let reserved = intent.reserved;
        let (entry, blobs) = self.entry(ordinal, Phase::Intent, "llm", hash, &intent)?;
        match self.write(vec![entry], blobs, Along { more: reserved, ..Along::default() }).await {
            Ok(()) => {}
            Err(Refused::Exhausted(dimension)) => {
                let error = LlmError::BudgetExhausted(dimension.as_str().into());
                return self.value(ordinal, "llm", hash, &Journalled::Failed(error)).await;
            }
            Err(refused) => return Err(self.ended_by(refused)),
        }
        let request = ModelRequest { max_tokens, ..model_request };
        let span = spans::chat(&chosen.model.provider, &request.model, max_tokens, &self.run.id);
        let (answer, attempts) = self.attempted(&chosen, &request).instrument(span.clone()).await;
        let attempts = attempts + begun.intents;
        let asked = Asked { chosen: &chosen, max_tokens: request.max_tokens, input, reserved };
        let (journalled, used) = self.settled_answer(&asked, answer, attempts);
        match &journalled {
            Journalled::Answer { usage, .. } => spans::used(&span, usage),
            Journalled::Failed(error) => spans::failed(&span, &format!("{error:?}")),
        }
        drop(span);
        let back = Amounts { llm_calls: 0, ..reserved };
        self.settle(ordinal, hash, journalled, used, back).await
    }

    /// The answer's row, and what was reserved too much.
    async fn settle(
        &mut self,
        ordinal: u32,
        hash: Hash,
        journalled: Journalled,
        more: Amounts,
        back: Amounts,
    ) -> Result<Journalled, Halt> {
        // What was billed is owed, whatever the budget says; only what was reserved is sure to fit.
        let owed = matches!(journalled, Journalled::Answer { overbilled: Some(_), .. });
        match self.answer(ordinal, "llm", hash, &journalled, Along { more, back, owed, ..Along::default() }).await {
            Ok(done) => Ok(done),
            Err(refused) => Err(self.ended_by(refused)),
        }
    }

    fn settled_answer(
        &self,
        asked: &Asked<'_>,
        answer: Result<ModelAnswer, ModelFault>,
        attempts: u32,
    ) -> (Journalled, Amounts) {
        let Asked { chosen, max_tokens, input, reserved } = *asked;
        match answer {
            Ok(ModelAnswer { output, finish, usage }) => {
                let said: usize = output.iter().map(size_of).sum();
                let usage = usage.unwrap_or_else(|| TokenUsage {
                    input: input.div_ceil(4).min(reserved.input_tokens),
                    output: (said as u64).div_ceil(4).clamp(1, max_tokens),
                    cache_read: 0,
                    estimated: true,
                });
                let used = Amounts {
                    input_tokens: usage.input,
                    output_tokens: usage.output,
                    cost_micros: chosen.model.cost(usage.input, usage.output),
                    ..Amounts::default()
                };
                metrics::counter!("stepwright_agent_tokens_total", "type" => "input").increment(usage.input);
                metrics::counter!("stepwright_agent_tokens_total", "type" => "output").increment(usage.output);
                metrics::counter!("stepwright_agent_cost_micros_total").increment(used.cost_micros);
                let over = BILLED.into_iter().find(|d| used.get(*d) > reserved.get(*d));
                let overbilled = over.map(|d| (d, reserved.get(d), used.get(d)));
                if let Some((dimension, reserved, billed)) = overbilled {
                    tracing::warn!(
                        run = self.run.id,
                        ?dimension,
                        reserved,
                        billed,
                        "a provider bills more than was reserved"
                    );
                }
                let limits = self.run.agent.budget.of_run();
                let mut spent = self.spent.plus(&used);
                for dimension in BILLED {
                    let settled = spent.get_mut(dimension);
                    *settled = settled.saturating_sub(reserved.get(dimension));
                }
                let left = |d: Dimension| limits.left(&spent, d).map(|left| (d.as_str().to_owned(), left));
                let left = Dimension::ALL.into_iter().filter_map(left).collect();
                (Journalled::Answer { output, finish, usage, left, attempts, overbilled }, used)
            }
            Err(fault) => {
                let error = match fault {
                    ModelFault::TooLong => {
                        LlmError::ContextTooLong { limit: chosen.model.context_tokens, have: input / 4 }
                    }
                    ModelFault::Filtered => LlmError::ContentFiltered,
                    ModelFault::Transient { code, .. } => LlmError::ProviderFailed(code),
                    ModelFault::Refused { code, reason } => {
                        tracing::warn!(run = self.run.id, code, reason, "a model's provider refuses");
                        LlmError::ProviderFailed(code)
                    }
                };
                (Journalled::Failed(error), Amounts::default())
            }
        }
    }

    /// All attempts of one call; the agent sees none of them.
    async fn attempted(&self, chosen: &Chosen, request: &ModelRequest) -> (Result<ModelAnswer, ModelFault>, u32) {
        let app = &self.around.app;
        let mut wait = FIRST_WAIT;
        let mut attempt = 1;
        loop {
            let answer = app.models().complete(&chosen.access, request).await;
            let Err(ModelFault::Transient { code, after }) = &answer else { return (answer, attempt) };
            if attempt >= MAX_ATTEMPTS {
                return (answer, attempt);
            }
            // Drawn from the whole of it, so that those who were refused together do not come back together.
            let drawn = wait.mul_f64(app.random().unit());
            let pause = after.map_or(drawn, |after| after.min(MAX_WAIT) + drawn / 4);
            tracing::debug!(run = self.run.id, code, ?pause, attempt, "a model is asked again");
            metrics::counter!("stepwright_agent_model_retries_total").increment(1);
            tokio::time::sleep(pause).await;
            wait = (wait * 2).min(MAX_WAIT);
            attempt += 1;
        }
    }

    /// The model this conversation is with.
    fn chosen(&self, chat: ChatId) -> Result<Result<Chosen, LlmError>, Halt> {
        let tenant = &self.around.view.tenant;
        let named = self.chats.get(chat)?.options.model.clone();
        let Some(llm) = tenant.settings.llm.as_ref().and_then(|value| LlmSettings::read(value).ok()) else {
            return Ok(Err(LlmError::NotConfigured));
        };
        let Some(alias) = named.or_else(|| llm.default_model.clone()) else { return Ok(Err(LlmError::NotConfigured)) };
        let granted = &self.run.agent.grants.models;
        let allowed = granted.is_empty() || granted.contains(&alias);
        let found = llm.models.get(&alias).filter(|_| allowed);
        let access = found.and_then(|model| llm.providers.get(&model.provider));
        Ok(match (found, access) {
            (Some(model), Some(access)) => Ok(Chosen { alias, model: model.clone(), access: access.clone() }),
            _ => Err(LlmError::ModelNotAllowed(alias)),
        })
    }
}

/// Bytes of one part.
fn size_of(part: &ChatOutput) -> usize {
    match part {
        ChatOutput::Text(text) => text.len(),
        ChatOutput::ToolCall { call_id, tool, arguments } => call_id.len() + tool.len() + arguments.len(),
    }
}

/// Bytes of everything the model reads.
fn bytes_of(request: &ModelRequest) -> u64 {
    let said: usize = request
        .messages
        .iter()
        .map(|message| match message {
            ChatMessage::Said(crate::ports::ChatInput::Text(text) | crate::ports::ChatInput::Untrusted(text)) => {
                text.len()
            }
            ChatMessage::Said(crate::ports::ChatInput::ToolAnswer { call_id, text, .. }) => call_id.len() + text.len(),
            ChatMessage::Model(parts) => parts.iter().map(size_of).sum(),
            ChatMessage::Summary(text) => text.len(),
        })
        .sum();
    let tools = |tool: &ToolInfo| tool.name.len() + tool.description.len() + tool.input_schema.as_str().len();
    let schema = request.schema.as_ref().map_or(0, |schema| schema.to_string().len());
    (request.system.len() + said + request.tools.iter().map(tools).sum::<usize>() + schema) as u64
}
