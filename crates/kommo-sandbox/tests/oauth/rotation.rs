//! The three readings of what becomes of an old refresh token, the two of what becomes of a
//! sibling, and what counts.

use kommo_sandbox::{OauthRules, Platform, Rotation, Siblings};

use crate::plain_client::{Pair, granted, platform_with, refresh, works};

fn platform(rotation: Rotation, siblings: Siblings) -> Platform {
    platform_with(OauthRules {
        rotation,
        siblings,
        revoke_old_access_on_refresh: false,
        ..OauthRules::default()
    })
}

async fn pair_from(platform: &Platform, old: &Pair) -> Pair {
    refresh(platform, &old.refresh).await.pair()
}

#[track_caller]
fn assert_revoked(answer: &crate::plain_client::Answer) {
    assert_eq!(answer.problem(), (401, "Token has been revoked".into()));
}

#[tokio::test]
async fn strict_kills_the_old_refresh_token_at_once() {
    let platform = platform(Rotation::Strict, Siblings::BothLive);
    let first = granted(&platform).await;
    let second = pair_from(&platform, &first).await;
    assert_revoked(&refresh(&platform, &first.refresh).await);
    pair_from(&platform, &second).await;
    let counters = platform.counters();
    assert_eq!(
        (
            counters.refreshes,
            counters.double_refreshes,
            counters.refused_as_revoked
        ),
        (2, 0, 1)
    );
}

#[tokio::test]
async fn until_refresh_used_keeps_it_until_the_new_refresh_token_is_used() {
    let platform = platform(Rotation::UntilRefreshUsed, Siblings::BothLive);
    let first = granted(&platform).await;
    let second = pair_from(&platform, &first).await;
    // Using the access token is no use in this reading.
    assert!(works(&platform, &second.access).await);
    let sibling = pair_from(&platform, &first).await;
    assert_eq!(platform.counters().double_refreshes, 1);
    pair_from(&platform, &second).await;
    assert_revoked(&refresh(&platform, &first.refresh).await);
    // Both answers lived.
    pair_from(&platform, &sibling).await;
}

#[tokio::test]
async fn until_access_used_keeps_it_until_either_new_token_is_used() {
    let platform = platform(Rotation::UntilAccessUsed, Siblings::BothLive);
    let first = granted(&platform).await;
    let second = pair_from(&platform, &first).await;
    pair_from(&platform, &first).await;
    assert!(works(&platform, &second.access).await);
    assert_revoked(&refresh(&platform, &first.refresh).await);

    let third = pair_from(&platform, &second).await;
    pair_from(&platform, &third).await;
    assert_revoked(&refresh(&platform, &second.refresh).await);
}

#[tokio::test]
async fn a_newer_answer_can_kill_the_older_one() {
    for rotation in [Rotation::UntilRefreshUsed, Rotation::UntilAccessUsed] {
        let platform = platform(rotation, Siblings::NewerKillsOlder);
        let first = granted(&platform).await;
        let lost = pair_from(&platform, &first).await;
        let kept = pair_from(&platform, &first).await;
        assert!(!works(&platform, &lost.access).await);
        assert_revoked(&refresh(&platform, &lost.refresh).await);
        assert!(works(&platform, &kept.access).await);
        pair_from(&platform, &kept).await;
        let grant = &platform.grants(0, 1)[0];
        assert_eq!(
            (
                grant.refreshes,
                grant.double_refreshes,
                grant.refused_as_revoked
            ),
            (3, 1, 1)
        );
    }
}

#[tokio::test]
async fn a_refused_use_kills_nothing() {
    let platform = platform(Rotation::UntilAccessUsed, Siblings::BothLive);
    let first = granted(&platform).await;
    let second = pair_from(&platform, &first).await;
    platform.advance_seconds(86_400);
    assert!(!works(&platform, &second.access).await);
    pair_from(&platform, &first).await;
}

#[tokio::test]
async fn a_chain_of_two_hundred_refreshes_leaves_one_living_pair() {
    for rotation in [
        Rotation::Strict,
        Rotation::UntilRefreshUsed,
        Rotation::UntilAccessUsed,
    ] {
        let platform = platform(rotation, Siblings::BothLive);
        let mut pair = granted(&platform).await;
        for _ in 0..200 {
            platform.advance_seconds(86_400);
            pair = pair_from(&platform, &pair).await;
            assert!(works(&platform, &pair.access).await);
        }
        let counters = platform.counters();
        assert_eq!(
            (
                counters.refreshes,
                counters.double_refreshes,
                counters.lost_grants
            ),
            (200, 0, 0)
        );
        let living = platform.grants(0, 1)[0].living.len();
        let expected = if rotation == Rotation::UntilRefreshUsed {
            2
        } else {
            1
        };
        assert_eq!(living, expected, "{rotation:?}");
    }
}
