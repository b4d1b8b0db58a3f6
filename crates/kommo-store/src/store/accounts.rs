//! What concerns an account as a whole: which of its grants is the primary one, and its erasure.

use alloc::collections::BTreeSet;

use kommo_account::{AccountId, ClientId, Realm};
use kommo_oauth::grant::GrantKey;

use crate::error::{DatabaseFault, StoreFault};
use crate::records::grant_record::to_line;
use crate::records::rows::{Erased, OfAccount, OfInbox, OfIntegration};
use crate::records::summaries::GrantSummary;
use crate::spool::{Spool, SpoolPlace};

use super::Store;

impl Store {
    /// The grants of an account, the first one first.
    ///
    /// # Errors
    ///
    /// The database's; a column that cannot be read is [`StoreFault::Damaged`].
    pub async fn list_account(
        &self,
        realm: Realm,
        client_id: &ClientId,
        account_id: AccountId,
    ) -> Result<Vec<GrantSummary>, StoreFault> {
        let account = OfAccount::new(realm, client_id, account_id);
        let rows = self.database.list_account(&account).await?;
        rows.into_iter().map(to_line).collect()
    }

    /// The primary grant of an account: the one that was chosen; if none was, the first usable one
    /// of an administrator; if there is no such grant, the only usable one. `None` if several are
    /// left, or none.
    ///
    /// # Errors
    ///
    /// As [`list_account`](Self::list_account).
    pub async fn primary(
        &self,
        realm: Realm,
        client_id: &ClientId,
        account_id: AccountId,
    ) -> Result<Option<GrantKey>, StoreFault> {
        let lines = self.list_account(realm, client_id, account_id).await?;
        let account = OfAccount::new(realm, client_id, account_id);
        let chosen = self.database.primary(&account).await?;
        if let Some(user_id) = chosen {
            let mut keys = lines.iter().map(|line| line.key);
            if let Some(key) = keys.find(|key| key.user_id.to_string() == user_id) {
                return Ok(Some(key));
            }
        }
        let mut living = lines.iter().filter(|line| line.is_alive());
        let mut admins = living.clone().filter(|line| line.is_admin == Some(true));
        let only = match (living.next(), living.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        };
        Ok(admins.next().or(only).map(|line| line.key))
    }

    /// Makes a grant the primary one of its account, until another is chosen.
    ///
    /// # Errors
    ///
    /// A grant that is not stored: [`StoreFault::NoGrant`].
    pub async fn choose_primary(&self, key: &GrantKey) -> Result<(), StoreFault> {
        if self.database.load(&key.to_string()).await?.is_none() {
            return Err(StoreFault::NoGrant {
                key: Box::new(*key),
            });
        }
        self.database
            .set_primary(&OfAccount::of_key(key), &key.user_id.to_string())
            .await
    }

    /// Erases all grants of an account, their history, the choice, and the codes that wait for
    /// their hosts. A refresh that is under way finds no record to write to; the answer to an
    /// exchange that is under way is refused, and a consent with a pair of an erased code gets
    /// [`Written::Conflict`](kommo_keeper::Written::Conflict). For that the hashes of the erased
    /// codes stay until 40 minutes after the codes came.
    ///
    /// It does not reach backups, files of a [`Lifeboat`](crate::Lifeboat), or what the operating
    /// system keeps of deleted blocks. `SQLite` overwrites the erased rows and empties its log, for
    /// which it waits for readers as long as for a writer (`StoreSettings::wait_at_most`);
    /// [`Erased::bytes_gone`] says whether that succeeded, and another call tries again.
    /// `PostgreSQL` does so with its next vacuum.
    ///
    /// The client secret of an integration that was made on the fly is removed with the last grant
    /// of the integration. If there never was a grant, the secret belongs to no account: use
    /// [`forget_integration_secret`](Self::forget_integration_secret).
    ///
    /// # Errors
    ///
    /// The database's, or those of a spool that an inbox of this store has. The erasure of the
    /// grants is one transaction; that of the hooks comes after it, in steps: what was erased stays
    /// so, and another call erases the rest.
    pub async fn erase_account(
        &self,
        realm: Realm,
        client_id: &ClientId,
        account_id: AccountId,
    ) -> Result<Erased, StoreFault> {
        let account = OfAccount::new(realm, client_id, account_id);
        let mut erased = self.database.erase_rows(&account).await?;
        let named = format!("crm:{}", account.account_id);
        for inbox in self.inboxes_of(&account.integration).await? {
            erased.hooks += self.erase_hooks(&inbox, &named).await?;
        }
        // The names of buckets have hosts in them.
        self.database.forget_full_buckets().await?;
        erased.bytes_gone = self.database.scrub().await?;
        Ok(erased)
    }

    /// The inboxes that have the integration's id as their name, alone or before a dot: those that
    /// have taken a hook, and those of this store that have a spool.
    async fn inboxes_of(
        &self,
        integration: &OfIntegration,
    ) -> Result<BTreeSet<OfInbox>, StoreFault> {
        let rows = self.database.list_inboxes().await?;
        let stored = rows.into_iter().map(|row| OfInbox {
            realm: row.realm,
            inbox: row.name,
        });
        let is_meant = |of: &OfInbox| {
            let rest = of.inbox.strip_prefix(&*integration.client_id);
            of.realm == integration.realm
                && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        Ok(stored.chain(self.spools.all()).filter(is_meant).collect())
    }

    pub(crate) fn add_spool(&self, place: &SpoolPlace) {
        self.spools.add(place);
    }

    /// Erases the hooks of an account, in the spools and then in the database: so none that was in
    /// a spool comes to the database afterwards.
    pub(crate) async fn erase_hooks(&self, of: &OfInbox, account: &str) -> Result<u64, StoreFault> {
        let mut erased = 0;
        for place in self.spools.of(of) {
            let account = account.to_owned();
            let erasing = move || Spool::at(&place)?.erase(&account);
            let done = tokio::task::spawn_blocking(erasing).await;
            erased += done.map_err(|_| StoreFault::Database {
                doing: "erasing hooks of a spool",
                source: DatabaseFault::closed(),
            })??;
        }
        Ok(erased + self.database.erase_all_hooks(of, account).await?)
    }
}
