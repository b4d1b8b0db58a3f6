//! Planted markers, searched for in everything that can be printed.

use kommo_keeper::testing::Reply;

use crate::scene::{DAY, SECRET, Scene};

// Invariant I8.
#[tokio::test(start_paused = true)]
async fn no_secret_and_no_token_is_in_any_debug_text_error_or_metric() {
    let scene = Scene::new();
    let handle = scene.grant(10);
    let token = handle.token().await;
    tokio::time::advance(core::time::Duration::from_secs(DAY)).await;
    scene.wire.with(|platform| {
        platform
            .replies
            .push_back(Reply::Answer(403, "marker-body"))
    });
    let error = handle.token().await.unwrap_err();
    let credentials = scene.keeper.credentials();
    let shown = [
        format!("{:?} {token:?} {credentials:?}", scene.keeper),
        format!("{handle:?} {:?}", handle.fresh()),
        format!("{error} {error:?}"),
        format!("{:?}", scene.alarms.lock().unwrap()),
        scene.keeper.metrics().to_string(),
        format!("{:?}", scene.keeper.settings()),
    ];
    for text in shown {
        for marker in [SECRET, "access-0", "refresh-1", "marker-body"] {
            assert!(!text.contains(marker), "{marker} in {text}");
        }
    }
}
