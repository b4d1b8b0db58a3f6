//! Rows as they go to and come from a database: numbers, texts and sealed bytes, nothing decoded.

use kommo_account::{AccountId, ClientId, Realm};
use kommo_oauth::grant::GrantKey;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
use sqlx::{FromRow, Row as _};

use crate::records::realm_text::realm_text;

/// A row that reads itself from either database.
macro_rules! read_from {
    ($row:ident => $name:ident $read:tt) => {
        #[cfg(feature = "sqlite")]
        impl FromRow<'_, sqlx::sqlite::SqliteRow> for $name {
            fn from_row($row: &sqlx::sqlite::SqliteRow) -> sqlx::Result<Self> {
                Ok(Self $read)
            }
        }

        #[cfg(feature = "postgres")]
        impl FromRow<'_, sqlx::postgres::PgRow> for $name {
            fn from_row($row: &sqlx::postgres::PgRow) -> sqlx::Result<Self> {
                Ok(Self $read)
            }
        }
    };
}

/// A row whose fields have the names of its columns.
macro_rules! row {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $of:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        pub(crate) struct $name {
            $($(#[$field_meta])* pub(crate) $field: $of,)*
        }

        read_from!(row => $name { $($field: row.try_get(stringify!($field))?,)* });
    };
}

mod hooks;

pub(crate) use hooks::{
    ClaimedHookRow, EndedState, HookChoice, HookDepthRow, HookPage, HookRow, InboxRow,
    ListedHookRow, OfInbox, SettledHookRow, accounts_done,
};

/// Which integration.
#[derive(Clone, Debug)]
pub(crate) struct OfIntegration {
    pub(crate) realm: String,
    pub(crate) client_id: String,
}

impl OfIntegration {
    pub(crate) fn new(realm: Realm, client_id: &ClientId) -> Self {
        Self {
            realm: realm_text(realm),
            client_id: client_id.to_string(),
        }
    }
}

/// Which account of an integration.
#[derive(Clone, Debug)]
pub(crate) struct OfAccount {
    pub(crate) integration: OfIntegration,
    pub(crate) account_id: String,
}

impl OfAccount {
    pub(crate) fn new(realm: Realm, client_id: &ClientId, account_id: AccountId) -> Self {
        Self {
            integration: OfIntegration::new(realm, client_id),
            account_id: account_id.to_string(),
        }
    }

    /// The account of a grant.
    pub(crate) fn of_key(key: &GrantKey) -> Self {
        Self::new(key.realm, &key.client_id, key.account_id)
    }
}

/// A bucket of requests and its size. Times are in microseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BucketRow<'a> {
    pub(crate) name: &'a str,
    /// How long it takes to gain one request.
    pub(crate) interval: i64,
    /// How long before it is full a request can be taken: what the others of its burst take to come
    /// back.
    pub(crate) ahead: i64,
    /// Full later than this from now: the clock has jumped.
    pub(crate) jump: i64,
}

/// A grant's row to be written.
#[derive(Clone, Debug)]
pub(crate) struct GrantRow {
    pub(crate) key: String,
    pub(crate) realm: String,
    pub(crate) client_id: String,
    pub(crate) account_id: String,
    pub(crate) user_id: String,
    pub(crate) host: String,
    pub(crate) generation: i64,
    pub(crate) revision: i64,
    pub(crate) state: &'static str,
    pub(crate) is_admin: Option<bool>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) due_at: Option<i64>,
    /// The clock reading that `due_at` was computed from, if no server time confirms it.
    pub(crate) reckoned_at: Option<i64>,
    pub(crate) record: Vec<u8>,
    /// Of a consent: the hash of its pair. It is not written if an erasure removed the code of the
    /// pair.
    pub(crate) pair_hash: Option<String>,
    /// Of an import: the hash of the export, which is noted with the grant.
    pub(crate) import_hash: Option<String>,
    /// How many lines of history stay; older ones are removed now and then.
    pub(crate) history_lines: i64,
}

impl GrantRow {
    /// Whether this write also removes old lines of the history: one write in sixteen does, so that
    /// the others do not pay for it.
    pub(crate) const fn trims_history(&self) -> bool {
        self.revision % 16 == 0
    }
}

row! {
    /// What is read of a grant's row to have the grant.
    StoredRow {
        realm: String,
        client_id: String,
        account_id: String,
        user_id: String,
        host: String,
        generation: i64,
        revision: i64,
        state: String,
        is_admin: Option<bool>,
        expires_at: Option<i64>,
        due_at: Option<i64>,
        record: Vec<u8>,
    }
}

row! {
    /// What is read of a grant's row for a list.
    ListedRow {
        key: String,
        host: String,
        generation: i64,
        state: String,
        is_admin: Option<bool>,
        expires_at: Option<i64>,
        due_at: Option<i64>,
        updated_at: i64,
    }
}

