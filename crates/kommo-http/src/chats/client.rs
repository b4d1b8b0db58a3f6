//! The client of the Chats API.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU32;

use kommo_account::{ChannelId, ChatsHost, EndpointRole, Endpoints, Target};
use kommo_chats::{ConnectRequest, ConnectResponse, DisconnectRequest, expect_no_data};
use kommo_sign::{ChannelSecret, ChatsSigner, RequestMethod, RequestPath};
use tracing::Instrument;

use crate::chats::answer::Answer;
use crate::chats::attempt::Sender;
use crate::chats::call::{Call, connection_of};
use crate::chats::clock_offset::KeptOffset;
use crate::chats::error::{ChatsError, Unreadable, UnreadableReason};
use crate::chats::raw_request::RawRequest;
use crate::error::InvalidRequest;
use crate::signed::clock::{SigningClock, SystemSigningClock};
use crate::signed::pace::Pace;
use crate::signed::pacing::Pacing;
use crate::signed::peer_pauses::{PeerHold, PeerPauses};
use crate::transport::client::Transport;
use crate::transport::raw_response::RawResponse;
use crate::transport::retry_policy::Repeat;
use crate::transport::retry_policy::RetryPolicy;

/// What the platform admits of one address in general (rule L4); nothing is published about the
/// Chats API.
const REQUESTS_PER_SECOND: NonZeroU32 = match NonZeroU32::new(7) {
    Some(requests) => requests,
    None => NonZeroU32::MIN,
};

/// Calls the Chats API in the name of one channel.
///
/// Every attempt of every call has a date and a signature of its own (invariant I2). After a 429
/// nothing is sent for the same connection until its pause is over. Requests are evenly spaced,
/// 7 a second. Cheap to clone; clones share the HTTP connections, the clock offset, the pauses and
/// the pace. `Debug` shows the host and the settings,
/// and nothing of the secret.
///
/// Dropping the future of a call cancels it; a request that is on its way may still be carried out.
///
/// # Security
///
/// It holds the key of the channel, which belongs to the back end alone (rule S12).
#[derive(Clone)]
pub struct ChatsClient {
    transport: Transport,
    target: Target,
    signer: Arc<ChatsSigner>,
    clock: Arc<dyn SigningClock>,
    retry_policy: RetryPolicy,
    kept_offset: Arc<KeptOffset>,
    pauses: Arc<PeerPauses>,
    pace: Pace,
}

impl ChatsClient {
    /// A client of one Chats API host, or of a sandbox that plays it, with the key of one channel.
    #[must_use]
    pub fn new(
        transport: Transport,
        endpoints: Endpoints,
        host: ChatsHost,
        secret: &ChannelSecret,
    ) -> Self {
        Self {
            transport,
            target: endpoints.resolve(EndpointRole::Chats(host)),
            signer: Arc::new(ChatsSigner::new(secret)),
            clock: Arc::new(SystemSigningClock::new()),
            retry_policy: RetryPolicy::new(),
            kept_offset: Arc::default(),
            pauses: Arc::default(),
            pace: Pace::per_second(REQUESTS_PER_SECOND),
        }
    }

