//! What agents may call, with the signatures of the generated bindings.

use serde_json::{Value, json};

use super::world::{World, call};
use crate::bindings::types::HostError;

/// Outside a run there is no answer to give.
fn running<T>(work: impl FnOnce(&mut World) -> T) -> T {
    match call(|world| Ok(work(world))) {
        Ok(value) => value,
        Err(_) => panic!("an agent's host calls work inside `testing::Host::run_agent` and `Host::with`"),
    }
}

pub(crate) mod run {
    use super::{Value, running};
    use crate::bindings::run::{Answer as Wit, Caller};
    use crate::run::Answer;

    pub(crate) fn input() -> String {
        running(|world| world.setup.input.clone())
    }

    pub(crate) fn principal() -> Caller {
        running(|world| Caller { id: world.setup.actor.clone(), dialect: world.setup.dialect.clone() })
    }

    pub(crate) fn deadline() -> String {
        now()
    }

    pub(crate) fn now() -> String {
        running(|world| world.setup.now.clone())
    }

    /// The same in every run of the test.
    pub(crate) fn random(len: u32) -> Vec<u8> {
        (0..len.min(1024)).map(|n| (n.wrapping_mul(167).wrapping_add(13) % 251) as u8).collect()
    }

    pub(crate) fn note(kind: &str, detail: &str) {
        let detail: Value = serde_json::from_str(detail).unwrap_or_default();
        running(|world| world.notes.push((kind.to_owned(), detail)));
    }

    pub(crate) fn confirm(question: &str, detail: &str, _schema: Option<&str>) -> Wit {
        let detail: Value = serde_json::from_str(detail).unwrap_or_default();
        running(|world| {
            world.trace.questions.push((question.to_owned(), detail));
            match world.setup.answers.pop_front() {
                Some(Answer::Approved(value)) => Wit::Approved(value.map(|value| value.to_string())),
                Some(Answer::Rejected(why)) => Wit::Rejected(why),
                Some(Answer::Expired) | None => Wit::Expired,
            }
        })
    }
}

pub(crate) mod tools {
    use super::{HostError, Value, json, running};
    use crate::bindings::tools::{Effect, Label, Tool, ToolCall, ToolCatalog, ToolError, ToolResult};
    use crate::testing::sys::entities;
    use crate::tools::{Request, ToolError as Error};

    fn listed(name: &str, effect: Effect) -> Tool {
        Tool {
            name: name.to_owned(),
            description: String::new(),
            input_schema: json!({"type": "object"}).to_string(),
            output_schema: None,
            effect,
            needs_confirmation: false,
        }
    }

    pub(crate) fn catalog(_known: Option<u64>) -> Option<ToolCatalog> {
        let mut tools = vec![
            listed("entities_get", Effect::Read),
            listed("entities_list", Effect::Read),
            listed("entities_put", Effect::Write),
        ];
        running(|world| tools.extend(world.setup.tools.iter().map(|tool| listed(&tool.name, tool.effect))));
        Some(ToolCatalog { generation: 1, tools })
    }

    pub(crate) fn call(call: &ToolCall) -> Result<ToolResult, ToolError> {
        let request = Request { tool: call.tool.clone(), arguments: call.arguments.clone() };
        running(|world| world.trace.calls.push(request));
        let Ok(arguments @ Value::Object(_)) = serde_json::from_str(&call.arguments) else {
            let message = "must be a JSON object".to_owned();
            let errors = vec![crate::FieldError { pointer: String::new(), message }];
            return Err(ToolError::InvalidArguments(errors));
        };
        let made_up = running(|world| world.setup.tools.iter().find(|tool| tool.name == call.tool).cloned());
        let value = match made_up {
            Some(tool) => (tool.reply)(&arguments).map_err(to_wit)?,
            None => builtin(&call.tool, &arguments)?,
        };
        Ok(ToolResult { text: value.to_string(), structured: Some(value.to_string()), label: Label::Trusted })
    }

    pub(crate) fn call_all(calls: &[ToolCall]) -> Vec<Result<ToolResult, ToolError>> {
        calls.iter().map(call).collect()
    }

