//! Conversations of a run with a model.

use crate::ports::{ChatId, ChatInput, ChatMessage as Message, ChatOptions, ChatOutput, Halt, LlmError};
use std::collections::BTreeMap;
use stepwright_engine::agent::Hash;

/// Bytes of what a model is told to be.
const MAX_SYSTEM: usize = 256 << 10;
/// Bytes of one message.
const MAX_MESSAGE: usize = 1 << 20;
/// Conversations open at once.
const MAX_CHATS: usize = 32;

/// A conversation.
#[derive(Clone, Debug)]
pub(super) struct Chat {
    pub system: String,
    pub options: ChatOptions,
    pub messages: Vec<Message>,
    head: Hash,
    /// How many of the messages stand in the journal, and the head they had.
    journalled: usize,
    prefix: Hash,
}

impl Chat {
    /// Of everything said so far.
    pub(super) fn head(&self) -> Hash {
        self.head
    }

    /// Of what stands in the journal.
    pub(super) fn prefix(&self) -> Hash {
        self.prefix
    }

    /// What has been said since a model was last asked.
    pub(super) fn unjournalled(&self) -> &[Message] {
        self.messages.get(self.journalled..).unwrap_or_default()
    }

    fn add(&mut self, message: Message) {
        let text = serde_json::to_string(&message).unwrap_or_default();
        self.head = Hash::of(&[self.head.bytes(), text.as_bytes()]);
        self.messages.push(message);
    }
}

/// The conversations of an activation. What they are follows from what the agent does, so nothing of it is journalled
/// before a model is asked.
#[derive(Debug, Default)]
pub(super) struct Chats {
    open: BTreeMap<u32, Chat>,
    next: u32,
}

fn unknown() -> Halt {
    Halt::Misuse("there is no such conversation".into())
}

impl Chats {
    pub(super) fn open(&mut self, system: String, options: ChatOptions) -> Result<ChatId, Halt> {
        if system.len() > MAX_SYSTEM {
            return Err(Halt::Misuse(format!("the system text has at most {MAX_SYSTEM} bytes")));
        }
        let shown = serde_json::to_string(&options).unwrap_or_default();
        let head = Hash::of(&[system.as_bytes(), shown.as_bytes()]);
        let chat = Chat { system, options, messages: Vec::new(), head, journalled: 0, prefix: head };
        self.insert(chat)
    }

    fn insert(&mut self, chat: Chat) -> Result<ChatId, Halt> {
        if self.open.len() >= MAX_CHATS {
            return Err(Halt::Misuse(format!("at most {MAX_CHATS} conversations may be open")));
        }
        let id = self.next;
        self.next += 1;
        self.open.insert(id, chat);
        Ok(ChatId(id))
    }

    pub(super) fn get(&self, chat: ChatId) -> Result<&Chat, Halt> {
        self.open.get(&chat.0).ok_or_else(unknown)
    }

    fn get_mut(&mut self, chat: ChatId) -> Result<&mut Chat, Halt> {
        self.open.get_mut(&chat.0).ok_or_else(unknown)
    }

    pub(super) fn append(&mut self, chat: ChatId, parts: Vec<ChatInput>) -> Result<Result<(), LlmError>, Halt> {
        let chat = self.get_mut(chat)?;
        let size = |part: &ChatInput| match part {
            ChatInput::Text(text) | ChatInput::Untrusted(text) => text.len(),
            ChatInput::ToolAnswer { call_id, text, .. } => call_id.len() + text.len(),
        };
        if parts.iter().any(|part| size(part) > MAX_MESSAGE) {
            return Ok(Err(LlmError::InvalidRequest(format!("a message has at most {MAX_MESSAGE} bytes"))));
        }
        parts.into_iter().for_each(|part| chat.add(Message::Said(part)));
        Ok(Ok(()))
    }

    pub(super) fn fork(&mut self, chat: ChatId) -> Result<ChatId, Halt> {
        let copy = self.get(chat)?.clone();
        self.insert(copy)
    }

    pub(super) fn compact(
        &mut self,
        chat: ChatId,
        keep_last: u32,
        summary: &str,
    ) -> Result<Result<(), LlmError>, Halt> {
        if summary.len() > MAX_MESSAGE {
            return Ok(Err(LlmError::InvalidRequest(format!("a summary has at most {MAX_MESSAGE} bytes"))));
        }
        let chat = self.get_mut(chat)?;
        let first_kept = chat.messages.len().saturating_sub(keep_last as usize);
        let kept = chat.messages.split_off(first_kept);
        chat.messages.clear();
        chat.journalled = 0;
        chat.head = Hash::of(&[b"compact", chat.head.bytes(), &keep_last.to_be_bytes()]);
        chat.add(Message::Summary(summary.to_owned()));
        kept.into_iter().for_each(|message| chat.add(message));
        Ok(Ok(()))
    }

    /// Everything said so far stands in the journal.
    pub(super) fn journalled(&mut self, chat: ChatId) -> Result<(), Halt> {
        let chat = self.get_mut(chat)?;
        chat.journalled = chat.messages.len();
        chat.prefix = chat.head;
        Ok(())
    }

    /// A model has answered, which stands in the journal already.
    pub(super) fn answered(&mut self, chat: ChatId, output: Vec<ChatOutput>) -> Result<(), Halt> {
        self.get_mut(chat)?.add(Message::Model(output));
        self.journalled(chat)
    }

    pub(super) fn close(&mut self, chat: ChatId) {
        self.open.remove(&chat.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chats() -> (Chats, ChatId) {
        let mut chats = Chats::default();
        let chat = chats.open("Be brief.".into(), ChatOptions::default()).unwrap();
        (chats, chat)
    }

    fn say(chats: &mut Chats, chat: ChatId, text: &str) -> Hash {
        chats.append(chat, vec![ChatInput::Text(text.into())]).unwrap().unwrap();
        chats.get(chat).unwrap().head()
    }

    #[test]
    fn the_head_stands_for_everything_said() {
        let ((mut one, first), (mut two, second)) = (chats(), chats());
        assert_eq!(say(&mut one, first, "a"), say(&mut two, second, "a"));
        assert_ne!(say(&mut one, first, "b"), say(&mut two, second, "c"));
        let fork = one.fork(first).unwrap();
        let before = one.get(first).unwrap().head();
        assert_eq!(one.get(fork).unwrap().head(), before);
        say(&mut one, fork, "d");
        assert_eq!(one.get(first).unwrap().head(), before);
    }

    #[test]
    fn a_compacted_conversation_keeps_the_newest_behind_a_summary() {
        let (mut all, chat) = chats();
        for text in ["a", "b", "c"] {
            say(&mut all, chat, text);
        }
        let before = all.get(chat).unwrap().head();
        all.compact(chat, 1, "a and b").unwrap().unwrap();
        let now = all.get(chat).unwrap();
        let kept = [Message::Summary("a and b".into()), Message::Said(ChatInput::Text("c".into()))];
        assert_eq!(now.messages, kept);
        assert_ne!(now.head(), before);
    }

    #[test]
    fn conversations_have_an_end() {
        let (mut all, chat) = chats();
        let forks: Vec<_> = (1..MAX_CHATS).map(|_| all.fork(chat).unwrap()).collect();
        assert!(matches!(all.fork(chat), Err(Halt::Misuse(_))));
        all.close(forks[0]);
        all.fork(chat).unwrap();
        let long = vec![ChatInput::Text("x".repeat(MAX_MESSAGE + 1))];
        assert!(matches!(all.append(chat, long), Ok(Err(LlmError::InvalidRequest(_)))));
    }
}
