//! A keep-alive HTTP/1.1 client as thin as can be, so that the load generator leaves the cores to the host.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// One connection.
pub struct Client {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    /// The header that says who asks, and its value.
    credential: (&'static str, String),
}

async fn open(host: &str) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(host).await.with_context(|| format!("connect to {host}"))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

impl Client {
    /// Connects to `host` (`127.0.0.1:8080`) and speaks for `token`.
    pub async fn connect(host: &str, token: &str) -> Result<Self> {
        Self::connect_with(host, "authorization", &format!("Bearer {token}")).await
    }

    /// Connects to `host` and shows this in a header of every request.
    pub async fn connect_with(host: &str, header: &'static str, value: &str) -> Result<Self> {
        Ok(Self { sender: open(host).await?, host: host.into(), credential: (header, value.into()) })
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&mut self, method: Method, path: &str, kind: &str, body: Bytes) -> Result<(StatusCode, Bytes)> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.host)
            .header(self.credential.0, &self.credential.1)
            .header(header::CONTENT_TYPE, kind)
            .body(Full::new(body))?;
        // The host closes a connection that nothing has come over for long.
        if self.sender.ready().await.is_err() {
            self.sender = open(&self.host).await?;
        }
        let answer = self.sender.send_request(request).await?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }

    /// Sends JSON and expects a 2xx answer with JSON.
    pub async fn json(&mut self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let (status, answer) = self.send(method, path, "application/json", Bytes::from(body.to_string())).await?;
        if !status.is_success() {
            bail!("{path} answered {status}: {}", String::from_utf8_lossy(&answer));
        }
        Ok(if answer.is_empty() { Value::Null } else { serde_json::from_slice(&answer)? })
    }
}
