//! The refresh protocol at its edges: what a run says of the record that it did not read, of the
//! store that failed, of the instant at which to ask again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use core::time::Duration;

use kommo_account::AccountHost;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{
    Attempt, AttemptId, DisconnectReason, DoubtReason, Fingerprint, Generation, Grant, GrantEvent,
    GrantKey, Hold, HoldKind, HoldScope, LongLived, PairNumber, ReauthReason, Requester, Revision,
    UnsavedPair,
};
use kommo_oauth::refresh::{
    Located, Outcome, RefreshPolicy, RefreshProtocol, Report, SendOutcome, Step, StoreErrorKind,
    TokenRequirement, UnexpectedReport, Unmet,
};
use kommo_oauth::token::{
    AccessToken, RefreshToken, RequestOrigin, TokenAnswer, TokenPair, read_token_answer,
};

const NOW: UnixSeconds = UnixSeconds::new(1_800_000_000);
const HOUR: Duration = Duration::from_secs(3_600);

fn key() -> GrantKey {
    GrantKey::parse("real/11111111-2222-3333-4444-555555555555/12345678/87654321").unwrap()
}

fn pair(name: &str) -> TokenPair {
    TokenPair::new(
        AccessToken::new(format!("access-{name}")).unwrap(),
        RefreshToken::new(format!("refresh-{name}")).unwrap(),
        NOW,
        NOW.plus(HOUR * 24),
    )
}

/// A grant that has just been consented to and stored.
fn consented() -> Grant {
    let host = AccountHost::parse("myshop.kommo.com").unwrap();
    let mut grant = Grant::consent(None, key(), host, None, pair("1")).grant;
    grant.revision = Revision::NOT_STORED.next();
    grant
}

/// The same, after its only pair was refused.
fn ended() -> Grant {
    let attempt = Attempt::new(AttemptId::new([9; 16]), PairNumber::FIRST, NOW);
    let begun = consented().begin(attempt).unwrap().grant;
    let refused = begun.refuse(attempt.id, PairNumber::FIRST, ReauthReason::Revoked, NOW);
    refused.unwrap().grant
}

fn run(requirement: TokenRequirement, has_lifeboat: bool) -> RefreshProtocol {
    let name = Fingerprint::new([1; 16]);
    let (requester, id) = (Requester::new(name, name), AttemptId::new([1; 16]));
    let policy = RefreshPolicy::new();
    RefreshProtocol::new(key(), requirement, requester, policy, id, has_lifeboat)
}

fn newer() -> TokenRequirement {
    TokenRequirement::newer_than(Generation::FIRST)
}

/// Why, whether a record was read, whether there is a token meanwhile, and when to ask again.
fn unmet(protocol: &RefreshProtocol) -> (Unmet, bool, bool, Option<UnixSeconds>) {
    match protocol.outcome() {
        Some(Outcome::Unmet {
            why,
            usable,
            is_read,
            again_at,
        }) => (*why, *is_read, usable.is_some(), *again_at),
        other => panic!("{other:?}"),
    }
}

/// To the request, with a store that confirms everything.
fn go_to_send(protocol: &mut RefreshProtocol, grant: &Grant) {
    loop {
        match protocol.poll() {
            Step::Load => protocol.handle(Report::Loaded(Some(grant.clone())), NOW),
            Step::Lock => protocol.handle(Report::Locked, NOW),
            Step::ReadLifeboat => protocol.handle(Report::LifeboatRead(None), NOW),
            Step::ReserveLifeboat => protocol.handle(Report::Done, NOW),
            Step::Record(transition) => {
                let revision = transition.grant.revision.next();
                protocol.handle(Report::Recorded(revision), NOW)
            }
            Step::Send { .. } => return,
            other => panic!("{other:?}"),
        }
        .unwrap();
    }
}

fn to_the_end(protocol: &mut RefreshProtocol) {
    loop {
        match protocol.poll() {
            Step::ReleaseLifeboat => protocol.handle(Report::Done, NOW).unwrap(),
            Step::Release => protocol.handle(Report::Done, NOW).unwrap(),
            _ => return,
        }
    }
}

