//! Codes that wait for their exchange: shown wherever a grant would be, so that a person does not
//! consent again in vain.

use core::fmt::Display;
use core::iter;
use core::time::Duration;

use kommo_account::{ClientId, Realm};
use kommo_keeper::{Clock, SystemClock};
use kommo_oauth::UnixSeconds;
use kommo_oauth::refresh::CODE_LIFETIME;
use kommo_store::{CodeLine, Store};
use serde_json::{Value, json};

use crate::failure::error_code::ErrorCode;
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
    let mut codes = codes.map_err(|error| stores::failure(&error))?;
    // What is too old waits only to be counted.
    codes.retain(|code| code.has_answer || code.age < CODE_LIFETIME);
    Ok(codes)
}

/// Until when it can be exchanged.
fn ends_at(code: &CodeLine, now: UnixSeconds) -> UnixSeconds {
    now.plus(CODE_LIFETIME.saturating_sub(code.age))
}

/// When it is tried again at the earliest, if it is paused and does not end before.
fn next_try(code: &CodeLine, now: UnixSeconds) -> Option<UnixSeconds> {
    // In whole seconds, and not too early.
    let at = now.plus(code.pause.saturating_add(Duration::from_secs(1)));
    let is_in_time = code.has_answer || at < ends_at(code, now);
    (!code.pause.is_zero() && is_in_time).then_some(at)
}

/// What follows by itself, in words.
fn next_text(code: &CodeLine, now: UnixSeconds) -> Option<String> {
    match next_try(code, now) {
        Some(at) => Some(format!("next try {}", instant::when(at, now))),
        None if code.pause.is_zero() => None,
        None => Some("its next try would come too late: `kommo auth retry`".to_owned()),
    }
}

/// What a program does about it: wait, or have a setting changed; never ask for consent again.
fn error_code(code: &CodeLine) -> ErrorCode {
    match code.why.as_deref() {
        _ if code.has_answer => ErrorCode::Held,
        _ if code.is_claimed => ErrorCode::Busy,
        Some("client-misconfigured" | "redirect-uri-mismatch") => ErrorCode::ClientMisconfigured,
        Some("payment-required") => ErrorCode::PaymentRequired,
        Some("throttled") => ErrorCode::Throttled,
        Some("blocked") => ErrorCode::Blocked,
        Some("server-error") => ErrorCode::ServerError,
        Some("answer-lost" | "unreadable-answer") => ErrorCode::InDoubt,
        Some("unreachable") => ErrorCode::Unreachable,
        _ => ErrorCode::Held,
    }
}

/// The failure of a command that needs the grant that this code may become, or one of the others.
pub(crate) fn failure(code: &CodeLine, others: &[CodeLine], message: impl Display) -> Failure {
    let now = SystemClock::new().now();
    let codes: Vec<_> = iter::once(code)
        .chain(others)
        .map(|code| json_at(code, now))
        .collect();
    Failure::new(error_code(code), message)
        .reason("code-waits")
        .retry_at(next_try(code, now))
        .with("codes", codes)
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
    if let Some(next) = next_text(code, now) {
        text.push_str(&format!("; {next}"));
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
    if let Some(next) = next_text(code, now) {
        text.push_str(&format!("\n  {next}"));
    }
    text
}

/// The object of one, for programs.
pub(crate) fn to_json(code: &CodeLine) -> Value {
    json_at(code, SystemClock::new().now())
}

fn json_at(code: &CodeLine, now: UnixSeconds) -> Value {
    json!({
        "account_host": code.host.as_str(),
        "origin": code.origin,
        "why": why(code),
        "tries": code.tries,
        "until": ends_at(code, now).get(),
        "next_try": next_try(code, now).map(UnixSeconds::get),
    })
}
