//! The token endpoint sends nothing while the platform blocks: a hold, and no attempt is in doubt.

use core::time::Duration;

use kommo_keeper::testing::Reply;
use kommo_keeper::{Counter, KeeperError};
use kommo_oauth::grant::{HoldKind, HoldScope};
use kommo_oauth::refresh::Unmet;

use crate::scene::{DAY, HOUR, Scene, key};

// Rules L6, M4.
#[tokio::test(start_paused = true)]
async fn a_refresh_that_is_held_back_is_a_hold_as_long_as_the_block() {
    for was_in_doubt in [false, true] {
        let scene = Scene::new();
        let handle = scene.grant(10);
        tokio::time::advance(Duration::from_secs(DAY)).await;
        let mut expected = "active";
        if was_in_doubt {
            expected = "in-doubt";
            scene
                .wire
                .with(|platform| platform.replies.push_back(Reply::Lost));
            // The doubt is tried again after a second, and then withheld.
        }
        let left = Duration::from_secs(3 * HOUR);
        scene
            .wire
            .with(|platform| platform.replies.push_back(Reply::Withheld(left)));
        let error = handle.token().await.unwrap_err();
        let KeeperError::NoToken { why, again_at, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(why, Unmet::Held(HoldKind::Blocked));
        assert_eq!(scene.state(), expected);
        let grant = scene.store.with(|kept| kept.grants[&key()].clone());
        let [hold] = grant.holds.as_slice() else {
            panic!("{:?}", grant.holds);
        };
        assert!(matches!(hold.scope, HoldScope::Egress(_)));
        assert_eq!(hold.until, hold.since.plus(left));
        assert_eq!(again_at, Some(hold.until));
        assert!(scene.alarm_names().contains(&"blocked"));
        assert_eq!(scene.count(Counter::Holds), 1);
        assert_eq!(scene.count(Counter::Doubts), u64::from(was_in_doubt));
        // Nothing was lost, and the grant is refreshed when the block is over.
        tokio::time::advance(left + Duration::from_secs(1)).await;
        assert!(handle.token().await.is_ok());
    }
}