#[test]
fn a_run_says_whether_it_has_read_a_record() {
    let failed = |trouble| Unmet::StoreFailed(trouble);
    let soon = Some(NOW.plus(RefreshPolicy::new().unreachable_pause));

    let mut unread = run(newer(), false);
    unread
        .handle(Report::Failed(StoreErrorKind::Unavailable), NOW)
        .unwrap();
    let expected = (failed(StoreErrorKind::Unavailable), false, false, soon);
    assert_eq!(unmet(&unread), expected);

    let mut read = run(newer(), false);
    read.handle(Report::Loaded(Some(consented())), NOW).unwrap();
    read.handle(Report::Failed(StoreErrorKind::WrongKey), NOW)
        .unwrap();
    // A person is needed, so no instant is named.
    let expected = (failed(StoreErrorKind::WrongKey), true, true, None);
    assert_eq!(unmet(&read), expected);

    let mut absent = run(newer(), false);
    absent.handle(Report::Loaded(None), NOW).unwrap();
    assert_eq!(unmet(&absent), (Unmet::NoGrant, true, false, None));

    let mut busy = run(newer(), false);
    busy.handle(Report::Loaded(Some(consented())), NOW).unwrap();
    busy.handle(Report::Busy, NOW).unwrap();
    assert_eq!(unmet(&busy), (Unmet::Busy, true, true, soon));
}

#[test]
fn a_run_holds_the_lock_from_its_grant_to_its_return() {
    let mut protocol = run(newer(), false);
    protocol
        .handle(Report::Loaded(Some(consented())), NOW)
        .unwrap();
    assert!(!protocol.is_locked());
    go_to_send(&mut protocol, &consented());
    assert!(protocol.is_locked());
    protocol
        .handle(Report::Sent(SendOutcome::NotSent), NOW)
        .unwrap();
    let revision = Revision::new(3);
    protocol.handle(Report::Recorded(revision), NOW).unwrap();
    assert!(protocol.is_locked());
    to_the_end(&mut protocol);
    assert!(!protocol.is_locked());
    assert_eq!(unmet(&protocol).0, Unmet::Unreachable);
}

#[test]
fn an_ended_grant_is_looked_at_under_the_lock_only_where_a_lifeboat_may_have_its_pair() {
    let ended = ended();
    let mut without = run(newer(), false);
    without
        .handle(Report::Loaded(Some(ended.clone())), NOW)
        .unwrap();
    assert!(matches!(unmet(&without).0, Unmet::ReauthRequired(_)));

    let mut with = run(newer(), true);
    with.handle(Report::Loaded(Some(ended.clone())), NOW)
        .unwrap();
    assert_eq!(with.poll(), Step::Lock);
    with.handle(Report::Locked, NOW).unwrap();
    with.handle(Report::Loaded(Some(ended.clone())), NOW)
        .unwrap();
    assert_eq!(with.poll(), Step::ReadLifeboat);
    with.handle(Report::LifeboatRead(None), NOW).unwrap();
    to_the_end(&mut with);
    assert!(matches!(unmet(&with).0, Unmet::ReauthRequired(_)));

    // What its access token still meets needs no lock.
    let mut met = run(TokenRequirement::valid_for(HOUR), true);
    met.handle(Report::Loaded(Some(ended)), NOW).unwrap();
    assert!(matches!(met.outcome(), Some(Outcome::Met { .. })));
}

#[test]
fn a_living_grant_needs_no_lock_to_say_that_it_waits() {
    // A lifeboat is asked for grants that have ended; one that is in doubt says so at once.
    let attempt = Attempt::new(AttemptId::new([9; 16]), PairNumber::FIRST, NOW);
    let begun = consented().begin(attempt).unwrap().grant;
    let doubt = DoubtReason::AnswerLost;
    let doubted = begun.doubt(attempt.id, doubt, NOW, |_| NOW.plus(HOUR / 2));
    let mut waits = run(newer(), true);
    waits
        .handle(Report::Loaded(Some(doubted.unwrap().grant)), NOW)
        .unwrap();
    let (why, _, _, again_at) = unmet(&waits);
    assert_eq!(why, Unmet::InDoubt(doubt));
    assert_eq!(again_at, Some(NOW.plus(HOUR / 2)));
}

