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
    /// How long before it is full a request can be taken: what the others of its burst take to come back.
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
    pub(crate) record: Vec<u8>,
    /// Of a consent: the hash of its pair. It is not written if an erasure took the code that gave the pair.
    pub(crate) pair_hash: Option<String>,
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

/// Which codes go before another is put, and how many may wait then.
#[derive(Clone, Copy, Debug)]
pub struct CodeRoom {
    /// Codes that were received by then are too old.
    pub(crate) cutoff: i64,
    /// The same of what an erasure left, and of codes that waited in vain.
    pub(crate) last_cutoff: i64,
    /// Of one realm, not counting those that have ended.
    pub(crate) most: i64,
    /// Of one realm, and of the origin that the code has. So many that have ended are remembered, besides.
    pub(crate) most_of_origin: i64,
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
    /// Client secrets: 1 if the integration was made on the fly and no account has a grant of it any more.
    pub secrets: u64,
    /// Whether the bytes are gone from the database's files too. `SQLite`: `false` if somebody read from the log all the time;
    /// then the bytes stay in it until an erasure finds it free, so call it again. `PostgreSQL`: `false`, since its vacuum does that.
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
