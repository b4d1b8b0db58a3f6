//! Rows as they go to and come from a database: numbers, texts and sealed bytes, nothing decoded.

#![allow(
    unnameable_types,
    reason = "they seal the trait `Backend`: who cannot name them cannot implement it"
)]

/// A bucket of requests and its size. Times are in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct BucketColumns<'a> {
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
pub struct GrantColumns {
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
    /// The clock reading that `due_at` rests on, if nothing confirms it.
    pub(crate) reckoned_at: Option<i64>,
    pub(crate) record: Vec<u8>,
    /// Of a consent: the hash of its pair. It is not written if an erasure took the code that gave
    /// the pair.
    pub(crate) pair_hash: Option<String>,
    /// Of an import: the hash of the export, which is noted with the grant.
    pub(crate) import_hash: Option<String>,
    /// How many lines of history stay; those before go now and then.
    pub(crate) history_lines: i64,
}

impl GrantColumns {
    /// Whether this write takes old lines of the history with it: one in sixteen does, so that the
    /// others cost nothing for it.
    pub(crate) const fn trims_history(&self) -> bool {
        self.revision % 16 == 0
    }
}

/// What is read of a grant's row to have the grant.
#[derive(Clone, Debug)]
pub struct StoredColumns {
    pub(crate) realm: String,
    pub(crate) client_id: String,
    pub(crate) account_id: String,
    pub(crate) user_id: String,
    pub(crate) host: String,
    pub(crate) generation: i64,
    pub(crate) revision: i64,
    pub(crate) state: String,
    pub(crate) is_admin: Option<bool>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) due_at: Option<i64>,
    pub(crate) record: Vec<u8>,
}

/// What is read of a grant's row for a list.
#[derive(Clone, Debug)]
pub struct ListedColumns {
    pub(crate) key: String,
    pub(crate) host: String,
    pub(crate) generation: i64,
    pub(crate) state: String,
    pub(crate) is_admin: Option<bool>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) due_at: Option<i64>,
    pub(crate) updated_at: i64,
}

/// A line of the history.
#[derive(Clone, Debug)]
pub struct LineColumns {
    pub(crate) at: i64,
    pub(crate) happened: String,
    pub(crate) detail: String,
    pub(crate) generation: i64,
    pub(crate) revision: i64,
}

/// A code to be put.
#[derive(Clone, Debug)]
pub struct CodeColumns {
    pub(crate) hash: String,
    pub(crate) realm: String,
    pub(crate) client_id: String,
    pub(crate) host: String,
    pub(crate) origin: String,
    pub(crate) received_at: i64,
    pub(crate) record: Vec<u8>,
}

/// Which codes go before another is put, and how many may wait then. Ages are in milliseconds, by
/// the database's clock.
#[derive(Clone, Copy, Debug)]
pub struct CodeRoom {
    /// Codes of this age are too old.
    pub(crate) life: i64,
    /// The same of what an erasure left, and of codes that waited in vain.
    pub(crate) last_life: i64,
    /// Of one realm, not counting those that have ended.
    pub(crate) most: i64,
    /// Of one realm, and of the origin that the code has. The same number that have ended is
    /// remembered, besides.
    pub(crate) most_of_origin: i64,
    /// Of one realm and host: of install hooks, or of all other origins together.
    pub(crate) most_of_host: i64,
}

/// A claim on codes that nobody has claimed.
#[derive(Clone, Copy, Debug)]
pub struct CodeClaim<'a> {
    /// The realm and the integration.
    pub(crate) of: [&'a str; 2],
    /// Codes of this age, in milliseconds, are too old.
    pub(crate) life: i64,
    pub(crate) limit: i64,
    pub(crate) lease_milliseconds: i64,
    pub(crate) token: &'a [u8],
    pub(crate) with_hooks: bool,
    /// Of one code alone.
    pub(crate) hash: Option<&'a str>,
}

/// A code that waits, as a list shows it. Times are in milliseconds of the database's clock.
#[derive(Clone, Debug)]
pub struct WaitingColumns {
    pub(crate) host: String,
    pub(crate) origin: String,
    pub(crate) kept_at: i64,
    pub(crate) tries: i64,
    pub(crate) why: Option<String>,
    pub(crate) lease_until: Option<i64>,
    pub(crate) is_claimed: bool,
    pub(crate) has_answer: bool,
    pub(crate) now: i64,
}

/// How many secrets may wait for a grant, and for how long. Times are in milliseconds of the
/// database's clock.
#[derive(Clone, Copy, Debug)]
pub struct SecretRoom {
    /// A secret of this age whose integration has no grant goes.
    pub(crate) life: i64,
    /// A state of this age is over.
    pub(crate) state_life: i64,
    /// Of secrets without a grant.
    pub(crate) most: i64,
}

/// What became of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretPut {
    Kept,
    /// The state was used before, or the integration has a secret.
    NotNew,
    /// As many as may wait do.
    Full,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerKept {
    Kept,
    /// There is one already.
    Another,
    /// An erasure took the code.
    Erased,
}

/// A code that was claimed.
#[derive(Clone, Debug)]
pub struct ClaimedColumns {
    pub(crate) id: i64,
    pub(crate) claims: i64,
    pub(crate) tries: i64,
    /// The sealed pair that the exchange gave.
    pub(crate) answer: Option<Vec<u8>>,
    /// Its hash, to be kept beside it.
    pub(crate) pair_hash: Option<String>,
    pub(crate) code: CodeColumns,
}

/// A sealed record of any table, to be sealed anew.
#[derive(Clone, Debug)]
pub struct SealedColumns {
    pub(crate) name: String,
    pub(crate) generation: i64,
    pub(crate) record: Vec<u8>,
}

/// How many rows an erasure took away.
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
    /// Whether the bytes are gone from the database's files too. `SQLite`: `false` if somebody read
    /// from the log all the time; then the bytes stay in it until an erasure finds it free, so call
    /// it again. `PostgreSQL`: `false`, since its vacuum does that.
    pub bytes_gone: bool,
}

/// The tables that hold sealed records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealedTable {
    Grants,
    Codes,
    Answers,
    Secrets,
}
