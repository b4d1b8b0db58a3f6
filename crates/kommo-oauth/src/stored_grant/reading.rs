//! From stored JSON to a grant, with every invariant checked.

use alloc::borrow::Cow;
use alloc::string::ToString as _;
use alloc::vec::Vec;

use kommo_account::AccountHost;
use serde::Deserialize;

use crate::grant::{
    Active, Attempt, AttemptId, DisconnectReason, Disconnected, Doubt, DoubtReason, EndWarning,
    Fingerprint, Generation, Grant, GrantKey, GrantState, HeldPair, Hold, HoldKind, HoldScope,
    InDoubt, LongLived, LongLivedEnd, Orphan, PairNumber, Pairs, ReauthReason, ReauthRequired,
    Refreshing, Revision, UnsavedPair,
};
use crate::peer_json::parse_object;
use crate::token::{AccessToken, RefreshToken, TokenPair};
use crate::unix_time::UnixSeconds;

use crate::stored_grant::error::{STORED_GRANT_VERSION, StoredGrantError, WITHOUT_ORPHANS};
use crate::stored_grant::record::{
    AttemptRecord, DoubtRecord, EndedRecord, GrantRecord, HeldRecord, HoldRecord, LongLivedRecord,
    PairRecord, PairsRecord, UnsavedRecord, VersionRecord,
};
use crate::stored_grant::writing::warning_name;

type Read<T> = Result<T, StoredGrantError>;

const fn damaged(what: &'static str) -> StoredGrantError {
    StoredGrantError::Damaged { what }
}

/// An unknown name or field: a newer program wrote it with the same version number.
const fn unknown() -> StoredGrantError {
    StoredGrantError::Newer {
        found: STORED_GRANT_VERSION,
    }
}

/// Only the text of the parser's error says that a field is unknown.
fn fields_error<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> StoredGrantError {
    let error = serde_json::from_slice::<T>(bytes).err();
    match error.is_some_and(|error| error.to_string().starts_with("unknown field")) {
        true => unknown(),
        false => damaged("fields"),
    }
}

/// Reads the version first, whatever else is there; then the whole record.
fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Read<T> {
    let version: VersionRecord =
        parse_object(bytes).map_err(|_| damaged("no JSON object with `v`"))?;
    match version.v {
        1..=STORED_GRANT_VERSION => parse_object(bytes).map_err(|_| fields_error::<T>(bytes)),
        0 => Err(damaged("v")),
        found => Err(StoredGrantError::Newer { found }),
    }
}

pub(super) fn grant(key: &GrantKey, bytes: &[u8]) -> Read<Grant> {
    let record: GrantRecord<'_> = parse(bytes)?;
    if grant_key(&record.key)? != *key {
        return Err(StoredGrantError::OtherKey);
    }
    let host = AccountHost::parse(&record.host).map_err(|_| damaged("host"))?;
    if host.as_str() != record.host {
        return Err(damaged("host"));
    }
    let generation = generation(record.generation, "generation")?;
    let holds = record
        .holds
        .into_iter()
        .map(hold)
        .collect::<Read<Vec<_>>>()?;
    let parts = Parts {
        pairs: record
            .pairs
            .map(|pairs| all_pairs(pairs, generation))
            .transpose()?,
        attempt: record.attempt.map(attempt).transpose()?,
        doubt: record.doubt.map(doubt).transpose()?,
        ended: record.ended,
        long_lived: record.long_lived.map(long_lived).transpose()?,
    };
    Ok(Grant {
        key: *key,
        host,
        generation,
        revision: Revision::new(record.revision),
        is_admin: record.is_admin,
        state: of_version(record.version, state(&record.state, parts)?)?,
        holds,
    })
}

/// Fields of a newer version are not read from an older one.
fn of_version(version: u64, state: GrantState) -> Read<GrantState> {
    match state.orphan() {
        Some(_) if version == WITHOUT_ORPHANS => Err(damaged("orphan")),
        _ => Ok(state),
    }
}

