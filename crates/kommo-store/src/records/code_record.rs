//! Between a pending code and its row. The code is stored sealed under its hash, with everything
//! that says where it may be sent.

use core::time::Duration;

use kommo_account::{AccountHost, AccountId, ClientId, Realm};
use kommo_keeper::{CodeOrigin, PendingCode};
use kommo_oauth::UnixSeconds;
use kommo_oauth::token::{AccessToken, AuthorizationCode, RefreshToken, TokenPair};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::StoreFault;
use crate::records::grant_record::number;
use crate::records::realm_text::realm_text;
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
    let realm = realm_text(pending.realm);
    let client_id = pending.client_id.to_string();
    let code = pending.code.expose();
    let hash = hash_text("kommo-store code", &[&realm, &client_id, code]);
    let record = CodeRecord {
        v: VERSION,
        realm,
        client_id,
        host: pending.host.as_str().to_owned(),
        origin: pending.origin.name().to_owned(),
        received_at: pending.received_at.get(),
        carried: pending.carried.clone(),
        expected_account: pending.expected_account.map(AccountId::get),
        code: code.to_owned(),
    };
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
    let damaged = |what| StoreFault::damaged(hash, what);
    let expected_account = record.expected_account.map(AccountId::from_number);
    let expected_account = expected_account
        .transpose()
        .map_err(|_| damaged("expected_account"))?;
    Ok(PendingCode::new(
        realm,
        ClientId::parse(&record.client_id).map_err(|_| damaged("client_id"))?,
        AccountHost::parse(&record.host).map_err(|_| damaged("host"))?,
        AuthorizationCode::new(record.code.as_str()).map_err(|_| damaged("code"))?,
        // Sealed as it is, a name that is not known can only be a newer program's.
        CodeOrigin::from_name(&record.origin).ok_or_else(|| StoreFault::NewerRecord {
            record: hash.to_owned(),
            version: record.v,
        })?,
        UnixSeconds::new(record.received_at),
    )
    .with_expected_account(expected_account)
    .with_carried(record.carried.clone()))
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
    let record = AnswerRecord {
        v: VERSION,
        access: pair.access_token.expose().to_owned(),
        refresh: pair.refresh_token.expose().to_owned(),
        obtained_at: pair.obtained_at.get(),
        expires_at: pair.expires_at.get(),
        server_time: pair.server_time.map(UnixSeconds::get),
    };
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
    let damaged = |what| StoreFault::damaged(hash, what);
    let json = sealer.open(answer_data(hash), sealed)?;
    let record: AnswerRecord = read_record(hash, &json, VERSION)?;
    let mut pair = TokenPair::new(
        AccessToken::new(record.access.as_str()).map_err(|_| damaged("answer"))?,
        RefreshToken::new(record.refresh.as_str()).map_err(|_| damaged("answer"))?,
        UnixSeconds::new(record.obtained_at),
        UnixSeconds::new(record.expires_at),
    );
    pair.server_time = record.server_time.map(UnixSeconds::new);
    Ok(pair)
}
