//! Between a pending code and its row. The code is stored sealed under its hash, with everything
//! that says where it may be sent.

use core::time::Duration;

use kommo_account::{AccountHost, AccountId, ClientId, Realm};
use kommo_keeper::{ClaimedCode, CodeOrigin, PendingCode};
use kommo_oauth::UnixSeconds;
use kommo_oauth::token::{AccessToken, AuthorizationCode, RefreshToken, TokenPair};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::StoreFault;
use crate::records::grant_record::number;
use crate::records::realm_text::{parse_realm, realm_text};
use crate::records::rows::{CodeRow, WaitingRow};
use crate::records::summaries::CodeLine;
use crate::sealing::hash_text::hash_text;
use crate::sealing::sealer::{AssociatedData, Sealer};
use crate::sealing::versioned::read_record;

/// The version of the sealed JSON.
const VERSION: u64 = 1;

/// The longest `state` text that is kept with a code, in bytes.
const CARRIED_AT_MOST: usize = 1024;

/// The longest damaged host that an error repeats.
const HOST_AT_MOST: usize = 200;

/// What is sealed. The columns repeat all of it but the code and what was carried.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeRecord {
    v: u64,
    realm: String,
    client_id: String,
    host: String,
    origin: String,
    received_at: u64,
    carried: Option<String>,
    expected_account: Option<u64>,
    code: String,
}

impl CodeRecord {
    fn of(pending: &PendingCode) -> Self {
        Self {
            v: VERSION,
            realm: realm_text(pending.realm),
            client_id: pending.client_id.to_string(),
            host: pending.host.as_str().to_owned(),
            origin: pending.origin.name().to_owned(),
            received_at: pending.received_at.get(),
            carried: pending.carried.clone(),
            expected_account: pending.expected_account.map(AccountId::get),
            code: pending.code.expose().to_owned(),
        }
    }

    fn to_pending(&self, name: &str, realm: Realm) -> Result<PendingCode, StoreFault> {
        let damaged = |what| StoreFault::damaged(name, what);
        let expected_account = self.expected_account.map(AccountId::from_number);
        let expected_account = expected_account
            .transpose()
            .map_err(|_| damaged("expected_account"))?;
        Ok(PendingCode::new(
            realm,
            ClientId::parse(&self.client_id).map_err(|_| damaged("client_id"))?,
            AccountHost::parse(&self.host).map_err(|_| damaged("host"))?,
            AuthorizationCode::new(self.code.as_str()).map_err(|_| damaged("code"))?,
            // Sealed as it is, a name that is not known can only be a newer program's.
            CodeOrigin::from_name(&self.origin).ok_or_else(|| StoreFault::NewerRecord {
                record: name.to_owned(),
                version: self.v,
            })?,
            UnixSeconds::new(self.received_at),
        )
        .with_expected_account(expected_account)
        .with_carried(self.carried.clone()))
    }
}

/// Wiped with its code in every case.
impl Drop for CodeRecord {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.code);
    }
}

pub(crate) const fn code_data(hash: &str) -> AssociatedData<'_> {
    AssociatedData {
        purpose: "code",
        name: hash,
        generation: 0,
    }
}

pub(crate) fn to_columns(sealer: &Sealer, pending: &PendingCode) -> Result<CodeRow, StoreFault> {
    if pending
        .carried
        .as_ref()
        .is_some_and(|text| text.len() > CARRIED_AT_MOST)
    {
        return Err(StoreFault::misconfigured(
            "what a code carries is longer than 1,024 bytes",
        ));
    }
    let record = CodeRecord::of(pending);
    let parts = [&*record.realm, &record.client_id, &record.code];
    let hash = hash_text("kommo-store code", &parts);
    let json = serde_json::to_vec(&record)
        .map(Zeroizing::new)
        .map_err(|_| StoreFault::damaged(&hash, "cannot be written as JSON"))?;
    Ok(CodeRow {
        record: sealer.seal(code_data(&hash), &json)?,
        hash,
        realm: record.realm.clone(),
        client_id: record.client_id.clone(),
        host: record.host.clone(),
        origin: record.origin.clone(),
        received_at: number(record.received_at),
    })
}

pub(crate) fn from_columns(
    sealer: &Sealer,
    realm: Realm,
    columns: &CodeRow,
) -> Result<PendingCode, StoreFault> {
    let hash = &*columns.hash;
    let json = sealer.open(code_data(hash), &columns.record)?;
    let record: CodeRecord = read_record(hash, &json, VERSION)?;
    let is_equal = record.realm == columns.realm
        && record.client_id == columns.client_id
        && record.host == columns.host
        && record.origin == columns.origin
        && number(record.received_at) == columns.received_at
        && record.realm == realm_text(realm);
    if !is_equal {
        return Err(StoreFault::damaged(hash, "columns"));
    }
    record.to_pending(hash, realm)
}

