//! The shapes of the stored JSON, version 1. Texts are borrowed from the bytes where they can be.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use serde::Deserialize;

/// What every version has.
#[derive(Deserialize)]
pub(super) struct VersionRecord {
    pub(super) v: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantRecord<'a> {
    #[serde(rename = "v")]
    pub(super) version: u64,
    #[serde(borrow)]
    pub(super) key: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) host: Cow<'a, str>,
    pub(super) generation: u64,
    pub(super) revision: u64,
    pub(super) is_admin: Option<bool>,
    #[serde(borrow)]
    pub(super) state: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) pairs: Option<PairsRecord<'a>>,
    #[serde(borrow)]
    pub(super) attempt: Option<AttemptRecord<'a>>,
    #[serde(borrow)]
    pub(super) doubt: Option<DoubtRecord<'a>>,
    #[serde(borrow)]
    pub(super) ended: Option<EndedRecord<'a>>,
    #[serde(borrow)]
    pub(super) long_lived: Option<LongLivedRecord<'a>>,
    #[serde(borrow)]
    pub(super) holds: Vec<HoldRecord<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PairsRecord<'a> {
    pub(super) next: u64,
    pub(super) access_rejected: bool,
    pub(super) instead_of_rejected: bool,
    #[serde(borrow)]
    pub(super) newest: HeldRecord<'a>,
    #[serde(borrow)]
    pub(super) spares: Vec<HeldRecord<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeldRecord<'a> {
    pub(super) number: u64,
    pub(super) since: u64,
    pub(super) refused: bool,
    #[serde(borrow)]
    pub(super) pair: PairRecord<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PairRecord<'a> {
    #[serde(borrow)]
    pub(super) access: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) refresh: Cow<'a, str>,
    pub(super) obtained_at: u64,
    pub(super) expires_at: u64,
    pub(super) server_time: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AttemptRecord<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    pub(super) used: u64,
    pub(super) started_at: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DoubtRecord<'a> {
    #[serde(borrow)]
    pub(super) reason: Cow<'a, str>,
    pub(super) used: u64,
    pub(super) since: u64,
    pub(super) tries: u32,
    pub(super) next_try: u64,
    /// From version 2 on.
    pub(super) orphan: Option<OrphanRecord>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrphanRecord {
    pub(super) since: u64,
    pub(super) until: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndedRecord<'a> {
    #[serde(borrow)]
    pub(super) reason: Cow<'a, str>,
    pub(super) since: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LongLivedRecord<'a> {
    #[serde(borrow)]
    pub(super) access: Cow<'a, str>,
    pub(super) expires_at: Option<u64>,
    #[serde(borrow)]
    pub(super) ended: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) warned: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HoldRecord<'a> {
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) scope: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) fingerprint: Option<Cow<'a, str>>,
    pub(super) since: u64,
    pub(super) until: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnsavedRecord<'a> {
    #[serde(rename = "v")]
    pub(super) _version: u64,
    #[serde(borrow)]
    pub(super) key: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) attempt: Cow<'a, str>,
    pub(super) base: u64,
    pub(super) used: u64,
    #[serde(borrow)]
    pub(super) pair: PairRecord<'a>,
}
