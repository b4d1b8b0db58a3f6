//! Long-lived tokens: what they may replace, and how they end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use core::time::Duration;

use kommo_account::AccountHost;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{
    Attempt, AttemptId, DisconnectReason, DoubtReason, Grant, GrantEvent, GrantKey, GrantState,
    LongLived, LongLivedEnd, LongLivedState, PairNumber, ReauthReason,
};
use kommo_oauth::token::{AccessToken, RefreshToken, TokenPair};

const NOW: UnixSeconds = UnixSeconds::new(1_800_000_000);
const END: UnixSeconds = UnixSeconds::new(1_800_086_400);

fn key() -> GrantKey {
    GrantKey::parse("real/11111111-2222-3333-4444-555555555555/12345678/87654321").unwrap()
}

fn host() -> AccountHost {
    AccountHost::parse("myshop.kommo.com").unwrap()
}

fn token() -> LongLived {
    LongLived::new(AccessToken::new("long-lived").unwrap(), Some(END))
}

fn long_lived() -> Grant {
    Grant::import_long_lived(None, key(), host(), token())
        .unwrap()
        .grant
}

fn consented() -> Grant {
    let pair = TokenPair::new(
        AccessToken::new("access").unwrap(),
        RefreshToken::new("refresh").unwrap(),
        NOW,
        END,
    );
    Grant::consent(None, key(), host(), None, pair).grant
}

fn refreshing() -> Grant {
    let attempt = Attempt::new(AttemptId::new([1; 16]), PairNumber::FIRST, NOW);
    consented().begin(attempt).unwrap().grant
}

fn state(grant: &Grant) -> LongLivedState {
    match &grant.state {
        GrantState::LongLived(token) => token.state(NOW),
        other => panic!("{other:?}"),
    }
}

// Invariant I6.
#[test]
fn a_long_lived_token_takes_the_place_of_no_pair_that_may_live() {
    let doubt = refreshing().take_over(NOW);
    for living in [consented(), refreshing(), doubt] {
        let name = living.state.name();
        let refused = Grant::import_long_lived(Some(living), key(), host(), token()).unwrap_err();
        assert_eq!(refused.state, name);
    }
    let dead = refreshing()
        .refuse(
            AttemptId::new([1; 16]),
            PairNumber::FIRST,
            ReauthReason::Revoked,
            NOW,
        )
        .unwrap()
        .grant;
    assert_eq!(dead.state.name(), "reauth-required");
    let over = consented()
        .disconnect(DisconnectReason::LoggedOut, NOW)
        .unwrap()
        .grant;
    for earlier in [None, Some(dead), Some(over), Some(long_lived())] {
        let fence = earlier.as_ref().map(|grant| grant.generation);
        let transition = Grant::import_long_lived(earlier, key(), host(), token()).unwrap();
        assert_eq!(state(&transition.grant), LongLivedState::Active);
        assert!(fence.is_none_or(|fence| transition.grant.generation > fence));
    }
    // A doubt that was reported late is still a doubt.
    let doubt = refreshing()
        .doubt(
            AttemptId::new([1; 16]),
            DoubtReason::AnswerLost,
            NOW,
            |_| NOW.plus(Duration::from_secs(1)),
        )
        .unwrap();
    assert!(Grant::import_long_lived(Some(doubt.grant), key(), host(), token()).is_err());
}

#[test]
fn a_401_revokes_it_and_a_logout_or_a_move_does_not() {
    let grant = long_lived();
    let generation = grant.generation;
    let revoked = grant.clone().reject_access(generation).unwrap();
    assert_eq!(revoked.event, GrantEvent::Revoked);
    assert_eq!(state(&revoked.grant), LongLivedState::Revoked);
    assert_eq!(revoked.grant.state.name(), "long-lived");
    for reason in [
        DisconnectReason::LoggedOut,
        DisconnectReason::Exported,
        DisconnectReason::Confirmed,
    ] {
        let over = grant.clone().disconnect(reason, NOW).unwrap();
        assert_eq!(over.event, GrantEvent::Disconnected(reason));
        assert_eq!(state(&over.grant), LongLivedState::Over(reason));
        assert_eq!(over.grant.state.name(), "disconnected");
        assert!(over.grant.generation > generation, "the fence was raised");
        assert_eq!(over.grant.usable(NOW), None);
        assert_eq!(over.grant.due_at(Duration::ZERO), None);
        assert_eq!(over.grant.clone().disconnect(reason, NOW), None);
        let fence = over.grant.generation;
        assert_eq!(over.grant.clone().reject_access(fence), None);
        assert_eq!(over.grant.clone().warn_of_end(END), None);
        let read = Grant::from_stored(&key(), &over.grant.to_stored()).unwrap();
        assert_eq!(read, over.grant);
    }
}

#[test]
fn one_that_was_revoked_can_only_be_logged_out() {
    let grant = long_lived();
    let generation = grant.generation;
    let revoked = grant.reject_access(generation).unwrap().grant;
    for reason in [DisconnectReason::Confirmed, DisconnectReason::Exported] {
        assert_eq!(revoked.clone().disconnect(reason, NOW), None);
    }
    let over = revoked
        .disconnect(DisconnectReason::LoggedOut, NOW)
        .unwrap();
    assert_eq!(
        state(&over.grant),
        LongLivedState::Over(DisconnectReason::LoggedOut)
    );
}

#[test]
fn a_record_whose_state_and_end_do_not_agree_is_damaged() {
    let over = long_lived()
        .disconnect(DisconnectReason::LoggedOut, NOW)
        .unwrap()
        .grant;
    let text = String::from_utf8(over.to_stored().to_vec()).unwrap();
    for (from, to) in [
        (r#""state":"disconnected""#, r#""state":"long-lived""#),
        (r#","ended":"logged-out""#, ""),
        (r#""logged-out""#, r#""forgotten""#),
        (r#""logged-out""#, r#""revoked""#),
    ] {
        let other = text.replace(from, to);
        assert_ne!(other, text, "{from}");
        assert!(
            Grant::from_stored(&key(), other.as_bytes()).is_err(),
            "{to}"
        );
    }
    for end in [
        LongLivedEnd::Revoked,
        LongLivedEnd::Over(DisconnectReason::Exported),
    ] {
        assert_eq!(LongLivedEnd::from_name(end.name()), Some(end));
    }
}