pub(super) fn unsaved_pair(bytes: &[u8]) -> Read<UnsavedPair> {
    let record: UnsavedRecord<'_> = parse(bytes)?;
    Ok(UnsavedPair {
        key: grant_key(&record.key)?,
        attempt: AttemptId::new(sixteen(&record.attempt).ok_or(damaged("attempt"))?),
        base: generation(record.base, "base")?,
        used: pair_number(record.used)?,
        pair: pair(record.pair)?,
    })
}

/// A key has one spelling only.
fn grant_key(text: &str) -> Read<GrantKey> {
    let key = GrantKey::parse(text).map_err(|_| damaged("key"))?;
    let is_spelled_so = alloc::format!("{key}") == text;
    is_spelled_so.then_some(key).ok_or(damaged("key"))
}

/// The parts that a state may have.
struct Parts<'a> {
    pairs: Option<Pairs>,
    attempt: Option<Attempt>,
    doubt: Option<Doubt>,
    ended: Option<EndedRecord<'a>>,
    long_lived: Option<LongLived>,
}

/// Each state has its parts and no others.
fn state(name: &str, parts: Parts<'_>) -> Read<GrantState> {
    let state = match (
        name,
        parts.pairs,
        parts.attempt,
        parts.doubt,
        parts.ended,
        parts.long_lived,
    ) {
        ("active", Some(pairs), None, None, None, None) => GrantState::Active(Active { pairs }),
        ("refreshing", Some(pairs), Some(attempt), doubt, None, None) => {
            is_held(&pairs, attempt.used)?;
            if let Some(doubt) = doubt {
                is_held(&pairs, doubt.used)?;
            }
            GrantState::Refreshing(Refreshing {
                pairs,
                attempt,
                doubt,
            })
        }
        ("in-doubt", Some(pairs), None, Some(doubt), None, None) => {
            is_held(&pairs, doubt.used)?;
            GrantState::InDoubt(InDoubt { pairs, doubt })
        }
        ("reauth-required", Some(pairs), None, None, Some(ended), None) => {
            GrantState::ReauthRequired(ReauthRequired {
                pairs,
                reason: ReauthReason::from_name(&ended.reason).ok_or(unknown())?,
                since: UnixSeconds::new(ended.since),
            })
        }
        ("disconnected", Some(pairs), None, None, Some(ended), None) => {
            GrantState::Disconnected(Disconnected {
                pairs,
                reason: DisconnectReason::from_name(&ended.reason).ok_or(unknown())?,
                since: UnixSeconds::new(ended.since),
            })
        }
        ("long-lived" | "disconnected", None, None, None, None, Some(token)) => {
            GrantState::LongLived(token)
        }
        (
            "active" | "refreshing" | "in-doubt" | "reauth-required" | "disconnected"
            | "long-lived",
            ..,
        ) => return Err(damaged("state")),
        _ => return Err(unknown()),
    };
    // A long-lived token that was given up, and it alone, has another name.
    if state.name() != name {
        return Err(damaged("state"));
    }
    Ok(state)
}

fn is_held(pairs: &Pairs, used: PairNumber) -> Read<()> {
    pairs.find(used).map(|_| ()).ok_or(damaged("used"))
}

fn all_pairs(record: PairsRecord<'_>, generation: Generation) -> Read<Pairs> {
    let newest = held(record.newest, generation)?;
    let spares = record.spares.into_iter();
    let spares = spares
        .map(|spare| held(spare, generation))
        .collect::<Read<Vec<_>>>()?;
    let next = pair_number(record.next)?;
    Pairs::from_parts(
        newest,
        spares,
        next,
        record.access_rejected,
        record.instead_of_rejected,
    )
    .ok_or(damaged("number"))
}

/// No pair can have a generation that does not exist yet.
fn held(record: HeldRecord<'_>, now: Generation) -> Read<HeldPair> {
    let since = generation(record.since, "since")?;
    if since > now {
        return Err(damaged("since"));
    }
    Ok(HeldPair {
        number: pair_number(record.number)?,
        since,
        refused: record.refused,
        pair: pair(record.pair)?,
    })
}