    /// The host's own tools, with the shapes of the real ones.
    fn builtin(tool: &str, arguments: &Value) -> Result<Value, ToolError> {
        let text = |name: &str| arguments[name].as_str().unwrap_or_default();
        let shown = |e: crate::bindings::types::Entity| -> Value {
            let attributes: Value = serde_json::from_str(&e.attributes).unwrap_or_default();
            json!({"schema": e.schema, "id": e.id, "version": e.version, "attributes": attributes})
        };
        let failed = |error: HostError| ToolError::Failed(crate::Fault::from(crate::HostError::from(error)).into());
        match tool {
            "entities_get" => entities::get(text("schema"), text("id")).map(shown).map_err(failed),
            "entities_list" => {
                let limit = arguments["limit"].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(100);
                let page = entities::list(text("schema"), limit, arguments["cursor"].as_str()).map_err(failed)?;
                let items: Vec<Value> = page.items.into_iter().map(shown).collect();
                Ok(json!({"items": items, "next_cursor": page.next_cursor}))
            }
            "entities_put" => {
                let patch = arguments["patch"].to_string();
                let expected = arguments["expected_version"].as_u64();
                let version = entities::put(text("schema"), text("id"), &patch, expected).map_err(failed)?;
                Ok(json!({"version": version}))
            }
            _ => Err(ToolError::NotFound),
        }
    }

    fn to_wit(error: Error) -> ToolError {
        match error {
            Error::NotFound => ToolError::NotFound,
            Error::Stale => ToolError::Stale,
            Error::InvalidArguments(errors) => ToolError::InvalidArguments(errors),
            Error::DeniedByPolicy(rule) => ToolError::DeniedByPolicy(rule),
            Error::DeniedByHuman(why) => ToolError::DeniedByHuman(why),
            Error::ConfirmationExpired => ToolError::ConfirmationExpired,
            Error::Failed(fault) => ToolError::Failed(fault.into()),
            Error::OutcomeUnknown => ToolError::OutcomeUnknown,
            Error::BudgetExhausted(dimension) => ToolError::BudgetExhausted(dimension),
        }
    }
}

pub(crate) mod memory {
    use super::{HostError, call};
    use crate::bindings::memory::Entry;

    fn entry((key, (version, value)): (&String, &(u64, String))) -> Entry {
        Entry { key: key.clone(), version: *version, value: value.clone() }
    }

    fn check(key: &str, value: &str) -> Result<(), HostError> {
        if !(1..=200).contains(&key.len()) {
            return Err(HostError::Invalid("`key` is 1 to 200 bytes".to_owned()));
        }
        if value.len() > 64 << 10 {
            return Err(HostError::Limit("a value is at most 64 KiB".to_owned()));
        }
        Ok(())
    }

    pub(crate) fn get(key: &str) -> Result<Option<Entry>, HostError> {
        call(|world| Ok(world.memory.get_key_value(key).map(entry)))
    }

    pub(crate) fn put(key: &str, value: &str, expected: Option<u64>) -> Result<u64, HostError> {
        check(key, value)?;
        call(|world| {
            let current = world.memory.get(key).map_or(0, |(version, _)| *version);
            if expected.is_some_and(|expected| expected != current) {
                return Err(HostError::Conflict(current));
            }
            world.memory.insert(key.to_owned(), (current + 1, value.to_owned()));
            Ok(current + 1)
        })
    }

    pub(crate) fn delete(key: &str) -> Result<bool, HostError> {
        call(|world| Ok(world.memory.remove(key).is_some()))
    }

    pub(crate) fn list(prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<Entry>, HostError> {
        call(|world| {
            let found = world.memory.iter().filter(|(key, _)| key.starts_with(prefix));
            let behind = found.filter(|(key, _)| after.is_none_or(|after| key.as_str() > after));
            Ok(behind.take(limit.min(100) as usize).map(entry).collect())
        })
    }

    pub(crate) fn search(query: &str, limit: u32) -> Result<Vec<Entry>, HostError> {
        let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
        call(|world| {
            let score = |(key, (_, value)): &(&String, &(u64, String))| {
                let text = format!("{key} {value}").to_lowercase();
                words.iter().filter(|word| text.contains(word.as_str())).count()
            };
            let mut found: Vec<_> = world.memory.iter().filter(|item| score(item) > 0).collect();
            found.sort_by_key(|item| std::cmp::Reverse(score(item)));
            Ok(found.into_iter().take(limit.min(20) as usize).map(entry).collect())
        })
    }
}

pub(crate) mod llm {
    use std::cell::RefCell;

