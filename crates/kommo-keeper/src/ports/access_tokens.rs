//! What a client of the CRM needs: a token now, and another if that one is refused.

use alloc::sync::Arc;
use core::error::Error;
use core::future::Future;

use kommo_oauth::grant::{Generation, UsableToken};

/// Access tokens of one grant.
pub trait AccessTokens: Send + Sync {
    /// Why there is none.
    type Error: Error + Send + Sync + 'static;

    /// A token that may be used now, with its host and generation.
    fn access_token(&self) -> impl Future<Output = Result<Arc<UsableToken>, Self::Error>> + Send;

    /// The platform said 401 to a call with the token of this generation. Gives the token to try
    /// once more with, which is of a later generation, or `None` if the 401 was about the call and
    /// not about the token.
    fn access_token_after_401(
        &self,
        rejected: Generation,
    ) -> impl Future<Output = Result<Option<Arc<UsableToken>>, Self::Error>> + Send;

    /// The platform said 402 to a call: the account is not paid for. Told for each such call, so be
    /// quick; the keeper makes a hold of it and raises one alarm. By default nothing happens.
    fn payment_required(&self) {}

    /// The platform said to a call with the token of this generation that there is no such account
    /// at its host: 404 "Account not found". Told for each such call, so be quick; the keeper looks
    /// up, beside, where the account is now, and the next token comes with its new host. By default
    /// nothing happens.
    fn account_not_found(&self, generation: Generation) {
        let _ = generation;
    }
}
