//! The Model Context Protocol over one tenant: its workflows and step types are tools for AI clients outside.
//!
//! Stateless (streamable HTTP): every POST stands for itself, whichever revision of the protocol the client speaks. An
//! execution that a call has started is a task to clients that know tasks; others wait for its end. What an agent asks
//! a person meanwhile is input required, which the client puts to its user: no tool answers it, since a model must not
//! confirm what it does itself.

mod answers;
mod questions;
mod tasks;
mod tools;

use crate::kit::JsonBody;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, Method, Request};
use http_body_util::Full;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CancelTaskParams, ErrorCode, GetTaskParams, GetTaskResult, Implementation,
    ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, UpdateTaskParams,
};
use rmcp::service::RequestContext;
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use std::sync::Arc;
use std::time::Duration;
use stepwright_app::App;
use stepwright_app::usecases::Access;

/// How long a call waits for the execution it has started, of clients that do not know tasks.
const WAIT: Duration = Duration::from_secs(25);
/// What the protocol asks every client to accept.
const ACCEPTED: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");
/// What clients are told first.
const INSTRUCTIONS: &str = "Tools are the workflows and steps of one Stepwright tenant. Calling one starts an execution, \
    which is recorded and goes on even when the client does not wait for it. `stepwright_execution` tells how far an \
    execution is. What an execution asks people cannot be answered by a tool.";

/// The tenant as an MCP server, for one caller.
#[derive(Clone)]
struct Tenant {
    app: App,
    access: Access,
    /// The caller may start things, not only look.
    may_call: bool,
}

/// Answers one request of the protocol.
pub async fn answer(app: App, access: Access, may_call: bool, headers: &HeaderMap, body: &JsonBody) -> Response {
    let tenant = Tenant { app, access, may_call };
    let mut config = StreamableHttpServerConfig::default();
    config.legacy_session_mode = false;
    config.json_response = true;
    config.sse_keep_alive = None;
    // Checks of the host's name are against pages that reach a server on the reader's own machine without
    // credentials; here every request carries a key.
    let config = config.disable_allowed_hosts().disable_allowed_origins();
    let factory = move || Ok(tenant.clone());
    let service = StreamableHttpService::new(factory, Arc::<NeverSessionManager>::default(), config);
    let mut request = Request::new(Full::new(Bytes::copy_from_slice(body.bytes())));
    *request.method_mut() = Method::POST;
    for (name, value) in headers {
        if *name == CONTENT_TYPE || name.as_str().starts_with("mcp-") {
            request.headers_mut().append(name, value.clone());
        }
    }
    request.headers_mut().insert(ACCEPT, accepted(headers));
    // The service insists on one, and looks no further into it.
    let host = headers.get(HOST).cloned().unwrap_or(HeaderValue::from_static("localhost"));
    request.headers_mut().insert(HOST, host);
    service.handle(request).await.map(Body::new)
}

/// Who says nothing about what it accepts, or accepts everything, accepts both.
fn accepted(headers: &HeaderMap) -> HeaderValue {
    match headers.get(ACCEPT) {
        Some(value) if value.to_str().is_ok_and(|text| !text.contains("*/*")) => value.clone(),
        _ => ACCEPTED,
    }
}

impl Tenant {
    /// Looking is for every key that gets here; starting and deciding is not.
    fn check_may_call(&self) -> Result<(), ErrorData> {
        if self.may_call {
            return Ok(());
        }
        Err(ErrorData::new(ErrorCode::INVALID_REQUEST, "the key lacks the scope platform:write", None))
    }
}

impl ServerHandler for Tenant {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_tasks().build();
        let about = Implementation::new("stepwright", env!("CARGO_PKG_VERSION"));
        ServerConfig::new(capabilities).with_server_info(about).with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        self.tools(request.and_then(|request| request.cursor)).await
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.called(request, &context).await
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        self.task(&request.task_id).await
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.check_may_call()?;
        let id = tasks::execution_of(&request.task_id)?;
        self.decide(id, &request.input_responses).await.map(drop)
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.check_may_call()?;
        self.cancel(&request.task_id).await
    }
}