    use super::running;
    use crate::bindings::llm::{Completion, Finish, Input, LlmError, Options, Output, ToolCall, ToolChoice, Usage};
    use crate::llm::LlmError as Error;
    use crate::testing::Reply;

    /// A conversation with the test's model; all it keeps is how much was said.
    #[derive(Debug, Clone)]
    pub(crate) struct Conversation {
        said: RefCell<Vec<String>>,
    }

    impl Conversation {
        pub(crate) fn new(system: &str, _options: &Options) -> Self {
            Self { said: RefCell::new(vec![system.to_owned()]) }
        }

        pub(crate) fn append(&self, parts: &[Input]) -> Result<(), LlmError> {
            self.said.borrow_mut().extend(parts.iter().map(|part| match part {
                Input::Text(text) | Input::Untrusted(text) => text.clone(),
                Input::ToolAnswer(answer) => answer.text.clone(),
            }));
            Ok(())
        }

        pub(crate) fn complete(
            &self,
            _tools: &[String],
            _choice: ToolChoice,
            _schema: Option<&str>,
        ) -> Result<Completion, LlmError> {
            let input = self.said.borrow().iter().map(|text| text.len() as u64 / 4 + 1).sum();
            let number = self.said.borrow().len();
            let (output, finish) = match running(|world| world.setup.model.pop_front()) {
                Some(Reply::Text(text)) => (vec![Output::Text(text)], Finish::Stop),
                Some(Reply::Calls(calls)) => {
                    let call = |(place, (tool, arguments)): (usize, (String, serde_json::Value))| {
                        let call_id = format!("call-{number}-{place}");
                        Output::ToolCall(ToolCall { call_id, tool, arguments: arguments.to_string() })
                    };
                    (calls.into_iter().enumerate().map(call).collect(), Finish::ToolCalls)
                }
                Some(Reply::Fails(error)) => return Err(to_wit(error)),
                None => return Err(LlmError::ProviderFailed("NO_MORE_REPLIES".to_owned())),
            };
            self.said.borrow_mut().push(format!("{output:?}"));
            let usage = Usage { input, output: 1, cache_read: 0, estimated: true };
            Ok(Completion { output, finish, usage, budget_left: Vec::new() })
        }

        pub(crate) fn fork(&self) -> Self {
            self.clone()
        }

        pub(crate) fn compact(&self, keep_last: u32, summary: &str) -> Result<(), LlmError> {
            let mut said = self.said.borrow_mut();
            let keep = said.len().saturating_sub(keep_last as usize).max(1);
            let kept = said.split_off(keep);
            said.truncate(1);
            said.push(summary.to_owned());
            said.extend(kept);
            Ok(())
        }

        pub(crate) fn head(&self) -> String {
            // Not the host's hash; only as different as the conversations are.
            use std::hash::{DefaultHasher, Hash as _, Hasher as _};
            let mut hasher = DefaultHasher::new();
            self.said.borrow().hash(&mut hasher);
            format!("{:064x}", hasher.finish())
        }
    }

    fn to_wit(error: Error) -> LlmError {
        match error {
            Error::InvalidRequest(text) => LlmError::InvalidRequest(text),
            Error::ModelNotAllowed(alias) => LlmError::ModelNotAllowed(alias),
            Error::NotConfigured => LlmError::NotConfigured,
            Error::ContextTooLong { limit, have } => {
                LlmError::ContextTooLong(crate::bindings::llm::TooLong { limit, have })
            }
            Error::ContentFiltered => LlmError::ContentFiltered,
            Error::BudgetExhausted(dimension) => LlmError::BudgetExhausted(dimension),
            Error::ProviderFailed(code) => LlmError::ProviderFailed(code),
        }
    }
}
