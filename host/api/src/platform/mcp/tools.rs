//! Listing tools, and calling them.

use super::answers::{answered, refused};
use super::{Tenant, WAIT, questions, tasks};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CreateTaskResult, InputRequiredResult, JsonObject, ListToolsResult,
    ProtocolVersion, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use stepwright_app::ports::ToolEffect;
use stepwright_app::usecases::Offer;
use stepwright_app::{AppError, AppResult};
use stepwright_engine::{ExecutionId, RawJson};

/// Tools of one part of the list.
const PAGE: u32 = 100;
/// Tells how far an execution is. No step has this name: those of plugins hold `__`, and no built-in is called so.
const LOOK: &str = "stepwright_execution";

impl Tenant {
    /// A part of the tenant's tools.
    pub(super) async fn tools(&self, cursor: Option<String>) -> Result<ListToolsResult, ErrorData> {
        let page = self.app.offers(&self.access, cursor.as_deref(), PAGE).await;
        let page = page.map_err(|error| refused(&error))?;
        let mut tools: Vec<Tool> = page.offers.into_iter().map(tool_of).collect();
        if cursor.is_none() {
            tools.insert(0, look());
        }
        let mut listed = ListToolsResult::with_all_items(tools);
        listed.next_cursor = page.next;
        Ok(listed)
    }

    /// Calls a tool: starts an execution, or goes on waiting for the one that an earlier round has started.
    pub(super) async fn called(
        &self,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        if request.name == LOOK {
            return self.looked(&arguments).await;
        }
        self.check_may_call()?;
        let capabilities = context.client_capabilities();
        if let Some(state) = &request.request_state {
            let id = tasks::execution_of(state)?;
            let asks = self.decide(id, &request.input_responses.unwrap_or_default()).await?;
            return self.awaited(id, asks).await;
        }
        let arguments = RawJson::from(Value::Object(arguments));
        let id = match self.app.call_offer(&self.access, &request.name, arguments).await {
            Ok(id) => id,
            Err(error) => return not_started(&request.name, &error),
        };
        if capabilities.as_ref().is_some_and(|client| client.supports_tasks()) {
            let progress = self.progress(id, Duration::ZERO).await?;
            return Ok(CreateTaskResult::new(tasks::task_of(&progress)?.task).into());
        }
        // Only these revisions of the protocol know how to come back with an answer.
        let knows = context.protocol_version().is_some_and(|v| v.as_str() >= ProtocolVersion::V_2026_07_28.as_str());
        let asks = knows && capabilities.is_some_and(|client| client.elicitation.is_some());
        self.awaited(id, asks).await
    }

    /// Waits for what was started. `asks`: the client can put a question to its user.
    async fn awaited(&self, id: ExecutionId, asks: bool) -> Result<CallToolResponse, ErrorData> {
        let progress = self.progress(id, WAIT).await?;
        if asks && !progress.questions.is_empty() {
            let requests = questions::requests_of(&progress.questions)?;
            return Ok(InputRequiredResult::new(Some(requests), Some(id.to_string())).into());
        }
        Ok(answered(&progress).into())
    }

    async fn looked(&self, arguments: &JsonObject) -> Result<CallToolResponse, ErrorData> {
        let id = arguments.get("execution_id").and_then(Value::as_str).unwrap_or_default();
        let Ok(id) = id.parse::<ExecutionId>() else {
            return not_started(LOOK, &AppError::invalid("/execution_id", "must be the id of an execution"));
        };
        let wait = arguments.get("wait_seconds").and_then(Value::as_u64).unwrap_or_default();
        let wait = Duration::from_secs(wait).min(WAIT);
        match self.app.progress(&self.access, id, wait).await {
            Ok(progress) => Ok(answered(&progress).into()),
            Err(error) => not_started(LOOK, &error),
        }
    }
}

/// Why nothing was started. What the caller can mend is a result that its model reads; an unknown tool is an error.
fn not_started(tool: &str, error: &AppError) -> Result<CallToolResponse, ErrorData> {
    match error {
        AppError::NotFound("tool") => Err(ErrorData::invalid_params(format!("there is no tool '{tool}'"), None)),
        AppError::Unavailable(_) | AppError::Internal(_) => Err(refused(error)),
        _ => Ok(super::answers::complaint(error).into()),
    }
}

fn tool_of(offer: Offer) -> Tool {
    let reads = offer.only_reads();
    let hints = ToolAnnotations::with_title(offer.title.clone())
        .read_only(reads)
        .destructive(offer.effect == ToolEffect::Irreversible);
    let tool = Tool::new(offer.name, offer.description, object_schema(&offer.input_schema));
    let tool = tool.with_title(offer.title).with_annotations(hints);
    match offer.output_schema.map(|schema| schema.to_value()) {
        Some(Value::Object(schema)) if schema.get("type") == Some(&json!("object")) => {
            tool.with_raw_output_schema(Arc::new(schema))
        }
        _ => tool,
    }
}

/// The protocol wants to read that it is an object's.
fn object_schema(schema: &RawJson) -> JsonObject {
    let mut object = match schema.to_value() {
        Value::Object(object) => object,
        _ => JsonObject::new(),
    };
    object.insert("type".into(), "object".into());
    object
}

fn look() -> Tool {
    let schema = json!({
        "type": "object", "required": ["execution_id"],
        "properties": {
            "execution_id": { "type": "string", "description": "As a call has given it." },
            "wait_seconds": {
                "type": "integer", "minimum": 0, "maximum": WAIT.as_secs(),
                "description": "How long to wait for its end.",
            },
        },
    });
    let about = "How far an execution is: its status, its output, and what it waits for.";
    let hints = ToolAnnotations::with_title("Look at an execution").read_only(true).open_world(false);
    Tool::new(LOOK, about, object_schema(&RawJson::from(schema))).with_annotations(hints)
}

/// For what has no better place in a tool's result.
pub(super) fn found<T>(result: AppResult<T>) -> Result<T, ErrorData> {
    result.map_err(|error| refused(&error))
}
