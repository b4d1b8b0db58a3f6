//! The client of the Open API.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use kommo_account::{EndpointRole, Endpoints, OpenApiHost, Target};
use kommo_open_api::request::{Answer, OpenApiRequest, RawFields};
use kommo_open_api::{AppId, Stamp};
use kommo_sign::{AppSecret, OpenApiKey, RequestPath};
use tracing::Instrument;

use crate::error::InvalidRequest;
use crate::open_api::answer::OpenApiAnswer;
use crate::open_api::attempt::Sender;
use crate::open_api::call::{Call, ROOT};
use crate::open_api::error::OpenApiError;
use crate::signed::clock::{SigningClock, SystemSigningClock};
use crate::signed::pace::Pace;
use crate::signed::pacing::Pacing;
use crate::signed::peer_pauses::{PeerHold, PeerPauses};
use crate::transport::client::Transport;
use crate::transport::retry_policy::{Repeat, RetryPolicy};

/// Calls the chat Open API in the name of one application.
///
/// Every attempt of every call has a `timestamp`, a `ranstr` and a signature of its own. What posts
/// a message or creates a chat is repeated only if certainly nothing of it arrived. After a 429
/// nothing is sent until its pause is over. No limit of the platform is published, so requests
/// leave as they come. Cheap to clone; clones share the HTTP connections, the pauses and the pace.
///
/// Dropping the future of a call cancels it; a request that is on its way may still be carried out.
///
/// # Security
///
/// It holds the `AppSecret`, which belongs to the back end alone. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct OpenApiClient {
    transport: Transport,
    target: Target,
    app_id: AppId,
    key: Arc<OpenApiKey>,
    clock: Arc<dyn SigningClock>,
    retry_policy: RetryPolicy,
    pauses: Arc<PeerPauses>,
    pace: Pace,
}

impl OpenApiClient {
    /// A client of the Open API, or of a sandbox that plays it, with the key of one application.
    #[must_use]
    pub fn new(
        transport: Transport,
        endpoints: Endpoints,
        host: OpenApiHost,
        app_id: AppId,
        secret: &AppSecret,
    ) -> Self {
        Self {
            transport,
            target: endpoints.resolve(EndpointRole::OpenApi(host)),
            app_id,
            key: Arc::new(OpenApiKey::new(secret)),
            clock: Arc::new(SystemSigningClock::new()),
            retry_policy: RetryPolicy::new(),
            pauses: Arc::default(),
            pace: Pace::unlimited(),
        }
    }

    /// Takes time, pauses and randomness from somewhere else than this machine.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn SigningClock>) -> Self {
        Self { clock, ..self }
    }

    /// Repeats otherwise than [`RetryPolicy::new`] says.
    #[must_use]
    pub fn with_retry_policy(self, retry_policy: RetryPolicy) -> Self {
        Self {
            retry_policy,
            ..self
        }
    }

    /// Spaces the requests, which leave as fast as they come otherwise: no limit of the platform is
    /// published.
    #[must_use]
    pub fn with_pace(self, pace: Pace) -> Self {
        Self { pace, ..self }
    }

    /// The hold, if the platform has asked again and again to wait.
    #[must_use]
    pub fn hold(&self) -> Option<PeerHold> {
        self.pauses.holds(self.clock.unix_seconds()).pop()
    }

    /// Sends one of the eight requests.
    ///
    /// # Errors
    ///
    /// [`OpenApiError`]. A refusal is known by its code, whatever the HTTP status.
    pub async fn call<R: OpenApiRequest + Sync>(
        &self,
        request: &R,
    ) -> Result<OpenApiAnswer<R::Answer>, OpenApiError> {
        let repeat = match request.is_safe_to_repeat() {
            true => Repeat::WhenSafe,
            false => Repeat::Never,
        };
        self.run(R::PATH, repeat, &|stamp| request.to_body(stamp))
            .await
    }

    /// Sends fields that have no type here, to any path.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call); a path that an HTTP library would rewrite:
    /// [`OpenApiError::InvalidRequest`].
    pub async fn call_raw<T: Answer>(
        &self,
        path: &str,
        fields: &RawFields,
        repeat: Repeat,
    ) -> Result<OpenApiAnswer<T>, OpenApiError> {
        self.run(path, repeat, &|stamp| fields.to_body(stamp)).await
    }

    async fn run<T: Answer>(
        &self,
        path: &str,
        repeat: Repeat,
        body: &(dyn Fn(&Stamp) -> Vec<u8> + Sync),
    ) -> Result<OpenApiAnswer<T>, OpenApiError> {
        let invalid = OpenApiError::InvalidRequest;
        let given = path;
        let path =
            RequestPath::parse(given).map_err(|error| invalid(InvalidRequest::Path(error)))?;
        // A host or a query in front or behind is not dropped in silence.
        if path.as_str() != given {
            return Err(invalid(InvalidRequest::Rewritten));
        }
        let sender = Sender {
            transport: &self.transport,
            target: self.target,
            key: &self.key,
            app_id: &self.app_id,
            path,
            body,
        };
        let call = Call {
            sender,
            pacing: Pacing {
                clock: self.clock.as_ref(),
                policy: self.retry_policy,
                pauses: &self.pauses,
                pace: &self.pace,
                path: ROOT,
            },
            repeat,
        };
        let span = tracing::info_span!(
            "open_api_call",
            path = path.as_str(),
            host = self.target.host()
        );
        call.run().instrument(span).await
    }
}

impl fmt::Debug for OpenApiClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenApiClient")
            .field("host", &self.target.host())
            .field("realm", &self.target.realm())
            .field("app_id", &self.app_id)
            .field("retry_policy", &self.retry_policy)
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}
