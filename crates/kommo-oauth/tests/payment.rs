//! 402 on a call: what the grant's hold knows.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use core::time::Duration;

use kommo_account::AccountHost;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Grant, GrantKey, Hold, HoldKind, HoldScope};
use kommo_oauth::token::{AccessToken, RefreshToken, TokenPair};

const NOW: UnixSeconds = UnixSeconds::new(1_800_000_000);
const TOMORROW: UnixSeconds = UnixSeconds::new(1_800_086_400);
const HOUR: Duration = Duration::from_secs(3600);

fn consented() -> Grant {
    let key = "real/11111111-2222-3333-4444-555555555555/12345678/87654321";
    let pair = TokenPair::new(
        AccessToken::new("access").unwrap(),
        RefreshToken::new("refresh").unwrap(),
        NOW,
        TOMORROW,
    );
    let host = AccountHost::parse("myshop.kommo.com").unwrap();
    Grant::consent(None, GrantKey::parse(key).unwrap(), host, None, pair).grant
}

fn held_since(since: UnixSeconds) -> Grant {
    let hold = Hold::new(HoldKind::PaymentRequired, HoldScope::Grant, since, HOUR);
    consented().hold(hold).grant
}

// Rule M9.
#[test]
fn a_hold_that_lasts_is_known_and_one_of_a_clock_that_is_ahead_is_not() {
    assert!(held_since(NOW).require_payment(NOW, HOUR).is_none());
    let laid = held_since(TOMORROW).require_payment(NOW, HOUR).unwrap();
    let [hold] = laid.grant.holds.as_slice() else {
        panic!("{:?}", laid.grant.holds);
    };
    assert_eq!((hold.since, hold.until), (NOW, NOW.plus(HOUR)));
}
