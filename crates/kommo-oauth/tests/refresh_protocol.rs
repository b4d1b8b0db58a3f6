//! The refresh protocol, step by step: each case that it must survive, with the steps in the order
//! in which their results are reported.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

extern crate alloc;

use alloc::collections::VecDeque;
use core::time::Duration;

use kommo_account::{AccountHost, AccountId};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{
    AttemptId, DoubtReason, Fingerprint, Grant, GrantKey, GrantState, Hold, HoldKind, HoldScope,
    Orphan, PairFate, ReauthReason, Requester, Revision, Transition, UnsavedPair,
};
use kommo_oauth::refresh::{
    Located, MetBy, Outcome, RefreshPolicy, RefreshProtocol, Report, SendOutcome, Step,
    StoreErrorKind, TokenRequirement, UnexpectedReport, Unmet,
};
use kommo_oauth::token::{AccessToken, RefreshToken, TokenAnswer, TokenPair, read_token_answer};

const NOW: UnixSeconds = UnixSeconds::new(1_800_000_000);
const HOUR: Duration = Duration::from_secs(3_600);

fn key() -> GrantKey {
    GrantKey::parse("real/11111111-2222-3333-4444-555555555555/12345678/87654321").unwrap()
}

fn host() -> AccountHost {
    AccountHost::parse("myshop.kommo.com").unwrap()
}

fn pair(name: &str, left: u64) -> TokenPair {
    TokenPair::new(
        AccessToken::new(format!("access-{name}")).unwrap(),
        RefreshToken::new(format!("refresh-{name}")).unwrap(),
        NOW,
        UnixSeconds::new(NOW.get() + left),
    )
}

/// A record, written by revision.
struct Store {
    grant: Grant,
    is_failing: bool,
}

impl Store {
    /// A grant whose access token has thirty seconds left.
    fn new() -> Self {
        let transition = Grant::consent(None, key(), host(), None, pair("1", 30));
        let mut store = Self {
            grant: transition.grant.clone(),
            is_failing: false,
        };
        store.write(&transition).unwrap();
        store
    }

    fn write(&mut self, transition: &Transition) -> Option<Revision> {
        if self.grant.revision != transition.grant.revision {
            return None;
        }
        self.grant = transition.grant.clone();
        self.grant.revision = transition.grant.revision.next();
        Some(self.grant.revision)
    }
}

fn requester(name: u8) -> Requester {
    Requester::new(Fingerprint::new([name; 16]), Fingerprint::new([name; 16]))
}

fn run(number: u8) -> RefreshProtocol {
    let requirement = TokenRequirement::valid_for(HOUR);
    let id = AttemptId::new([number; 16]);
    RefreshProtocol::new(
        key(),
        requirement,
        requester(1),
        RefreshPolicy::new(),
        id,
        false,
    )
}

/// What a step was, by name.
fn name(step: Step<'_>) -> &'static str {
    match step {
        Step::Load => "load",
        Step::Lock => "lock",
        Step::ReadLifeboat => "read-lifeboat",
        Step::ReserveLifeboat => "reserve-lifeboat",
        Step::ReleaseLifeboat => "release-lifeboat",
        Step::Record(_) => "record",
        Step::Save(_) => "save",
        Step::Send { .. } => "send",
        Step::LookUp { .. } => "look-up",
        Step::WriteLifeboat(_) => "write-lifeboat",
        Step::DeleteLifeboat(_) => "delete-lifeboat",
        Step::WaitToSave => "wait",
        Step::Release => "release",
        Step::Done(_) => "done",
        _ => "?",
    }
}

/// Continues until the run asks for one of `until`; the lock is always free. Requests are answered
/// from `answers`.
fn go(
    protocol: &mut RefreshProtocol,
    store: &mut Store,
    answers: &mut VecDeque<SendOutcome>,
    until: &[&str],
) -> Vec<&'static str> {
    let mut steps = Vec::new();
    loop {
        let step = name(protocol.poll());
        if until.contains(&step) || steps.len() > 60 {
            return steps;
        }
        steps.push(step);
        tell(protocol, store, answers);
    }
}

fn tell(protocol: &mut RefreshProtocol, store: &mut Store, answers: &mut VecDeque<SendOutcome>) {
    tell_at(protocol, store, answers, NOW);
}

