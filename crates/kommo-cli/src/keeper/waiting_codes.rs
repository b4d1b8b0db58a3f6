//! Codes that wait for their exchange: shown wherever a grant would be, so that a person does not
//! consent again in vain.

use kommo_account::{ClientId, Realm};
use kommo_keeper::{Clock, SystemClock};
use kommo_oauth::UnixSeconds;
use kommo_oauth::refresh::CODE_LIFETIME;
use kommo_store::{CodeLine, Store};
use serde_json::{Value, json};

use crate::failure::exit::Failure;
use crate::keeper::stores;
use crate::time::instant;

/// How many are shown.
const SHOWN_AT_MOST: u32 = 20;

/// What waits, newest first; nothing of an integration that is not known.
pub(crate) async fn of(
    store: &Store,
    realm: Realm,
    client_id: Option<ClientId>,
) -> Result<Vec<CodeLine>, Failure> {
    let Some(client_id) = client_id else {
        return Ok(Vec::new());
    };
    let codes = store.waiting_codes(realm, &client_id, SHOWN_AT_MOST).await;
    codes.map_err(|error| stores::failure(&error))
}

/// Until when it can be exchanged.
fn ends_at(code: &CodeLine, now: UnixSeconds) -> UnixSeconds {
    now.plus(CODE_LIFETIME.saturating_sub(code.age))
}

/// When it is tried again at the earliest, if it is paused.
fn next_try(code: &CodeLine, now: UnixSeconds) -> Option<UnixSeconds> {
    (!code.pause.is_zero()).then(|| now.plus(code.pause))
}

/// Why it still waits.
fn why(code: &CodeLine) -> &str {
    match &code.why {
        _ if code.has_answer => "exchanged; the account is still to be asked whose it is",
        Some(why) => why,
        None if code.is_claimed => "a worker is at it",
        None if code.tries == 0 => "not tried yet",
        None => "no usable answer so far",
    }
}

/// One line: `a code of shop.kommo.com waits for its exchange (payment-required) until …`.
pub(crate) fn line(code: &CodeLine) -> String {
    let now = SystemClock::new().now();
    let mut text = format!(
        "a code of {} waits for its exchange ({}) until {}",
        code.host,
        why(code),
        instant::when(ends_at(code, now), now)
    );
    if let Some(at) = next_try(code, now) {
        text.push_str(&format!("; next try {}", instant::when(at, now)));
    }
    text
}

/// A paragraph, each line at most 80 columns.
pub(crate) fn paragraph(code: &CodeLine) -> String {
    let now = SystemClock::new().now();
    let tries = match code.tries {
        1 => "1 try".to_owned(),
        tries => format!("{tries} tries"),
    };
    let mut text = format!(
        "{}\n  a code waits for its exchange: {}, {tries}\n  until {}",
        code.host,
        why(code),
        instant::when(ends_at(code, now), now)
    );
    if let Some(at) = next_try(code, now) {
        text.push_str(&format!("\n  next try {}", instant::when(at, now)));
    }
    text
}

/// The object of one, for programs.
pub(crate) fn to_json(code: &CodeLine) -> Value {
    let now = SystemClock::new().now();
    json!({
        "account_host": code.host.as_str(),
        "origin": code.origin,
        "why": why(code),
        "tries": code.tries,
        "until": ends_at(code, now).get(),
        "next_try": next_try(code, now).map(UnixSeconds::get),
    })
}