#[test]
fn the_origin_of_a_request_is_known_after_a_refresh_and_not_after_a_consent() {
    let mut protocol = run(newer(), false);
    assert_eq!(protocol.origin(NOW), RequestOrigin::OtherGrant);
    protocol
        .handle(Report::Loaded(Some(consented())), NOW)
        .unwrap();
    assert_eq!(protocol.origin(NOW), RequestOrigin::OtherGrant);
    let attempt = Attempt::new(AttemptId::new([9; 16]), PairNumber::FIRST, NOW);
    let begun = consented().begin(attempt).unwrap().grant;
    let received = begun.receive(Generation::FIRST, PairNumber::FIRST, pair("2"), NOW);
    let refreshed = received.unwrap().0.grant;
    let mut protocol = run(TokenRequirement::newer_than(refreshed.generation), false);
    protocol
        .handle(Report::Loaded(Some(refreshed)), NOW)
        .unwrap();
    assert_eq!(protocol.origin(NOW), RequestOrigin::KnownAccount);
}

#[test]
fn a_pair_of_another_grant_in_the_lifeboat_is_left_there() {
    let other = GrantKey::parse("real/11111111-2222-3333-4444-555555555555/12345678/1").unwrap();
    let attempt = AttemptId::new([7; 16]);
    let unsaved = UnsavedPair::new(
        other,
        attempt,
        Generation::FIRST,
        PairNumber::FIRST,
        pair("x"),
    );
    let mut protocol = run(newer(), true);
    protocol
        .handle(Report::Loaded(Some(consented())), NOW)
        .unwrap();
    protocol.handle(Report::Locked, NOW).unwrap();
    protocol
        .handle(Report::Loaded(Some(consented())), NOW)
        .unwrap();
    protocol
        .handle(Report::LifeboatRead(Some(unsaved)), NOW)
        .unwrap();
    assert_eq!(protocol.poll(), Step::ReserveLifeboat);
    assert!(protocol.unsaved().is_none());
}

#[test]
fn a_record_that_changes_again_and_again_is_given_up() {
    let mut protocol = run(newer(), false);
    protocol
        .handle(Report::Loaded(Some(consented())), NOW)
        .unwrap();
    protocol.handle(Report::Locked, NOW).unwrap();
    let mut conflicts = 0;
    loop {
        protocol
            .handle(Report::Loaded(Some(consented())), NOW)
            .unwrap();
        assert!(matches!(protocol.poll(), Step::Record(_)));
        protocol.handle(Report::Conflict, NOW).unwrap();
        conflicts += 1;
        if protocol.poll() != Step::Load {
            break;
        }
    }
    assert_eq!(conflicts, 9);
    to_the_end(&mut protocol);
    let soon = NOW.plus(RefreshPolicy::new().unreachable_pause);
    assert_eq!(unmet(&protocol), (Unmet::Contended, true, true, Some(soon)));
}

#[test]
fn an_erased_grant_takes_its_pair_with_it() {
    let mut protocol = run(newer(), false);
    go_to_send(&mut protocol, &consented());
    let granted = SendOutcome::Answered(TokenAnswer::Granted(pair("2")));
    protocol.handle(Report::Sent(granted), NOW).unwrap();
    assert!(matches!(protocol.poll(), Step::Save(_)));
    protocol.handle(Report::Conflict, NOW).unwrap();
    protocol.handle(Report::Loaded(None), NOW).unwrap();
    to_the_end(&mut protocol);
    assert!(protocol.unsaved().is_none());
    assert_eq!(unmet(&protocol), (Unmet::NoGrant, true, false, None));
}

#[test]
fn what_is_out_of_turn_says_so() {
    let error = run(newer(), false).handle(Report::Done, NOW).unwrap_err();
    assert_eq!(error, UnexpectedReport::new());
    assert_eq!(
        error.to_string(),
        "the refresh protocol received a report on a step that it did not ask for"
    );
}

/// Under the lock, with this record.
fn under_lock(requirement: TokenRequirement, grant: &Grant) -> RefreshProtocol {
    let mut protocol = run(requirement, false).begin_at_lock();
    protocol.handle(Report::Locked, NOW).unwrap();
    protocol
        .handle(Report::Loaded(Some(grant.clone())), NOW)
        .unwrap();
    protocol
}

