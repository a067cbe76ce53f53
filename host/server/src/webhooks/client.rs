//! The HTTP client of webhooks: checked addresses, no redirects, no proxy, little patience.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::error::Error as StdError;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use stepwright_app::hosts::literal;
use stepwright_sandbox::egress::is_public;

/// For one attempt, the answer's body included (source: contracts/README.md 0.2, webhook transport).
pub const TIMEOUT: Duration = Duration::from_secs(15);
const USER_AGENT: &str = concat!("Stepwright-Webhooks/", env!("CARGO_PKG_VERSION"));
/// How much of an answer is kept.
const KEPT: usize = 1024;

/// What an attempt has met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Status {
        code: u16,
        retry_after: Option<String>,
        body: String,
    },
    /// No answer, and why.
    None(String),
    /// Not even tried, and why; trying again would not help.
    Refused(String),
}

/// Sends webhooks.
pub struct WebhookClient {
    /// Connects to public addresses only.
    public: reqwest::Client,
    /// For tenants whose operator lets them reach private addresses.
    any: reqwest::Client,
}

impl WebhookClient {
    /// # Errors
    /// When the TLS library offers no usable protocol version.
    pub fn new() -> anyhow::Result<Self> {
        let client = |public_only| checked_client(public_only, USER_AGENT, TIMEOUT);
        Ok(Self { public: client(true)?, any: client(false)? })
    }

    /// Posts a body; `headers` come on top of the usual ones.
    pub async fn post(&self, url: &str, body: String, headers: Vec<(String, String)>, private: bool) -> Answer {
        let url = match reqwest::Url::parse(url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => url,
            _ => return Answer::Refused(format!("'{url}' is not an http or https URL")),
        };
        if !private && !leads_nowhere_private(&url) {
            return Answer::Refused(Prohibited.to_string());
        }
        let client = if private { &self.any } else { &self.public };
        let mut request = client.post(url).header(http::header::CONTENT_TYPE, "application/json").body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        match exchange(request).await {
            Ok(answer) => answer,
            Err(error) if cause::<Prohibited>(&error).is_some() => Answer::Refused(Prohibited.to_string()),
            Err(error) => Answer::None(told(&error)),
        }
    }
}

async fn exchange(request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
    let mut response = request.send().await?;
    let header = response.headers().get(http::header::RETRY_AFTER);
    let retry_after = header.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let code = response.status().as_u16();
    let mut kept = Vec::new();
    while kept.len() < KEPT {
        match response.chunk().await {
            Ok(Some(chunk)) => kept.extend_from_slice(&chunk),
            // The status has arrived, and only that decides.
            Ok(None) | Err(_) => break,
        }
    }
    kept.truncate(KEPT);
    Ok(Answer::Status { code, retry_after, body: String::from_utf8_lossy(&kept).into_owned() })
}

/// A client that follows nothing and connects to checked addresses only.
///
/// # Errors
/// When the TLS library offers no usable protocol version.
pub(crate) fn checked_client(public_only: bool, agent: &str, timeout: Duration) -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(crate::tls::client_config()?)
        .http1_only()
        .user_agent(agent)
        .redirect(reqwest::redirect::Policy::none())
        // A proxy would connect on our behalf, to addresses that nobody has checked.
        .no_proxy()
        .dns_resolver(Arc::new(CheckedResolver { public_only }))
        .timeout(timeout)
        .connect_timeout(Duration::from_secs(10))
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(2)
        .build()?)
}

/// Whether a client of [`checked_client`] may be pointed at this URL: only names go through its resolver.
pub(crate) fn leads_nowhere_private(url: &reqwest::Url) -> bool {
    url.host_str().and_then(literal).is_none_or(is_public)
}

/// A private, loopback, link-local or otherwise special address.
#[derive(Debug, thiserror::Error)]
#[error("the URL leads to an address that is not public; the operator may permit it (webhooks.allow_private_targets)")]
struct Prohibited;

/// Resolves names and gives out only addresses that may be connected to: the connection goes to exactly those.
struct CheckedResolver {
    public_only: bool,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let public_only = self.public_only;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> =
                found.iter().copied().filter(|address| !public_only || is_public(address.ip())).collect();
            if allowed.is_empty() && !found.is_empty() {
                return Err(Box::new(Prohibited) as Box<dyn StdError + Send + Sync>);
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

fn cause<E: StdError + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        source = error.source();
    }
    None
}

/// An error for the delivery log: what, and the innermost reason.
fn told(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", TIMEOUT.as_secs());
    }
    let mut innermost: &dyn StdError = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let what = if error.is_connect() { "could not connect" } else { "no usable answer" };
    format!("{what}: {innermost}")
}
