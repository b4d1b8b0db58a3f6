//! A grant as it is printed, without its tokens.

use kommo_keeper::{Clock, SystemClock};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{
    DisconnectReason, Grant, GrantKey, GrantState, Hold, HoldKind, HoldScope, LongLivedState,
    UsableToken,
};
use serde_json::{Map, Value, json};

use crate::time::instant;

/// The time of day.
pub(super) fn now() -> UnixSeconds {
    SystemClock::new().now()
}

/// Whose grant it is, as the first fields of every object.
pub(super) fn key_fields(key: &GrantKey) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("account_id".to_owned(), Value::from(key.account_id.get()));
    fields.insert("user_id".to_owned(), Value::from(key.user_id.get()));
    fields.insert("realm".to_owned(), Value::from(key.realm_text()));
    fields.insert("client_id".to_owned(), Value::from(key.client_id.as_str()));
    fields
}

/// Whether only a person can help.
pub(super) fn needs_person(grant: &Grant, now: UnixSeconds) -> bool {
    match &grant.state {
        GrantState::ReauthRequired(_) => true,
        // The operator wanted a logout or a move.
        GrantState::Disconnected(over) => over.reason == DisconnectReason::Confirmed,
        GrantState::LongLived(token) => match token.state(now) {
            LongLivedState::Active => false,
            LongLivedState::Over(reason) => reason == DisconnectReason::Confirmed,
            _ => true,
        },
        _ => false,
    }
}

/// Whether a call could be made with it now; a grant that was ended on purpose is as it should be.
pub(super) fn is_well(grant: &Grant, now: UnixSeconds) -> bool {
    let is_over_on_purpose = match &grant.state {
        GrantState::Disconnected(over) => over.reason != DisconnectReason::Confirmed,
        GrantState::LongLived(token) => {
            matches!(token.state(now), LongLivedState::Over(reason) if reason != DisconnectReason::Confirmed)
        }
        _ => false,
    };
    is_over_on_purpose || (!needs_person(grant, now) && grant.usable(now).is_some())
}

/// When the access token ends, if there is one and it says so.
pub(super) fn expires_at(grant: &Grant) -> Option<UnixSeconds> {
    match &grant.state {
        GrantState::LongLived(token) => token.expires_at,
        state => state.pairs().map(|pairs| pairs.newest().pair.expires_at),
    }
}

/// Why the state is what it is, by its stable name.
fn reason(grant: &Grant, now: UnixSeconds) -> Option<&'static str> {
    match &grant.state {
        GrantState::InDoubt(in_doubt) => Some(in_doubt.doubt.reason.name()),
        GrantState::ReauthRequired(ended) => Some(ended.reason.name()),
        GrantState::Disconnected(over) => Some(over.reason.name()),
        GrantState::LongLived(token) => match token.state(now) {
            LongLivedState::Expired => Some("expired"),
            LongLivedState::Revoked => Some("revoked"),
            LongLivedState::Over(reason) => Some(reason.name()),
            _ => None,
        },
        _ => None,
    }
}

/// The object of a grant.
pub(super) fn to_json(grant: &Grant, now: UnixSeconds) -> Value {
    let mut fields = key_fields(&grant.key);
    let mut put = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    put("account_host", Value::from(grant.host.as_str()));
    put("state", Value::from(grant.state.name()));
    put("reason", Value::from(reason(grant, now)));
    put("needs_person", Value::from(needs_person(grant, now)));
    put("is_admin", Value::from(grant.is_admin));
    put("generation", Value::from(grant.generation.get()));
    put(
        "expires_at",
        Value::from(expires_at(grant).map(UnixSeconds::get)),
    );
    put("usable", Value::from(grant.usable(now).is_some()));
    put(
        "spares",
        Value::from(grant.state.pairs().map_or(0, |pairs| pairs.spares().len())),
    );
    if let GrantState::InDoubt(in_doubt) = &grant.state {
        let doubt = &in_doubt.doubt;
        put(
            "doubt",
            json!({
                "reason": doubt.reason.name(),
                "since": doubt.since.get(),
                "tries": doubt.tries,
                "next_try": doubt.next_try.get(),
            }),
        );
    }
    let holds: Vec<_> = living_holds(grant, now).map(hold_json).collect();
    put("holds", Value::from(holds));
    Value::Object(fields)
}