fn happens(protocol: &RefreshProtocol) -> GrantEvent {
    match protocol.poll() {
        Step::Record(transition) => transition.event,
        other => panic!("{other:?}"),
    }
}

/// The token that would be sent once what is asked for is recorded.
fn sends(protocol: &mut RefreshProtocol) -> String {
    loop {
        match protocol.poll() {
            Step::Record(transition) => {
                let revision = transition.grant.revision.next();
                protocol.handle(Report::Recorded(revision), NOW).unwrap();
            }
            Step::Send { refresh_token, .. } => return refresh_token.expose().to_owned(),
            other => panic!("{other:?}"),
        }
    }
}

/// A grant whose newest pair, obtained so long ago, came in place of one whose access token was
/// rejected.
fn replaced(ago: Duration) -> Grant {
    let grant = consented().reject_access(Generation::FIRST).unwrap().grant;
    let attempt = Attempt::new(AttemptId::new([9; 16]), PairNumber::FIRST, NOW);
    let mut new = pair("2");
    new.obtained_at = NOW.minus(ago);
    let begun = grant.begin(attempt).unwrap().grant;
    let received = begun.receive(Generation::FIRST, PairNumber::FIRST, new, NOW);
    received.unwrap().0.grant
}

/// A grant with two pairs, the newest of which is the second.
fn two_pairs() -> Grant {
    let attempt = Attempt::new(AttemptId::new([9; 16]), PairNumber::FIRST, NOW);
    let begun = consented().begin(attempt).unwrap().grant;
    let received = begun.receive(Generation::FIRST, PairNumber::FIRST, pair("2"), NOW);
    received.unwrap().0.grant
}

#[test]
fn a_rejected_token_is_noted_before_another_is_asked_for() {
    let grant = consented();
    let requirement = TokenRequirement::instead_of_rejected(grant.generation);
    let mut protocol = under_lock(requirement, &grant);
    assert_eq!(happens(&protocol), GrantEvent::AccessRejected);
    protocol
        .handle(Report::Recorded(Revision::new(2)), NOW)
        .unwrap();
    assert_eq!(happens(&protocol), GrantEvent::AttemptBegun);

    // A rejected token of an earlier generation is no news.
    let grant = two_pairs();
    let protocol = under_lock(
        TokenRequirement::instead_of_rejected(Generation::FIRST),
        &grant,
    );
    let met = protocol.poll();
    assert_eq!(met, Step::Release, "the newer token is what was wanted");
}

#[test]
fn a_token_that_replaced_a_rejected_one_a_moment_ago_is_not_replaced_again() {
    let suspect = RefreshPolicy::new().hold_length(HoldKind::Suspect);
    let just_within = suspect - Duration::from_secs(1);
    for (ago, expected) in [
        (Duration::ZERO, GrantEvent::Held(HoldKind::Suspect)),
        (just_within, GrantEvent::Held(HoldKind::Suspect)),
        (suspect, GrantEvent::AccessRejected),
        (suspect * 2, GrantEvent::AccessRejected),
    ] {
        let grant = replaced(ago);
        let protocol = under_lock(
            TokenRequirement::instead_of_rejected(grant.generation),
            &grant,
        );
        assert_eq!(happens(&protocol), expected, "{ago:?}");
    }
    // A pair that came in the usual way may be replaced at once.
    let grant = two_pairs();
    let protocol = under_lock(
        TokenRequirement::instead_of_rejected(grant.generation),
        &grant,
    );
    assert_eq!(happens(&protocol), GrantEvent::AccessRejected);
}

#[test]
fn a_suspected_token_serves_and_says_until_when_nothing_is_asked() {
    let grant = replaced(Duration::ZERO);
    let mut protocol = under_lock(
        TokenRequirement::instead_of_rejected(grant.generation),
        &grant,
    );
    protocol
        .handle(Report::Recorded(Revision::new(9)), NOW)
        .unwrap();
    to_the_end(&mut protocol);
    let end = NOW.plus(RefreshPolicy::new().hold_length(HoldKind::Suspect));
    let held = Unmet::Held(HoldKind::Suspect);
    assert_eq!(unmet(&protocol), (held, true, true, Some(end)));
}