fn tell_at(
    protocol: &mut RefreshProtocol,
    store: &mut Store,
    answers: &mut VecDeque<SendOutcome>,
    now: UnixSeconds,
) {
    match protocol.poll() {
        Step::Load if store.is_failing => {
            protocol.handle(Report::Failed(StoreErrorKind::Unavailable), now)
        }
        Step::Load => protocol.handle(Report::Loaded(Some(store.grant.clone())), now),
        Step::Lock => protocol.handle(Report::Locked, now),
        Step::ReadLifeboat => protocol.handle(Report::LifeboatRead(None), now),
        Step::ReserveLifeboat => protocol.handle(Report::Done, now),
        Step::ReleaseLifeboat => protocol.handle(Report::Done, now),
        Step::Record(_) | Step::Save(_) if store.is_failing => {
            protocol.handle(Report::Failed(StoreErrorKind::Unavailable), now)
        }
        Step::Record(transition) => match store.write(&transition.clone()) {
            Some(revision) => protocol.handle(Report::Recorded(revision), now),
            None => protocol.handle(Report::Conflict, now),
        },
        Step::Save(transition) => {
            let generation = transition.grant.generation;
            match store.write(&transition.clone()) {
                Some(revision) => protocol.handle(
                    Report::Saved {
                        generation,
                        revision,
                    },
                    now,
                ),
                None => protocol.handle(Report::Conflict, now),
            }
        }
        Step::Send { .. } => protocol.handle(Report::Sent(answers.pop_front().unwrap()), now),
        Step::LookUp { .. } => protocol.handle(Report::Located(Located::Unknown), now),
        Step::WriteLifeboat(_) => protocol.handle(Report::Done, now),
        Step::DeleteLifeboat(_) => protocol.handle(Report::Done, now),
        Step::WaitToSave => protocol.handle(Report::Done, now),
        Step::Release => protocol.handle(Report::Done, now),
        _ => Err(UnexpectedReport::new()),
    }
    .unwrap();
}

fn granted(name: &str) -> SendOutcome {
    SendOutcome::Answered(TokenAnswer::Granted(pair(name, 86_400)))
}

fn refused(status: u16, body: &str) -> SendOutcome {
    let answer = read_token_answer(status, None, None, body.as_bytes(), NOW);
    SendOutcome::Answered(answer)
}