fn living_holds(grant: &Grant, now: UnixSeconds) -> impl Iterator<Item = &Hold> {
    grant.holds.iter().filter(move |hold| hold.lasts(now))
}

fn hold_json(hold: &Hold) -> Value {
    json!({
        "kind": hold.kind.name(),
        "stops": stops(hold),
        "since": hold.since.get(),
        "until": hold.until.get(),
    })
}

/// Whether only a person can remove its cause.
const fn is_for_a_person(hold: &Hold) -> bool {
    matches!(
        hold.kind,
        HoldKind::ClientMisconfigured | HoldKind::PaymentRequired | HoldKind::Blocked
    )
}

const fn stops(hold: &Hold) -> &'static str {
    match hold.scope {
        HoldScope::Configuration(_) => "configuration",
        HoldScope::Egress(_) => "address",
        _ => "everybody",
    }
}

/// The lines of a grant for people, each at most 80 columns.
pub(super) fn to_text(grant: &Grant, now: UnixSeconds) -> String {
    text_with(grant, now, "")
}

/// The same with a mark after its owner.
pub(super) fn text_with(grant: &Grant, now: UnixSeconds, mark: &str) -> String {
    let key = &grant.key;
    let mut text = format!(
        "{}\n  account {}, user {}",
        grant.host, key.account_id, key.user_id
    );
    if grant.is_admin == Some(true) {
        text.push_str(" (administrator)");
    }
    text.push_str(mark);
    let reason = reason(grant, now).map_or_else(String::new, |reason| format!(" ({reason})"));
    text.push_str(&format!(
        "\n  {}{reason}, generation {}",
        grant.state.name(),
        grant.generation.get()
    ));
    text.push_str(&access_text(grant, now));
    if let GrantState::InDoubt(in_doubt) = &grant.state {
        let doubt = &in_doubt.doubt;
        text.push_str(&format!(
            "\n  in doubt since {}; {} tries\n  next try {}",
            instant::when(doubt.since, now),
            doubt.tries,
            instant::when(doubt.next_try, now)
        ));
    }
    for hold in living_holds(grant, now) {
        text.push_str(&format!(
            "\n  paused until {}: {}\n    stops {}",
            instant::when(hold.until, now),
            hold.kind.name(),
            stops(hold)
        ));
        if is_for_a_person(hold) {
            text.push_str("; mend it, then `kommo auth retry`");
        }
    }
    if needs_person(grant, now) {
        text.push_str(match &grant.state {
            GrantState::LongLived(_) => "\n  needs a person: a new long-lived token",
            _ => "\n  needs a person: a new consent, `kommo auth login`",
        });
    }
    text
}

fn access_text(grant: &Grant, now: UnixSeconds) -> String {
    match (grant.usable(now), expires_at(grant)) {
        (Some(_), Some(end)) => format!("\n  access token valid until {}", instant::when(end, now)),
        (Some(_), None) => "\n  access token valid, its end is not known".to_owned(),
        (None, Some(end)) if end <= now => {
            format!("\n  access token expired at {}", instant::when(end, now))
        }
        (None, _) => "\n  no access token can be used".to_owned(),
    }
}

/// A token that was looked after, without the token.
pub(super) fn fresh(done: &str, key: &GrantKey, usable: &UsableToken) -> (String, Value) {
    let mut fields = key_fields(key);
    fields.insert("account_host".to_owned(), Value::from(usable.host.as_str()));
    fields.insert(
        "generation".to_owned(),
        Value::from(usable.generation.get()),
    );
    fields.insert(
        "expires_at".to_owned(),
        Value::from(usable.expires_at.map(UnixSeconds::get)),
    );
    let mut text = format!(
        "{done}: {}, generation {}",
        usable.host,
        usable.generation.get()
    );
    if let Some(end) = usable.expires_at {
        text.push_str(&format!(", valid for {}", instant::distance(now(), end)));
    }
    (text, Value::Object(fields))
}
