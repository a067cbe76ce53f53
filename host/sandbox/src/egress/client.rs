//! The HTTP client that all guests share: pooled connections, TLS with Mozilla's roots, no redirects, no proxy.

use super::body::{BodyLimits, Direction, Guarded};
use super::connect::{ConnectError, Connector, Timed};
use http::{Request, Response, header};
use http_body_util::BodyExt as _;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use wasmtime_wasi_http::{Error, WasiBody};

/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(30);
/// Unused connections kept for one host.
const IDLE_PER_HOST: usize = 8;
/// Buffer of an HTTP/1 connection, and so the most a response's head may have.
const MAX_BUFFER: usize = 128 << 10;

/// Limits of one exchange.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of either body.
    pub body: u64,
    pub deadline: Instant,
    /// Until the response's head is there.
    pub first_byte: Duration,
    /// Between two pieces of the body.
    pub between_bytes: Duration,
}

/// The shared client.
pub struct HttpClient {
    client: Client<Timed<HttpsConnector<Connector>>, WasiBody>,
}

impl HttpClient {
    /// A client over `connector`.
    ///
    /// # Errors
    /// When the TLS library offers no usable protocol version.
    pub fn new(connector: Connector) -> Result<Self, rustls::Error> {
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        // The provider is named, so that nothing depends on a process-wide default.
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let https = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .http1_max_buf_size(MAX_BUFFER)
            .build(Timed(https));
        Ok(Self { client })
    }

    /// One exchange. The errors are those of `wasi:http` and say nothing about the host.
    pub async fn send(&self, request: Request<WasiBody>, limits: Limits) -> Result<Response<WasiBody>, Error> {
        let body_limits = BodyLimits { bytes: limits.body, deadline: limits.deadline, silence: limits.between_bytes };
        let request = request.map(|body| Guarded::new(body, Direction::Request, body_limits).boxed_unsync());
        let head_by =
            Instant::now().checked_add(limits.first_byte).map_or(limits.deadline, |at| at.min(limits.deadline));
        let response = timeout_at(head_by, self.client.request(request))
            .await
            .map_err(|_| Error::HttpResponseTimeout)?
            .map_err(|error| classify(&error))?;
        let announced = response.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: u64| length > limits.body) {
            return Err(Error::HttpResponseBodySize(Some(limits.body)));
        }
        Ok(response.map(|body| {
            let plain = body.map_err(|error| classify(&error));
            Guarded::new(plain, Direction::Response, body_limits).boxed_unsync()
        }))
    }
}

/// The cause of a client's error, without its text: that one may name addresses.
fn classify(error: &(dyn StdError + 'static)) -> Error {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = one(error) {
            return found;
        }
        // An I/O error's own source skips what it wraps.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = wrapped.and_then(|inner| one(inner)) {
            return found;
        }
        cause = error.source();
    }
    Error::ConnectionTerminated
}

fn one(error: &(dyn StdError + 'static)) -> Option<Error> {
    if let Some(error) = error.downcast_ref::<ConnectError>() {
        return Some(match error {
            ConnectError::Prohibited => Error::DestinationIpProhibited,
            ConnectError::Name => Error::DnsError { rcode: None, info_code: None },
            ConnectError::TimedOut => Error::ConnectionTimeout,
            ConnectError::Refused => Error::ConnectionRefused,
        });
    }
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(match error {
            rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => Error::TlsCertificateError,
            _ => Error::TlsProtocolError,
        });
    }
    match error.downcast_ref::<Error>() {
        Some(Error::HttpRequestBodySize(limit)) => return Some(Error::HttpRequestBodySize(*limit)),
        Some(Error::ConnectionWriteTimeout) => return Some(Error::ConnectionWriteTimeout),
        _ => {}
    }
    let hyper = error.downcast_ref::<hyper::Error>()?;
    (hyper.is_parse() || hyper.is_parse_too_large()).then_some(Error::HttpProtocolError)
}
