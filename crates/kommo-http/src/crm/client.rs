//! The client of the CRM API.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use kommo_account::{Endpoints, UserId};
use kommo_keeper::AccessTokens;
use kommo_oauth::grant::GrantKey;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::Instrument;

use crate::budget::request_budget::RequestBudget;
use crate::crm::answer::{CrmAnswer, CrmResponse};
use crate::crm::any_tokens::AnyTokens;
use crate::crm::call::{CrmCall, ReplayAfter401};
use crate::crm::error::CrmError;
use crate::crm::request::{CrmMethod, CrmRequest};
use crate::error::InvalidRequest;
use crate::transport::client::Transport;
use crate::transport::retry_policy::RetryPolicy;

/// Calls the CRM API in the name of one grant.
///
/// Any method and path, with types of serde. The host is the one that came with the token, and
/// nothing else. Cheap to clone. `Debug` shows grant and settings, and nothing of a token.
///
/// Dropping the future of a call cancels it; a request that is on its way may still be carried out.
#[derive(Clone)]
pub struct CrmClient {
    transport: Transport,
    pub(crate) endpoints: Endpoints,
    key: GrantKey,
    tokens: Arc<dyn AnyTokens>,
    budget: RequestBudget,
    retry_policy: RetryPolicy,
    replay: ReplayAfter401,
    context_user: Option<UserId>,
}

impl CrmClient {
    /// A client of the grant `key`, whose tokens come from `tokens`, such as a grant of
    /// `kommo-keeper`.
    ///
    /// It has a budget of its own: see [`with_budget`](Self::with_budget). Pages of 250 entities
    /// may be longer than the 1 MiB that a transport takes by default; see
    /// [`TransportBuilder::max_body_bytes`](crate::TransportBuilder::max_body_bytes).
    ///
    /// # Errors
    ///
    /// A grant of a sandbox with real endpoints, the reverse, or one of another sandbox:
    /// [`InvalidRequest::Realm`].
    pub fn new(
        transport: Transport,
        endpoints: Endpoints,
        key: GrantKey,
        tokens: Arc<impl AccessTokens + 'static>,
    ) -> Result<Self, InvalidRequest> {
        // INVARIANT (I3): no token of one realm meets the endpoints of another.
        if key.realm != endpoints.realm() {
            return Err(InvalidRequest::Realm);
        }
        Ok(Self {
            transport,
            endpoints,
            key,
            tokens,
            budget: RequestBudget::default(),
            retry_policy: RetryPolicy::new(),
            replay: ReplayAfter401::WhenSafe,
            context_user: None,
        })
    }

    /// Takes a budget that others share. The platform counts all calls and token requests from one
    /// address together, so pass the same to every client and to the token endpoint.
    #[must_use]
    pub fn with_budget(self, budget: RequestBudget) -> Self {
        Self { budget, ..self }
    }

    /// Repeats otherwise than [`RetryPolicy::new`] says. Its `longest_retry_after` is also how long
    /// a call waits for the pause of a 429 by itself: 10 s; a job in the background may set 300 s.
    #[must_use]
    pub fn with_retry_policy(self, retry_policy: RetryPolicy) -> Self {
        Self {
            retry_policy,
            ..self
        }
    }

    /// Which calls are replayed after a 401.
    #[must_use]
    pub fn with_replay_after_401(self, replay: ReplayAfter401) -> Self {
        Self { replay, ..self }
    }

    /// Acts with the rights of this user in every call that names none itself; see
    /// [`CrmRequest::with_context_user`].
    #[must_use]
    pub fn with_context_user(self, user: UserId) -> Self {
        Self {
            context_user: Some(user),
            ..self
        }
    }

    /// The grant.
    #[must_use]
    pub const fn key(&self) -> &GrantKey {
        &self.key
    }

    /// Reads.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn get<R: DeserializeOwned>(&self, target: &str) -> Result<CrmAnswer<R>, CrmError> {
        self.call(CrmRequest::new(CrmMethod::Get, target)?).await
    }

    /// Adds.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn post<B: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        target: &str,
        payload: &B,
    ) -> Result<CrmAnswer<R>, CrmError> {
        self.write(CrmMethod::Post, target, payload).await
    }

    /// Changes.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn patch<B: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        target: &str,
        payload: &B,
    ) -> Result<CrmAnswer<R>, CrmError> {
        self.write(CrmMethod::Patch, target, payload).await
    }

    /// Removes, without a body.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn delete<R: DeserializeOwned>(
        &self,
        target: &str,
    ) -> Result<CrmAnswer<R>, CrmError> {
        self.call(CrmRequest::new(CrmMethod::Delete, target)?).await
    }

    async fn write<B: Serialize + ?Sized, R: DeserializeOwned>(
        &self,
        method: CrmMethod,
        target: &str,
        payload: &B,
    ) -> Result<CrmAnswer<R>, CrmError> {
        let body = to_body(payload)?;
        self.call(CrmRequest::new(method, target)?.with_body(body))
            .await
    }

    /// Sends a call and reads its answer.
    ///
    /// # Errors
    ///
    /// As [`call_raw`](Self::call_raw); a success that cannot be read is [`CrmError::Unreadable`].
    pub async fn call<R: DeserializeOwned>(
        &self,
        request: CrmRequest,
    ) -> Result<CrmAnswer<R>, CrmError> {
        let response = self.call_raw(request).await?;
        response.read().map_err(|fault| CrmError::Unreadable {
            status: response.status(),
            fault,
            attempts: response.attempts(),
        })
    }

    /// Sends a call; any 2xx is a result, as it came.
    ///
    /// # Errors
    ///
    /// - no token: [`CrmError::Tokens`]; a pause or a block applies to the account:
    ///   [`CrmError::Throttled`], [`CrmError::BreakerOpen`], and nothing is sent.
    /// - a 3xx: [`CrmError::Redirected`]; every other refusal: [`CrmError::Refused`].
    /// - no whole answer: [`CrmError::Transport`].
    /// - any of these after an attempt to write that may have been carried out:
    ///   [`CrmError::AfterDoubt`], with it inside.
    pub async fn call_raw(&self, mut request: CrmRequest) -> Result<CrmResponse, CrmError> {
        request.context_user = request.context_user.or(self.context_user);
        let span = tracing::info_span!(
            "crm_call",
            method = request.method().as_str(),
            path = request.path(),
            account = self.key.account_id.get(),
        );
        let call = CrmCall {
            transport: &self.transport,
            endpoints: self.endpoints,
            client_id: self.key.client_id,
            tokens: self.tokens.as_ref(),
            budget: &self.budget,
            retry_policy: self.retry_policy,
            replay: self.replay,
            request: &request,
        };
        call.run().instrument(span).await
    }
}

/// Writes a payload once; these bytes are sent, in every attempt.
pub(crate) fn to_body<B: Serialize + ?Sized>(payload: &B) -> Result<Vec<u8>, CrmError> {
    // The cause is not kept: serde's texts may have a part of the payload in them.
    serde_json::to_vec(payload).map_err(|_| CrmError::Payload)
}

impl fmt::Debug for CrmClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrmClient")
            .field("key", &self.key)
            .field("retry_policy", &self.retry_policy)
            .field("replay", &self.replay)
            .field("context_user", &self.context_user)
            .finish_non_exhaustive()
    }
}