fn pair(record: PairRecord<'_>) -> Read<TokenPair> {
    Ok(TokenPair {
        access_token: access_token(record.access)?,
        refresh_token: RefreshToken::new(record.refresh).map_err(|_| damaged("refresh"))?,
        obtained_at: UnixSeconds::new(record.obtained_at),
        expires_at: UnixSeconds::new(record.expires_at),
        server_time: record.server_time.map(UnixSeconds::new),
    })
}

fn access_token(text: Cow<'_, str>) -> Read<AccessToken> {
    AccessToken::new(text).map_err(|_| damaged("access"))
}

fn attempt(record: AttemptRecord<'_>) -> Read<Attempt> {
    Ok(Attempt {
        id: AttemptId::new(sixteen(&record.id).ok_or(damaged("attempt"))?),
        used: pair_number(record.used)?,
        started_at: UnixSeconds::new(record.started_at),
    })
}

fn doubt(record: DoubtRecord<'_>) -> Read<Doubt> {
    Ok(Doubt {
        reason: DoubtReason::from_name(&record.reason).ok_or(unknown())?,
        used: pair_number(record.used)?,
        since: UnixSeconds::new(record.since),
        tries: record.tries,
        next_try: UnixSeconds::new(record.next_try),
        orphan: record.orphan.map(|orphan| Orphan {
            since: UnixSeconds::new(orphan.since),
            until: UnixSeconds::new(orphan.until),
        }),
    })
}

fn long_lived(record: LongLivedRecord<'_>) -> Read<LongLived> {
    Ok(LongLived {
        access_token: access_token(record.access)?,
        expires_at: record.expires_at.map(UnixSeconds::new),
        ended: match record.ended.as_deref() {
            Some(name) => Some(LongLivedEnd::from_name(name).ok_or(unknown())?),
            None => None,
        },
        warned: record.warned.as_deref().map(warning).transpose()?,
    })
}

fn warning(name: &str) -> Read<EndWarning> {
    [
        EndWarning::ThirtyDays,
        EndWarning::SevenDays,
        EndWarning::OneDay,
        EndWarning::Ended,
    ]
    .into_iter()
    .find(|warning| warning_name(*warning) == name)
    .ok_or(unknown())
}

fn hold(record: HoldRecord<'_>) -> Read<Hold> {
    let fingerprint = record.fingerprint.as_deref().map(sixteen);
    let scope = match (&*record.scope, fingerprint) {
        ("grant", None) => HoldScope::Grant,
        ("configuration", Some(Some(bytes))) => HoldScope::Configuration(Fingerprint::new(bytes)),
        ("egress", Some(Some(bytes))) => HoldScope::Egress(Fingerprint::new(bytes)),
        ("grant" | "configuration" | "egress", _) => return Err(damaged("scope")),
        _ => return Err(unknown()),
    };
    Ok(Hold {
        kind: HoldKind::from_name(&record.kind).ok_or(unknown())?,
        scope,
        since: UnixSeconds::new(record.since),
        until: UnixSeconds::new(record.until),
    })
}

fn generation(number: u64, what: &'static str) -> Read<Generation> {
    let generation = Generation::new(number);
    (generation >= Generation::FIRST)
        .then_some(generation)
        .ok_or(damaged(what))
}

fn pair_number(number: u64) -> Read<PairNumber> {
    let number = PairNumber::new(number);
    (number >= PairNumber::FIRST)
        .then_some(number)
        .ok_or(damaged("number"))
}

/// Thirty-two hex digits in lower case.
fn sixteen(text: &str) -> Option<[u8; 16]> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    if text.len() != 32 || !text.bytes().all(is_hex) {
        return None;
    }
    u128::from_str_radix(text, 16).ok().map(u128::to_be_bytes)
}
