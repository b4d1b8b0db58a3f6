//! What the keeper needs from the platform.

use core::future::Future;

use kommo_account::{AccountHost, AccountId, Realm};
use kommo_oauth::refresh::{Located, SendOutcome};
use kommo_oauth::token::{AccessToken, SubdomainLookup, TokenRequest};

/// The answer of `GET /api/v4/account` to an access token. Sent without `X-Context-User-ID`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Probe {
    /// The token works.
    Alive {
        /// The account's number, as the answer names it.
        account_id: AccountId,
        /// The user that the token acts for.
        user_id: Option<u64>,
    },
    /// 401.
    Unauthorized,
    /// Anything else: it proves nothing.
    Inconclusive,
}

/// The token endpoint, and the look-ups that belong to it. Each request is sent once: no retry, no
/// redirect, no reuse of an idle connection.
pub trait TokenEndpoint: Send + Sync + 'static {
    /// Sends an exchange or a refresh to the account host that it names. A realm that this endpoint
    /// does not serve is [`SendOutcome::NotSent`].
    fn send(
        &self,
        realm: Realm,
        request: &TokenRequest,
    ) -> impl Future<Output = SendOutcome> + Send;

    /// Asks for the host of an account.
    fn locate(
        &self,
        realm: Realm,
        look_up: &SubdomainLookup<'_>,
    ) -> impl Future<Output = Located> + Send;

    /// Asks whether an access token works.
    fn probe(
        &self,
        realm: Realm,
        host: AccountHost,
        access_token: &AccessToken,
    ) -> impl Future<Output = Probe> + Send;
}
