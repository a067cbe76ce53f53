//! Outgoing HTTP of guests: grant, then address check, then limits.
//!
//! A request passes four gates: its host is in the grant's list ([`hosts`](stepwright_app::hosts)), its address is
//! public ([`address`]), the connection goes to exactly that address ([`connect`]), and both bodies stay within size and
//! time ([`body`]).

mod address;
mod body;
mod client;
mod connect;

pub use address::is_public;
pub use connect::{Resolver, SystemResolver};

use crate::limits::HostCalls;
use client::{HttpClient, Limits};
use connect::Connector;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use stepwright_app::hosts::{Target, allowed};
use stepwright_app::session::HostError;
use stepwright_app::{Grants, InvocationLimits};
use tokio::time::Instant;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks,
};

/// Requests of one invocation that wait for their response at the same time.
const MAX_IN_FLIGHT: u32 = 16;
/// What a request's body buffers in the host. Times [`MAX_HANDLES`](crate::limits::MAX_HANDLES), as a guest can make
/// requests without sending them.
const MAX_CHUNK: usize = 64 << 10;
/// Placeholders of one invocation.
const MAX_PLACEHOLDERS: usize = 100;
/// Headers that would let a guest meddle with the connection or pretend to be a proxy.
const FORBIDDEN: [HeaderName; 5] = [header::EXPECT, header::TE, header::TRAILER, header::VIA, header::FORWARDED];

static FORBIDDEN_HEADERS: LazyLock<ForbiddenHeaderFilter> =
    LazyLock::new(|| Arc::new(|name| DEFAULT_FORBIDDEN_HEADERS.contains(name) || FORBIDDEN.contains(name)));

type Sent = Result<(Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

/// What guests may reach beyond their grants.
#[derive(Clone)]
pub struct EgressPolicy {
    /// Lets guests reach private addresses, loopback included. For tests, and for operators whose services stand in
    /// their own network.
    pub allow_private: bool,
    pub resolver: Arc<dyn Resolver>,
}

impl Default for EgressPolicy {
    fn default() -> Self {
        Self { allow_private: false, resolver: Arc::new(SystemResolver) }
    }
}

/// The way out that all invocations share.
pub(crate) struct Egress {
    client: HttpClient,
}

impl Egress {
    /// A way out under `policy`.
    ///
    /// # Errors
    /// When the TLS library offers no usable protocol version.
    pub fn new(policy: EgressPolicy) -> Result<Self, rustls::Error> {
        Ok(Self { client: HttpClient::new(Connector::new(policy.resolver, policy.allow_private))? })
    }
}

/// One invocation's way out.
pub(crate) struct Outbound {
    egress: Arc<Egress>,
    grants: Arc<Grants>,
    secrets: Arc<BTreeMap<String, String>>,
    /// Token and name of the secret it stands for.
    placeholders: Vec<(String, String)>,
    in_flight: Option<Arc<AtomicU32>>,
    host_calls: HostCalls,
    max_body: u64,
    deadline: Instant,
}

impl Outbound {
    pub fn new(
        egress: Arc<Egress>,
        grants: Arc<Grants>,
        secrets: Arc<BTreeMap<String, String>>,
        limits: &InvocationLimits,
        host_calls: HostCalls,
        deadline: std::time::Instant,
    ) -> Self {
        Self {
            egress,
            grants,
            secrets,
            placeholders: Vec::new(),
            in_flight: None,
            host_calls,
            max_body: limits.http_body,
            deadline: deadline.into(),
        }
    }

    /// Goes on under other limits.
    pub fn begin(&mut self, host_calls: &HostCalls, limits: &InvocationLimits, deadline: std::time::Instant) {
        self.host_calls = host_calls.clone();
        (self.max_body, self.deadline) = (limits.http_body, deadline.into());
    }

    /// A text that stands for the secret in headers of outgoing requests. Nobody can guess it, and it means nothing
    /// outside this invocation.
    ///
    /// # Errors
    /// `Denied` without the grant, `NotFound` when the tenant has no such secret, `Limit`.
    pub fn placeholder(&mut self, name: &str) -> Result<String, HostError> {
        if !self.grants.secrets.contains_key(name) {
            return Err(HostError::Denied(format!("secrets: {name}")));
        }
        if !self.secrets.contains_key(name) {
            return Err(HostError::NotFound);
        }
        if let Some((token, _)) = self.placeholders.iter().find(|(_, of)| of == name) {
            return Ok(token.clone());
        }
        if self.placeholders.len() >= MAX_PLACEHOLDERS {
            return Err(HostError::Limit(format!("at most {MAX_PLACEHOLDERS} secrets in one call")));
        }
        let random: [u8; 16] = rand::RngExt::random(&mut rand::rng());
        let mut token = "secret-placeholder-".to_owned();
        for byte in random {
            // Writing to a string cannot fail.
            let _ = write!(token, "{byte:02x}");
        }
        self.placeholders.push((token.clone(), name.to_owned()));
        Ok(token)
    }

    /// Puts the secrets in, those that may go to this target.
    fn reveal(&self, headers: &mut HeaderMap, target: &Target) -> Result<(), Error> {
        let fitting = self.placeholders.iter().filter_map(|(token, name)| {
            let grant = self.grants.secrets.get(name)?;
            allowed(&grant.hosts, target).then(|| Some((token, self.secrets.get(name)?)))?
        });
        let fitting: Vec<_> = fitting.collect();
        if fitting.is_empty() {
            return Ok(());
        }
        for value in headers.values_mut() {
            let Ok(text) = value.to_str() else { continue };
            let mut text = text.to_owned();
            for (token, secret) in &fitting {
                if text.contains(*token) {
                    text = text.replace(*token, secret);
                }
            }
            if text.as_bytes() != value.as_bytes() {
                let mut revealed = HeaderValue::try_from(text).map_err(|_| {
                    Error::InternalError(Some("a secret has characters that a header cannot carry".into()))
                })?;
                revealed.set_sensitive(true);
                *value = revealed;
            }
        }
        Ok(())
    }

    /// The request as it may go out, or why not.
    fn checked(&self, mut request: Request<WasiBody>) -> Result<Request<WasiBody>, Error> {
        let target = Target::of(request.uri()).ok_or(Error::HttpRequestUriInvalid)?;
        // CONNECT makes tunnels, TRACE sends secrets back to the guest.
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            return Err(Error::HttpRequestMethodInvalid);
        }
        if !allowed(&self.grants.http, &target) {
            return Err(Error::HttpRequestDenied);
        }
        self.reveal(request.headers_mut(), &target)?;
        if !request.headers().contains_key(header::USER_AGENT) {
            request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static("stepwright"));
        }
        Ok(request)
    }
}

