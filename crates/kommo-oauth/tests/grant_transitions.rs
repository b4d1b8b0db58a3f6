//! The moves of a grant, each with its neighbours: what it changes, and what it leaves as it is.
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
    GrantKey, GrantState, Hold, HoldKind, HoldScope, LongLived, PairFate, PairNumber, Pairs,
    ReauthReason,
};
use kommo_oauth::token::{AccessToken, RefreshToken, TokenPair};

const NOW: UnixSeconds = UnixSeconds::new(1_800_000_000);
const LATER: UnixSeconds = UnixSeconds::new(1_800_000_100);
const HOUR: Duration = Duration::from_secs(3_600);

fn key() -> GrantKey {
    GrantKey::parse("real/11111111-2222-3333-4444-555555555555/12345678/87654321").unwrap()
}

fn host(name: &str) -> AccountHost {
    AccountHost::parse(&format!("{name}.kommo.com")).unwrap()
}

fn pair(name: &str) -> TokenPair {
    TokenPair::new(
        AccessToken::new(format!("access-{name}")).unwrap(),
        RefreshToken::new(format!("refresh-{name}")).unwrap(),
        NOW,
        NOW.plus(HOUR * 24),
    )
}

fn id(number: u8) -> AttemptId {
    AttemptId::new([number; 16])
}

/// A grant with pair 1.
fn consented() -> Grant {
    Grant::consent(None, key(), host("myshop"), None, pair("1")).grant
}

/// The same with attempt `number` on its way, which sends `used`.
fn begun(grant: Grant, number: u8, used: PairNumber) -> Grant {
    grant
        .begin(Attempt::new(id(number), used, NOW))
        .unwrap()
        .grant
}

/// A refresh with the newest pair that returns a pair of this name.
fn refreshed(grant: Grant, name: &str) -> Grant {
    let (base, used) = (grant.generation, pairs(&grant).newest().number);
    let (transition, fate) = begun(grant, 1, used)
        .receive(base, used, pair(name), NOW)
        .unwrap();
    assert_eq!(
        (fate, transition.event),
        (PairFate::Newest, GrantEvent::Refreshed)
    );
    transition.grant
}

/// A grant whose only pair the platform has refused.
fn ended() -> Grant {
    let used = PairNumber::FIRST;
    let grant = begun(consented(), 1, used);
    let transition = grant.refuse(id(1), used, ReauthReason::Expired, LATER);
    transition.unwrap().grant
}

/// The answer to attempt `number` was lost.
fn doubted(grant: Grant, number: u8) -> Grant {
    let transition = grant.doubt(id(number), DoubtReason::AnswerLost, NOW, |_| NOW);
    transition.unwrap().grant
}

fn pairs(grant: &Grant) -> &Pairs {
    grant.state.pairs().unwrap()
}

/// The names of the pairs: the newest, then the spares from the oldest.
fn held(grant: &Grant) -> Vec<String> {
    let pairs = pairs(grant);
    let all = core::iter::once(pairs.newest()).chain(pairs.spares());
    all.map(|held| held.pair.refresh_token.expose().replace("refresh-", ""))
        .collect()
}

fn refused(grant: &Grant) -> Vec<u64> {
    let pairs = pairs(grant);
    let all = pairs.spares().iter().chain([pairs.newest()]);
    all.filter(|held| held.refused)
        .map(|held| held.number.get())
        .collect()
}

fn hold(kind: HoldKind, scope: HoldScope, seconds: u64) -> Hold {
    Hold::new(kind, scope, NOW, Duration::from_secs(seconds))
}

fn here() -> HoldScope {
    HoldScope::Egress(Fingerprint::new([1; 16]))
}

fn kinds(grant: &Grant) -> Vec<HoldKind> {
    grant.holds.iter().map(|hold| hold.kind).collect()
}

