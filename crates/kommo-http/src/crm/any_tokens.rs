//! A source of tokens of any type behind a pointer, so that clients need no type parameter for it.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::error::Error;

use kommo_keeper::AccessTokens;
use kommo_oauth::grant::{Generation, UsableToken};

use crate::budget::shared_bucket::Boxed;

/// Why there is no token: the error of the source of tokens, which `downcast_ref` returns.
pub(crate) type TokensError = Box<dyn Error + Send + Sync>;

/// What a client needs of [`AccessTokens`].
pub(crate) trait AnyTokens: Send + Sync {
    fn access_token(&self) -> Boxed<'_, Result<Arc<UsableToken>, TokensError>>;

    fn access_token_after_401(
        &self,
        rejected: Generation,
    ) -> Boxed<'_, Result<Option<Arc<UsableToken>>, TokensError>>;

    fn payment_required(&self);

    fn account_not_found<'a>(
        &'a self,
        used: &'a UsableToken,
    ) -> Boxed<'a, Option<Arc<UsableToken>>>;
}

impl<T: AccessTokens> AnyTokens for T {
    fn access_token(&self) -> Boxed<'_, Result<Arc<UsableToken>, TokensError>> {
        Box::pin(async { Ok(AccessTokens::access_token(self).await?) })
    }

    fn access_token_after_401(
        &self,
        rejected: Generation,
    ) -> Boxed<'_, Result<Option<Arc<UsableToken>>, TokensError>> {
        Box::pin(async move { Ok(AccessTokens::access_token_after_401(self, rejected).await?) })
    }

    fn payment_required(&self) {
        AccessTokens::payment_required(self);
    }

    fn account_not_found<'a>(
        &'a self,
        used: &'a UsableToken,
    ) -> Boxed<'a, Option<Arc<UsableToken>>> {
        Box::pin(AccessTokens::account_not_found(self, used))
    }
}
