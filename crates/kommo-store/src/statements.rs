//! The statements that both databases understand, each once; what differs is the connection's type,
//! the clock and how rows that others hold are passed over.

mod accounts;
mod buckets;
mod codes;
mod grants;
mod sealed;
mod secrets;

pub(crate) use self::accounts::account_statements;
pub(crate) use self::buckets::bucket_statements;
pub(crate) use self::codes::code_statements;
pub(crate) use self::grants::grant_statements;
pub(crate) use self::sealed::sealed_statements;
pub(crate) use self::secrets::secret_statements;

/// A difference between two clocks that says nothing, in seconds.
pub(crate) const CLOCKS_MAY_DIFFER: i64 = 5 * 60;

/// A lease that ends later than two days from now (172,800,000 ms) was written by a clock that was
/// far ahead, and does not count: no lease is longer than a day.
///
/// Makes the functions for one kind of connection. `$now` is SQL for the database's own clock in
/// milliseconds, `$skip` what keeps two claims from waiting for each other.
macro_rules! statements {
    ($connection:ty, now: $now:literal, skip: $skip:literal) => {
        use kommo_keeper::CodePut;
        use sqlx::{Result, query, query_as, query_scalar};

        use crate::statements::CLOCKS_MAY_DIFFER;
        use crate::columns::{
            AnswerKept, BucketColumns, ClaimedColumns, CodeClaim, CodeColumns, CodeRoom, Erased,
            LineColumns, ListedColumns, SealedColumns, SealedTable, SecretPut, SecretRoom,
            StoredColumns, WaitingColumns,
        };

        $crate::statements::grant_statements!($connection, now: $now, skip: $skip);
        $crate::statements::code_statements!($connection, now: $now, skip: $skip);
        $crate::statements::account_statements!($connection);
        $crate::statements::secret_statements!($connection, now: $now);
        $crate::statements::sealed_statements!($connection);
        $crate::statements::bucket_statements!($connection, now: $now);
    };
}

/// The methods of a backend that run such functions. The backend has `reader()` and `writer()`,
/// which return a connection, and `within()`, which bounds the time and says what was being done. A
/// connection on which anything failed is not used again.
macro_rules! methods_by_statements {
    ($($connection:ident $doing:literal
        fn $name:ident($($argument:ident: $of:ty),*) -> $output:ty;)*) => {
        $(
            async fn $name(&self, $($argument: $of),*) -> Result<$output, StoreFault> {
                self.within($doing, async {
                    let mut connection = self.$connection().await?;
                    let done = statements::$name(&mut connection, $($argument),*).await?;
                    connection.sound();
                    Ok(done)
                })
                .await
            }
        )*
    };
}

/// All of them, in one place for both backends.
macro_rules! all_methods_by_statements {
    () => {
        $crate::statements::methods_by_statements! {
            reader "reading a grant"
            fn load(key: &str) -> Option<StoredColumns>;
            reader "listing grants"
            fn keys(after: &str, limit: i64) -> Vec<String>;
            reader "listing grants"
            fn list(after: &str, limit: i64) -> Vec<ListedColumns>;
            reader "listing the grants of an account"
            fn list_account(account: [&str; 3]) -> Vec<ListedColumns>;
            reader "reading a history"
            fn history(key: &str, limit: i64) -> Vec<LineColumns>;
            writer "forgetting history"
            fn forget_history(before: i64) -> u64;
            reader "looking an import up"
            fn is_imported(hash: &str) -> bool;
            reader "looking up what was erased"
            fn erased_generation() -> i64;
            writer "claiming due grants"
            fn claim_due(of: [&str; 2], now: i64, limit: i64, lease_milliseconds: i64, token: &[u8])
                -> Vec<String>;
            writer "ending codes that grew too old"
            fn expire_codes(of: [&str; 2], life: i64) -> u64;
            writer "claiming codes"
            fn claim_codes(claim: &CodeClaim<'_>) -> Vec<ClaimedColumns>;
            reader "listing codes"
            fn waiting_codes(of: [&str; 2], limit: i64) -> Vec<WaitingColumns>;
            writer "noting why a code waits"
            fn note_code(id: i64, token: &[u8], why: &str) -> ();
            writer "giving a code back"
            fn uncount_claim(id: i64, token: &[u8]) -> ();
            writer "putting a code off"
            fn postpone_code(id: i64, token: &[u8], pause_milliseconds: i64, uncounted: i64) -> ();
            writer "ending a code"
            fn end_code(id: i64, token: &[u8], is_exchanged: bool) -> ();
            writer "keeping an answer"
            fn keep_answer(claimed: &ClaimedColumns, token: &[u8]) -> AnswerKept;
            reader "reading a choice"
            fn primary(account: [&str; 3]) -> Option<String>;
            writer "keeping a choice"
            fn set_primary(account: [&str; 3], user_id: &str) -> ();
            writer "forgetting secrets that waited too long"
            fn expire_secrets(room: &SecretRoom) -> u64;
            reader "counting secrets"
            fn unclaimed_secrets() -> u64;
            writer "binding a state"
            fn bind_state(state_hash: &str, client_id: &str, room: &SecretRoom) -> bool;
            reader "looking a state up"
            fn client_of_state(state_hash: &str) -> Option<String>;
            reader "reading a secret"
            fn secret(client_id: &str) -> Option<(String, Vec<u8>)>;
            writer "noting the use of a key"
            fn note_key_use(purpose: &str, key_id: &str, at: i64) -> ();
            writer "taking a request out of a bucket"
            fn take_request(bucket: &BucketColumns<'_>) -> Option<i64>;
            writer "forgetting buckets"
            fn forget_full_buckets() -> u64;
            reader "reading the uses of keys"
            fn key_uses() -> Vec<(String, String, i64)>;
            reader "reading sealed records"
            fn sealed(table: SealedTable, after: &str, limit: i64) -> Vec<SealedColumns>;
            writer "sealing a record anew"
            fn reseal(table: SealedTable, name: &str, old: &[u8], new: &[u8]) -> bool;
        }
    };
}

pub(crate) use {all_methods_by_statements, methods_by_statements, statements};