#[test]
fn a_late_spare_revives_a_grant_that_needs_a_consent() {
    // An attempt of generation 1 is on its way while a consent brings generation 2, all of whose
    // pairs die.
    let base = consented().generation;
    let grant = Grant::consent(Some(consented()), key(), host("myshop"), None, pair("2")).grant;
    let newest = pairs(&grant).newest().number;
    let grant = begun(grant, 2, newest);
    let grant = grant
        .refuse(id(2), newest, ReauthReason::Revoked, NOW)
        .unwrap()
        .grant;
    let grant = begun(grant, 3, PairNumber::FIRST);
    let transition = grant.refuse(id(3), PairNumber::FIRST, ReauthReason::Revoked, NOW);
    let grant = transition.unwrap().grant;
    assert!(matches!(grant.state, GrantState::ReauthRequired(_)));

    let generation = grant.generation;
    let received = grant.receive(base, PairNumber::FIRST, pair("late"), LATER);
    let (transition, fate) = received.unwrap();
    assert_eq!(
        (fate, transition.event),
        (PairFate::Spare, GrantEvent::SpareKept)
    );
    assert_eq!(transition.grant.generation, generation);
    let GrantState::InDoubt(in_doubt) = &transition.grant.state else {
        panic!("{:?}", transition.grant.state);
    };
    let late = in_doubt.pairs.candidate().unwrap();
    assert_eq!(late.pair, pair("late"));
    let doubt = in_doubt.doubt;
    assert_eq!(
        (doubt.reason, doubt.used),
        (DoubtReason::PairRefused, late.number)
    );
    assert_eq!((doubt.next_try, doubt.tries), (LATER, 0));
}

#[test]
fn a_late_spare_changes_nothing_else_of_a_grant_that_works() {
    let base = consented().generation;
    let grant = refreshed(consented(), "2");
    let (transition, fate) = grant
        .receive(base, PairNumber::FIRST, pair("late"), LATER)
        .unwrap();
    assert_eq!(fate, PairFate::Spare);
    assert_eq!(held(&transition.grant), ["2", "1", "late"]);
    assert!(matches!(transition.grant.state, GrantState::Active(_)));
}

#[test]
fn a_success_drops_what_was_refused_and_what_came_before_the_pair_that_worked() {
    // Two refreshes leave the pair that was used; a third one shows that the first is not needed.
    let grant = refreshed(refreshed(consented(), "2"), "3");
    assert_eq!(held(&grant), ["3", "2"]);
    // A refused spare is dropped, though it is of the generation of the pair that worked.
    let base = grant.generation;
    let used = pairs(&grant).newest().number;
    let late = grant
        .receive(Generation::FIRST, used, pair("late"), NOW)
        .unwrap();
    let late_number = pairs(&late.0.grant).spares().last().unwrap().number;
    let marked = late
        .0
        .grant
        .refuse(id(9), late_number, ReauthReason::Revoked, NOW)
        .unwrap()
        .grant;
    assert_eq!(refused(&marked), [late_number.get()]);
    let next = begun(marked, 4, used)
        .receive(base, used, pair("4"), NOW)
        .unwrap();
    assert_eq!(held(&next.0.grant), ["4", "3"]);
}

#[test]
fn a_success_ends_the_holds_of_the_grant_and_those_that_are_over() {
    let elsewhere = HoldScope::Configuration(Fingerprint::new([2; 16]));
    let grant = consented()
        .hold(hold(HoldKind::Suspect, HoldScope::Grant, 600))
        .grant
        .hold(hold(HoldKind::Blocked, here(), 50))
        .grant
        .hold(hold(HoldKind::ClientMisconfigured, elsewhere, 600))
        .grant;
    let base = grant.generation;
    let grant = begun(grant, 1, PairNumber::FIRST);
    let transition = grant.receive(base, PairNumber::FIRST, pair("2"), LATER);
    assert_eq!(
        kinds(&transition.unwrap().0.grant),
        [HoldKind::ClientMisconfigured]
    );
}

#[test]
fn a_consent_begins_anew_after_rejected_access_tokens() {
    let grant = consented().reject_access(Generation::FIRST).unwrap().grant;
    let grant = refreshed(grant, "2");
    assert!(pairs(&grant).instead_of_rejected() && !pairs(&grant).access_rejected());
    let rejected = grant.generation;
    let grant = grant.reject_access(rejected).unwrap().grant;
    assert!(grant.clone().reject_access(rejected).is_none());
    let grant = Grant::consent(Some(grant), key(), host("myshop"), None, pair("3")).grant;
    assert!(!pairs(&grant).instead_of_rejected() && !pairs(&grant).access_rejected());
}

