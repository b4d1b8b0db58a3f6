//! The virtual clock, and the dates that the server writes.

use kommo_sandbox::{ConfigError, Platform, SandboxConfig, StartError};

use crate::naive_client::{Draft, NOW, config, platform};

#[tokio::test]
async fn the_clock_stands_still_until_it_is_told() {
    let platform = platform();
    assert_eq!(platform.now(), NOW);
    platform.advance_seconds(60);
    assert_eq!(platform.now(), NOW + 60);
    platform.set_unix(5);
    assert_eq!(platform.now(), 5);
    assert_eq!(platform.state().now, 5);
}

#[test]
fn a_clock_that_follows_the_wall_can_run_ahead_of_it() {
    let following = || {
        Platform::new(SandboxConfig {
            follow_wall_clock: true,
            ..SandboxConfig::default()
        })
        .unwrap()
    };
    // Both follow the same wall; a second or two may pass between the readings.
    let (plain, ahead) = (following(), following());
    ahead.advance_seconds(1_000_000);
    let lead = ahead.now() - plain.now();
    assert!((1_000_000..1_000_010).contains(&lead), "{lead}");
    let standing = platform();
    standing.follow_wall_clock();
    assert!(plain.now() - standing.now() < 10);
}

#[test]
fn the_clock_ends_with_the_year_9999() {
    let platform = platform();
    platform.set_unix(u64::MAX);
    assert_eq!(platform.now(), 253_402_300_799);
    platform.advance_seconds(u64::MAX);
    assert_eq!(platform.now(), 253_402_300_799);
    let too_late = Platform::new(SandboxConfig {
        now: Some(253_402_300_800),
        ..config()
    });
    assert!(matches!(
        too_late,
        Err(StartError::Config(ConfigError::NowTooLate))
    ));
}

// Rule T3: the date that a client learns its offset from.
#[tokio::test]
async fn every_answer_carries_the_virtual_date() {
    let platform = platform();
    let control = format!("{}/state", platform.control_path());
    for draft in [
        Draft::connect().sign_at(NOW),
        Draft::connect(),
        Draft::new("GET", "/"),
        Draft::new("GET", &control),
        Draft::connect().header("host", "attacker.example"),
    ] {
        let answer = draft.send(&platform).await;
        assert_eq!(answer.header("date"), "Wed, 23 Nov 2022 19:25:21 GMT");
    }
    platform.set_unix(253_402_300_799);
    let answer = Draft::connect().send(&platform).await;
    assert_eq!(answer.header("date"), "Fri, 31 Dec 9999 23:59:59 GMT");
}

// Rule D3: time passes for signatures when the clock is moved.
#[tokio::test]
async fn a_signature_dies_when_the_clock_moves_on() {
    let platform = platform();
    let draft = Draft::connect().sign_at(NOW);
    platform.advance_seconds(900);
    assert_eq!(draft.send(&platform).await.status, 200);
    platform.advance_seconds(1);
    assert_eq!(draft.send(&platform).await.status, 403);
}
