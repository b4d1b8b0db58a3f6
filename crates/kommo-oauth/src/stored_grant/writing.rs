//! From a grant to its stored JSON.

use alloc::format;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::grant::{
    Active, Attempt, Doubt, EndWarning, Grant, GrantState, HeldPair, Hold, HoldScope, InDoubt,
    LongLived, Pairs, UnsavedPair,
};
use crate::token::TokenPair;
use crate::unix_time::UnixSeconds;

use crate::stored_grant::error::{STORED_GRANT_VERSION, WITHOUT_ORPHANS};
use crate::stored_grant::json_text::JsonText;

/// More bytes than the names and numbers of any one part need.
const PART_BYTES: usize = 320;

pub(super) fn grant(grant: &Grant) -> Zeroizing<Vec<u8>> {
    let mut json = JsonText::with_capacity(capacity(grant));
    json.open(b'{');
    json.name("v").bare(match grant.state.orphan() {
        Some(_) => STORED_GRANT_VERSION,
        None => WITHOUT_ORPHANS,
    });
    json.name("key").text(&format!("{}", grant.key));
    json.name("host").text(grant.host.as_str());
    json.name("generation").bare(grant.generation);
    json.name("revision").bare(grant.revision);
    if let Some(is_admin) = grant.is_admin {
        json.name("is_admin").bare(is_admin);
    }
    json.name("state").text(grant.state.name());
    state(&mut json, &grant.state);
    json.name("holds").open(b'[');
    for one in &grant.holds {
        hold(&mut json, one);
    }
    json.close(b']');
    json.close(b'}');
    json.finish()
}

pub(super) fn unsaved_pair(unsaved: &UnsavedPair) -> Zeroizing<Vec<u8>> {
    let mut json = JsonText::with_capacity(2 * PART_BYTES + pair_capacity(&unsaved.pair));
    json.open(b'{');
    json.name("v").bare(WITHOUT_ORPHANS);
    json.name("key").text(&format!("{}", unsaved.key));
    json.name("attempt").hex(unsaved.attempt.as_bytes());
    json.name("base").bare(unsaved.base);
    json.name("used").bare(unsaved.used);
    pair(json.name("pair"), &unsaved.pair);
    json.close(b'}');
    json.finish()
}

/// At least as many bytes as the JSON takes: every byte of a token may need another before it.
fn capacity(grant: &Grant) -> usize {
    let tokens = match &grant.state {
        GrantState::LongLived(token) => 2 * token.access_token.expose().len(),
        state => state.pairs().map_or(0, |pairs| {
            let newest = pair_capacity(&pairs.newest().pair);
            let spares = pairs.spares().iter();
            spares.fold(newest, |sum, held| sum + pair_capacity(&held.pair))
        }),
    };
    tokens + (6 + grant.holds.len()) * PART_BYTES
}

fn pair_capacity(pair: &TokenPair) -> usize {
    2 * (pair.access_token.expose().len() + pair.refresh_token.expose().len()) + PART_BYTES
}

fn state(json: &mut JsonText, state: &GrantState) {
    match state {
        GrantState::Active(Active { pairs }) => all_pairs(json, pairs),
        GrantState::Refreshing(refreshing) => {
            all_pairs(json, &refreshing.pairs);
            attempt(json, &refreshing.attempt);
            if let Some(earlier) = &refreshing.doubt {
                doubt(json, earlier);
            }
        }
        GrantState::InDoubt(InDoubt { pairs, doubt: one }) => {
            all_pairs(json, pairs);
            doubt(json, one);
        }
        GrantState::ReauthRequired(end) => {
            all_pairs(json, &end.pairs);
            ended(json, end.reason.name(), end.since);
        }
        GrantState::Disconnected(end) => {
            all_pairs(json, &end.pairs);
            ended(json, end.reason.name(), end.since);
        }
        GrantState::LongLived(token) => long_lived(json, token),
    }
}

fn all_pairs(json: &mut JsonText, pairs: &Pairs) {
    json.name("pairs").open(b'{');
    json.name("next").bare(pairs.next_number());
    json.name("access_rejected").bare(pairs.access_rejected());
    json.name("instead_of_rejected")
        .bare(pairs.instead_of_rejected());
    held(json.name("newest"), pairs.newest());
    json.name("spares").open(b'[');
    for spare in pairs.spares() {
        held(json, spare);
    }
    json.close(b']');
    json.close(b'}');
}

fn held(json: &mut JsonText, held: &HeldPair) {
    json.open(b'{');
    json.name("number").bare(held.number);
    json.name("since").bare(held.since);
    json.name("refused").bare(held.refused);
    pair(json.name("pair"), &held.pair);
    json.close(b'}');
}

fn pair(json: &mut JsonText, pair: &TokenPair) {
    json.open(b'{');
    json.name("access").text(pair.access_token.expose());
    json.name("refresh").text(pair.refresh_token.expose());
    json.name("obtained_at").bare(pair.obtained_at);
    json.name("expires_at").bare(pair.expires_at);
    if let Some(server_time) = pair.server_time {
        json.name("server_time").bare(server_time);
    }
    json.close(b'}');
}

fn attempt(json: &mut JsonText, attempt: &Attempt) {
    json.name("attempt").open(b'{');
    json.name("id").hex(attempt.id.as_bytes());
    json.name("used").bare(attempt.used);
    json.name("started_at").bare(attempt.started_at);
    json.close(b'}');
}

fn doubt(json: &mut JsonText, doubt: &Doubt) {
    json.name("doubt").open(b'{');
    json.name("reason").text(doubt.reason.name());
    json.name("used").bare(doubt.used);
    json.name("since").bare(doubt.since);
    json.name("tries").bare(doubt.tries);
    json.name("next_try").bare(doubt.next_try);
    if let Some(orphan) = doubt.orphan {
        json.name("orphan").open(b'{');
        json.name("since").bare(orphan.since);
        json.name("until").bare(orphan.until);
        json.close(b'}');
    }
    json.close(b'}');
}

fn ended(json: &mut JsonText, reason: &str, since: UnixSeconds) {
    json.name("ended").open(b'{');
    json.name("reason").text(reason);
    json.name("since").bare(since);
    json.close(b'}');
}

fn long_lived(json: &mut JsonText, token: &LongLived) {
    json.name("long_lived").open(b'{');
    json.name("access").text(token.access_token.expose());
    if let Some(expires_at) = token.expires_at {
        json.name("expires_at").bare(expires_at);
    }
    if let Some(ended) = token.ended {
        json.name("ended").text(ended.name());
    }
    if let Some(warned) = token.warned {
        json.name("warned").text(warning_name(warned));
    }
    json.close(b'}');
}

pub(super) const fn warning_name(warning: EndWarning) -> &'static str {
    match warning {
        EndWarning::ThirtyDays => "30-days",
        EndWarning::SevenDays => "7-days",
        EndWarning::OneDay => "1-day",
        EndWarning::Ended => "ended",
    }
}

fn hold(json: &mut JsonText, hold: &Hold) {
    json.open(b'{');
    json.name("kind").text(hold.kind.name());
    let (scope, fingerprint) = match hold.scope {
        HoldScope::Grant => ("grant", None),
        HoldScope::Configuration(fingerprint) => ("configuration", Some(fingerprint)),
        HoldScope::Egress(fingerprint) => ("egress", Some(fingerprint)),
    };
    json.name("scope").text(scope);
    if let Some(fingerprint) = fingerprint {
        json.name("fingerprint").hex(fingerprint.as_bytes());
    }
    json.name("since").bare(hold.since);
    json.name("until").bare(hold.until);
    json.close(b'}');
}