fn revoked() -> SendOutcome {
    refused(401, r#"{"hint":"Token has been revoked"}"#)
}

fn outcome(protocol: &RefreshProtocol) -> &Outcome {
    protocol.outcome().unwrap()
}

#[track_caller]
fn met(protocol: &RefreshProtocol, access: &str, by: MetBy) {
    match outcome(protocol) {
        Outcome::Met { token, by: found } => {
            assert_eq!(token.access_token.expose(), access);
            assert_eq!(*found, by);
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn unmet(protocol: &RefreshProtocol) -> Unmet {
    match outcome(protocol) {
        Outcome::Unmet { why, .. } => *why,
        other => panic!("{other:?}"),
    }
}

fn whole(protocol: &mut RefreshProtocol, store: &mut Store, answers: &[SendOutcome]) {
    let mut answers = answers.iter().cloned().collect();
    go(protocol, store, &mut answers, &["done"]);
}

// Rules M1, M2.
#[test]
fn a_refresh_records_its_attempt_before_it_is_sent_and_saves_before_it_is_used() {
    let (mut store, mut protocol) = (Store::new(), run(1));
    let mut answers = VecDeque::from([granted("2")]);
    let steps = go(&mut protocol, &mut store, &mut answers, &["done"]);
    assert_eq!(
        steps,
        ["load", "lock", "load", "record", "send", "save", "release"]
    );
    met(&protocol, "access-2", MetBy::Refresh);
    assert_eq!(store.grant.generation.get(), 2);
    let spares = store.grant.state.pairs().unwrap().spares();
    assert_eq!(
        spares.len(),
        1,
        "the old pair is kept until the next success"
    );
}

#[test]
fn a_token_that_is_valid_long_enough_needs_no_lock_and_no_request() {
    let mut store = Store::new();
    let mut protocol = RefreshProtocol::new(
        key(),
        TokenRequirement::valid_for(Duration::from_secs(30)),
        requester(1),
        RefreshPolicy::new(),
        AttemptId::new([1; 16]),
        true,
    );
    assert_eq!(
        go(&mut protocol, &mut store, &mut VecDeque::new(), &["done"]),
        ["load"]
    );
    met(&protocol, "access-1", MetBy::Store);
}

#[test]
fn a_run_that_knows_that_the_grant_is_due_begins_at_the_lock_and_still_reads_under_it() {
    let (mut store, mut winner, mut late) =
        (Store::new(), run(1).begin_at_lock(), run(2).begin_at_lock());
    let mut answers = VecDeque::from([granted("2")]);
    let steps = go(&mut winner, &mut store, &mut answers, &["done"]);
    assert_eq!(steps, ["lock", "load", "record", "send", "save", "release"]);
    met(&winner, "access-2", MetBy::Refresh);
    // Another worker was faster: no request is sent.
    let steps = go(&mut late, &mut store, &mut VecDeque::new(), &["done"]);
    assert_eq!(steps, ["lock", "load", "release"]);
    met(&late, "access-2", MetBy::Store);
    // A run that has begun continues.
    let mut begun = run(3);
    go(&mut begun, &mut store, &mut VecDeque::new(), &["done"]);
    assert_eq!(begun.clone().begin_at_lock(), begun);
}

#[test]
fn a_loser_of_the_lock_adopts_the_winners_pair_without_a_request() {
    let (mut store, mut winner, mut loser) = (Store::new(), run(1), run(2));
    go(&mut loser, &mut store, &mut VecDeque::new(), &["lock"]);
    whole(&mut winner, &mut store, &[granted("2")]);
    let steps = go(&mut loser, &mut store, &mut VecDeque::new(), &["done"]);
    assert_eq!(steps, ["lock", "load", "release"]);
    met(&loser, "access-2", MetBy::Store);
}

/// A run of its own at this instant, to its end.
fn run_at(number: u8, store: &mut Store, answer: SendOutcome, now: UnixSeconds) -> RefreshProtocol {
    let (mut protocol, mut answers) = (run(number), VecDeque::from([answer]));
    while protocol.outcome().is_none() {
        tell_at(&mut protocol, store, &mut answers, now);
    }
    protocol
}

// The late answer: A lost its lock after sending, B retries and is refused. That A's success looks
// the same is a doubt, as long as A may have its answer; then a consent is needed; and A, should it
// wake still later, brings the only living pair.
#[test]
fn a_refusal_is_a_doubt_while_the_former_holder_may_have_its_answer() {
    let limit = Orphan::DEFAULT_LIMIT;
    let (mut store, mut a) = (Store::new(), run(1));
    go(&mut a, &mut store, &mut VecDeque::new(), &["send"]);
    let b = run_at(2, &mut store, revoked(), NOW);
    assert_eq!(unmet(&b), Unmet::InDoubt(DoubtReason::HolderDied));
    let Outcome::Unmet { again_at, .. } = outcome(&b) else {
        panic!("met");
    };
    assert_eq!(*again_at, Some(NOW.plus(limit)));
    assert!(!store.grant.state.pairs().unwrap().newest().refused);

    // A is in time.
    let mut in_time = Store {
        grant: store.grant.clone(),
        is_failing: false,
    };
    whole(&mut a.clone(), &mut in_time, &[granted("2")]);
    assert_eq!(in_time.grant.state.name(), "active");

    // A is not.
    let c = run_at(3, &mut store, revoked(), NOW.plus(limit));
    assert_eq!(unmet(&c), Unmet::ReauthRequired(ReauthReason::Revoked));
    assert_eq!(store.grant.state.name(), "reauth-required");
    whole(&mut a, &mut store, &[granted("2")]);
    met(&a, "access-2", MetBy::Refresh);
    assert_eq!(store.grant.state.name(), "active");
}

#[test]
fn the_time_of_a_former_holder_is_bounded_by_the_clock_that_reads_it() {
    let day = Duration::from_secs(86_400);
    let (mut store, mut a) = (Store::new(), run(1));
    go(&mut a, &mut store, &mut VecDeque::new(), &["send"]);
    // Taken over by a machine whose clock is a day ahead.
    let b = run_at(2, &mut store, revoked(), NOW.plus(day));
    assert_eq!(unmet(&b), Unmet::InDoubt(DoubtReason::HolderDied));
    let c = run_at(3, &mut store, revoked(), NOW);
    assert_eq!(unmet(&c), Unmet::ReauthRequired(ReauthReason::Revoked));
}

#[test]
fn other_proofs_of_death_are_no_trace_of_a_success() {
    for (hint, reason) in [
        ("Token has expired", ReauthReason::Expired),
        (
            "Cannot decrypt the refresh token",
            ReauthReason::Undecryptable,
        ),
        (
            "Token is not linked to client",
            ReauthReason::OfAnotherClient,
        ),
    ] {
        let (mut store, mut a) = (Store::new(), run(1));
        go(&mut a, &mut store, &mut VecDeque::new(), &["send"]);
        let answer = refused(401, &format!(r#"{{"hint":"{hint}"}}"#));
        let b = run_at(2, &mut store, answer, NOW);
        assert_eq!(unmet(&b), Unmet::ReauthRequired(reason));
    }
}

#[test]
fn a_run_whose_pair_is_refused_leaves_the_attempt_of_the_next_holder_alone() {
    let (mut store, mut a, mut b) = (Store::new(), run(1), run(2));
    go(&mut a, &mut store, &mut VecDeque::new(), &["send"]);
    go(&mut b, &mut store, &mut VecDeque::new(), &["send"]);
    let before = store.grant.state.clone();
    whole(&mut a, &mut store, &[revoked()]);
    assert_eq!(unmet(&a), Unmet::Contended);
    assert_eq!(store.grant.state, before);
    whole(&mut b, &mut store, &[granted("2")]);
    met(&b, "access-2", MetBy::Refresh);
}

#[test]
fn without_room_in_the_lifeboat_nothing_is_recorded_and_nothing_is_sent() {
    for trouble in [StoreErrorKind::Unavailable, StoreErrorKind::Misconfigured] {
        let mut store = Store::new();
        let before = store.grant.clone();
        let id = AttemptId::new([1; 16]);
        let requirement = TokenRequirement::valid_for(HOUR);
        let mut protocol = RefreshProtocol::new(
            key(),
            requirement,
            requester(1),
            RefreshPolicy::new(),
            id,
            true,
        );
        let mut answers = VecDeque::new();
        go(
            &mut protocol,
            &mut store,
            &mut answers,
            &["reserve-lifeboat"],
        );
        protocol.handle(Report::Failed(trouble), NOW).unwrap();
        let steps = go(&mut protocol, &mut store, &mut answers, &["done"]);
        assert_eq!(steps, ["release"]);
        assert_eq!(unmet(&protocol), Unmet::StoreFailed(trouble));
        assert_eq!(store.grant, before);
    }
}

// The crossed answers: A's pair is saved while B's retry is in flight and kills it; B's answer is
// the living one. Rule M8.
#[test]
fn a_crossed_answer_is_kept_as_a_spare_and_found_when_the_newest_is_dead() {
    let (mut store, mut a, mut b) = (Store::new(), run(1), run(2));
    go(&mut a, &mut store, &mut VecDeque::new(), &["send"]);
    go(&mut b, &mut store, &mut VecDeque::new(), &["send"]);
    whole(&mut a, &mut store, &[granted("a")]);
    whole(&mut b, &mut store, &[granted("b")]);
    met(&b, "access-a", MetBy::Store);
    let pairs = store.grant.state.pairs().unwrap().clone();
    assert_eq!(pairs.newest().pair.refresh_token.expose(), "refresh-a");
    assert!(
        pairs
            .spares()
            .iter()
            .any(|spare| spare.pair.refresh_token.expose() == "refresh-b")
    );

    // A's pair turns out dead: B's is tried in the same run.
    let requirement = TokenRequirement::newer_than(store.grant.generation);
    let id = AttemptId::new([3; 16]);
    let mut next = RefreshProtocol::new(
        key(),
        requirement,
        requester(1),
        RefreshPolicy::new(),
        id,
        false,
    );
    let mut answers = VecDeque::from([revoked(), granted("c")]);
    let steps = go(&mut next, &mut store, &mut answers, &["done"]);
    assert_eq!(
        steps,
        [
            "load", "lock", "load", "record", "send", "load", "record", "record", "send", "save",
            "release"
        ]
    );
    met(&next, "access-c", MetBy::Refresh);
}

// The stopped holder: its late write meets the fence.
#[test]
fn what_a_stopped_holder_writes_late_moves_nothing_back() {
    let (mut store, mut stopped, mut b) = (Store::new(), run(1), run(2));
    go(&mut stopped, &mut store, &mut VecDeque::new(), &["send"]);
    whole(&mut b, &mut store, &[granted("2")]);
    let before = store.grant.clone();
    for answer in [
        SendOutcome::Lost,
        SendOutcome::NotSent,
        refused(403, "<html>"),
    ] {
        let mut late = stopped.clone();
        whole(&mut late, &mut store, &[answer]);
        met(&late, "access-2", MetBy::Store);
        assert_eq!(store.grant, before);
    }
    // A late proof of death is about the old pair, and marks it alone.
    whole(&mut stopped, &mut store, &[revoked()]);
    met(&stopped, "access-2", MetBy::Store);
    assert_eq!(store.grant.state.name(), "active");
    assert_eq!(store.grant.generation, before.generation);
    assert!(store.grant.state.pairs().unwrap().spares()[0].refused);
}

// The store fails between answer and save.
#[test]
fn a_pair_that_cannot_be_saved_is_kept_afloat_and_saved_when_the_store_is_back() {
    let mut store = Store::new();
    let requirement = TokenRequirement::valid_for(HOUR);
    let id = AttemptId::new([1; 16]);
    let mut protocol = RefreshProtocol::new(
        key(),
        requirement,
        requester(1),
        RefreshPolicy::new(),
        id,
        true,
    );
    let mut answers = VecDeque::from([granted("2")]);
    go(&mut protocol, &mut store, &mut answers, &["save"]);
    store.is_failing = true;
    let steps: Vec<_> = (0..7)
        .map(|_| {
            let step = name(protocol.poll());
            tell(&mut protocol, &mut store, &mut answers);
            step
        })
        .collect();
    assert_eq!(
        steps,
        [
            "save",
            "write-lifeboat",
            "wait",
            "load",
            "wait",
            "load",
            "wait"
        ]
    );
    assert!(protocol.outcome().is_none());
    assert_eq!(
        protocol.unsaved().unwrap().pair.refresh_token.expose(),
        "refresh-2"
    );
    store.is_failing = false;
    let steps = go(&mut protocol, &mut store, &mut answers, &["done"]);
    assert_eq!(
        steps,
        [
            "load",
            "save",
            "delete-lifeboat",
            "release-lifeboat",
            "release"
        ]
    );
    met(&protocol, "access-2", MetBy::Refresh);
}

#[test]
fn a_save_whose_confirmation_was_lost_is_found_to_have_happened() {
    let (mut store, mut protocol) = (Store::new(), run(1));
    let mut answers = VecDeque::from([granted("2")]);
    go(&mut protocol, &mut store, &mut answers, &["save"]);
    if let Step::Save(transition) = protocol.poll() {
        store.write(&transition.clone()).unwrap();
    }
    protocol
        .handle(Report::Failed(StoreErrorKind::Unavailable), NOW)
        .unwrap();
    let steps = go(&mut protocol, &mut store, &mut answers, &["done"]);
    assert_eq!(steps, ["wait", "load", "release"]);
    met(&protocol, "access-2", MetBy::Refresh);
    assert_eq!(store.grant.generation.get(), 2, "it was not written twice");
}

#[test]
fn a_pair_of_the_lifeboat_is_saved_before_anything_is_sent() {
    let (mut store, mut died) = (Store::new(), run(1));
    go(&mut died, &mut store, &mut VecDeque::new(), &["send"]);
    let base = store.grant.generation;
    let used = store.grant.state.pairs().unwrap().newest().number;
    let id = AttemptId::new([1; 16]);
    let unsaved = UnsavedPair::new(key(), id, base, used, pair("2", 86_400));

    let requirement = TokenRequirement::valid_for(HOUR);
    let id = AttemptId::new([2; 16]);
    let mut next = RefreshProtocol::new(
        key(),
        requirement,
        requester(1),
        RefreshPolicy::new(),
        id,
        true,
    );
    go(
        &mut next,
        &mut store,
        &mut VecDeque::new(),
        &["read-lifeboat"],
    );
    next.handle(Report::LifeboatRead(Some(unsaved)), NOW)
        .unwrap();
    let steps = go(&mut next, &mut store, &mut VecDeque::new(), &["done"]);
    assert_eq!(
        steps,
        [
            "save",
            "delete-lifeboat",
            "load",
            "read-lifeboat",
            "release"
        ]
    );
    met(&next, "access-2", MetBy::Store);
}

// Rule M1.
#[test]
fn a_doubt_lasts_until_its_next_try_and_the_same_token_is_sent_again() {
    let (mut store, mut protocol) = (Store::new(), run(1));
    whole(&mut protocol, &mut store, &[SendOutcome::Lost]);
    assert!(matches!(unmet(&protocol), Unmet::InDoubt(_)));
    assert_eq!(store.grant.state.name(), "in-doubt");

    let mut early = run(2);
    let steps = go(&mut early, &mut store, &mut VecDeque::new(), &["done"]);
    assert_eq!(steps, ["load"], "not before its time");

    let GrantState::InDoubt(in_doubt) = &store.grant.state else {
        panic!();
    };
    let later = in_doubt.doubt.next_try;
    let mut retry = run(3);
    retry
        .handle(Report::Loaded(Some(store.grant.clone())), later)
        .unwrap();
    retry.handle(Report::Locked, later).unwrap();
    retry
        .handle(Report::Loaded(Some(store.grant.clone())), later)
        .unwrap();
    let Step::Record(transition) = retry.poll() else {
        panic!("{:?}", retry.poll());
    };
    let revision = store.write(&transition.clone()).unwrap();
    retry.handle(Report::Recorded(revision), later).unwrap();
    let Step::Send { refresh_token, .. } = retry.poll() else {
        panic!();
    };
    assert_eq!(refresh_token.expose(), "refresh-1");
}

#[test]
fn pauses_between_tries_in_doubt_grow_and_the_lock_is_free_between_them() {
    let day = UnixSeconds::new(NOW.get() + 86_400);
    for (ends, expected) in [
        (
            NOW.plus(Duration::from_secs(30)),
            [1, 5, 30, 60, 60, 60, 60, 60],
        ),
        (day, [1, 5, 30, 120, 600, 3_600, 3_600, 3_600]),
        // The next try comes two minutes before the end, not after it.
        (
            NOW.plus(Duration::from_secs(1_000)),
            [1, 5, 30, 120, 600, 124, 60, 60],
        ),
    ] {
        assert_eq!(pauses_of(ends), expected);
    }
}

/// The pauses after eight lost answers of a grant whose token ends then.
fn pauses_of(ends: UnixSeconds) -> [u64; 8] {
    let mut store = Store::new();
    let pair = pair("1", NOW.until(ends).as_secs());
    store.grant = Grant::consent(None, key(), host(), None, pair).grant;
    let mut pauses = [0; 8];
    let mut now = NOW;
    for (number, pause) in (1..).zip(&mut pauses) {
        let id = AttemptId::new([number; 16]);
        let requirement = TokenRequirement::newer_than(store.grant.generation);
        let mut protocol = RefreshProtocol::new(
            key(),
            requirement,
            requester(1),
            RefreshPolicy::new(),
            id,
            false,
        );
        loop {
            match protocol.poll() {
                Step::Load => protocol
                    .handle(Report::Loaded(Some(store.grant.clone())), now)
                    .unwrap(),
                Step::Lock => protocol.handle(Report::Locked, now).unwrap(),
                Step::Record(transition) => {
                    let revision = store.write(&transition.clone()).unwrap();
                    protocol.handle(Report::Recorded(revision), now).unwrap();
                }
                Step::Send { .. } => protocol
                    .handle(Report::Sent(SendOutcome::Lost), now)
                    .unwrap(),
                Step::Release => protocol.handle(Report::Done, now).unwrap(),
                _ => break,
            }
        }
        assert!(!protocol.is_locked());
        let Some(Outcome::Unmet {
            again_at: Some(at), ..
        }) = protocol.outcome()
        else {
            panic!("{:?}", protocol.outcome());
        };
        *pause = now.until(*at).as_secs();
        now = *at;
    }
    pauses
}

// Rule M3.
#[test]
fn every_proof_of_death_ends_the_grant_and_seals_its_tokens() {
    for (hint, reason) in [
        ("Token has been revoked", ReauthReason::Revoked),
        ("Token has expired", ReauthReason::Expired),
        (
            "Cannot decrypt the refresh token",
            ReauthReason::Undecryptable,
        ),
        (
            "Token is not linked to client",
            ReauthReason::OfAnotherClient,
        ),
    ] {
        let (mut store, mut protocol) = (Store::new(), run(1));
        let body = format!(r#"{{"hint":"{hint}"}}"#);
        whole(&mut protocol, &mut store, &[refused(401, &body)]);
        assert_eq!(unmet(&protocol), Unmet::ReauthRequired(reason));
        let sealed = store.grant.state.pairs().unwrap();
        assert_eq!(sealed.newest().pair.refresh_token.expose(), "refresh-1");
        let mut again = run(2);
        let steps = go(&mut again, &mut store, &mut VecDeque::new(), &["done"]);
        assert_eq!(steps, ["load"], "nothing is sent any more");
    }
}

// Rule M4.
#[test]
fn no_other_answer_ends_a_grant() {
    for (status, body, kind) in [
        (400, "{}", HoldKind::Suspect),
        (401, "{}", HoldKind::ClientMisconfigured),
        (402, "{}", HoldKind::PaymentRequired),
        (403, "{}", HoldKind::Blocked),
        (403, "<html>", HoldKind::Blocked),
        (404, "<html>", HoldKind::MovedHost),
        (429, "<html>", HoldKind::Throttled),
        (301, "", HoldKind::Suspect),
        (400, r#"{"error":"invalid_grant"}"#, HoldKind::Suspect),
        (400, r#"{"hint":"Invalid account"}"#, HoldKind::MovedHost),
    ] {
        let (mut store, mut protocol) = (Store::new(), run(1));
        whole(&mut protocol, &mut store, &[refused(status, body)]);
        assert_eq!(unmet(&protocol), Unmet::Held(kind), "{status} {body}");
        assert_eq!(store.grant.state.name(), "active", "{status} {body}");
    }
    for status in [408, 500, 502, 503, 504, 200, 204] {
        let (mut store, mut protocol) = (Store::new(), run(1));
        whole(&mut protocol, &mut store, &[refused(status, "")]);
        assert!(matches!(unmet(&protocol), Unmet::InDoubt(_)), "{status}");
        assert_eq!(store.grant.state.name(), "in-doubt", "{status}");
    }
}

/// A store whose token names an API host.
fn store_with_api_domain() -> Store {
    use std::io::Write as _;
    let mut claims = Vec::new();
    write!(claims, r#"{{"api_domain":"api-c.kommo.com"}}"#).unwrap();
    let text = base64(&claims);
    let mut pair = pair("1", 30);
    pair.access_token = AccessToken::new(format!("e30.{text}.AAAA")).unwrap();
    let transition = Grant::consent(None, key(), host(), None, pair);
    let mut store = Store {
        grant: transition.grant.clone(),
        is_failing: false,
    };
    store.write(&transition).unwrap();
    store
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let joined = chunk
            .iter()
            .fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
        let joined = joined << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let index = (joined >> (18 - 6 * place)) & 63;
            text.push(char::from(LETTERS[index as usize]));
        }
    }
    text
}

// Rule K12.
#[test]
fn a_renamed_account_is_looked_up_and_refreshed_at_its_new_host_once() {
    let renamed = AccountHost::parse("renamed.kommo.com").unwrap();
    let account_id = key().account_id;
    let (mut store, mut protocol) = (store_with_api_domain(), run(1));
    let mut answers = VecDeque::from([refused(404, "<html>")]);
    go(&mut protocol, &mut store, &mut answers, &["look-up"]);
    let Step::LookUp {
        api_domain,
        refresh_token,
    } = protocol.poll()
    else {
        panic!();
    };
    assert_eq!(api_domain.as_str(), "api-c.kommo.com");
    assert_eq!(refresh_token.expose(), "refresh-1");
    protocol
        .handle(
            Report::Located(Located::At {
                account_id,
                host: renamed,
            }),
            NOW,
        )
        .unwrap();
    go(&mut protocol, &mut store, &mut answers, &["send"]);
    let Step::Send { host, .. } = protocol.poll() else {
        panic!();
    };
    assert_eq!(host, renamed);
    let mut twice = protocol.clone();
    protocol.handle(Report::Sent(granted("2")), NOW).unwrap();
    let mut renamed_store = Store {
        grant: store.grant.clone(),
        is_failing: false,
    };
    whole(&mut protocol, &mut renamed_store, &[]);
    met(&protocol, "access-2", MetBy::Refresh);
    assert_eq!(renamed_store.grant.host, renamed);

    // Not there either: no second look-up in the same run.
    twice
        .handle(Report::Sent(refused(404, "<html>")), NOW)
        .unwrap();
    whole(&mut twice, &mut store, &[]);
    assert_eq!(unmet(&twice), Unmet::Held(HoldKind::MovedHost));
    assert_eq!(store.grant.state.name(), "active");
}

#[test]
fn a_look_up_that_names_another_account_sends_nothing_there() {
    let elsewhere = AccountHost::parse("stranger.kommo.com").unwrap();
    let account_id = AccountId::from_number(9).unwrap();
    for (located, status, kind) in [
        (
            Located::At {
                account_id,
                host: elsewhere,
            },
            404,
            HoldKind::MovedHost,
        ),
        (
            Located::At {
                account_id,
                host: elsewhere,
            },
            401,
            HoldKind::Suspect,
        ),
        (Located::Unknown, 401, HoldKind::Suspect),
        (
            Located::At {
                account_id: key().account_id,
                host: host(),
            },
            401,
            HoldKind::ClientMisconfigured,
        ),
    ] {
        let (mut store, mut protocol) = (store_with_api_domain(), run(1));
        let mut answers = VecDeque::from([refused(status, "{}")]);
        go(&mut protocol, &mut store, &mut answers, &["look-up"]);
        protocol.handle(Report::Located(located), NOW).unwrap();
        whole(&mut protocol, &mut store, &[]);
        assert_eq!(unmet(&protocol), Unmet::Held(kind));
        assert_eq!(store.grant.host, host());
    }
}

#[test]
fn a_hold_of_a_configuration_does_not_stop_another_configuration() {
    let (mut store, mut wrong) = (Store::new(), run(1));
    whole(&mut wrong, &mut store, &[refused(401, "{}")]);
    let mut same = run(2);
    whole(&mut same, &mut store, &[]);
    assert_eq!(unmet(&same), Unmet::Held(HoldKind::ClientMisconfigured));
    let id = AttemptId::new([3; 16]);
    let requirement = TokenRequirement::valid_for(HOUR);
    let mut right = RefreshProtocol::new(
        key(),
        requirement,
        requester(2),
        RefreshPolicy::new(),
        id,
        false,
    );
    whole(&mut right, &mut store, &[granted("2")]);
    met(&right, "access-2", MetBy::Refresh);
}

#[test]
fn a_disconnect_during_a_refresh_seals_the_late_pair() {
    let (mut store, mut protocol) = (Store::new(), run(1));
    go(&mut protocol, &mut store, &mut VecDeque::new(), &["send"]);
    let reason = kommo_oauth::grant::DisconnectReason::LoggedOut;
    let over = store.grant.clone().disconnect(reason, NOW).unwrap();
    store.write(&over).unwrap();
    whole(&mut protocol, &mut store, &[granted("2")]);
    assert_eq!(unmet(&protocol), Unmet::Disconnected(reason));
    let pairs = store.grant.state.pairs().unwrap();
    assert!(
        pairs
            .spares()
            .iter()
            .any(|spare| spare.pair.refresh_token.expose() == "refresh-2")
    );
}

#[test]
fn a_record_that_cannot_be_read_or_written_sends_nothing() {
    let mut store = Store::new();
    store.is_failing = true;
    let mut protocol = run(1);
    whole(&mut protocol, &mut store, &[]);
    assert_eq!(
        unmet(&protocol),
        Unmet::StoreFailed(StoreErrorKind::Unavailable)
    );
    store.is_failing = false;
    let mut protocol = run(2);
    go(&mut protocol, &mut store, &mut VecDeque::new(), &["record"]);
    protocol
        .handle(Report::Failed(StoreErrorKind::Unavailable), NOW)
        .unwrap();
    whole(&mut protocol, &mut store, &[]);
    assert_eq!(
        unmet(&protocol),
        Unmet::StoreFailed(StoreErrorKind::Unavailable)
    );
}

#[test]
fn what_was_not_asked_for_is_refused_and_changes_nothing() {
    let mut protocol = run(1);
    let before = protocol.clone();
    assert_eq!(
        protocol.handle(Report::Locked, NOW),
        Err(UnexpectedReport::new())
    );
    assert_eq!(
        protocol.handle(Report::Sent(SendOutcome::Lost), NOW),
        Err(UnexpectedReport::new())
    );
    assert_eq!(
        protocol.handle(Report::Done, NOW),
        Err(UnexpectedReport::new())
    );
    assert_eq!(
        protocol.handle(
            Report::Saved {
                generation: kommo_oauth::grant::Generation::FIRST,
                revision: Revision::NOT_STORED
            },
            NOW
        ),
        Err(UnexpectedReport::new())
    );
    assert_eq!(protocol, before);
}

#[test]
fn only_the_confirmation_of_the_generation_that_was_saved_counts() {
    let (mut store, mut protocol) = (Store::new(), run(1));
    go(
        &mut protocol,
        &mut store,
        &mut VecDeque::from([granted("2")]),
        &["save"],
    );
    let wrong = kommo_oauth::grant::Generation::new(7);
    let revision = store.grant.revision.next();
    assert_eq!(
        protocol.handle(
            Report::Saved {
                generation: wrong,
                revision
            },
            NOW
        ),
        Err(UnexpectedReport::new())
    );
    assert!(protocol.outcome().is_none());
}

#[test]
fn a_pair_that_arrives_twice_is_held_once() {
    let mut store = Store::new();
    let base = store.grant.generation;
    let used = store.grant.state.pairs().unwrap().newest().number;
    let (transition, fate) = store
        .grant
        .clone()
        .receive(base, used, pair("2", 60), NOW)
        .unwrap();
    assert_eq!(fate, PairFate::Newest);
    store.write(&transition).unwrap();
    let (_, fate) = store
        .grant
        .clone()
        .receive(base, used, pair("2", 60), NOW)
        .unwrap();
    assert_eq!(fate, PairFate::Known);
}

#[test]
fn a_new_access_token_beside_the_refresh_token_that_we_hold_is_taken() {
    let (mut store, mut protocol) = (Store::new(), run(1));
    let answer = TokenPair::new(
        AccessToken::new("access-2").unwrap(),
        RefreshToken::new("refresh-1").unwrap(),
        NOW,
        UnixSeconds::new(NOW.get() + 86_400),
    );
    let answer = SendOutcome::Answered(TokenAnswer::Granted(answer));
    whole(&mut protocol, &mut store, &[answer]);
    met(&protocol, "access-2", MetBy::Refresh);
    // And it is refreshed like any other.
    let requirement = TokenRequirement::newer_than(store.grant.generation);
    let id = AttemptId::new([2; 16]);
    let mut next = RefreshProtocol::new(
        key(),
        requirement,
        requester(1),
        RefreshPolicy::new(),
        id,
        false,
    );
    whole(&mut next, &mut store, &[granted("3")]);
    met(&next, "access-3", MetBy::Refresh);
}

#[test]
fn an_answer_that_repeats_what_we_had_is_a_doubt_and_not_asked_for_again_at_once() {
    let (mut store, mut protocol) = (Store::new(), run(1));
    let repeated = SendOutcome::Answered(TokenAnswer::Granted(pair("1", 30)));
    whole(&mut protocol, &mut store, &[repeated]);
    assert_eq!(unmet(&protocol), Unmet::InDoubt(DoubtReason::Unreadable));
    assert_eq!(store.grant.state.name(), "in-doubt");
}

// Invariant I6.
#[test]
fn a_run_ends_while_it_waits_to_save_only_if_the_pair_lies_in_the_lifeboat() {
    let requirement = TokenRequirement::valid_for(HOUR);
    for has_lifeboat in [false, true] {
        let mut store = Store::new();
        let id = AttemptId::new([1; 16]);
        let mut protocol = RefreshProtocol::new(
            key(),
            requirement,
            requester(1),
            RefreshPolicy::new(),
            id,
            has_lifeboat,
        );
        assert!(
            !protocol.leave_to_lifeboat(StoreErrorKind::Unavailable, NOW),
            "nothing to leave"
        );
        go(
            &mut protocol,
            &mut store,
            &mut VecDeque::from([granted("2")]),
            &["save"],
        );
        store.is_failing = true;
        go(&mut protocol, &mut store, &mut VecDeque::new(), &["wait"]);
        assert_eq!(
            protocol.leave_to_lifeboat(StoreErrorKind::Unavailable, NOW),
            has_lifeboat
        );
        assert_eq!(protocol.unsaved().is_none(), has_lifeboat);
        assert_eq!(
            name(protocol.poll()),
            if has_lifeboat {
                "release-lifeboat"
            } else {
                "wait"
            }
        );
    }
}

// Rule M4.
#[test]
fn nothing_is_sent_while_the_asker_is_held_as_a_whole() {
    let length = Duration::from_secs(60);
    let scope = HoldScope::Configuration(Fingerprint::new([1; 16]));
    let hold = Hold::new(HoldKind::ClientMisconfigured, scope, NOW, length);
    let mut store = Store::new();
    let mut protocol = run(1);
    protocol.set_own_hold(Some(hold));
    let steps = go(&mut protocol, &mut store, &mut VecDeque::new(), &["done"]);
    assert_eq!(steps, ["load"]);
    assert_eq!(unmet(&protocol), Unmet::Held(hold.kind));
    assert_eq!(store.grant.holds, [], "the grant itself is not held");
    // It is another's, or over.
    let others = HoldScope::Configuration(Fingerprint::new([2; 16]));
    let before = UnixSeconds::new(NOW.get() - 60);
    for hold in [
        Hold::new(hold.kind, others, NOW, length),
        Hold::new(hold.kind, scope, before, length),
    ] {
        let mut protocol = run(1);
        protocol.set_own_hold(Some(hold));
        go(
            &mut protocol,
            &mut store,
            &mut VecDeque::new(),
            &["send", "done"],
        );
        assert_eq!(name(protocol.poll()), "send");
    }
}

#[test]
fn an_answer_says_whether_its_hold_is_about_the_asker_or_about_the_grant() {
    for (status, body, is_about_requester) in [
        (401, r#"{"error":"invalid_client"}"#, true),
        (
            400,
            r#"{"hint":"Check the `client_secret` parameter"}"#,
            true,
        ),
        (
            400,
            r#"{"hint":"Redirect URI is not associated with client"}"#,
            true,
        ),
        (403, "<html>", true),
        (403, "{}", false),
        (401, "{}", false),
        (402, "{}", false),
        (429, "{}", false),
        (418, "{}", false),
    ] {
        let mut store = Store::new();
        let mut protocol = run(1);
        whole(&mut protocol, &mut store, &[refused(status, body)]);
        let Unmet::Held(_) = unmet(&protocol) else {
            panic!("{status} {body}");
        };
        let laid = protocol.laid_on_requester();
        assert_eq!(laid.is_some(), is_about_requester, "{status} {body}");
        assert!(laid.is_none_or(|hold| store.grant.holds.contains(&hold)));
    }
}
