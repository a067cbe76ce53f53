use crate::bindings::{tools, types};
use crate::state::State;
use stepwright_app::ports::{ToolCall, ToolCatalog, ToolEffect, ToolError, ToolInfo, ToolResult};
use stepwright_engine::{Fault, RawJson};

impl tools::Host for State {
    async fn catalog(&mut self, known: Option<u64>) -> wasmtime::Result<Option<tools::ToolCatalog>> {
        let catalog = self.agent()?.catalog(known).await?;
        Ok(catalog.map(|ToolCatalog { generation, tools }| tools::ToolCatalog {
            generation,
            tools: tools.into_iter().map(tool).collect(),
        }))
    }

    async fn call(&mut self, call: tools::ToolCall) -> wasmtime::Result<Result<tools::ToolResult, tools::ToolError>> {
        let mut results = self.agent()?.call_tools(vec![asked(call)]).await?;
        let Some(answer) = results.pop() else { unreachable!("there are as many results as calls") };
        Ok(result(answer))
    }

    async fn call_all(
        &mut self,
        calls: Vec<tools::ToolCall>,
    ) -> wasmtime::Result<Vec<Result<tools::ToolResult, tools::ToolError>>> {
        let calls = calls.into_iter().map(asked).collect();
        Ok(self.agent()?.call_tools(calls).await?.into_iter().map(result).collect())
    }
}

fn text(json: RawJson) -> String {
    json.as_str().to_owned()
}

fn tool(info: ToolInfo) -> tools::Tool {
    tools::Tool {
        name: info.name,
        description: info.description,
        input_schema: text(info.input_schema),
        output_schema: info.output_schema.map(text),
        effect: match info.effect {
            ToolEffect::Read => tools::Effect::Read,
            ToolEffect::Write => tools::Effect::Write,
            ToolEffect::Irreversible => tools::Effect::Irreversible,
        },
        needs_confirmation: info.needs_confirmation,
    }
}

fn asked(call: tools::ToolCall) -> ToolCall {
    ToolCall { tool: call.tool, arguments: call.arguments, generation: call.generation }
}

fn result(from: Result<ToolResult, ToolError>) -> Result<tools::ToolResult, tools::ToolError> {
    match from {
        Ok(result) => Ok(tools::ToolResult {
            text: result.text,
            structured: result.structured.map(text),
            label: result.untrusted.map_or(tools::Label::Trusted, tools::Label::Untrusted),
        }),
        Err(error) => Err(match error {
            ToolError::NotFound => tools::ToolError::NotFound,
            ToolError::Stale => tools::ToolError::Stale,
            ToolError::InvalidArguments(faults) => {
                let error = |fault: stepwright_app::FieldFault| types::FieldError {
                    pointer: fault.pointer,
                    message: fault.message,
                };
                tools::ToolError::InvalidArguments(faults.into_iter().map(error).collect())
            }
            ToolError::DeniedByPolicy(rule) => tools::ToolError::DeniedByPolicy(rule),
            ToolError::DeniedByHuman(why) => tools::ToolError::DeniedByHuman(why),
            ToolError::ConfirmationExpired => tools::ToolError::ConfirmationExpired,
            ToolError::Failed(fault) => tools::ToolError::Failed(to_wit(fault)),
            ToolError::OutcomeUnknown => tools::ToolError::OutcomeUnknown,
            ToolError::BudgetExhausted(dimension) => tools::ToolError::BudgetExhausted(dimension),
        }),
    }
}

fn to_wit(fault: Fault) -> types::Fault {
    types::Fault {
        code: fault.code,
        reason: fault.reason,
        retryable: fault.retryable,
        info: fault.info.map(|json| json.as_str().to_owned()),
    }
}
