//! Every move of the breaker, with instants as numbers.

use core::time::Duration;

use kommo_account::AccountHost;

use super::{BreakReason, Breaker, BreakerSettings, Shut};

const HOUR: u64 = 3600;

fn breaker() -> Breaker {
    Breaker::new(BreakerSettings {
        open_after_block: Duration::from_secs(4 * HOUR),
        open_after_throttles: Duration::from_secs(900),
        throttles_in_a_row: 3,
        blocked_accounts_for_egress: 2,
        trial_spacing: Duration::from_secs(60),
    })
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn shop(number: u8) -> AccountHost {
    AccountHost::parse(&alloc::format!("shop{number}.kommo.com")).unwrap()
}

#[track_caller]
fn assert_open(breaker: &Breaker, host: AccountHost, now: u64, left: u64, is_whole: bool) {
    let Some(Shut::Open(open)) = breaker.shut(host, at(now)) else {
        panic!("the breaker is not open");
    };
    assert_eq!((open.left, open.is_whole_egress), (at(left), is_whole));
}

#[test]
fn a_block_stops_its_account_for_hours_and_a_second_one_stops_all() {
    let mut breaker = breaker();
    assert!(!breaker.blocked(shop(1), at(0)));
    assert_open(&breaker, shop(1), 1, 4 * HOUR - 1, false);
    assert_eq!(breaker.shut(shop(2), at(1)), None);
    assert!(breaker.blocked(shop(2), at(10)));
    assert_open(&breaker, shop(3), 10, 4 * HOUR, true);
}

#[test]
fn a_second_block_long_after_the_first_stops_only_its_own_account() {
    let mut breaker = breaker();
    breaker.blocked(shop(1), at(0));
    assert!(!breaker.blocked(shop(2), at(4 * HOUR)));
    assert_eq!(breaker.shut(shop(3), at(4 * HOUR)), None);
}

#[test]
fn after_its_time_one_trial_goes_and_its_answer_closes() {
    let mut breaker = breaker();
    breaker.blocked(shop(1), at(0));
    let trial = breaker.admit(shop(1), at(4 * HOUR)).unwrap();
    assert!(breaker.admit(shop(1), at(4 * HOUR + 1)).is_err());
    breaker.answered(&trial);
    assert!(breaker.admit(shop(1), at(4 * HOUR + 2)).is_ok());
}

#[test]
fn a_trial_that_is_blocked_opens_for_the_whole_time_again() {
    let mut breaker = breaker();
    breaker.blocked(shop(1), at(0));
    let trial = breaker.admit(shop(1), at(4 * HOUR)).unwrap();
    breaker.blocked(trial.host, at(4 * HOUR + 1));
    assert_open(&breaker, shop(1), 4 * HOUR + 1, 4 * HOUR, false);
}

#[test]
fn a_trial_that_never_reports_does_not_stop_the_next_one_for_ever() {
    let mut breaker = breaker();
    breaker.blocked(shop(1), at(0));
    breaker.admit(shop(1), at(4 * HOUR)).unwrap();
    assert!(breaker.admit(shop(1), at(4 * HOUR + 59)).is_err());
    assert!(breaker.admit(shop(1), at(4 * HOUR + 60)).is_ok());
}

#[test]
fn an_answer_to_a_call_from_before_the_block_does_not_close() {
    let mut breaker = breaker();
    let early = breaker.admit(shop(1), at(0)).unwrap();
    breaker.blocked(shop(1), at(1));
    breaker.answered(&early);
    assert_open(&breaker, shop(1), 1, 4 * HOUR, false);
}

#[test]
fn a_throttle_stops_its_account_until_it_is_over() {
    let mut breaker = breaker();
    let pass = breaker.admit(shop(1), at(0)).unwrap();
    assert_eq!(breaker.throttled(&pass, at(60), at(1)), None);
    let shut = Shut::Throttled { left: at(60) };
    assert_eq!(breaker.shut(shop(1), at(1)), Some(shut));
    assert_eq!(breaker.shut(shop(2), at(1)), None);
    assert_eq!(breaker.shut(shop(1), at(61)), None);
}

#[test]
fn the_third_throttle_in_a_row_opens() {
    let mut breaker = breaker();
    for (now, expected) in [
        (0, None),
        (10, None),
        (20, Some(BreakReason::TooManyRequests)),
    ] {
        let pass = breaker.admit(shop(1), at(now)).unwrap();
        assert_eq!(breaker.throttled(&pass, at(5), at(now + 1)), expected);
    }
    assert_open(&breaker, shop(1), 21, 900, false);
}

#[test]
fn throttles_with_an_answer_between_them_are_not_in_a_row() {
    let mut breaker = breaker();
    for now in [0, 10, 20, 30, 40] {
        let pass = breaker.admit(shop(1), at(now)).unwrap();
        assert_eq!(breaker.throttled(&pass, at(2), at(now + 1)), None);
        let pass = breaker.admit(shop(1), at(now + 5)).unwrap();
        breaker.answered(&pass);
    }
}

#[test]
fn calls_that_left_together_are_one_throttle() {
    let mut breaker = breaker();
    let passes: Vec<_> = (0..9)
        .map(|_| breaker.admit(shop(1), at(0)).unwrap())
        .collect();
    for pass in &passes {
        assert_eq!(breaker.throttled(pass, at(5), at(1)), None);
    }
}

#[test]
fn a_person_can_close_it() {
    let mut breaker = breaker();
    breaker.blocked(shop(1), at(0));
    breaker.blocked(shop(2), at(0));
    breaker.close(shop(1));
    assert_eq!(breaker.shut(shop(1), at(1)), None);
    assert_eq!(breaker.shut(shop(3), at(1)), None);
    assert_open(&breaker, shop(2), 1, 4 * HOUR - 1, false);
}

#[test]
fn a_trial_that_is_throttled_opens_again() {
    let mut breaker = breaker();
    for now in [0, 10, 20] {
        let pass = breaker.admit(shop(1), at(now)).unwrap();
        breaker.throttled(&pass, at(5), at(now + 1));
    }
    let trial = breaker.admit(shop(1), at(1000)).unwrap();
    let again = breaker.throttled(&trial, at(5), at(1001));
    assert_eq!(again, Some(BreakReason::TooManyRequests));
    assert_open(&breaker, shop(1), 1001, 900, false);
}

#[cfg(feature = "oauth")]
#[test]
fn an_answer_to_a_token_request_during_a_pause_ends_the_row_and_not_the_pause() {
    let mut breaker = breaker();
    for now in [0, 10, 20, 30] {
        let pass = super::Pass::outside(shop(1), at(now));
        assert_eq!(breaker.throttled(&pass, at(60), at(now + 1)), None);
        let pass = super::Pass::outside(shop(1), at(now + 5));
        breaker.answered(&pass);
        let left = Shut::Throttled { left: at(56) };
        assert_eq!(breaker.shut(shop(1), at(now + 5)), Some(left));
    }
    breaker.answered(&super::Pass::outside(shop(1), at(91)));
    assert!(breaker.accounts.is_empty());
}

#[cfg(feature = "oauth")]
#[test]
fn a_token_request_is_stopped_by_a_block_and_by_nothing_else() {
    let mut breaker = breaker();
    let pass = breaker.admit_token(shop(1), at(0)).unwrap();
    assert!(!pass.is_trial);
    for now in 1..=3 {
        let pass = breaker.admit_token(shop(1), at(now)).unwrap();
        breaker.throttled(&pass, at(300), at(now));
    }
    assert!(breaker.shut(shop(1), at(4)).is_some(), "calls are stopped");
    assert!(breaker.admit_token(shop(1), at(4)).is_ok());
    breaker.blocked(shop(1), at(10));
    let left = |breaker: &mut Breaker, host, now| breaker.admit_token(host, at(now)).err();
    assert_eq!(left(&mut breaker, shop(1), 10), Some(at(4 * HOUR)));
    assert_eq!(left(&mut breaker, shop(2), 10), None);
    breaker.blocked(shop(2), at(20));
    assert_eq!(left(&mut breaker, shop(3), 20), Some(at(4 * HOUR)));
    assert!(breaker.is_egress_blocked(at(20)));
    // The time is over: one trial, and another one after a while.
    let end = 20 + 4 * HOUR;
    assert!(!breaker.is_egress_blocked(at(end)));
    let trial = breaker.admit_token(shop(3), at(end)).unwrap();
    assert_eq!(left(&mut breaker, shop(3), end + 1), Some(at(59)));
    assert!(
        breaker.shut(shop(3), at(end + 1)).is_some(),
        "for calls too"
    );
    breaker.answered(&trial);
    assert_eq!(left(&mut breaker, shop(3), end + 1), None);
    assert_eq!(breaker.shut(shop(3), at(end + 1)), None);
}
