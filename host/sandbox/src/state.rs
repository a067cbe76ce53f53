//! What a store carries: one invocation's session, limits, log and the closed doors of WASI.

use crate::egress::Outbound;
use crate::frozen::Frozen;
use crate::hosts::Refusal;
use crate::limits::{HostCalls, LimitHit, MAX_HANDLES, Meter};
use crate::logs::{LogStream, Logs, SharedLogs, lock};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use stepwright_app::InvocationLimits;
use stepwright_app::ports::{AgentHost, LogLevel};
use stepwright_app::session::{HostError, Session};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::p2::pipe::ClosedInputStream;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// Random bytes in one call.
const MAX_RANDOM: u64 = 1 << 20;
/// In-memory size of a set of HTTP headers that a guest builds.
const MAX_FIELDS: usize = 64 << 10;

/// One invocation.
pub struct State {
    table: ResourceTable,
    /// Made when the guest first asks for something of it: many ask for nothing.
    wasi: Option<WasiCtx>,
    /// How time and chance are, where they are not the world's.
    frozen: Option<Frozen>,
    http: WasiHttpCtx,
    /// Outgoing HTTP and the placeholders of secrets.
    pub outbound: Outbound,
    /// None while a component describes itself: it may not call the host then.
    pub session: Option<Session>,
    /// Answers what only agents may ask; none in anything else.
    pub agent: Option<Box<dyn AgentHost>>,
    /// Memory and tables.
    pub meter: Meter,
    pub host_calls: HostCalls,
    /// What the guest has written.
    pub logs: SharedLogs,
    /// When the call must have ended.
    pub deadline: Instant,
}

impl State {
    /// A state with nothing used yet.
    pub fn new(
        session: Option<Session>,
        agent: Option<Box<dyn AgentHost>>,
        outbound: Outbound,
        limits: &InvocationLimits,
        host_calls: HostCalls,
        deadline: Instant,
        frozen: Option<Frozen>,
    ) -> Self {
        let logs = Arc::new(Mutex::new(Logs::new(limits.log)));
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_HANDLES);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(MAX_FIELDS);
        let meter = Meter::new(limits);
        Self { table, wasi: None, frozen, http, outbound, session, agent, meter, host_calls, logs, deadline }
    }

    /// Becomes the state of a call that is granted nothing. What the component's start functions have used up stays used
    /// up: memory, handles, log, host calls.
    ///
    /// # Errors
    /// When that is more than the call may use.
    pub fn begin(&mut self, limits: &InvocationLimits, frozen: Frozen, deadline: Instant) -> Result<(), LimitHit> {
        self.meter.limit(limits)?;
        self.host_calls.limit(limits.host_calls);
        self.outbound.begin(&self.host_calls, limits, deadline);
        lock(&self.logs).limit(limits.log);
        (self.wasi, self.frozen, self.deadline) = (None, Some(frozen), deadline);
        Ok(())
    }

    /// Begins a host call: counts it and gives what it works on.
    ///
    /// # Errors
    /// A trap when there have been too many; denied while a component describes itself.
    pub fn enter(&mut self) -> Result<&mut Session, Refusal> {
        self.host_calls.count()?;
        match &mut self.session {
            Some(session) => Ok(session),
            None => Err(HostError::Denied("no host calls while a component describes itself".into()).into()),
        }
    }

    /// Handles that the guest holds.
    pub fn table(&self) -> &ResourceTable {
        &self.table
    }

    pub fn table_mut(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    /// Looked at now and then while the guest computes.
    ///
    /// # Errors
    /// When it has no time left, or had a host call refused that could not stop it.
    pub fn may_go_on(&self) -> Result<(), LimitHit> {
        if Instant::now() >= self.deadline { Err(LimitHit::WallTime) } else { self.host_calls.check() }
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let Self { wasi, frozen, logs, table, .. } = self;
        WasiCtxView { ctx: wasi.get_or_insert_with(|| wasi_context(logs, frozen.as_ref())), table }
    }
}

/// No files, no sockets, no arguments, no environment.
fn wasi_context(logs: &SharedLogs, frozen: Option<&Frozen>) -> WasiCtx {
    let mut wasi = WasiCtx::builder();
    wasi.stdin(ClosedInputStream)
        .stdout(LogStream::new(Arc::clone(logs), LogLevel::Info))
        .stderr(LogStream::new(Arc::clone(logs), LogLevel::Error))
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .max_random_size(MAX_RANDOM);
    if let Some(frozen) = frozen {
        frozen.apply(&mut wasi);
    }
    wasi.build()
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.outbound }
    }
}
