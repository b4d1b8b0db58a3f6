//! The statements that both databases understand, each once; what differs is the connection's type,
//! the clock and how locked rows are skipped.

mod accounts;
mod buckets;
pub(crate) mod claimed_code;
mod codes;
mod grants;
mod hooks;
mod sealed;
mod secrets;

pub(crate) use self::accounts::account_statements;
pub(crate) use self::buckets::bucket_statements;
pub(crate) use self::codes::code_statements;
pub(crate) use self::grants::grant_statements;
pub(crate) use self::hooks::hook_statements;
pub(crate) use self::sealed::sealed_statements;
pub(crate) use self::secrets::secret_statements;

/// A difference between two clocks that is ignored, in seconds.
pub(crate) const CLOCKS_MAY_DIFFER: i64 = 5 * 60;

/// A lease that ends later than two days from now (172,800,000 ms) was written by a clock that was
/// far ahead, and does not count: no lease is longer than a day.
///
/// Makes the functions for one kind of connection. `$now` is SQL for the database's own clock in
/// milliseconds, `$skip` what keeps two claims from waiting for each other; `$any_of` and `$end`
/// enclose a query for a few ids, so that their rows are looked up one by one, whatever the planner
/// expects; `$text_of` and `$bytes_of` turn bytes into hex digits and back.
macro_rules! statements {
    ($connection:ty, now: $now:literal, skip: $skip:literal, any_of: [$any_of:literal $end:literal],
     text_of: [$text_of:literal $text_end:literal], bytes_of: [$bytes_of:literal $bytes_end:literal],
     lock: [$($lock:literal)?]) => {
        use kommo_keeper::CodePut;
        use sqlx::{QueryBuilder, Result, query, query_as, query_scalar};

        use crate::database::statements::CLOCKS_MAY_DIFFER;
        use crate::records::rows::{
            AnswerKept, BucketRow, ClaimedHookRow, ClaimedRow, CodeClaim, CodeRoom, CodeRow, EndedState, Erased,
            HistoryRow, HookChoice, HookDepthRow, HookPage, InboxRow, KeyUseRow, ListedHookRow, ListedRow, OfAccount,
            OfInbox, OfIntegration, SealedRow, SealedTable, SecretPut, SecretRoom, SecretRow,
            SettledHookRow, StoredRow, WaitingRow,
        };

        $crate::database::statements::grant_statements!($connection, now: $now, skip: $skip);
        $crate::database::statements::code_statements!($connection, now: $now, skip: $skip);
        $crate::database::statements::account_statements!($connection, lock: [$($lock)?]);
        $crate::database::statements::hook_statements!(
            $connection, now: $now, skip: $skip, any_of: [$any_of $end],
            text_of: [$text_of $text_end], bytes_of: [$bytes_of $bytes_end]
        );
        $crate::database::statements::secret_statements!($connection, now: $now);
        $crate::database::statements::sealed_statements!(
            $connection, text_of: [$text_of $text_end], bytes_of: [$bytes_of $bytes_end]
        );
        $crate::database::statements::bucket_statements!($connection, now: $now);
    };
}

/// The methods that run such functions, of a database with `reader()` and `writer()`, which return
/// a connection, `begin()`, which begins a transaction that no other of its kind runs beside, and
/// `within()`, which bounds the time and says what was being done. A connection on which anything
/// failed is not used again.
macro_rules! methods_by_statements {
    ($($connection:ident $doing:literal
        fn $name:ident($($argument:ident: $of:ty),*) -> $output:ty;)*) => {
        $(
            pub(in crate::database) async fn $name(
                &self,
                $($argument: $of),*
            ) -> core::result::Result<$output, crate::error::StoreFault> {
                self.within($doing, async {
                    $crate::database::statements::run_statement!(
                        $connection, self, $name($($argument),*)
                    )
                })
                .await
            }
        )*
    };
}

/// One statement or one transaction over a connection.
macro_rules! run_statement {
    (transaction, $database:ident, $name:ident($($argument:ident),*)) => {{
        let mut connection = $database.writer().await?;
        let mut all = $database.begin(&mut connection).await?;
        let done = statements::$name(&mut all, $($argument),*).await?;
        all.commit().await?;
        connection.sound();
        Ok(done)
    }};
    ($connection:ident, $database:ident, $name:ident($($argument:ident),*)) => {{
        let mut connection = $database.$connection().await?;
        let done = statements::$name(&mut connection, $($argument),*).await?;
        connection.sound();
        Ok(done)
    }};
}

