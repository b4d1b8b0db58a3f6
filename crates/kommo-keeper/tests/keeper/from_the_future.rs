//! A pair that was stored by a machine whose clock is far ahead.

use core::time::Duration;

use kommo_keeper::Clock;
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::Grant;
use kommo_oauth::token::TokenPair;

use crate::scene::{DAY, HOUR, Handle, START, Scene, host, key, pair};

const AHEAD: u64 = 100 * DAY;

/// A grant whose pair was obtained a hundred days from now, with or without the server's own time.
fn from_the_future(scene: &Scene, server_time: Option<u64>) -> Handle {
    let times = pair(&scene.wire.consent(), "access-0", 0);
    let at = |seconds| UnixSeconds::new(START + AHEAD + seconds);
    let mut pair = TokenPair::new(times.access_token, times.refresh_token, at(0), at(DAY));
    pair.server_time = server_time.map(UnixSeconds::new);
    let mut grant = Grant::consent(None, key(), host(), None, pair).grant;
    grant.revision = grant.revision.next();
    scene.store.with(|kept| kept.grants.insert(key(), grant));
    scene.keeper.grant(&key()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn it_serves_and_is_refreshed_at_once() {
    let scene = Scene::new();
    let handle = from_the_future(&scene, None);
    assert!(handle.fresh().is_none());
    let token = handle.token().await.unwrap();
    assert_eq!(token.access_token.expose(), "access-2");
    assert_eq!(scene.wire.sent().len(), 1);
    // A sweep and a program that keeps alive see it too.
    let scene = Scene::new();
    from_the_future(&scene, None);
    assert_eq!(scene.keeper.sweep_once(10).await.unwrap().refreshed, 1);
    let scene = Scene::new();
    let handle = from_the_future(&scene, None);
    let since = scene.clock.now().minus(Duration::from_secs(7 * DAY));
    handle.token_obtained_since(since).await.unwrap();
    assert_eq!(scene.wire.sent().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn while_no_refresh_succeeds_it_goes_on_serving() {
    let scene = Scene::new();
    let handle = from_the_future(&scene, None);
    scene
        .wire
        .with(|platform| platform.refuses = Some(("", 402, "{}")));
    for _ in 0..5 {
        let token = handle.token().await.unwrap();
        assert_eq!(token.access_token.expose(), "access-0");
        tokio::time::advance(Duration::from_secs(HOUR)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_servers_own_time_stands_in_where_it_came_with_the_pair() {
    let scene = Scene::new();
    let handle = from_the_future(&scene, Some(START));
    let token = handle.token().await.unwrap();
    assert_eq!(token.access_token.expose(), "access-0");
    assert_eq!(token.expires_at, Some(UnixSeconds::new(START + DAY)));
    assert!(scene.wire.sent().is_empty());
    tokio::time::advance(Duration::from_secs(DAY - HOUR + 60)).await;
    handle.token().await.unwrap();
    scene.keeper.drain().await;
    assert_eq!(scene.wire.sent().len(), 1);
    // The sweep is due when the token really is.
    let scene = Scene::new();
    from_the_future(&scene, Some(START));
    let due = scene
        .store
        .with(|kept| kept.grants[&key()].due_at(Duration::from_secs(HOUR)));
    assert_eq!(due, Some(UnixSeconds::new(START + DAY - HOUR)));
}