#[test]
fn a_consent_keeps_the_pairs_of_a_living_grant_as_spares() {
    let again =
        |grant| Grant::consent(Some(grant), key(), host("ourshop"), Some(true), pair("new"));
    let transition = again(consented());
    assert_eq!(transition.event, GrantEvent::Consented);
    assert_eq!(held(&transition.grant), ["new", "1"]);
    assert_eq!(transition.grant.generation, Generation::FIRST.next());
    assert_eq!(transition.grant.host, host("ourshop"));
    let refreshing = begun(consented(), 1, PairNumber::FIRST);
    assert_eq!(held(&again(refreshing.clone()).grant), ["new", "1"]);
    let doubtful = refreshing.take_over(NOW);
    assert_eq!(held(&again(doubtful).grant), ["new", "1"]);
    assert_eq!(held(&again(ended()).grant), ["new"]);
    let over = consented().disconnect(DisconnectReason::Confirmed, NOW);
    assert_eq!(held(&again(over.unwrap().grant).grant), ["new"]);
}

#[test]
fn a_proof_of_death_ends_only_what_it_is_about() {
    let spare_used = PairNumber::FIRST;
    let two = || refreshed(consented(), "2");
    let newest = pairs(&two()).newest().number;

    // Of the attempt that is on its way: another pair is to be tried.
    let own = begun(two(), 5, newest);
    let transition = own
        .clone()
        .refuse(id(5), newest, ReauthReason::Revoked, LATER)
        .unwrap();
    assert_eq!(
        transition.event,
        GrantEvent::PairRefused(ReauthReason::Revoked)
    );
    let GrantState::InDoubt(in_doubt) = &transition.grant.state else {
        panic!("{:?}", transition.grant.state);
    };
    assert_eq!(in_doubt.doubt.used, spare_used);
    assert_eq!(in_doubt.doubt.next_try, LATER);

    // Of another attempt: the one on its way stays, with its pair marked.
    let transition = own
        .refuse(id(6), newest, ReauthReason::Revoked, LATER)
        .unwrap();
    assert!(
        matches!(&transition.grant.state, GrantState::Refreshing(now) if now.attempt.id == id(5))
    );
    assert_eq!(refused(&transition.grant), [newest.get()]);

    // Late, with a pair left: only the mark.
    let transition = two()
        .refuse(id(6), spare_used, ReauthReason::Revoked, LATER)
        .unwrap();
    assert!(matches!(transition.grant.state, GrantState::Active(_)));
    assert_eq!(
        transition.event,
        GrantEvent::PairRefused(ReauthReason::Revoked)
    );
    // Late, with none left.
    let transition = transition
        .grant
        .refuse(id(6), newest, ReauthReason::Expired, LATER)
        .unwrap();
    assert_eq!(
        transition.event,
        GrantEvent::ReauthRequired(ReauthReason::Expired)
    );
    assert!(
        matches!(&transition.grant.state, GrantState::ReauthRequired(ended)
        if (ended.reason, ended.since) == (ReauthReason::Expired, LATER))
    );

    // A pair that the grant does not hold.
    let unknown = PairNumber::new(99);
    assert!(
        two()
            .refuse(id(6), unknown, ReauthReason::Revoked, LATER)
            .is_none()
    );
}

#[test]
fn a_proof_of_death_in_doubt_counts_for_the_pair_in_doubt() {
    let two = refreshed(consented(), "2");
    let newest = pairs(&two).newest().number;
    let doubtful = doubted(begun(two, 5, newest), 5);
    let doubt_of = |grant: &Grant| match &grant.state {
        GrantState::InDoubt(in_doubt) => in_doubt.doubt,
        other => panic!("{other:?}"),
    };
    assert_eq!(doubt_of(&doubtful).reason, DoubtReason::AnswerLost);

    // Of the pair in doubt: the other one is to be tried.
    let transition = doubtful
        .clone()
        .refuse(id(5), newest, ReauthReason::Revoked, LATER)
        .unwrap();
    let doubt = doubt_of(&transition.grant);
    assert_eq!(
        (doubt.reason, doubt.used),
        (DoubtReason::PairRefused, PairNumber::FIRST)
    );

    // Of the other pair: the doubt stays as it is.
    let transition = doubtful
        .refuse(id(5), PairNumber::FIRST, ReauthReason::Revoked, LATER)
        .unwrap();
    assert_eq!(doubt_of(&transition.grant).reason, DoubtReason::AnswerLost);
    assert_eq!(
        transition.event,
        GrantEvent::PairRefused(ReauthReason::Revoked)
    );

    // Then of the pair in doubt: none is left.
    let transition = transition
        .grant
        .refuse(id(5), newest, ReauthReason::Revoked, LATER)
        .unwrap();
    assert!(matches!(
        transition.grant.state,
        GrantState::ReauthRequired(_)
    ));
}

