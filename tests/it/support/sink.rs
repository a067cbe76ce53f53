//! A loopback HTTP server that keeps what it is sent and answers as it is told.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use std::sync::{Arc, Mutex};

/// One request.
#[derive(Clone, Debug)]
pub struct Received {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// The server.
#[derive(Clone)]
pub struct Sink {
    pub url: String,
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Sink {
    /// Starts it; it answers 200 unless told otherwise.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let sink = Self { url, received: Arc::default(), answers: Arc::default() };
        let app = Router::new().fallback(take).with_state(sink.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        sink
    }

    /// The next requests get these statuses, one each; then 200 again.
    pub fn answer_next(&self, statuses: &[u16]) {
        self.answers.lock().expect("lock").extend(statuses.iter().rev());
    }

    /// Everything received so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().expect("lock").clone()
    }
}

async fn take(State(sink): State<Sink>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let received = Received { headers, body: body.to_vec() };
    sink.received.lock().expect("lock").push(received);
    let status = sink.answers.lock().expect("lock").pop().unwrap_or(200);
    StatusCode::from_u16(status).expect("a status")
}
