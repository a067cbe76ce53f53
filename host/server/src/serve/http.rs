//! HTTP/1.1 over TCP: accepts connections, and lets them finish when told to stop.

use super::body::Patient;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Service, ServiceExt as _};

/// For a request's head; also how long a connection may stand idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// Rest after a failed accept (out of file descriptors), so that the loop doesn't spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Answers connections until `stop`; what is in flight then stays in the tracker that is given back.
pub async fn accept<S>(listener: TcpListener, service: S, stop: CancellationToken) -> TaskTracker
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let connections = TaskTracker::new();
    let mut failing = false;
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                failing = false;
                connections.spawn(answer(stream, peer, service.clone(), stop.clone()));
            }
            // The client has gone again before it was accepted.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                if !failing {
                    tracing::warn!(%error, open = connections.len(), "connections can't be accepted; it goes on trying");
                }
                failing = true;
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    connections.close();
    connections
}

async fn answer<S>(stream: TcpStream, peer: SocketAddr, service: S, stop: CancellationToken)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    // Without it an answer in two pieces waits for the acknowledgement of the first.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not set TCP_NODELAY");
    }
    let gauge = metrics::gauge!("stepwright_http_connections");
    gauge.increment(1.0);
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(|body| Body::new(Patient::new(body)));
        request.extensions_mut().insert(ConnectInfo(peer));
        service.clone().oneshot(request)
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            // Answers the request in hand, then closes.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    gauge.decrement(1.0);
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    /// Answers with the peer's address, `/slow` after a while.
    async fn serve(stop: CancellationToken) -> (SocketAddr, tokio::task::JoinHandle<TaskTracker>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = tower::service_fn(|request: Request<Body>| async move {
            let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().unwrap().0;
            if request.uri().path() == "/slow" {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            Ok::<_, Infallible>(Response::new(Body::from(peer.to_string())))
        });
        (address, tokio::spawn(accept(listener, service, stop)))
    }

    async fn ask(stream: &mut TcpStream, path: &str) -> String {
        stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = vec![0; 4096];
        let read = stream.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..read]).into_owned()
    }

    #[tokio::test]
    async fn one_connection_carries_several_requests_and_the_service_learns_the_peer() {
        let (address, _server) = serve(CancellationToken::new()).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let own = stream.local_addr().unwrap().to_string();
        for _ in 0..3 {
            let answer = ask(&mut stream, "/").await;
            assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with(&own), "{answer}");
        }
    }

    #[tokio::test]
    async fn stopping_finishes_what_is_in_flight_and_closes_what_is_idle() {
        let stop = CancellationToken::new();
        let (address, server) = serve(stop.clone()).await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        ask(&mut idle, "/").await;
        let mut busy = TcpStream::connect(address).await.unwrap();
        let answer = tokio::spawn(async move { ask(&mut busy, "/slow").await });
        tokio::time::sleep(Duration::from_millis(50)).await;
        stop.cancel();
        let connections = server.await.unwrap();
        connections.wait().await;
        assert!(answer.await.unwrap().starts_with("HTTP/1.1 200 OK"));
        assert_eq!(idle.read(&mut [0; 1]).await.unwrap(), 0, "the idle connection is closed");
        assert!(TcpStream::connect(address).await.is_err(), "nobody is let in any more");
    }
}