#[test]
fn a_grant_is_exhausted_only_when_every_pair_is_marked_and_no_attempt_is_left() {
    assert!(consented().exhaust(NOW).is_none());
    let marked = begun(consented(), 1, PairNumber::FIRST)
        .refuse(id(2), PairNumber::FIRST, ReauthReason::Revoked, NOW)
        .unwrap()
        .grant;
    assert!(matches!(marked.state, GrantState::Refreshing(_)));
    assert!(marked.clone().exhaust(NOW).is_none());
    // While the attempt that was taken over may be answered, nothing ends.
    let taken_over = marked.clone().take_over(NOW);
    assert!(taken_over.clone().exhaust(LATER).is_none());
    assert!(taken_over.exhaust(NOW.plus(HOUR)).is_some());
    let transition = doubted(marked, 1).exhaust(LATER).unwrap();
    assert_eq!(
        transition.event,
        GrantEvent::ReauthRequired(ReauthReason::Revoked)
    );
    assert!(
        matches!(&transition.grant.state, GrantState::ReauthRequired(ended)
        if ended.since == LATER)
    );
    assert!(ended().exhaust(NOW).is_none());
}

#[test]
fn a_hold_is_replaced_by_one_of_its_kind_and_scope_and_lifted_by_kind() {
    let grant = consented()
        .hold(hold(HoldKind::Blocked, here(), 60))
        .grant
        .hold(hold(HoldKind::Blocked, HoldScope::Grant, 60))
        .grant
        .hold(hold(HoldKind::Suspect, here(), 60))
        .grant;
    assert_eq!(grant.holds.len(), 3);
    let transition = grant.hold(hold(HoldKind::Blocked, here(), 600));
    assert_eq!(transition.event, GrantEvent::Held(HoldKind::Blocked));
    let ends: Vec<_> = transition
        .grant
        .holds
        .iter()
        .map(|hold| hold.until)
        .collect();
    let end = |seconds| NOW.plus(Duration::from_secs(seconds));
    assert_eq!(ends, [end(60), end(60), end(600)]);

    let transition = transition.grant.lift(HoldKind::Blocked).unwrap();
    assert_eq!(transition.event, GrantEvent::Lifted(HoldKind::Blocked));
    assert_eq!(kinds(&transition.grant), [HoldKind::Suspect]);
    assert!(transition.grant.lift(HoldKind::Blocked).is_none());
}

#[test]
fn a_new_host_ends_the_hold_that_waited_for_it_and_no_other() {
    let grant = consented()
        .hold(hold(HoldKind::MovedHost, HoldScope::Grant, 60))
        .grant
        .hold(hold(HoldKind::Suspect, HoldScope::Grant, 60))
        .grant;
    let transition = grant.move_host(host("ourshop"));
    assert_eq!(transition.event, GrantEvent::HostMoved);
    assert_eq!(transition.grant.host, host("ourshop"));
    assert_eq!(kinds(&transition.grant), [HoldKind::Suspect]);
}