row! {
    /// A line of the history.
    HistoryRow {
        at: i64,
        happened: String,
        detail: String,
        generation: i64,
        revision: i64,
    }
}

row! {
    /// A code to be put.
    CodeRow {
        hash: String,
        realm: String,
        client_id: String,
        host: String,
        origin: String,
        received_at: i64,
        record: Vec<u8>,
    }
}

/// Which codes are removed before another is put, and how many may wait then. Ages are in
/// milliseconds, by the database's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CodeRoom {
    /// Codes of this age are too old.
    pub(crate) life: i64,
    /// The same of what an erasure left, and of codes that waited in vain.
    pub(crate) last_life: i64,
    /// Of one realm, not counting those that have ended.
    pub(crate) most: i64,
    /// Of one realm, and of the origin that the code has. The same number that have ended is
    /// remembered, besides.
    pub(crate) most_of_origin: i64,
    /// Of one realm and host: of install hooks, of unbound consents, or of all other
    /// origins together.
    pub(crate) most_of_host: i64,
}

/// A claim on unclaimed codes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CodeClaim<'a> {
    pub(crate) of: &'a OfIntegration,
    /// Codes of this age, in milliseconds, are too old.
    pub(crate) life: i64,
    pub(crate) limit: i64,
    pub(crate) lease_milliseconds: i64,
    pub(crate) token: &'a [u8],
    pub(crate) with_strangers: bool,
    /// Of one code alone.
    pub(crate) hash: Option<&'a str>,
}

row! {
    /// A code that waits, as a list shows it. Times are in milliseconds of the database's clock.
    WaitingRow {
        host: String,
        origin: String,
        kept_at: i64,
        tries: i64,
        why: Option<String>,
        lease_until: Option<i64>,
        is_claimed: bool,
        has_answer: bool,
        now: i64,
    }
}

/// How many secrets may wait for a grant, and for how long. Times are in milliseconds of the
/// database's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SecretRoom {
    /// A secret of this age whose integration has no grant is removed.
    pub(crate) life: i64,
    /// A state of this age has ended.
    pub(crate) state_life: i64,
    /// Of secrets without a grant.
    pub(crate) most: i64,
}

/// What happened to a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecretPut {
    Kept,
    /// The state was used before, or the integration has a secret.
    NotNew,
    /// As many as may wait do.
    Full,
}

/// What happened to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerKept {
    Kept,
    /// There is one already.
    Another,
    /// An erasure removed the code.
    Erased,
}

/// A code that was claimed.
#[derive(Clone, Debug)]
pub(crate) struct ClaimedRow {
    pub(crate) id: i64,
    pub(crate) claims: i64,
    pub(crate) tries: i64,
    /// The sealed pair that the exchange returned.
    pub(crate) answer: Option<Vec<u8>>,
    /// Its hash, to be kept beside it.
    pub(crate) pair_hash: Option<String>,
    pub(crate) code: CodeRow,
}

read_from!(row => ClaimedRow {
    id: row.try_get("id")?,
    claims: row.try_get("claims")?,
    tries: row.try_get("tries")?,
    answer: row.try_get("answer")?,
    pair_hash: None,
    code: CodeRow::from_row(row)?,
});

/// A claim on a due grant, to be released.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SettledRow {
    pub(crate) key: String,
    /// Of the lease.
    pub(crate) token: Vec<u8>,
    /// When to look again, if that is known.
    pub(crate) again_at: Option<i64>,
}

row! {
    /// A client secret, and the hash of the state that brought it.
    SecretRow {
        state_hash: String,
        record: Vec<u8>,
    }
}

row! {
    /// When a key proved something last.
    KeyUseRow {
        purpose: String,
        key_id: String,
        used_at: i64,
    }
}

row! {
    /// A sealed record of any table, to be sealed anew.
    SealedRow {
        name: String,
        generation: i64,
        record: Vec<u8>,
    }
}

/// How many rows an erasure removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Erased {
    /// Grants.
    pub grants: u64,
    /// Lines of their history.
    pub history_lines: u64,
    /// Codes that waited for the hosts of these grants.
    pub codes: u64,
    /// Client secrets: 1 if the integration was made on the fly and no account has a grant of it
    /// any more.
    pub secrets: u64,
    /// Hooks of the account in the inbox that has the integration's id as its name.
    pub hooks: u64,
    /// Whether the bytes are gone from the database's files too. `SQLite`: `false` if the log was
    /// being read all the time; then the bytes stay in it until an erasure finds it free, so call
    /// it again. `PostgreSQL`: `false`, since its vacuum does that.
    pub bytes_gone: bool,
}

/// The tables that hold sealed records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SealedTable {
    Grants,
    Codes,
    Answers,
    Secrets,
    Hooks,
}
