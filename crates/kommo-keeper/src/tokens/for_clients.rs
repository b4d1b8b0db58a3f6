//! A grant as the source of tokens of a CRM client.

use alloc::sync::Arc;

use kommo_oauth::grant::{Generation, UsableToken};

use crate::keeper::error::KeeperError;
use crate::keeper::handle::GrantHandle;
use crate::ports::access_tokens::AccessTokens;
use crate::ports::grant_store::GrantStore;

impl<S: GrantStore> AccessTokens for GrantHandle<S> {
    type Error = KeeperError;

    async fn access_token(&self) -> Result<Arc<UsableToken>, KeeperError> {
        self.token().await
    }

    async fn access_token_after_401(
        &self,
        rejected: Generation,
    ) -> Result<Option<Arc<UsableToken>>, KeeperError> {
        self.token_after_401(rejected).await
    }

    fn payment_required(&self) {
        self.note_payment_required();
    }

    async fn account_not_found(&self, used: &UsableToken) -> Option<Arc<UsableToken>> {
        self.token_at_new_host(used).await
    }
}
