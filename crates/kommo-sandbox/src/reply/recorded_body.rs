//! Notes what of an answer the connection takes, for the journal.

use alloc::sync::Arc;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use axum::Error;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::Response;
use http_body::{Frame, SizeHint};

use crate::state::wire_record::{SentBody, WireAnswer, WireHeaders};

/// The longest body that is kept whole: 1 MiB, as of a request.
const WHOLE_BYTES: u64 = 1024 * 1024;

/// How much is kept of a longer one, and of one whose length is not known: 64 KiB.
const BEGINNING_BYTES: usize = 64 * 1024;

/// What the journal keeps of an answer; its body fills while the answer leaves.
pub(crate) fn recorded(response: &mut Response<Body>) -> WireAnswer {
    let length = response.body().size_hint().exact();
    let whole = length.filter(|length| *length <= WHOLE_BYTES);
    let limit = whole.and_then(|length| usize::try_from(length).ok());
    let sent = Arc::new(SentBody::new(limit.unwrap_or(BEGINNING_BYTES)));
    let body = core::mem::take(response.body_mut());
    *response.body_mut() = Body::new(RecordedBody {
        body,
        sent: Arc::clone(&sent),
    });
    WireAnswer {
        headers: WireHeaders::of_map(response.headers()),
        body: sent,
    }
}

/// A body that is the same to the connection as the one inside.
struct RecordedBody {
    body: Body,
    sent: Arc<SentBody>,
}

impl HttpBody for RecordedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(piece) = frame.data_ref()
        {
            self.sent.push(piece);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
