//! What a client of the CRM API needs: a token, and another one if that is refused.

use alloc::sync::Arc;
use core::error::Error;
use core::future::Future;

use kommo_oauth::grant::{Generation, UsableToken};

/// Access tokens of one grant.
pub trait AccessTokens: Send + Sync {
    /// Why there is no token.
    type Error: Error + Send + Sync + 'static;

    /// A token that may be used now, with its host and generation.
    fn access_token(&self) -> impl Future<Output = Result<Arc<UsableToken>, Self::Error>> + Send;

    /// A call with the token of this generation was answered 401. Returns a token of a later
    /// generation to try once more with, or `None` if the 401 was about the call and not about the
    /// token.
    fn access_token_after_401(
        &self,
        rejected: Generation,
    ) -> impl Future<Output = Result<Option<Arc<UsableToken>>, Self::Error>> + Send;

    /// A call was answered 402: the account is not paid for. Called for each such answer, so return
    /// quickly; the keeper holds the grant and raises one alarm. By default it does nothing.
    fn payment_required(&self) {}

    /// A call with this token was answered that its host does not know the account: 404 "Account
    /// not found". Returns a token with another host to send the call to once more, or `None`. It
    /// is called for each such answer; the keeper looks up the account's host at most once in ten
    /// minutes. By default `None`.
    fn account_not_found(
        &self,
        used: &UsableToken,
    ) -> impl Future<Output = Option<Arc<UsableToken>>> + Send {
        let _ = used;
        core::future::ready(None)
    }
}
