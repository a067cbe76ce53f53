//! Bodies nobody reads to their end, as when a request is refused for its size or its key.
//!
//! A server that answers and closes while the client is still sending resets the connection, and the client never
//! sees the answer. So what is left of a large body is read and thrown away, within bounds, beside the answer.

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use http::header::{CONTENT_LENGTH, EXPECT};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Shorter bodies have arrived with the head, or nearly.
const SMALL: u64 = 16 << 10;
/// Bytes thrown away of one body; a client that sends more does not see its answer.
const MOST: usize = 64 << 20;
/// How long a client may take for them.
const LONGEST: Duration = Duration::from_secs(10);

/// The request with a body that is read to its end whoever drops it.
pub fn read_to_end(request: Request) -> Request {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    let small = request.body().is_end_stream() || length.is_some_and(|length| length <= SMALL);
    // Who expects 100 has not sent anything yet, and need not.
    if small || request.headers().contains_key(EXPECT) {
        return request;
    }
    request.map(|body| Body::new(ReadToEnd { body: Some(body) }))
}

/// Throws away what is left when it is dropped.
struct ReadToEnd {
    /// None once it has ended.
    body: Option<Body>,
}

impl HttpBody for ReadToEnd {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = self.body.as_mut() else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for ReadToEnd {
    fn drop(&mut self) {
        let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(LONGEST, throw_away(body)));
        }
    }
}

async fn throw_away(mut body: Body) {
    let mut left = MOST;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn what_a_handler_leaves_is_read_all_the_same() {
        let read = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&read);
        let chunks = futures_util::stream::iter((0..50).map(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            Ok::<_, std::io::Error>(Bytes::from_static(b"chunk"))
        }));
        let request = read_to_end(Request::new(Body::from_stream(chunks)));
        let mut body = request.into_body();
        body.frame().await.unwrap().unwrap();
        assert_eq!(read.load(Ordering::SeqCst), 1);
        drop(body);
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(read.load(Ordering::SeqCst), 50);
    }
}
