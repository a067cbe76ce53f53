//! A body with a size limit and a deadline, in either direction.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::Error;

/// Which way a body goes; decides what the error is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Request,
    Response,
}

/// Limits of a body.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    pub bytes: u64,
    pub deadline: Instant,
    /// Longest silence between two pieces.
    pub silence: Duration,
}

/// A body that ends with an error when it grows too long or takes too long.
pub struct Guarded<B> {
    inner: B,
    direction: Direction,
    limits: BodyLimits,
    passed: u64,
    sleep: Pin<Box<Sleep>>,
}

impl<B> Guarded<B> {
    pub fn new(inner: B, direction: Direction, limits: BodyLimits) -> Self {
        let sleep = Box::pin(tokio::time::sleep_until(limits.next_stop()));
        Self { inner, direction, limits, passed: 0, sleep }
    }
}

impl BodyLimits {
    fn next_stop(&self) -> Instant {
        Instant::now().checked_add(self.silence).map_or(self.deadline, |silent| silent.min(self.deadline))
    }
}

impl Direction {
    fn too_long(self, limit: u64) -> Error {
        match self {
            Self::Request => Error::HttpRequestBodySize(Some(limit)),
            Self::Response => Error::HttpResponseBodySize(Some(limit)),
        }
    }

    fn too_slow(self) -> Error {
        match self {
            Self::Request => Error::ConnectionWriteTimeout,
            Self::Response => Error::HttpResponseTimeout,
        }
    }
}

impl<B> Body for Guarded<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Error>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        let frame = match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Pending => {
                return match this.sleep.as_mut().poll(cx) {
                    Poll::Ready(()) => Poll::Ready(Some(Err(this.direction.too_slow()))),
                    Poll::Pending => Poll::Pending,
                };
            }
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(Some(Ok(frame))) => frame,
        };
        this.passed += frame.data_ref().map_or(0, |data| data.len() as u64);
        if this.passed > this.limits.bytes {
            return Poll::Ready(Some(Err(this.direction.too_long(this.limits.bytes))));
        }
        if Instant::now() >= this.limits.deadline {
            return Poll::Ready(Some(Err(this.direction.too_slow())));
        }
        let next = this.limits.next_stop();
        this.sleep.as_mut().reset(next);
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{BodyExt as _, StreamBody};
    use std::convert::Infallible;

    fn limits(bytes: u64) -> BodyLimits {
        BodyLimits { bytes, deadline: Instant::now() + Duration::from_millis(100), silence: Duration::from_secs(60) }
    }

    fn endless() -> impl Body<Data = Bytes, Error = Infallible> + Unpin {
        StreamBody::new(futures_util::stream::repeat_with(|| Ok(Frame::data(Bytes::from_static(b"0123456789")))))
    }

    #[tokio::test]
    async fn an_endless_body_ends_at_the_limit() {
        let error = Guarded::new(endless(), Direction::Response, limits(1_000)).collect().await.unwrap_err();
        assert!(matches!(error, Error::HttpResponseBodySize(Some(1_000))));
        let error = Guarded::new(endless(), Direction::Request, limits(1_000)).collect().await.unwrap_err();
        assert!(matches!(error, Error::HttpRequestBodySize(Some(1_000))));
    }

    #[tokio::test]
    async fn an_endless_body_ends_at_the_deadline() {
        let error = Guarded::new(endless(), Direction::Response, limits(u64::MAX)).collect().await.unwrap_err();
        assert!(matches!(error, Error::HttpResponseTimeout));
    }

    #[tokio::test]
    async fn a_silent_body_ends_at_the_deadline() {
        let silent = StreamBody::new(futures_util::stream::pending::<Result<Frame<Bytes>, Infallible>>());
        let error = Guarded::new(silent, Direction::Response, limits(10)).collect().await.unwrap_err();
        assert!(matches!(error, Error::HttpResponseTimeout));
    }

    #[tokio::test]
    async fn a_body_of_exactly_the_limit_passes() {
        let body = http_body_util::Full::new(Bytes::from_static(b"0123456789"));
        let whole = Guarded::new(body, Direction::Response, limits(10)).collect().await.unwrap();
        assert_eq!(whole.to_bytes(), "0123456789");
    }
}