#[test]
fn a_person_does_not_wait_for_the_pause_of_a_doubt_and_a_pause_is_as_long_as_it_may_be() {
    let attempt = Attempt::new(AttemptId::new([9; 16]), PairNumber::FIRST, NOW);
    let begun = consented().begin(attempt).unwrap().grant;
    let longest = RefreshPolicy::new().longest_doubt_pause();
    let waiting = |pause: Duration| {
        let grant = begun.clone();
        let doubted = grant.doubt(attempt.id, DoubtReason::AnswerLost, NOW, |_| {
            NOW.plus(pause)
        });
        doubted.unwrap().grant
    };
    let doubt = Unmet::InDoubt(DoubtReason::AnswerLost);
    let mut protocol = under_lock(newer(), &waiting(longest));
    to_the_end(&mut protocol);
    assert_eq!(
        unmet(&protocol),
        (doubt, true, true, Some(NOW.plus(longest)))
    );

    // Further off than any pause, by more than clocks may differ.
    let wrong = longest + Duration::from_secs(301);
    assert_eq!(
        happens(&under_lock(newer(), &waiting(wrong))),
        GrantEvent::AttemptBegun
    );

    let wish = newer().by_person();
    assert_eq!(
        happens(&under_lock(wish, &waiting(longest))),
        GrantEvent::AttemptBegun
    );
}

#[test]
fn in_doubt_the_pair_that_was_sent_is_sent_again_unless_it_was_refused() {
    let grant = two_pairs();
    // An attempt with the older pair: the newest is not refused.
    let attempt = Attempt::new(AttemptId::new([9; 16]), PairNumber::FIRST, NOW);
    let begun = grant.begin(attempt).unwrap().grant;
    let doubted = begun.doubt(attempt.id, DoubtReason::AnswerLost, NOW, |_| NOW);
    let doubted = doubted.unwrap().grant;
    let requirement = TokenRequirement::newer_than(doubted.generation);
    assert_eq!(sends(&mut under_lock(requirement, &doubted)), "refresh-1");
    let other = AttemptId::new([8; 16]);
    let refused = doubted.refuse(other, PairNumber::FIRST, ReauthReason::Revoked, NOW);
    assert_eq!(
        sends(&mut under_lock(requirement, &refused.unwrap().grant)),
        "refresh-2"
    );
}

#[test]
fn a_grant_without_a_pair_to_send_ends_when_no_answer_is_waited_for_any_more() {
    let attempt = Attempt::new(AttemptId::new([9; 16]), PairNumber::FIRST, NOW);
    let other = AttemptId::new([8; 16]);
    let begun = consented().begin(attempt).unwrap().grant;
    let marked = begun.refuse(other, PairNumber::FIRST, ReauthReason::Revoked, NOW);
    let marked = marked.unwrap().grant;

    // Its attempt is taken over, and may still be answered. Until when is written down, or each run
    // would wait anew.
    let mut protocol = under_lock(newer(), &marked);
    let Step::Record(transition) = protocol.poll() else {
        panic!("{:?}", protocol.poll());
    };
    assert_eq!(
        transition.event,
        GrantEvent::Doubted(DoubtReason::HolderDied)
    );
    let taken_over = transition.grant.clone();
    protocol
        .handle(Report::Recorded(Revision::new(9)), NOW)
        .unwrap();
    to_the_end(&mut protocol);
    let (why, _, _, again_at) = unmet(&protocol);
    assert_eq!(why, Unmet::InDoubt(DoubtReason::HolderDied));
    let over = NOW.plus(RefreshPolicy::new().orphan_limit());
    assert_eq!(again_at, Some(over));
    let ended = GrantEvent::ReauthRequired(ReauthReason::Revoked);
    let mut later = run(newer(), false).begin_at_lock();
    later.handle(Report::Locked, over).unwrap();
    later
        .handle(Report::Loaded(Some(taken_over)), over)
        .unwrap();
    assert_eq!(happens(&later), ended);

    let doubted = marked.doubt(attempt.id, DoubtReason::AnswerLost, NOW, |_| NOW);
    let mut protocol = under_lock(newer(), &doubted.unwrap().grant);
    assert_eq!(happens(&protocol), ended);
    protocol
        .handle(Report::Recorded(Revision::new(9)), NOW)
        .unwrap();
    to_the_end(&mut protocol);
    assert_eq!(
        unmet(&protocol).0,
        Unmet::ReauthRequired(ReauthReason::Revoked)
    );
}

