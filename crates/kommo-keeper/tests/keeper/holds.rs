//! Answers that mean "not now". They end no grant, and stop no more than necessary.

use core::time::Duration;

use kommo_account::AccountHost;
use kommo_keeper::KeeperError;
use kommo_keeper::testing::Reply;
use kommo_oauth::grant::HoldKind;
use kommo_oauth::refresh::{Located, Unmet};

use crate::scene::{DAY, NO_LIFEBOAT, SECRET, Scene, credentials, host, key};

fn held(error: &KeeperError) -> Option<HoldKind> {
    match error {
        KeeperError::NoToken {
            why: Unmet::Held(kind),
            ..
        } => Some(*kind),
        _ => None,
    }
}

async fn refused(scene: &Scene, status: u16, body: &'static str) -> KeeperError {
    let handle = scene.grant(10);
    tokio::time::advance(Duration::from_secs(DAY)).await;
    scene
        .wire
        .with(|platform| platform.replies.push_back(Reply::Answer(status, body)));
    handle.token().await.unwrap_err()
}

// Rule M4.
#[tokio::test(start_paused = true)]
async fn passing_refusals_hold_and_never_ask_for_a_new_consent() {
    for (status, body, kind) in [
        (403, "<html>blocked</html>", HoldKind::Blocked),
        (402, "{}", HoldKind::PaymentRequired),
        (404, "<html>not here</html>", HoldKind::MovedHost),
        (401, "{}", HoldKind::ClientMisconfigured),
        (
            400,
            r#"{"hint":"Redirect URI is not associated with client"}"#,
            HoldKind::ClientMisconfigured,
        ),
        (418, "{}", HoldKind::Suspect),
    ] {
        let scene = Scene::new();
        let error = refused(&scene, status, body).await;
        assert_eq!(held(&error), Some(kind), "{status}");
        assert!(error.is_passing());
        assert_eq!(scene.state(), "active");
        assert_eq!(
            scene.wire.sent().len(),
            1,
            "{status}: nothing more is sent while it holds"
        );
        assert!(scene.alarm_names().contains(&kind.name()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_refresh_is_tried_again_when_the_time_is_over() {
    let scene = Scene::new();
    let error = refused(&scene, 429, r#"{"retry_after":120}"#).await;
    assert_eq!(held(&error), Some(HoldKind::Throttled));
    let handle = scene.keeper.grant(&key()).unwrap();
    tokio::time::advance(Duration::from_secs(121)).await;
    assert_eq!(
        handle.token().await.unwrap().access_token.expose(),
        "access-2"
    );
    assert!(
        scene
            .store
            .with(|kept| kept.grants[&key()].holds.is_empty())
    );
}

#[tokio::test(start_paused = true)]
async fn a_blocked_address_stops_itself_alone() {
    let scene = Scene::new();
    refused(&scene, 403, "<html>").await;
    let elsewhere = Scene::beside(
        scene.store.clone(),
        scene.wire.clone(),
        scene.clock.clone(),
        NO_LIFEBOAT,
        "another address",
        SECRET,
    );
    let token = elsewhere
        .keeper
        .grant(&key())
        .unwrap()
        .token()
        .await
        .unwrap();
    assert_eq!(token.access_token.expose(), "access-2");
}

#[tokio::test(start_paused = true)]
async fn a_blocked_address_that_retries_a_doubt_leaves_it_to_the_others() {
    let scene = Scene::new();
    scene.wire.with(|platform| {
        platform.is_lenient = true;
        platform.replies.push_back(Reply::LoseAnswer);
        platform.replies.push_back(Reply::Answer(403, "<html>"));
    });
    let handle = scene.grant(10);
    tokio::time::advance(Duration::from_secs(DAY)).await;
    let error = handle.token().await.unwrap_err();
    assert_eq!(held(&error), Some(HoldKind::Blocked));
    assert_eq!(scene.state(), "in-doubt");
    let elsewhere = Scene::beside(
        scene.store.clone(),
        scene.wire.clone(),
        scene.clock.clone(),
        NO_LIFEBOAT,
        "another address",
        SECRET,
    );
    let handle = elsewhere.keeper.grant(&key()).unwrap();
    let token = handle.token().await.unwrap();
    assert_eq!(token.access_token.expose(), "access-3");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_secret_stops_its_machine_until_the_secret_is_replaced() {
    let scene = Scene::new();
    let error = refused(&scene, 401, r#"{"title":"x"}"#).await;
    assert_eq!(held(&error), Some(HoldKind::ClientMisconfigured));
    scene
        .keeper
        .replace_credentials(credentials("the right one"));
    let token = scene.keeper.grant(&key()).unwrap().token().await.unwrap();
    assert_eq!(token.access_token.expose(), "access-2");
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_answers_404_for_an_hour_loses_nothing() {
    let scene = Scene::new();
    let handle = scene.grant(10);
    tokio::time::advance(Duration::from_secs(DAY)).await;
    scene.wire.with(|platform| {
        for _ in 0..1_000 {
            platform
                .replies
                .push_back(Reply::Answer(404, "<html>404</html>"));
        }
    });
    for _ in 0..60 {
        let error = handle.token().await.unwrap_err();
        assert!(error.is_passing(), "{error}");
        tokio::time::advance(Duration::from_secs(60)).await;
    }
    let sent = scene.wire.sent().len();
    assert!(sent < 10, "{sent} requests in an hour");
    assert_eq!(scene.state(), "active");
    scene.wire.with(|platform| platform.replies.clear());
    tokio::time::advance(Duration::from_secs(900)).await;
    assert_eq!(
        handle.token().await.unwrap().access_token.expose(),
        "access-2"
    );
}

#[tokio::test(start_paused = true)]
async fn without_an_api_domain_in_the_token_nothing_is_looked_up() {
    let scene = Scene::new();
    let host = AccountHost::parse("renamed.kommo.com").unwrap();
    let account_id = key().account_id;
    scene
        .wire
        .with(|platform| platform.located = Some(Located::At { account_id, host }));
    let error = refused(&scene, 404, "{}").await;
    assert_eq!(held(&error), Some(HoldKind::MovedHost));
    assert_eq!(
        scene.wire.with(|platform| platform.hosts.clone()),
        [self::host().to_string()]
    );
}
