//! What the keeper needs of a store.

use alloc::sync::Arc;
use core::error::Error;
use core::future::Future;

use kommo_account::{AccountId, ClientId, Realm};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Generation, Grant, GrantKey, Revision, Transition};

pub use kommo_oauth::refresh::StoreErrorKind;

/// An error of a store. Its text contains the grant's key if it is about one grant, and no secret.
pub trait StoreError: Error + Send + Sync + 'static {
    /// What kind of error it is, and so who must act.
    fn kind(&self) -> StoreErrorKind;
}

/// The result of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Written {
    /// It is durable: a crash of the machine after this does not undo it.
    Confirmed(Revision),
    /// The stored record is not the revision that the write named. Nothing was written.
    Conflict,
    /// Nothing was written: grants were erased here, and a refresh of an erased one may still be
    /// running. A first record must begin after this generation
    /// ([`Grant::begin_after`](kommo_oauth::grant::Grant::begin_after)).
    BeginAfter(Generation),
}

/// Durable storage of grants. Check an implementation with the conformance tests of the feature
/// `testing`.
///
/// Every future may be dropped at any point; its work then has happened completely or not at all.
pub trait GrantStore: Send + Sync + 'static {
    /// What can go wrong.
    type Error: StoreError;

    /// A grant's lock. It is released when its holder ends: this value, this process or this
    /// machine.
    type Lock: Send + 'static;

    /// Reads a grant.
    ///
    /// # Errors
    ///
    /// A record that cannot be read is an error, never `None` (I7).
    fn load(
        &self,
        key: &GrantKey,
    ) -> impl Future<Output = Result<Option<Grant>, Self::Error>> + Send;

    /// Reads the grant that is locked, over the lock's own connection if it has one.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load); a lost lock may be one.
    fn load_locked(
        &self,
        lock: &mut Self::Lock,
        key: &GrantKey,
    ) -> impl Future<Output = Result<Option<Grant>, Self::Error>> + Send {
        let _ = lock;
        self.load(key)
    }

    /// Takes a grant's lock if it is free (`Some`), without waiting. There is at most one holder
    /// over all processes and machines that share the store.
    fn try_lock(
        &self,
        key: &GrantKey,
    ) -> impl Future<Output = Result<Option<Self::Lock>, Self::Error>> + Send;

    /// Whether the lock is still held: `false` if it was lost, with its connection or its file. Ask
    /// before something that only the holder may do, such as sending the refresh token.
    ///
    /// The default is for stores whose locks cannot be lost before their value is dropped.
    ///
    /// # Errors
    ///
    /// It is not known whether the lock is held. Treat it as lost.
    fn still_held(
        &self,
        lock: &mut Self::Lock,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send {
        let _ = lock;
        core::future::ready(Ok(true))
    }

    /// Replaces the record that has the revision of `moved.grant` ([`Revision::NOT_STORED`]: there
    /// must be no record) with `moved.grant`, and adds `moved.event` to the history, in one durable
    /// step. The revision is incremented by one.
    ///
    /// With a lock, the write uses the lock's own connection, so that it fails if the lock was
    /// lost. Without one the revision alone protects the record.
    fn write(
        &self,
        lock: Option<&mut Self::Lock>,
        moved: &Transition,
        at: UnixSeconds,
    ) -> impl Future<Output = Result<Written, Self::Error>> + Send;

    /// Releases the lock. Dropping it does the same, later.
    fn unlock(&self, lock: Self::Lock) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// The keys of all grants, in a stable order, from after `after`, at most `limit`.
    fn keys(
        &self,
        after: Option<&GrantKey>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<GrantKey>, Self::Error>> + Send;

    /// The keys of all grants of one account, in a stable order.
    fn keys_of_account(
        &self,
        realm: Realm,
        client_id: &ClientId,
        account_id: AccountId,
    ) -> impl Future<Output = Result<Vec<GrantKey>, Self::Error>> + Send;
}

/// A store shared by several keepers.
impl<S: GrantStore> GrantStore for Arc<S> {
    type Error = S::Error;
    type Lock = S::Lock;

    fn load(
        &self,
        key: &GrantKey,
    ) -> impl Future<Output = Result<Option<Grant>, Self::Error>> + Send {
        S::load(self, key)
    }

    fn load_locked(
        &self,
        lock: &mut Self::Lock,
        key: &GrantKey,
    ) -> impl Future<Output = Result<Option<Grant>, Self::Error>> + Send {
        S::load_locked(self, lock, key)
    }

    fn try_lock(
        &self,
        key: &GrantKey,
    ) -> impl Future<Output = Result<Option<Self::Lock>, Self::Error>> + Send {
        S::try_lock(self, key)
    }

    fn still_held(
        &self,
        lock: &mut Self::Lock,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send {
        S::still_held(self, lock)
    }

    fn write(
        &self,
        lock: Option<&mut Self::Lock>,
        moved: &Transition,
        at: UnixSeconds,
    ) -> impl Future<Output = Result<Written, Self::Error>> + Send {
        S::write(self, lock, moved, at)
    }

    fn unlock(&self, lock: Self::Lock) -> impl Future<Output = Result<(), Self::Error>> + Send {
        S::unlock(self, lock)
    }

    fn keys(
        &self,
        after: Option<&GrantKey>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<GrantKey>, Self::Error>> + Send {
        S::keys(self, after, limit)
    }

    fn keys_of_account(
        &self,
        realm: Realm,
        client_id: &ClientId,
        account_id: AccountId,
    ) -> impl Future<Output = Result<Vec<GrantKey>, Self::Error>> + Send {
        S::keys_of_account(self, realm, client_id, account_id)
    }
}