    /// Takes time, pauses and randomness from somewhere else than this machine.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn SigningClock>) -> Self {
        Self { clock, ..self }
    }

    /// Sends at another pace than 7 requests a second, or at one that other clients share: the
    /// platform counts by address.
    #[must_use]
    pub fn with_pace(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// Repeats otherwise than [`RetryPolicy::new`] says.
    #[must_use]
    pub fn with_retry_policy(self, retry_policy: RetryPolicy) -> Self {
        Self {
            retry_policy,
            ..self
        }
    }

    /// The clock offset that was learned and proved right, in seconds added to this machine's
    /// clock; none if there is none.
    #[must_use]
    pub fn clock_offset_seconds(&self) -> Option<i64> {
        Some(self.kept_offset.seconds()).filter(|seconds| *seconds != 0)
    }

    /// The connections that are held now, since the Chats API has asked again and again to wait.
    #[must_use]
    pub fn holds(&self) -> Vec<PeerHold> {
        self.pauses.holds(self.clock.unix_seconds())
    }

    /// Connects the channel to an account. Harmless to repeat (rule C6), so it is repeated where
    /// that may help.
    ///
    /// # Errors
    ///
    /// [`ChatsError`]; [`ChatsError::Unreadable`] also for an answer that names another channel or
    /// account. An unreadable answer is not asked for again: whatever is between us and the
    /// platform would most likely send the same page.
    pub async fn connect(
        &self,
        channel: &ChannelId,
        request: &ConnectRequest,
    ) -> Result<Answer<ConnectResponse>, ChatsError> {
        let path = ConnectRequest::path(channel);
        let body = request.to_body();
        let answer = self.call_safely(RequestMethod::POST, &path, &body).await?;
        let (status, attempts) = (answer.status, answer.attempts);
        let unreadable = |reason| {
            ChatsError::Unreadable(Unreadable {
                status,
                reason,
                attempts,
            })
        };
        answer.try_map(|response| {
            let response = ConnectResponse::from_body(response.body())
                .map_err(|error| unreadable(UnreadableReason::Body(error)))?;
            if response.is_for(channel, request.account_id()) {
                Ok(response)
            } else {
                Err(unreadable(UnreadableReason::OtherConnection))
            }
        })
    }

    /// Disconnects the channel from an account. Harmless to repeat, so it is repeated where that
    /// may help.
    ///
    /// # Errors
    ///
    /// [`ChatsError`]; [`ChatsError::Unreadable`] for a 2xx with a page or a text in it (rule C4).
    pub async fn disconnect(
        &self,
        channel: &ChannelId,
        request: &DisconnectRequest,
    ) -> Result<Answer<()>, ChatsError> {
        let path = DisconnectRequest::path(channel);
        let body = request.to_body();
        let answer = self
            .call_safely(RequestMethod::DELETE, &path, &body)
            .await?;
        without_data(answer)
    }

    /// Signs and sends a request that has no method of its own here; any 2xx is a result.
    ///
    /// # Errors
    ///
    /// - a method other than `GET`, `POST`, `PUT`, `PATCH`, `DELETE`:
    ///   [`ChatsError::InvalidRequest`].
    /// - a 3xx: [`ChatsError::Redirected`]; a 429: [`ChatsError::TooManyRequests`], and calls
    ///   during its pause: [`ChatsError::Paused`], or they wait if it is short; after several 429s
    ///   in a row: [`ChatsError::Held`]; other refusals: [`ChatsError::Refused`].
    /// - no whole answer: [`ChatsError::Transport`].
    pub async fn call(&self, request: &RawRequest<'_>) -> Result<Answer<RawResponse>, ChatsError> {
        let sender = Sender {
            transport: &self.transport,
            target: self.target,
            signer: &self.signer,
            request,
        };
        let span = tracing::info_span!(
            "chats_call",
            method = request.method.as_str(),
            path = request.path.as_str(),
            host = self.target.host(),
        );
        let call = Call::new(
            sender,
            Pacing {
                clock: self.clock.as_ref(),
                policy: self.retry_policy,
                pauses: &self.pauses,
                pace: &self.pace,
                path: connection_of(request.path),
            },
            &self.kept_offset,
        );
        call.run().instrument(span).await
    }

    async fn call_safely(
        &self,
        method: RequestMethod<'_>,
        path: &str,
        body: &[u8],
    ) -> Result<Answer<RawResponse>, ChatsError> {
        let path = RequestPath::parse(path)
            .map_err(|error| ChatsError::InvalidRequest(InvalidRequest::Path(error)))?;
        let request = RawRequest::new(method, path)
            .with_body(body)
            .with_repeat(Repeat::WhenSafe);
        self.call(&request).await
    }
}

/// A success that has no data in it: a page or a text is none (rule C4).
pub(super) fn without_data(answer: Answer<RawResponse>) -> Result<Answer<()>, ChatsError> {
    let (status, attempts) = (answer.status, answer.attempts);
    answer.try_map(|response| match expect_no_data(status, response.body()) {
        Err(unexpected) if !unexpected.is_success() => {
            let reason = UnreadableReason::NoDataExpected(unexpected);
            Err(ChatsError::Unreadable(Unreadable {
                status,
                reason,
                attempts,
            }))
        }
        Ok(()) | Err(_) => Ok(()),
    })
}

impl fmt::Debug for ChatsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatsClient")
            .field("host", &self.target.host())
            .field("realm", &self.target.realm())
            .field("retry_policy", &self.retry_policy)
            .field("pace", &self.pace)
            .field("clock_offset_seconds", &self.clock_offset_seconds())
            .finish_non_exhaustive()
    }
}
