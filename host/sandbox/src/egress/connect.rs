//! Opening connections: resolve, check every address, connect to a checked one. Nothing else in the sandbox connects.

use super::address;
use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use stepwright_app::hosts::literal;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Name, TCP connection and TLS together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Look-ups at once; each may hold a thread of the runtime's blocking pool for many seconds.
const LOOKUPS: usize = 32;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Turns names into addresses. The default asks the operating system.
pub trait Resolver: Send + Sync {
    /// All addresses of `host`.
    fn resolve(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The operating system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, host: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|found| found.ip()).collect()) })
    }
}

/// Why there is no connection. Says nothing about the host's network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    #[error("the address is not public")]
    Prohibited,
    #[error("the name could not be resolved")]
    Name,
    #[error("the connection took too long")]
    TimedOut,
    #[error("the connection was refused")]
    Refused,
}

/// Connects to checked addresses only.
#[derive(Clone)]
pub struct Connector {
    resolver: Arc<dyn Resolver>,
    lookups: Arc<Semaphore>,
    allow_private: bool,
}

impl Connector {
    pub fn new(resolver: Arc<dyn Resolver>, allow_private: bool) -> Self {
        Self { resolver, lookups: Arc::new(Semaphore::new(LOOKUPS)), allow_private }
    }

    async fn connect(self, uri: Uri) -> Result<TcpStream, ConnectError> {
        let host = uri.host().ok_or(ConnectError::Name)?;
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
        let found = match literal(host) {
            Some(address) => vec![address],
            None => {
                let _turn = self.lookups.acquire().await.map_err(|_| ConnectError::Name)?;
                self.resolver.resolve(host.to_owned()).await.map_err(|_| ConnectError::Name)?
            }
        };
        if found.is_empty() {
            return Err(ConnectError::Name);
        }
        let mut failed = ConnectError::Prohibited;
        for address in found {
            if !self.allow_private && !address::is_public(address) {
                continue;
            }
            // The checked address itself, not the name: a second look-up could say something else.
            match TcpStream::connect(SocketAddr::new(address, port)).await {
                Ok(stream) => {
                    // Without it small requests wait for the acknowledgement of the one before.
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%error, "could not set TCP_NODELAY");
                    }
                    return Ok(stream);
                }
                Err(_) => failed = ConnectError::Refused,
            }
        }
        Err(failed)
    }
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = ConnectError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = self.clone().connect(uri);
        Box::pin(async move { Ok(TokioIo::new(connecting.await?)) })
    }
}

/// Ends attempts to connect that take too long.
#[derive(Clone)]
pub struct Timed<C>(pub C);

impl<C> tower_service::Service<Uri> for Timed<C>
where
    C: tower_service::Service<Uri>,
    C::Error: Into<BoxError>,
    C::Future: Send + 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = timeout(CONNECT_TIMEOUT, self.0.call(uri));
        Box::pin(async move { connecting.await.map_err(|_| ConnectError::TimedOut)?.map_err(Into::into) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;
    use tower_service::Service as _;

    /// Says what it is told to, whatever the name.
    struct Fixed(Vec<IpAddr>);

    impl Resolver for Fixed {
        fn resolve(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
            let found = self.0.clone();
            Box::pin(async move { Ok(found) })
        }
    }

    async fn try_connect(found: &[&str], uri: &str, allow_private: bool) -> Result<(), ConnectError> {
        let found = found.iter().map(|text| text.parse().unwrap()).collect();
        let mut connector = Connector::new(Arc::new(Fixed(found)), allow_private);
        connector.call(uri.parse().unwrap()).await.map(|_| ())
    }

    #[tokio::test]
    async fn a_name_that_leads_to_the_host_itself_is_refused() {
        for found in [&["127.0.0.1"][..], &["10.0.0.1", "::1"], &["::ffff:127.0.0.1"], &["169.254.169.254"]] {
            let refused = try_connect(found, "http://innocent.example.com/", false).await;
            assert_eq!(refused, Err(ConnectError::Prohibited), "{found:?}");
        }
    }

    #[tokio::test]
    async fn a_private_literal_is_refused_without_asking_the_resolver() {
        for uri in ["http://127.0.0.1:1/", "http://[::1]:1/", "https://[::ffff:10.0.0.1]/"] {
            assert_eq!(try_connect(&["8.8.8.8"], uri, false).await, Err(ConnectError::Prohibited), "{uri}");
        }
    }

    #[tokio::test]
    async fn the_operator_may_allow_private_addresses() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://anything.test:{}/", listener.local_addr().unwrap().port());
        assert_eq!(try_connect(&["127.0.0.1"], &uri, true).await, Ok(()));
        assert_eq!(try_connect(&["127.0.0.1"], &uri, false).await, Err(ConnectError::Prohibited));
    }

    #[tokio::test]
    async fn localhost_is_refused_with_the_system_resolver() {
        let mut connector = Connector::new(Arc::new(SystemResolver), false);
        let refused = connector.call("http://localhost:1/".parse().unwrap()).await.map(|_| ());
        assert_eq!(refused, Err(ConnectError::Prohibited));
    }

    #[tokio::test]
    async fn no_addresses_is_no_such_name() {
        assert_eq!(try_connect(&[], "http://nowhere.test/", false).await, Err(ConnectError::Name));
    }
}
