//! A grant as it is printed, without its tokens.

use kommo_keeper::{Clock, SystemClock};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{
    DisconnectReason, Grant, GrantKey, GrantState, Hold, HoldKind, HoldScope, LongLivedState,
    UsableToken,
};
use serde_json::{Map, Value, json};

use crate::keeper::keeper_setup::is_forgotten;
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

/// When the access token ends, if there is one and it says so: as far as this clock can believe it.
/// The pair of a clock that is ahead says more than its token keeps.
fn expires_at(grant: &Grant, now: UnixSeconds) -> Option<UnixSeconds> {
    match grant.usable(now) {
        Some(usable) => usable.expires_at,
        None => stored_end(grant),
    }
}

fn stored_end(grant: &Grant) -> Option<UnixSeconds> {
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
        Value::from(expires_at(grant, now).map(UnixSeconds::get)),
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

/// The same in words.
const fn whom(hold: &Hold) -> &'static str {
    match hold.scope {
        HoldScope::Configuration(_) => "programs with the secret or redirect uri that was refused",
        HoldScope::Egress(_) => "programs at the network address that was refused",
        _ => "every program",
    }
}

/// Whether another configuration has refreshed the grant since: its settings are the right ones.
fn is_outlived(hold: &Hold, grant: &Grant) -> bool {
    let newest = grant.state.pairs().map(|pairs| &pairs.newest().pair);
    matches!(hold.scope, HoldScope::Configuration(_))
        && newest.is_some_and(|pair| pair.obtained_at > hold.since)
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
            "\n  paused until {}: {}\n    for {}",
            instant::when(hold.until, now),
            hold.kind.name(),
            whom(hold)
        ));
        if is_outlived(hold, grant) {
            text.push_str(
                "\n    with other settings it was refreshed since: nothing is to be done",
            );
        } else if is_for_a_person(hold) {
            text.push_str("\n    once its cause is mended: `kommo auth retry`");
        }
    }
    if needs_person(grant, now) {
        text.push_str(match &grant.state {
            GrantState::LongLived(_) => "\n  needs a person: a new long-lived token",
            GrantState::ReauthRequired(ended) if is_forgotten(&grant.key, ended.reason) => {
                "\n  the sandbox was restarted, and its grants ended with it\n  needs a person: a new consent, `kommo auth login`"
            }
            _ => "\n  needs a person: a new consent, `kommo auth login`",
        });
    }
    text
}

fn access_text(grant: &Grant, now: UnixSeconds) -> String {
    match (grant.usable(now), expires_at(grant, now)) {
        (Some(_), Some(end)) => {
            let mut text = format!("\n  access token valid until {}", instant::when(end, now));
            if stored_end(grant) != Some(end) {
                text.push_str("\n    by this clock: the one that stored it is ahead");
            }
            text
        }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use core::time::Duration;

    use kommo_account::AccountHost;
    use kommo_oauth::UnixSeconds;
    use kommo_oauth::grant::{Fingerprint, Grant, GrantKey, Hold, HoldKind, HoldScope};
    use kommo_oauth::token::{AccessToken, RefreshToken, TokenPair};

    use super::{to_json, to_text};

    const DAY: Duration = Duration::from_secs(86_400);

    fn grant(obtained_at: UnixSeconds) -> Grant {
        let key = "real/11111111-2222-3333-4444-555555555555/12345678/87654321";
        let access = AccessToken::new("MARKER").unwrap();
        let refresh = RefreshToken::new("MARKER").unwrap();
        let pair = TokenPair::new(access, refresh, obtained_at, obtained_at.plus(DAY));
        let host = AccountHost::parse("shop.kommo.com").unwrap();
        Grant::consent(None, GrantKey::parse(key).unwrap(), host, None, pair).grant
    }

    /// The end that `credential` goes by, and not the one that was written down.
    #[test]
    fn the_end_of_a_token_is_not_believed_to_a_clock_that_was_ahead() {
        let now = UnixSeconds::new(1_800_000_000);
        let ahead = grant(now.plus(100 * DAY));
        let end = to_json(&ahead, now)["expires_at"].as_u64().unwrap();
        assert!(end < now.plus(DAY).get(), "{end}");
        let text = to_text(&ahead, now);
        assert!(
            !text.contains("100 days") && text.contains("that stored it is ahead"),
            "{text}"
        );
        let ours = to_text(&grant(now), now);
        assert!(
            ours.contains("(in 1 day)") && !ours.contains("ahead"),
            "{ours}"
        );
    }

    /// The right settings have refreshed it: nobody has to mend anything.
    #[test]
    fn a_pause_for_other_settings_that_was_outlived_asks_nobody_to_mend_it() {
        let now = UnixSeconds::new(1_800_000_000);
        let scope = HoldScope::Configuration(Fingerprint::new([1; 16]));
        let hold = Hold::new(HoldKind::ClientMisconfigured, scope, now, DAY);
        for (obtained_at, is_outlived) in [(now.plus(DAY / 2), true), (now, false)] {
            let mut grant = grant(obtained_at);
            grant.holds.push(hold);
            let text = to_text(&grant, now.plus(DAY / 2));
            assert_eq!(!text.contains("auth retry"), is_outlived, "{text}");
            assert_eq!(
                text.contains("nothing is to be done"),
                is_outlived,
                "{text}"
            );
            assert!(text.contains("programs with the secret"), "{text}");
            assert!(
                text.lines().all(|line| line.chars().count() <= 80),
                "{text}"
            );
        }
    }
}