#[test]
fn an_illegal_move_says_what_was_tried_and_in_which_state() {
    let unknown = Attempt::new(id(1), PairNumber::new(99), NOW);
    let error = consented().begin(unknown).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a grant in state active does not allow `begin`"
    );
    let again = begun(consented(), 1, PairNumber::FIRST);
    let error = again
        .begin(Attempt::new(id(2), PairNumber::FIRST, NOW))
        .unwrap_err();
    assert_eq!((error.state, error.tried), ("refreshing", "begin"));

    let token = || LongLived::new(AccessToken::new("long").unwrap(), None);
    let import = |earlier| Grant::import_long_lived(earlier, key(), host("myshop"), token());
    for living in [
        consented(),
        begun(consented(), 1, PairNumber::FIRST),
        begun(consented(), 1, PairNumber::FIRST).take_over(NOW),
    ] {
        let error = import(Some(living)).unwrap_err();
        assert_eq!(error.tried, "import a long-lived token");
    }
    let imported = import(Some(ended())).unwrap().grant;
    assert_eq!(imported.generation, ended().generation.next());
    let error = imported.receive(Generation::FIRST, PairNumber::FIRST, pair("2"), NOW);
    assert_eq!(error.unwrap_err().state, "long-lived");
}

/// Earlier records of this key were erased; their runs may still be under way.
const ERASED: Generation = Generation::new(1_000);

/// Each number that a run names, counted from the end of the erased records.
#[test]
fn a_record_that_begins_after_erased_ones_has_later_numbers_everywhere() {
    let used = PairNumber::FIRST;
    let with_spare =
        Grant::consent(Some(consented()), key(), host("myshop"), None, pair("2")).grant;
    let before = pairs(&with_spare);
    let numbers = |grant: &Grant| {
        let pairs = pairs(grant);
        let all = pairs.spares().iter().chain([pairs.newest()]);
        all.map(|held| held.number.get()).collect::<Vec<_>>()
    };
    assert_eq!((before.spares().len(), with_spare.generation.get()), (1, 2));
    let moved = with_spare.clone().begin_after(ERASED);
    assert_eq!(moved.generation.get(), 1_002);
    let shifted: Vec<_> = numbers(&with_spare)
        .iter()
        .map(|number| number + 1_000)
        .collect();
    assert_eq!(numbers(&moved), shifted);
    // So is the number of the pair that comes next.
    let next = refreshed(moved, "3");
    assert_eq!(pairs(&next).newest().number.get(), shifted[1] + 1);

    // The attempt that is under way, and the one in doubt.
    let number_of = |grant: &Grant| match &grant.state {
        GrantState::InDoubt(in_doubt) => (None, Some(in_doubt.doubt.used.get())),
        GrantState::Refreshing(refreshing) => {
            let doubt = refreshing.doubt.as_ref().map(|doubt| doubt.used.get());
            (Some(refreshing.attempt.used.get()), doubt)
        }
        _ => (None, None),
    };
    let under_way = begun(consented(), 1, used);
    let in_doubt = doubted(under_way.clone(), 1);
    let under_way_again = begun(in_doubt.clone(), 2, used);
    for (grant, expected) in [
        (consented(), (None, None)),
        (under_way, (Some(1), None)),
        (in_doubt, (None, Some(1))),
        (under_way_again, (Some(1), Some(1))),
    ] {
        assert_eq!(number_of(&grant), expected);
        let (attempt, doubt) = number_of(&grant.clone().begin_after(ERASED));
        let shifted = expected.0.map(|number| number + 1_000);
        assert_eq!(attempt, shifted);
        assert_eq!(doubt, expected.1.map(|number| number + 1_000));
        // What it holds besides is as it was.
        assert_eq!(held(&grant.clone().begin_after(ERASED)), held(&grant));
    }
}

/// A run of an erased record meets the fence: its pair becomes a spare, and its refusal marks
/// nothing.
#[test]
fn a_late_run_of_an_erased_record_changes_no_pair_of_the_next_one() {
    let used = PairNumber::FIRST;
    let grant = consented().begin_after(ERASED);
    let late = grant
        .clone()
        .receive(Generation::FIRST, used, pair("late"), NOW);
    let (transition, fate) = late.unwrap();
    assert_eq!(fate, PairFate::Spare);
    assert_eq!(held(&transition.grant), ["1", "late"]);
    let under_way = begun(grant, 1, PairNumber::new(1_001));
    let late = under_way.refuse(id(1), used, ReauthReason::Expired, LATER);
    if let Some(transition) = late {
        assert_eq!(refused(&transition.grant), [] as [u64; 0]);
    }
}
