//! What an agent asks that changes nothing: time, chance, its input, notes. And the port as a whole.

use super::RunHost;
use crate::ports::{
    AgentHost, Answer, ChatId, ChatInput, ChatOptions, Completion, CompletionRequest, Halt, LlmError, MemoryEntry,
    ToolCall, ToolCatalog, ToolError, ToolResult,
};
use crate::session::HostError;
use async_trait::async_trait;
use serde_json::{Value, json};
use std::time::Duration;
use stepwright_engine::Timestamp;
use stepwright_engine::agent::{Dimension, Hash};

/// Bytes of one request for random bytes.
const MAX_RANDOM: u32 = 1 << 10;
/// Bytes of a note's detail.
const MAX_NOTE: usize = 16 << 10;

impl RunHost {
    async fn instant(&mut self, kind: &str, fresh: Timestamp) -> Result<Timestamp, Halt> {
        let request = Hash::of(&[]);
        match self.known(kind, request)? {
            (_, Some(known)) => Ok(known),
            (ordinal, None) => self.value(ordinal, kind, request, &fresh).await,
        }
    }
}

fn is_note_kind(kind: &str) -> bool {
    let later = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'-');
    kind.len() <= 64 && kind.starts_with(|c: char| c.is_ascii_lowercase()) && kind.bytes().all(later)
}

#[async_trait]
impl AgentHost for RunHost {
    fn input(&self) -> String {
        self.run.input.as_str().to_owned()
    }

    fn principal(&self) -> (String, String) {
        (self.run.actor.clone(), self.around.execution.dialect.as_str().to_owned())
    }

    async fn deadline(&mut self) -> Result<Timestamp, Halt> {
        let limits = self.run.agent.budget.of_run();
        let left = limits.left(&self.spent, Dimension::WallMs).unwrap_or(u64::from(u32::MAX));
        let fresh = self.around.app.now() + Duration::from_millis(left);
        self.instant("deadline", fresh).await
    }

    async fn now(&mut self) -> Result<Timestamp, Halt> {
        let fresh = self.around.app.now();
        self.instant("now", fresh).await
    }

    async fn random(&mut self, len: u32) -> Result<Vec<u8>, Halt> {
        if len > MAX_RANDOM {
            return Err(Halt::Misuse(format!("at most {MAX_RANDOM} random bytes come at once, {len} were asked for")));
        }
        let request = Hash::of(&[&len.to_be_bytes()]);
        match self.known("random", request)? {
            (_, Some(known)) => Ok(known),
            (ordinal, None) => {
                let mut bytes = vec![0; len as usize];
                self.around.app.random().secret_bytes(&mut bytes);
                self.value(ordinal, "random", request, &bytes).await
            }
        }
    }

    async fn note(&mut self, kind: String, detail: String) -> Result<(), Halt> {
        if !is_note_kind(&kind) {
            return Err(Halt::Misuse("the kind of a note is [a-z][a-z0-9_.-]{0,63}".into()));
        }
        if detail.len() > MAX_NOTE {
            return Err(Halt::Misuse(format!("the detail of a note has at most {MAX_NOTE} bytes")));
        }
        let Ok(value) = serde_json::from_str::<Value>(&detail) else {
            return Err(Halt::Misuse("the detail of a note is not JSON".into()));
        };
        let request = Hash::of(&[kind.as_bytes(), detail.as_bytes()]);
        if let (ordinal, None) = self.known::<Value>("note", request)? {
            self.value(ordinal, "note", request, &json!({ "kind": kind, "detail": value })).await?;
        }
        Ok(())
    }

    async fn confirm(&mut self, question: String, detail: String, schema: Option<String>) -> Result<Answer, Halt> {
        self.ask(question, detail, schema).await
    }

    async fn catalog(&mut self, known: Option<u64>) -> Result<Option<ToolCatalog>, Halt> {
        self.shown_catalog(known).await
    }

    async fn call_tools(&mut self, calls: Vec<ToolCall>) -> Result<Vec<Result<ToolResult, ToolError>>, Halt> {
        self.called(calls).await
    }

    async fn memory_get(&mut self, key: String) -> Result<Result<Option<MemoryEntry>, HostError>, Halt> {
        self.recall(key).await
    }

    async fn memory_put(
        &mut self,
        key: String,
        value: String,
        expected: Option<u64>,
    ) -> Result<Result<u64, HostError>, Halt> {
        self.keep(key, value, expected).await
    }

    async fn memory_delete(&mut self, key: String) -> Result<Result<bool, HostError>, Halt> {
        self.forget(key).await
    }

    async fn memory_list(
        &mut self,
        prefix: String,
        after: Option<String>,
        limit: u32,
    ) -> Result<Result<Vec<MemoryEntry>, HostError>, Halt> {
        self.listed(prefix, after, limit).await
    }

    async fn memory_search(&mut self, query: String, limit: u32) -> Result<Result<Vec<MemoryEntry>, HostError>, Halt> {
        self.found(query, limit).await
    }

    fn chat_open(&mut self, system: String, options: ChatOptions) -> Result<ChatId, Halt> {
        self.chats.open(system, options)
    }

    fn chat_append(&mut self, chat: ChatId, parts: Vec<ChatInput>) -> Result<Result<(), LlmError>, Halt> {
        self.chats.append(chat, parts)
    }

    async fn chat_complete(
        &mut self,
        chat: ChatId,
        request: CompletionRequest,
    ) -> Result<Result<Completion, LlmError>, Halt> {
        self.completed(chat, request).await
    }

    fn chat_fork(&mut self, chat: ChatId) -> Result<ChatId, Halt> {
        self.chats.fork(chat)
    }

    fn chat_compact(&mut self, chat: ChatId, keep_last: u32, summary: String) -> Result<Result<(), LlmError>, Halt> {
        self.chats.compact(chat, keep_last, &summary)
    }

    fn chat_head(&mut self, chat: ChatId) -> Result<String, Halt> {
        Ok(self.chats.get(chat)?.head().to_string())
    }

    fn chat_close(&mut self, chat: ChatId) {
        self.chats.close(chat);
    }

    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any + Send> {
        self
    }
}