/// Hands the list of those methods to a macro that makes them.
macro_rules! all_statements {
    ($make:ident) => {
        $make! {
            reader "reading a grant"
            fn load(key: &str) -> Option<StoredRow>;
            reader "listing grants"
            fn keys(after: &str, limit: i64) -> Vec<String>;
            reader "listing grants"
            fn list(after: &str, limit: i64) -> Vec<ListedRow>;
            reader "listing the grants of an account"
            fn list_account(account: &OfAccount) -> Vec<ListedRow>;
            reader "reading a history"
            fn history(key: &str, limit: i64) -> Vec<HistoryRow>;
            writer "forgetting history"
            fn forget_history(before: i64) -> u64;
            reader "looking an import up"
            fn is_imported(hash: &str) -> bool;
            reader "looking up what was erased"
            fn erased_generation() -> i64;
            writer "claiming due grants"
            fn claim_due(of: &OfIntegration, now: i64, limit: i64, lease_milliseconds: i64, token: &[u8])
                -> Vec<String>;
            transaction "keeping a code"
            fn put_code(code: &CodeRow, room: &CodeRoom) -> CodePut;
            writer "ending codes that grew too old"
            fn expire_codes(of: &OfIntegration, life: i64) -> u64;
            writer "claiming codes"
            fn claim_codes(claim: &CodeClaim<'_>) -> Vec<ClaimedRow>;
            writer "ending pauses of codes"
            fn lift_code_pauses(of: &OfIntegration, host: Option<&str>) -> u64;
            reader "listing codes"
            fn waiting_codes(of: &OfIntegration, limit: i64) -> Vec<WaitingRow>;
            writer "noting why a code waits"
            fn note_code(id: i64, token: &[u8], why: &str) -> ();
            writer "giving a code back"
            fn uncount_claim(id: i64, token: &[u8]) -> ();
            writer "putting a code off"
            fn postpone_code(id: i64, token: &[u8], pause_milliseconds: i64, uncounted: i64) -> ();
            writer "ending a code"
            fn end_code(id: i64, token: &[u8], is_exchanged: bool) -> ();
            writer "forgetting a code"
            fn forget_code(id: i64, token: &[u8]) -> ();
            writer "keeping an answer"
            fn keep_answer(claimed: &ClaimedRow, token: &[u8]) -> AnswerKept;
            transaction "erasing an account"
            fn erase_rows(account: &OfAccount) -> Erased;
            reader "reading a choice"
            fn primary(account: &OfAccount) -> Option<String>;
            writer "keeping a choice"
            fn set_primary(account: &OfAccount, user_id: &str) -> ();
            transaction "keeping a secret"
            fn put_secret(state_hash: &str, client_id: &str, record: &[u8], room: &SecretRoom) -> SecretPut;
            writer "forgetting secrets that waited too long"
            fn expire_secrets(room: &SecretRoom) -> u64;
            reader "counting secrets"
            fn unclaimed_secrets() -> u64;
            writer "binding a state"
            fn bind_state(state_hash: &str, client_id: &str, room: &SecretRoom) -> bool;
            reader "looking a state up"
            fn client_of_state(state_hash: &str) -> Option<String>;
            transaction "forgetting a secret"
            fn forget_secret(client_id: &str) -> bool;
            reader "reading a secret"
            fn secret(client_id: &str) -> Option<SecretRow>;
            writer "noting the use of a key"
            fn note_key_use(purpose: &str, key_id: &str, at: i64) -> ();
            writer "taking a request out of a bucket"
            fn take_request(bucket: &BucketRow<'_>) -> Option<i64>;
            writer "forgetting buckets"
            fn forget_full_buckets() -> u64;
            reader "reading the uses of keys"
            fn key_uses() -> Vec<KeyUseRow>;
            writer "claiming hooks"
            fn claim_hooks(of: &OfInbox, limit: i64, lease_milliseconds: i64, token: &[u8])
                -> Vec<ClaimedHookRow>;
            writer "renewing a lease of a hook"
            fn renew_hook(id: i64, token: &[u8], attempts: i64, lease_milliseconds: i64) -> bool;
            reader "listing hooks"
            fn list_hooks(of: &OfInbox, chosen: &HookChoice, page: &HookPage) -> Vec<ListedHookRow>;
            transaction "replaying hooks"
            fn replay_hooks(of: &OfInbox, chosen: &HookChoice, after: i64, limit: i64) -> (Option<i64>, u64);
            writer "naming an inbox"
            fn name_inbox(of: &OfInbox) -> ();
            reader "listing inboxes"
            fn list_inboxes() -> Vec<InboxRow>;
            writer "forgetting hooks"
            fn forget_hooks(of: &OfInbox, state: EndedState, age_milliseconds: i64, limit: i64) -> u64;
            writer "mending instants of hooks"
            fn mend_due_hooks(of: &OfInbox, limit: i64) -> u64;
            reader "counting hooks"
            fn hook_depth(of: &OfInbox) -> HookDepthRow;
            transaction "erasing hooks"
            fn erase_hooks(of: &OfInbox, account: &str, after: i64, read: i64, limit: i64) -> (Option<i64>, u64);
            reader "reading sealed records"
            fn sealed(table: SealedTable, after: &str, limit: i64) -> Vec<SealedRow>;
            writer "sealing a record anew"
            fn reseal(table: SealedTable, name: &str, old: &[u8], new: &[u8]) -> bool;
        }
    };
}

pub(crate) use {all_statements, methods_by_statements, run_statement, statements};