#[test]
fn a_long_lived_token_is_never_refreshed_and_says_why() {
    let host = AccountHost::parse("myshop.kommo.com").unwrap();
    let of = |end: Option<UnixSeconds>| {
        let token = LongLived::new(AccessToken::new("long").unwrap(), end);
        Grant::import_long_lived(None, key(), host, token)
            .unwrap()
            .grant
    };
    let requirement = TokenRequirement::newer_than(Generation::new(5));
    let why = |grant: Grant| {
        let mut protocol = under_lock(requirement, &grant);
        to_the_end(&mut protocol);
        unmet(&protocol).0
    };
    let living = of(Some(NOW.plus(HOUR)));
    assert_eq!(why(living.clone()), Unmet::NotRefreshable);
    assert_eq!(why(of(Some(NOW))), Unmet::Expired);
    let revoked = living
        .clone()
        .reject_access(living.generation)
        .unwrap()
        .grant;
    assert_eq!(why(revoked), Unmet::Revoked);
    let over = living
        .disconnect(DisconnectReason::Confirmed, NOW)
        .unwrap()
        .grant;
    assert_eq!(why(over), Unmet::Disconnected(DisconnectReason::Confirmed));
}

#[test]
fn each_429_after_another_doubles_the_pause() {
    let before = Hold::new(
        HoldKind::Throttled,
        HoldScope::Grant,
        NOW.minus(HOUR),
        HOUR / 60,
    );
    let grant = consented().hold(before).grant;
    for (grant, seconds) in [(consented(), 60), (grant, 120)] {
        let mut protocol = run(newer(), false);
        go_to_send(&mut protocol, &grant);
        let answer = read_token_answer(429, None, None, b"", NOW);
        protocol
            .handle(Report::Sent(SendOutcome::Answered(answer)), NOW)
            .unwrap();
        let Step::Record(transition) = protocol.poll() else {
            panic!("{:?}", protocol.poll());
        };
        let [hold] = transition.grant.holds.as_slice() else {
            panic!("{:?}", transition.grant.holds);
        };
        assert_eq!(hold.until, NOW.plus(Duration::from_secs(seconds)));
    }
}

#[test]
fn a_new_host_that_meets_a_conflict_is_written_again_with_its_attempt() {
    // `{"api_domain":"api-c.kommo.com"}`
    let claims = "eyJhcGlfZG9tYWluIjoiYXBpLWMua29tbW8uY29tIn0";
    let mut first = pair("1");
    first.access_token = AccessToken::new(format!("e30.{claims}.a")).unwrap();
    let home = AccountHost::parse("myshop.kommo.com").unwrap();
    let grant = Grant::consent(None, key(), home, None, first).grant;
    let mut protocol = run(newer(), false);
    go_to_send(&mut protocol, &grant);
    let answer = read_token_answer(404, None, None, b"<html>", NOW);
    protocol
        .handle(Report::Sent(SendOutcome::Answered(answer)), NOW)
        .unwrap();
    assert!(matches!(protocol.poll(), Step::LookUp { .. }));
    let elsewhere = AccountHost::parse("ourshop.kommo.com").unwrap();
    let account_id = key().account_id;
    let located = Located::At {
        account_id,
        host: elsewhere,
    };
    protocol.handle(Report::Located(located), NOW).unwrap();
    let Step::Record(transition) = protocol.poll() else {
        panic!("{:?}", protocol.poll());
    };
    assert_eq!(transition.event, GrantEvent::HostMoved);
    let mut stored = transition.grant.clone();
    stored.host = home;
    stored.revision = stored.revision.next();
    protocol.handle(Report::Conflict, NOW).unwrap();
    protocol.handle(Report::Loaded(Some(stored)), NOW).unwrap();
    assert_eq!(happens(&protocol), GrantEvent::HostMoved);
    protocol
        .handle(Report::Recorded(Revision::new(9)), NOW)
        .unwrap();
    assert!(matches!(protocol.poll(), Step::Send { host, .. } if host == elsewhere));
}

