//! What the two databases have in common, as rows. The store above it seals, opens and checks.

use core::future::Future;
use core::time::Duration;

use kommo_keeper::CodePut;

use crate::columns::{
    AnswerKept, BucketColumns, ClaimedColumns, CodeClaim, CodeColumns, CodeRoom, Erased,
    GrantColumns, LineColumns, ListedColumns, SealedColumns, SealedTable, SecretPut, SecretRoom,
    StoredColumns, WaitingColumns,
};
use crate::error::StoreFault;

type Result<T> = core::result::Result<T, StoreFault>;

/// A database. `SQLite` and `PostgreSQL` are the two there are; it cannot be implemented elsewhere.
///
/// Every method is one transaction, and a future that is dropped leaves it done or undone as a
/// whole.
pub trait Backend: Send + Sync + 'static {
    /// A grant's lock.
    type Lock: Send + 'static;

    #[doc(hidden)]
    fn try_lock(&self, key: &str) -> impl Future<Output = Result<Option<Self::Lock>>> + Send;
    #[doc(hidden)]
    fn unlock(&self, lock: Self::Lock) -> impl Future<Output = Result<()>> + Send;
    /// `false`: the lock is lost.
    #[doc(hidden)]
    fn still_held(&self, lock: &mut Self::Lock) -> impl Future<Output = Result<bool>> + Send;
    #[doc(hidden)]
    fn locked_key(lock: &Self::Lock) -> &str;

    #[doc(hidden)]
    fn load(&self, key: &str) -> impl Future<Output = Result<Option<StoredColumns>>> + Send;
    /// The same over the lock's connection, if it has one.
    #[doc(hidden)]
    fn load_locked(
        &self,
        lock: &mut Self::Lock,
        key: &str,
    ) -> impl Future<Output = Result<Option<StoredColumns>>> + Send;
    /// Writes the row in the place of the revision before it, and the line. `false`: that revision
    /// is not there, or has a later generation; or this is the first one, and an erasure took the
    /// code that gave its pair, or it begins too early.
    #[doc(hidden)]
    fn write(
        &self,
        lock: Option<&mut Self::Lock>,
        grant: &GrantColumns,
        line: &LineColumns,
    ) -> impl Future<Output = Result<bool>> + Send;
    #[doc(hidden)]
    fn keys(&self, after: &str, limit: i64) -> impl Future<Output = Result<Vec<String>>> + Send;
    #[doc(hidden)]
    fn list(
        &self,
        after: &str,
        limit: i64,
    ) -> impl Future<Output = Result<Vec<ListedColumns>>> + Send;
    /// All grants of an account, the first stored first.
    #[doc(hidden)]
    fn list_account(
        &self,
        account: [&str; 3],
    ) -> impl Future<Output = Result<Vec<ListedColumns>>> + Send;

    #[doc(hidden)]
    fn history(
        &self,
        key: &str,
        limit: i64,
    ) -> impl Future<Output = Result<Vec<LineColumns>>> + Send;
    #[doc(hidden)]
    fn forget_history(&self, before: i64) -> impl Future<Output = Result<u64>> + Send;

    /// Whether an export of this hash was imported before.
    #[doc(hidden)]
    fn is_imported(&self, hash: &str) -> impl Future<Output = Result<bool>> + Send;

    /// A first record must begin after this generation.
    #[doc(hidden)]
    fn erased_generation(&self) -> impl Future<Output = Result<i64>> + Send;

    #[doc(hidden)]
    fn claim_due(
        &self,
        of: [&str; 2],
        now: i64,
        limit: i64,
        lease_milliseconds: i64,
        token: &[u8],
    ) -> impl Future<Output = Result<Vec<String>>> + Send;
    /// Claims to be settled: the grant's key, the lease's token, and when to look again.
    #[doc(hidden)]
    fn settle_due(
        &self,
        settled: &[(String, Vec<u8>, Option<i64>)],
    ) -> impl Future<Output = Result<()>> + Send;

    /// Removes what is too old, then adds the code if there is room, with no other between the
    /// count and the addition.
    #[doc(hidden)]
    fn put_code(
        &self,
        code: &CodeColumns,
        room: &CodeRoom,
    ) -> impl Future<Output = Result<CodePut>> + Send;
    /// How many codes grew older than the cutoff while they waited; they are done now.
    #[doc(hidden)]
    fn expire_codes(&self, of: [&str; 2], life: i64) -> impl Future<Output = Result<u64>> + Send;
    #[doc(hidden)]
    fn claim_codes(
        &self,
        claim: &CodeClaim<'_>,
    ) -> impl Future<Output = Result<Vec<ClaimedColumns>>> + Send;
    /// Those that wait, the newest first.
    #[doc(hidden)]
    fn waiting_codes(
        &self,
        of: [&str; 2],
        limit: i64,
    ) -> impl Future<Output = Result<Vec<WaitingColumns>>> + Send;
    #[doc(hidden)]
    fn note_code(
        &self,
        id: i64,
        token: &[u8],
        why: &str,
    ) -> impl Future<Output = Result<()>> + Send;
    /// The claim did not come to an exchange, and does not count. Its lease goes on.
    #[doc(hidden)]
    fn uncount_claim(&self, id: i64, token: &[u8]) -> impl Future<Output = Result<()>> + Send;
    /// The lease ends, and nobody claims the code before the pause is over; `uncounted` claims do
    /// not count.
    #[doc(hidden)]
    fn postpone_code(
        &self,
        id: i64,
        token: &[u8],
        pause_milliseconds: i64,
        uncounted: i64,
    ) -> impl Future<Output = Result<()>> + Send;
    #[doc(hidden)]
    fn end_code(
        &self,
        id: i64,
        token: &[u8],
        is_exchanged: bool,
    ) -> impl Future<Output = Result<()>> + Send;
    /// Keeps the answer, with the code's row if that is gone.
    #[doc(hidden)]
    fn keep_answer(
        &self,
        claimed: &ClaimedColumns,
        token: &[u8],
    ) -> impl Future<Output = Result<AnswerKept>> + Send;

    /// Removes what there is of an account. Of its codes the hashes stay, marked as erased.
    #[doc(hidden)]
    fn erase_rows(&self, account: [&str; 3]) -> impl Future<Output = Result<Erased>> + Send;
    #[doc(hidden)]
    fn primary(&self, account: [&str; 3]) -> impl Future<Output = Result<Option<String>>> + Send;
    #[doc(hidden)]
    fn set_primary(
        &self,
        account: [&str; 3],
        user_id: &str,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Removes what waited too long for a grant, then adds the secret if there is room, with no
    /// other between the count and the addition.
    #[doc(hidden)]
    fn put_secret(
        &self,
        state_hash: &str,
        client_id: &str,
        record: &[u8],
        room: &SecretRoom,
    ) -> impl Future<Output = Result<SecretPut>> + Send;
    /// Removes the secrets that waited too long for a grant, and the states that are over.
    #[doc(hidden)]
    fn expire_secrets(&self, room: &SecretRoom) -> impl Future<Output = Result<u64>> + Send;
    /// How many secrets wait for a grant.
    #[doc(hidden)]
    fn unclaimed_secrets(&self) -> impl Future<Output = Result<u64>> + Send;
    /// One more state that brought the secret which is kept. `false`: it was used for another
    /// integration.
    #[doc(hidden)]
    fn bind_state(
        &self,
        state_hash: &str,
        client_id: &str,
        room: &SecretRoom,
    ) -> impl Future<Output = Result<bool>> + Send;
    #[doc(hidden)]
    fn client_of_state(
        &self,
        state_hash: &str,
    ) -> impl Future<Output = Result<Option<String>>> + Send;
    /// `false`: there is none. Its states stay used up.
    #[doc(hidden)]
    fn forget_secret(&self, client_id: &str) -> impl Future<Output = Result<bool>> + Send;
    #[doc(hidden)]
    fn secret(
        &self,
        client_id: &str,
    ) -> impl Future<Output = Result<Option<(String, Vec<u8>)>>> + Send;

    #[doc(hidden)]
    fn note_key_use(
        &self,
        purpose: &str,
        key_id: &str,
        at: i64,
    ) -> impl Future<Output = Result<()>> + Send;
    #[doc(hidden)]
    fn key_uses(&self) -> impl Future<Output = Result<Vec<(String, String, i64)>>> + Send;

    /// `None`: one request was taken. Else how long until one can be, in microseconds.
    #[doc(hidden)]
    fn take_request(
        &self,
        bucket: &BucketColumns<'_>,
    ) -> impl Future<Output = Result<Option<i64>>> + Send;
    #[doc(hidden)]
    fn forget_full_buckets(&self) -> impl Future<Output = Result<u64>> + Send;

    #[doc(hidden)]
    fn sealed(
        &self,
        table: SealedTable,
        after: &str,
        limit: i64,
    ) -> impl Future<Output = Result<Vec<SealedColumns>>> + Send;
    /// Puts a record that is sealed anew in the place of the same record; `false` if it has changed
    /// since.
    #[doc(hidden)]
    fn reseal(
        &self,
        table: SealedTable,
        name: &str,
        old: &[u8],
        new: &[u8],
    ) -> impl Future<Output = Result<bool>> + Send;

    /// After an erasure: what the database keeps beside the tables goes too, as far as it can be
    /// asked to. `false`: not now.
    #[doc(hidden)]
    fn scrub(&self) -> impl Future<Output = Result<bool>> + Send;

    /// What is wrong with the database as it is. Changes nothing.
    #[doc(hidden)]
    fn problems(&self) -> impl Future<Output = Result<Vec<StoreFault>>> + Send;

    /// `false`: not all connections were closed within the limit.
    #[doc(hidden)]
    fn close(&self, limit: Duration) -> impl Future<Output = bool> + Send;
}
