use crate::bindings::llm;
use crate::state::State;
use stepwright_app::ports::{
    ChatId, ChatInput, ChatOptions, ChatOutput, Completion, CompletionRequest, Finish, LlmError, ToolChoice,
};
use wasmtime::component::Resource;

/// A conversation that the guest holds a handle of.
#[derive(Clone, Copy, Debug)]
pub struct Conversation(ChatId);

type Answer<T> = wasmtime::Result<Result<T, llm::LlmError>>;

impl State {
    fn chat(&self, handle: &Resource<Conversation>) -> wasmtime::Result<ChatId> {
        Ok(self.table().get(handle)?.0)
    }
}

impl llm::Host for State {}

impl llm::HostConversation for State {
    async fn new(&mut self, system: String, options: llm::Options) -> wasmtime::Result<Resource<Conversation>> {
        let llm::Options { model, max_output_tokens, temperature } = options;
        let chat = self.agent()?.chat_open(system, ChatOptions { model, max_output_tokens, temperature })?;
        Ok(self.table_mut().push(Conversation(chat))?)
    }

    async fn append(&mut self, handle: Resource<Conversation>, parts: Vec<llm::Input>) -> Answer<()> {
        let chat = self.chat(&handle)?;
        let part = |part| match part {
            llm::Input::Text(text) => ChatInput::Text(text),
            llm::Input::Untrusted(text) => ChatInput::Untrusted(text),
            llm::Input::ToolAnswer(answer) => {
                ChatInput::ToolAnswer { call_id: answer.call_id, text: answer.text, failed: answer.failed }
            }
        };
        let parts = parts.into_iter().map(part).collect();
        Ok(self.agent()?.chat_append(chat, parts)?.map_err(told))
    }

    async fn complete(
        &mut self,
        handle: Resource<Conversation>,
        tools: Vec<String>,
        choice: llm::ToolChoice,
        schema: Option<String>,
    ) -> Answer<llm::Completion> {
        let chat = self.chat(&handle)?;
        let choice = match choice {
            llm::ToolChoice::Auto => ToolChoice::Auto,
            llm::ToolChoice::Required => ToolChoice::Required,
            llm::ToolChoice::None => ToolChoice::None,
        };
        let request = CompletionRequest { tools, choice, schema };
        Ok(self.agent()?.chat_complete(chat, request).await?.map(completion).map_err(told))
    }

    async fn fork(&mut self, handle: Resource<Conversation>) -> wasmtime::Result<Resource<Conversation>> {
        let chat = self.chat(&handle)?;
        let fork = self.agent()?.chat_fork(chat)?;
        Ok(self.table_mut().push(Conversation(fork))?)
    }

    async fn compact(&mut self, handle: Resource<Conversation>, keep_last: u32, summary: String) -> Answer<()> {
        let chat = self.chat(&handle)?;
        Ok(self.agent()?.chat_compact(chat, keep_last, summary)?.map_err(told))
    }

    async fn head(&mut self, handle: Resource<Conversation>) -> wasmtime::Result<String> {
        let chat = self.chat(&handle)?;
        Ok(self.agent()?.chat_head(chat)?)
    }

    async fn drop(&mut self, handle: Resource<Conversation>) -> wasmtime::Result<()> {
        let Conversation(chat) = self.table_mut().delete(handle)?;
        if let Some(agent) = &mut self.agent {
            agent.chat_close(chat);
        }
        Ok(())
    }
}

fn completion(done: Completion) -> llm::Completion {
    let part = |part| match part {
        ChatOutput::Text(text) => llm::Output::Text(text),
        ChatOutput::ToolCall { call_id, tool, arguments } => {
            llm::Output::ToolCall(llm::ToolCall { call_id, tool, arguments })
        }
    };
    llm::Completion {
        output: done.output.into_iter().map(part).collect(),
        finish: match done.finish {
            Finish::Stop => llm::Finish::Stop,
            Finish::ToolCalls => llm::Finish::ToolCalls,
            Finish::Length => llm::Finish::Length,
            Finish::Filtered => llm::Finish::Filtered,
        },
        usage: llm::Usage {
            input: done.usage.input,
            output: done.usage.output,
            cache_read: done.usage.cache_read,
            estimated: done.usage.estimated,
        },
        budget_left: done.budget_left,
    }
}

fn told(error: LlmError) -> llm::LlmError {
    match error {
        LlmError::InvalidRequest(text) => llm::LlmError::InvalidRequest(text),
        LlmError::ModelNotAllowed(alias) => llm::LlmError::ModelNotAllowed(alias),
        LlmError::NotConfigured => llm::LlmError::NotConfigured,
        LlmError::ContextTooLong { limit, have } => llm::LlmError::ContextTooLong(llm::TooLong { limit, have }),
        LlmError::ContentFiltered => llm::LlmError::ContentFiltered,
        LlmError::BudgetExhausted(dimension) => llm::LlmError::BudgetExhausted(dimension),
        LlmError::ProviderFailed(code) => llm::LlmError::ProviderFailed(code),
    }
}