pub(crate) fn to_code_line(row: WaitingRow) -> Result<CodeLine, StoreFault> {
    let host = row.host.parse().map_err(|_| {
        let shown: String = row.host.escape_debug().take(HOST_AT_MOST).collect();
        StoreFault::damaged(shown, "column host")
    })?;
    let since = |from: i64, to: i64| {
        Duration::from_millis(u64::try_from(to.saturating_sub(from)).unwrap_or_default())
    };
    Ok(CodeLine {
        host,
        origin: row.origin,
        age: since(row.kept_at, row.now),
        tries: u32::try_from(row.tries).unwrap_or_default(),
        why: row.why,
        is_claimed: row.is_claimed && row.lease_until.is_some_and(|until| until > row.now),
        pause: row
            .lease_until
            .map_or(Duration::ZERO, |until| since(row.now, until)),
        has_answer: row.has_answer,
    })
}

/// The pair that an exchange returned, before its account and user are known.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerRecord {
    v: u64,
    access: String,
    refresh: String,
    obtained_at: u64,
    expires_at: u64,
    server_time: Option<u64>,
}

impl AnswerRecord {
    fn of(pair: &TokenPair) -> Self {
        Self {
            v: VERSION,
            access: pair.access_token.expose().to_owned(),
            refresh: pair.refresh_token.expose().to_owned(),
            obtained_at: pair.obtained_at.get(),
            expires_at: pair.expires_at.get(),
            server_time: pair.server_time.map(UnixSeconds::get),
        }
    }

    fn to_pair(&self, name: &str) -> Result<TokenPair, StoreFault> {
        let damaged = |_| StoreFault::damaged(name, "answer");
        let mut pair = TokenPair::new(
            AccessToken::new(self.access.as_str()).map_err(damaged)?,
            RefreshToken::new(self.refresh.as_str()).map_err(damaged)?,
            UnixSeconds::new(self.obtained_at),
            UnixSeconds::new(self.expires_at),
        );
        pair.server_time = self.server_time.map(UnixSeconds::new);
        Ok(pair)
    }
}

impl Drop for AnswerRecord {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.access);
        zeroize::Zeroize::zeroize(&mut self.refresh);
    }
}

pub(crate) const fn answer_data(hash: &str) -> AssociatedData<'_> {
    AssociatedData {
        purpose: "answer",
        name: hash,
        generation: 0,
    }
}

pub(crate) fn seal_answer(
    sealer: &Sealer,
    hash: &str,
    pair: &TokenPair,
) -> Result<Vec<u8>, StoreFault> {
    let record = AnswerRecord::of(pair);
    let json = serde_json::to_vec(&record)
        .map(Zeroizing::new)
        .map_err(|_| StoreFault::damaged(hash, "cannot be written as JSON"))?;
    sealer.seal(answer_data(hash), &json)
}

pub(crate) fn open_answer(
    sealer: &Sealer,
    hash: &str,
    sealed: &[u8],
) -> Result<TokenPair, StoreFault> {
    let json = sealer.open(answer_data(hash), sealed)?;
    let record: AnswerRecord = read_record(hash, &json, VERSION)?;
    record.to_pair(hash)
}

/// What a lifeboat keeps of an exchange: all that the store needs to take the pair later, as if the
/// claim had gone on.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnsavedAnswerRecord {
    v: u64,
    id: i64,
    token: String,
    claims: u32,
    tries: u32,
    code: CodeRecord,
    answer: AnswerRecord,
}

/// Plain; the lifeboat seals it.
pub(crate) fn answer_to_stored(
    name: &str,
    claimed: &ClaimedCode,
    pair: &TokenPair,
) -> Result<Zeroizing<Vec<u8>>, StoreFault> {
    let record = UnsavedAnswerRecord {
        v: VERSION,
        id: claimed.id,
        token: format!("{:032x}", claimed.token),
        claims: claimed.earlier_claims,
        tries: claimed.earlier_tries,
        code: CodeRecord::of(&claimed.pending),
        answer: AnswerRecord::of(pair),
    };
    serde_json::to_vec(&record)
        .map(Zeroizing::new)
        .map_err(|_| StoreFault::damaged(name, "cannot be written as JSON"))
}

pub(crate) fn answer_from_stored(name: &str, json: &[u8]) -> Result<ClaimedCode, StoreFault> {
    let damaged = |what| StoreFault::damaged(name, what);
    let record: UnsavedAnswerRecord = read_record(name, json, VERSION)?;
    let token = u128::from_str_radix(&record.token, 16).map_err(|_| damaged("token"))?;
    let realm = parse_realm(&record.code.realm).ok_or_else(|| damaged("realm"))?;
    let pending = record.code.to_pending(name, realm)?;
    let mut claimed =
        ClaimedCode::new(record.id, token, record.claims, pending).with_earlier_tries(record.tries);
    claimed.answer = Some(record.answer.to_pair(name)?);
    Ok(claimed)
}
