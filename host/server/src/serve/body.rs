//! A request's body, with little patience for a client that stops sending it.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// How long a client may be silent in the middle of a body.
const SILENCE: Duration = Duration::from_secs(30);

/// Why a body has no end.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    #[error("the client stopped sending the body")]
    Silence,
    #[error(transparent)]
    Connection(#[from] hyper::Error),
}

/// A body that ends with an error when nothing comes for [`SILENCE`].
pub struct Patient<B = Incoming> {
    body: B,
    patience: Duration,
    /// Set only while the body is waited for.
    silence: Option<Pin<Box<Sleep>>>,
}

impl<B> Patient<B> {
    pub fn new(body: B) -> Self {
        Self { body, patience: SILENCE, silence: None }
    }
}

impl<B> Body for Patient<B>
where
    B: Body<Data = Bytes> + Unpin,
    BodyError: From<B::Error>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.silence = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(BodyError::from)));
        }
        let patience = self.patience;
        let silence = self.silence.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(silence.as_mut().poll(cx));
        Poll::Ready(Some(Err(BodyError::Silence)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::future::poll_fn;

    /// Sends a piece each time it was waited for.
    struct Slow(Pin<Box<Sleep>>, Duration);

    impl Body for Slow {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            ready!(self.0.as_mut().poll(cx));
            let pause = self.1;
            self.0.set(sleep(pause));
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"x")))))
        }
    }

    impl From<Infallible> for BodyError {
        fn from(never: Infallible) -> Self {
            match never {}
        }
    }

    /// Reads pieces that come `pause` milliseconds apart.
    async fn read(pause: u64, pieces: usize) -> Result<(), BodyError> {
        let pause = Duration::from_millis(pause);
        let mut body =
            Patient { patience: Duration::from_millis(300), ..Patient::new(Slow(Box::pin(sleep(pause)), pause)) };
        for _ in 0..pieces {
            if let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                frame?;
            }
        }
        Ok(())
    }

    #[tokio::test]
    async fn a_slow_body_arrives_as_long_as_something_comes() {
        assert!(read(50, 10).await.is_ok());
    }

    #[tokio::test]
    async fn a_body_that_stops_is_given_up() {
        assert!(matches!(read(2_000, 1).await, Err(BodyError::Silence)));
    }
}