#[test]
fn a_hold_beside_a_doubt_sets_its_next_try_for_all_or_leaves_it_to_the_others() {
    let attempt = Attempt::new(AttemptId::new([9; 16]), PairNumber::FIRST, NOW);
    let begun = consented().begin(attempt).unwrap().grant;
    let doubted = begun.doubt(attempt.id, DoubtReason::AnswerLost, NOW, |_| NOW);
    let doubted = doubted.unwrap().grant;
    let policy = RefreshPolicy::new();
    let of_all = policy.hold_length(HoldKind::PaymentRequired);
    let of_this_machine = policy.doubt_pause(1);
    for (status, body, pause) in [(402, "", of_all), (403, "<html>", of_this_machine)] {
        let mut protocol = run(newer(), false);
        go_to_send(&mut protocol, &doubted);
        let answer = read_token_answer(status, None, None, body.as_bytes(), NOW);
        protocol
            .handle(Report::Sent(SendOutcome::Answered(answer)), NOW)
            .unwrap();
        let Step::Record(transition) = protocol.poll() else {
            panic!("{:?}", protocol.poll());
        };
        let kommo_oauth::grant::GrantState::InDoubt(in_doubt) = &transition.grant.state else {
            panic!("{:?}", transition.grant.state);
        };
        assert_eq!(in_doubt.doubt.next_try, NOW.plus(pause), "{status}");
    }
}

#[test]
fn a_lifeboat_that_cannot_be_read_stops_only_a_grant_whose_pair_may_be_there() {
    let attempt = Attempt::new(AttemptId::new([9; 16]), PairNumber::FIRST, NOW);
    let begun = consented().begin(attempt).unwrap().grant;
    let reading = |grant: &Grant| {
        let mut protocol = run(newer(), true).begin_at_lock();
        let early = protocol.handle(Report::LifeboatRead(None), NOW);
        assert_eq!(early, Err(UnexpectedReport::new()));
        protocol.handle(Report::Locked, NOW).unwrap();
        protocol
            .handle(Report::Loaded(Some(grant.clone())), NOW)
            .unwrap();
        assert_eq!(protocol.poll(), Step::ReadLifeboat);
        protocol
            .handle(Report::Failed(StoreErrorKind::Unavailable), NOW)
            .unwrap();
        protocol
    };
    assert_eq!(reading(&consented()).poll(), Step::ReserveLifeboat);
    let mut stopped = reading(&begun);
    to_the_end(&mut stopped);
    let failed = Unmet::StoreFailed(StoreErrorKind::Unavailable);
    assert_eq!(unmet(&stopped).0, failed);
}

#[test]
fn a_file_that_cannot_be_removed_is_not_read_again_by_the_same_run() {
    let attempt = Attempt::new(AttemptId::new([9; 16]), PairNumber::FIRST, NOW);
    let begun = consented().begin(attempt).unwrap().grant;
    let base = Generation::FIRST;
    let unsaved = UnsavedPair::new(key(), attempt.id, base, PairNumber::FIRST, pair("2"));
    for (is_deleted, expected) in [(true, Step::ReadLifeboat), (false, Step::ReserveLifeboat)] {
        let requirement = TokenRequirement::newer_than(Generation::new(9));
        let mut protocol = run(requirement, true).begin_at_lock();
        protocol.handle(Report::Locked, NOW).unwrap();
        protocol
            .handle(Report::Loaded(Some(begun.clone())), NOW)
            .unwrap();
        protocol
            .handle(Report::LifeboatRead(Some(unsaved.clone())), NOW)
            .unwrap();
        let Step::Save(transition) = protocol.poll() else {
            panic!("{:?}", protocol.poll());
        };
        let saved = transition.grant.clone();
        protocol
            .handle(
                Report::Saved {
                    generation: saved.generation,
                    revision: Revision::new(5),
                },
                NOW,
            )
            .unwrap();
        assert!(matches!(protocol.poll(), Step::DeleteLifeboat(_)));
        protocol
            .handle(
                if is_deleted {
                    Report::Done
                } else {
                    Report::Failed(StoreErrorKind::Unavailable)
                },
                NOW,
            )
            .unwrap();
        assert_eq!(protocol.poll(), Step::Load);
        protocol.handle(Report::Loaded(Some(saved)), NOW).unwrap();
        assert_eq!(protocol.poll(), expected);
    }
}