impl WasiHttpHooks for Outbound {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::clone(&FORBIDDEN_HEADERS)
    }

    fn set_host_header(&mut self) -> bool {
        // The client sets it, in the way of the protocol version it speaks.
        false
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        MAX_CHUNK
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let options = options.unwrap_or_default();
        let limits = Limits {
            body: self.max_body,
            deadline: self.deadline,
            first_byte: options.first_byte_timeout.unwrap_or(Duration::MAX),
            between_bytes: options.between_bytes_timeout.unwrap_or(Duration::MAX),
        };
        let slot = Slot::take(self.in_flight.get_or_insert_default());
        // The guest cannot be stopped from here; it is at its next yield, or when it returns.
        let request = match (self.host_calls.count(), &slot) {
            (Err(hit), _) => Err(Error::InternalError(Some(hit.to_string()))),
            (Ok(()), None) => Err(Error::ConnectionLimitReached),
            (Ok(()), Some(_)) => self.checked(request),
        };
        let egress = Arc::clone(&self.egress);
        Box::new(async move {
            let answer = match request {
                Ok(request) => egress.client.send(request, limits).await,
                Err(error) => Err(error),
            };
            drop(slot);
            metrics::counter!("stepwright_sandbox_http_requests_total", "result" => result(&answer)).increment(1);
            let nothing_to_drive = Box::new(async { Ok(()) }) as Box<dyn Future<Output = Result<(), Error>> + Send>;
            Ok((answer?, nothing_to_drive))
        })
    }
}

/// One of the invocation's requests in flight.
struct Slot(Arc<AtomicU32>);

impl Slot {
    fn take(count: &Arc<AtomicU32>) -> Option<Self> {
        let slot = Self(Arc::clone(count));
        // On refusal the drop gives back what was taken too much.
        (count.fetch_add(1, Ordering::Relaxed) < MAX_IN_FLIGHT).then_some(slot)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn result(answer: &Result<Response<WasiBody>, Error>) -> &'static str {
    match answer {
        Ok(_) => "answered",
        Err(Error::HttpRequestDenied | Error::DestinationIpProhibited) => "denied",
        Err(_) => "failed",
    }
}

#[cfg(test)]
mod tests;
