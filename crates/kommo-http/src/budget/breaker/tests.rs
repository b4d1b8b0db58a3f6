//! Every move of the breaker, with instants as numbers.

use core::time::Duration;

use kommo_account::{AccountHost, PeerPausePolicy};

use super::{Blocked, Breaker, BreakerSettings, Permit, Rejected, Standing};

const HOUR: u64 = 3600;

fn breaker() -> Breaker {
    Breaker::new(BreakerSettings {
        open_after_block: Duration::from_secs(4 * HOUR),
        blocked_accounts_for_egress: 2,
        trial_spacing: Duration::from_secs(60),
        pauses: PeerPausePolicy::new(),
    })
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn shop(number: u8) -> AccountHost {
    AccountHost::parse(&alloc::format!("shop{number}.kommo.com")).unwrap()
}

impl Breaker {
    fn call(&mut self, host: AccountHost, now: u64) -> Permit {
        self.admit(host, Standing::Known, at(now)).unwrap()
    }

    /// A call of an account that worked is blocked.
    fn meets_block(&mut self, host: AccountHost, now: u64) -> Blocked {
        let permit = self.call(host, now);
        self.blocked(&permit, at(now))
    }

    fn rejects(&self, host: AccountHost, now: u64) -> Option<Rejected> {
        self.rejection(host, Standing::Known, at(now))
    }

    fn asks_to_wait(&mut self, permit: &Permit, named: u64, now: u64) -> (u64, bool) {
        let (pause, is_opened) = self.throttled(permit, Some(at(named)), at(now));
        (pause.as_secs(), is_opened)
    }

    fn serves(&mut self, permit: &Permit, now: u64) {
        self.answered(permit, true, at(now));
    }
}

#[track_caller]
fn assert_open(breaker: &Breaker, host: AccountHost, now: u64, left: u64, is_whole: bool) {
    let Some(Rejected::Open(open)) = breaker.rejects(host, now) else {
        panic!("the breaker is not open");
    };
    assert_eq!((open.left, open.is_whole_egress), (at(left), is_whole));
}

#[track_caller]
fn assert_suspected(breaker: &Breaker) {
    assert!(breaker.egress.is_some_and(|egress| !egress.is_open));
}

#[test]
fn a_block_stops_its_account_for_hours_and_a_third_one_stops_all() {
    let mut breaker = breaker();
    assert_eq!(breaker.meets_block(shop(1), 0), Blocked::Account);
    assert_open(&breaker, shop(1), 1, 4 * HOUR - 1, false);
    assert_eq!(breaker.rejects(shop(2), 1), None);
    assert_eq!(breaker.meets_block(shop(2), 10), Blocked::Suspected);
    assert_open(&breaker, shop(2), 10, 4 * HOUR, false);
    // The next account that is known tries for all, and no other meanwhile.
    let trial = breaker.call(shop(3), 11);
    let wait = Some(Rejected::Throttled { left: at(1) });
    assert_eq!(breaker.rejects(shop(4), 11), wait);
    assert_eq!(breaker.blocked(&trial, at(12)), Blocked::WholeEgress);
    assert_open(&breaker, shop(4), 12, 4 * HOUR, true);
}

// Two tenants, whatever they order, stop themselves alone.
#[test]
fn a_trial_that_is_answered_acquits_the_address_of_the_blocks_before_it() {
    let mut breaker = breaker();
    breaker.meets_block(shop(1), 0);
    breaker.meets_block(shop(2), 0);
    assert_suspected(&breaker);
    let trial = breaker.call(shop(3), 1);
    breaker.answered(&trial, false, at(2));
    for now in 2..9 {
        breaker.call(shop(4), now);
    }
    // What was answered is not counted again: a third tenant begins anew.
    assert_eq!(breaker.meets_block(shop(5), 9), Blocked::Account);
    assert!(breaker.egress.is_none());
}

#[test]
fn a_trial_without_an_answer_leaves_its_turn_to_the_next() {
    let mut breaker = breaker();
    breaker.meets_block(shop(1), 0);
    breaker.meets_block(shop(2), 0);
    let lost = breaker.call(shop(3), 1);
    assert!(breaker.rejects(shop(4), 20).is_some());
    breaker.settle(&lost, at(21));
    let trial = breaker.call(shop(4), 21);
    // What came late of the first one takes nothing from the second.
    breaker.settle(&lost, at(22));
    assert!(breaker.rejects(shop(5), 22).is_some());
    breaker.serves(&trial, 23);
    breaker.settle(&trial, at(23));
    assert_eq!(breaker.rejects(shop(5), 23), None);
}

#[test]
fn an_exchange_counts_for_nothing_however_many_there_are() {
    let mut breaker = breaker();
    for number in 1..100 {
        let host = shop(number);
        let stranger = breaker.admit(host, Standing::Stranger, at(0)).unwrap();
        assert_eq!(breaker.blocked(&stranger, at(0)), Blocked::Nothing);
        assert_eq!(breaker.asks_to_wait(&stranger, 300, 0), (300, false));
        assert_eq!(breaker.rejects(host, 0), None);
    }
    assert!(breaker.accounts.is_empty());
}

#[test]
fn a_grant_that_has_not_worked_stops_its_own_account_alone() {
    let mut breaker = breaker();
    for number in 1..100 {
        let host = shop(number);
        let permit = breaker.admit(host, Standing::Unproven, at(0)).unwrap();
        assert_eq!(breaker.blocked(&permit, at(0)), Blocked::Account);
        assert_open(&breaker, host, 1, 4 * HOUR - 1, false);
    }
    assert!(breaker.egress.is_none());
}

#[test]
fn an_account_that_worked_in_this_process_is_known_for_a_day() {
    let mut breaker = breaker();
    for host in [shop(1), shop(2), shop(3)] {
        let permit = breaker.admit(host, Standing::Unproven, at(0)).unwrap();
        breaker.serves(&permit, 0);
    }
    let block = |breaker: &mut Breaker, host, now| {
        let permit = breaker.admit(host, Standing::Unproven, at(now)).unwrap();
        breaker.blocked(&permit, at(now))
    };
    assert_eq!(block(&mut breaker, shop(1), 24 * HOUR), Blocked::Account);
    assert_eq!(block(&mut breaker, shop(2), 24 * HOUR), Blocked::Suspected);
    breaker.close(shop(2));
    assert_eq!(
        block(&mut breaker, shop(3), 24 * HOUR + 1),
        Blocked::Account
    );
    assert!(breaker.egress.is_none());
}

#[test]
fn strangers_come_behind_the_known_and_their_trials_grow_rare() {
    let mut breaker = breaker();
    breaker.meets_block(shop(1), 0);
    breaker.meets_block(shop(2), 0);
    let mut now = 0;
    for later in [60, 120, 240, 480] {
        let stranger =
            |breaker: &mut Breaker, now| breaker.admit(shop(9), Standing::Stranger, at(now));
        assert!(stranger(&mut breaker, now + later - 1).is_err());
        now += later;
        let trial = stranger(&mut breaker, now).unwrap();
        assert_eq!(breaker.blocked(&trial, at(now)), Blocked::Nothing);
        assert_suspected(&breaker);
        // An account that is known need not wait.
        assert_eq!(breaker.rejects(shop(3), now), None);
    }
    now += 960;
    let trial = breaker.admit(shop(9), Standing::Stranger, at(now)).unwrap();
    breaker.answered(&trial, false, at(now));
    assert!(breaker.egress.is_none(), "an answer is an answer");
}

#[test]
fn one_account_for_all_is_a_setting_and_needs_no_trial() {
    let mut breaker = breaker();
    breaker.settings.blocked_accounts_for_egress = 1;
    assert_eq!(breaker.meets_block(shop(1), 0), Blocked::WholeEgress);
    assert_open(&breaker, shop(3), 0, 4 * HOUR, true);
}

#[test]
fn a_second_block_long_after_the_first_stops_only_its_own_account() {
    let mut breaker = breaker();
    breaker.meets_block(shop(1), 0);
    assert_eq!(breaker.meets_block(shop(2), 4 * HOUR), Blocked::Account);
    assert_eq!(breaker.rejects(shop(3), 4 * HOUR), None);
}

#[test]
fn after_its_time_one_trial_goes_and_its_answer_closes() {
    let mut breaker = breaker();
    breaker.meets_block(shop(1), 0);
    let trial = breaker.call(shop(1), 4 * HOUR);
    assert!(breaker.rejects(shop(1), 4 * HOUR + 1).is_some());
    breaker.serves(&trial, 4 * HOUR + 1);
    breaker.call(shop(1), 4 * HOUR + 2);
}

#[test]
fn a_trial_that_is_blocked_opens_for_the_whole_time_again() {
    let mut breaker = breaker();
    breaker.meets_block(shop(1), 0);
    let trial = breaker.call(shop(1), 4 * HOUR);
    breaker.blocked(&trial, at(4 * HOUR + 1));
    assert_open(&breaker, shop(1), 4 * HOUR + 1, 4 * HOUR, false);
}

#[test]
fn a_trial_that_never_reports_does_not_stop_the_next_one_for_ever() {
    let mut breaker = breaker();
    breaker.meets_block(shop(1), 0);
    breaker.call(shop(1), 4 * HOUR);
    assert!(breaker.rejects(shop(1), 4 * HOUR + 59).is_some());
    breaker.call(shop(1), 4 * HOUR + 60);
}

#[test]
fn an_answer_to_a_call_from_before_the_block_does_not_close() {
    let mut breaker = breaker();
    let early = breaker.call(shop(1), 0);
    breaker.meets_block(shop(1), 1);
    breaker.serves(&early, 1);
    assert_open(&breaker, shop(1), 1, 4 * HOUR, false);
}

#[test]
fn a_throttle_stops_its_account_until_it_is_over() {
    let mut breaker = breaker();
    let permit = breaker.call(shop(1), 0);
    assert_eq!(breaker.asks_to_wait(&permit, 60, 1), (60, false));
    let throttled = Rejected::Throttled { left: at(60) };
    assert_eq!(breaker.rejects(shop(1), 1), Some(throttled));
    assert_eq!(breaker.rejects(shop(2), 1), None);
    assert_eq!(breaker.rejects(shop(1), 61), None);
}

#[test]
fn the_third_throttle_in_a_row_is_a_hold() {
    let mut breaker = breaker();
    for (now, pause, is_opened) in [(0, 5, false), (10, 10, false), (30, 900, true)] {
        let permit = breaker.call(shop(1), now);
        assert_eq!(
            breaker.asks_to_wait(&permit, 5, now + 1),
            (pause, is_opened)
        );
    }
    assert_open(&breaker, shop(1), 31, 900, false);
}

// Rule L5: whatever is named, thirty seconds see two requests and a day a few dozen.
#[test]
fn a_pause_of_nothing_has_a_floor_grows_and_ends_in_a_hold() {
    let mut breaker = breaker();
    let (mut now, mut requests, mut last) = (0, Vec::new(), 0);
    while now < 24 * HOUR {
        if breaker.rejects(shop(1), now).is_none() {
            let permit = breaker.call(shop(1), now);
            (last, _) = breaker.asks_to_wait(&permit, 0, now);
            requests.push(now);
        }
        now += 1;
    }
    let within = |seconds| requests.iter().filter(|at| **at < seconds).count();
    assert!(within(30) <= 3, "{requests:?}");
    assert!(requests.len() <= 40, "{requests:?}");
    assert_eq!(last, HOUR, "it ends in a hold");
}

#[test]
fn throttles_with_an_answer_between_them_are_not_in_a_row() {
    let mut breaker = breaker();
    for now in [0, 10, 20, 30, 40] {
        let permit = breaker.call(shop(1), now);
        assert_eq!(breaker.asks_to_wait(&permit, 2, now + 1), (5, false));
        let permit = breaker.call(shop(1), now + 6);
        breaker.serves(&permit, now + 6);
    }
}

#[test]
fn calls_that_left_together_are_one_throttle() {
    let mut breaker = breaker();
    let permits: Vec<_> = (0..9).map(|_| breaker.call(shop(1), 0)).collect();
    for permit in &permits {
        assert_eq!(breaker.asks_to_wait(permit, 5, 1), (5, false));
    }
}

#[test]
fn a_person_can_close_it() {
    let mut breaker = breaker();
    breaker.meets_block(shop(1), 0);
    breaker.meets_block(shop(2), 0);
    breaker.close(shop(1));
    assert_eq!(breaker.rejects(shop(1), 1), None);
    assert_eq!(breaker.rejects(shop(3), 1), None);
    assert_open(&breaker, shop(2), 1, 4 * HOUR - 1, false);
}

#[test]
fn a_trial_that_is_throttled_opens_again_for_longer() {
    let mut breaker = breaker();
    for now in [0, 10, 30] {
        let permit = breaker.call(shop(1), now);
        breaker.asks_to_wait(&permit, 5, now + 1);
    }
    let trial = breaker.call(shop(1), 1000);
    assert_eq!(breaker.asks_to_wait(&trial, 5, 1001), (1800, true));
    assert_open(&breaker, shop(1), 1001, 1800, false);
}

impl Breaker {
    fn token(&mut self, host: AccountHost, now: u64) -> Permit {
        self.admit_token(host, Standing::Known, at(now)).unwrap()
    }

    fn rejects_token(&mut self, host: AccountHost, now: u64) -> Option<Duration> {
        let admitted = self.admit_token(host, Standing::Known, at(now));
        admitted.err().map(|rejected| rejected.left())
    }
}

#[test]
fn an_answer_to_a_token_request_during_a_pause_ends_the_row_and_not_the_pause() {
    let mut breaker = breaker();
    for now in [0, 10, 20, 30] {
        let permit = breaker.token(shop(1), now);
        assert_eq!(breaker.asks_to_wait(&permit, 60, now + 1), (60, false));
        let permit = breaker.token(shop(1), now + 5);
        breaker.serves(&permit, now + 5);
        let left = Rejected::Throttled { left: at(56) };
        assert_eq!(breaker.rejects(shop(1), now + 5), Some(left));
    }
    let permit = breaker.token(shop(1), 91);
    breaker.serves(&permit, 91);
    assert!(breaker.accounts.is_empty());
}

#[test]
fn a_token_request_is_stopped_by_a_block_and_by_nothing_else() {
    let mut breaker = breaker();
    let permit = breaker.token(shop(1), 0);
    assert!(!permit.is_trial);
    for now in 1..=3 {
        let permit = breaker.token(shop(1), now);
        breaker.asks_to_wait(&permit, 300, now);
    }
    assert!(breaker.rejects(shop(1), 4).is_some(), "calls are stopped");
    let permit = breaker.token(shop(1), 4);
    breaker.blocked(&permit, at(10));
    assert_eq!(breaker.rejects_token(shop(1), 10), Some(at(4 * HOUR)));
    let permit = breaker.token(shop(2), 20);
    assert_eq!(breaker.blocked(&permit, at(20)), Blocked::Suspected);
    assert!(!breaker.is_egress_blocked(at(20)));
    let trial = breaker.token(shop(3), 20);
    assert_eq!(breaker.rejects_token(shop(4), 20), Some(at(1)));
    assert_eq!(breaker.blocked(&trial, at(20)), Blocked::WholeEgress);
    assert_eq!(breaker.rejects_token(shop(4), 20), Some(at(4 * HOUR)));
    assert!(breaker.is_egress_blocked(at(20)));
    // The time is over: one trial, and another one after a while.
    let end = 20 + 4 * HOUR;
    assert!(!breaker.is_egress_blocked(at(end)));
    let trial = breaker.token(shop(4), end);
    assert_eq!(breaker.rejects_token(shop(4), end + 1), Some(at(59)));
    assert!(breaker.rejects(shop(4), end + 1).is_some(), "for calls too");
    breaker.serves(&trial, end + 1);
    assert_eq!(breaker.rejects_token(shop(4), end + 1), None);
    assert_eq!(breaker.rejects(shop(4), end + 1), None);
}
