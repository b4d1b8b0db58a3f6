//! A body that reports whether the connection took it.

use core::convert::Infallible;
use core::pin::Pin;
use core::task::{Context, Poll};

use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};

use crate::grants::PairId;
use crate::state::platform::Platform;

/// An answer with a new pair. When the connection takes its bytes, all of them at once, to put them
/// on the wire, the pair counts as delivered. When it is dropped before (the client has hung up),
/// the answer counts as dropped after the commit.
struct WatchedBody {
    bytes: Option<Bytes>,
    platform: Platform,
    pair: PairId,
}

/// The body of an answer with both tokens of `pair`.
pub(crate) fn watched(bytes: String, platform: &Platform, pair: PairId) -> Body {
    Body::new(WatchedBody {
        bytes: Some(bytes.into()),
        platform: platform.clone(),
        pair,
    })
}

impl http_body::Body for WatchedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(bytes) = self.bytes.take() else {
            return Poll::Ready(None);
        };
        self.platform.lock().grants.delivered(self.pair);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.bytes.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact(u64::try_from(left).unwrap_or(u64::MAX))
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        if self.bytes.is_some() {
            self.platform.lock().counters.answers_dropped_after_commit += 1;
        }
    }
}
