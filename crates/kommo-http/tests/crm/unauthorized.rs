//! 401: who is asked for another token, and what is sent again.

use kommo_account::UserId;
use kommo_http::{CrmRefusalKind, Repeat, ReplayAfter401};

use crate::raw_server::Reply;
use crate::scene::{Scene, get, ok, page, unauthorized, write};
use crate::test_tokens::{HOST, SECOND_TOKEN, TOKEN, TestTokens, usable};

fn renewable() -> TestTokens {
    TestTokens::standing().with_successor(usable(HOST, SECOND_TOKEN, 2))
}

async fn refused_once() -> Scene {
    Scene::with_tokens([unauthorized(), ok("{}")], renewable()).await
}

/// The second request is the first one but for the token.
#[track_caller]
fn assert_replayed(scene: &Scene) {
    let received = scene.server.received();
    assert_eq!(received.len(), 2);
    let (first, second) = (&received[0], &received[1]);
    assert_eq!(first.header("authorization"), format!("Bearer {TOKEN}"));
    let other_token = first.head.replace(TOKEN, SECOND_TOKEN);
    assert_eq!(second.head, other_token);
    assert_eq!(second.body, first.body);
    assert_eq!(scene.tokens.rejected(), [1]);
}

// Rule L10.
#[tokio::test]
async fn a_get_is_replayed_with_the_same_method_url_and_headers() {
    let scene = refused_once().await;
    let user = UserId::from_number(5).unwrap();
    let request = get("/api/v4/leads?page=3&x=%5B").with_context_user(user);
    let response = scene.client.call_raw(request).await.unwrap();
    assert_eq!(response.attempts(), 2);
    assert_replayed(&scene);
}

// Rule L10.
#[tokio::test]
async fn a_write_that_may_be_repeated_is_replayed_with_its_body() {
    let scene = refused_once().await;
    let request = write().with_repeat(Repeat::WhenSafe);
    scene.client.call_raw(request).await.unwrap();
    assert_replayed(&scene);
}

// Rule L10.
#[tokio::test]
async fn another_write_is_not_replayed_but_the_token_is_renewed() {
    let scene = refused_once().await;
    let error = scene.write().await.unwrap_err();
    let refusal = error.refusal().unwrap();
    assert_eq!(refusal.kind(), CrmRefusalKind::Unauthorized);
    assert!(refusal.has_new_token());
    assert_eq!(scene.requests(), 1);
    assert_eq!(scene.tokens.rejected(), [1]);
}

#[tokio::test]
async fn a_setting_replays_every_write() {
    let scene = refused_once().await;
    let client = scene
        .client
        .clone()
        .with_replay_after_401(ReplayAfter401::Always);
    client.call_raw(write()).await.unwrap();
    assert_replayed(&scene);
}

#[tokio::test]
async fn without_a_later_generation_nothing_is_replayed() {
    let scene = Scene::start([unauthorized(), ok("{}")]).await;
    let error = scene.get().await.unwrap_err();
    assert!(!error.refusal().unwrap().has_new_token());
    assert_eq!(scene.requests(), 1);
    assert_eq!(scene.tokens.rejected(), [1]);
}

#[tokio::test]
async fn a_second_refusal_ends_the_call() {
    let tokens = renewable().with_successor(usable(HOST, "third", 3));
    let scene = Scene::with_tokens([unauthorized()], tokens).await;
    let error = scene.get().await.unwrap_err();
    assert_eq!(error.kind(), Some(CrmRefusalKind::Unauthorized));
    assert_eq!(scene.requests(), 2);
    assert_eq!(scene.tokens.rejected(), [1]);
}

#[tokio::test]
async fn an_account_that_has_moved_is_asked_at_its_new_host() {
    let moved = usable("moved.kommo.com", SECOND_TOKEN, 2);
    let tokens = TestTokens::standing().with_successor(moved);
    let scene = Scene::with_tokens([unauthorized(), ok("{}")], tokens).await;
    let response = scene.get().await.unwrap();
    assert_eq!(response.host().as_str(), "moved.kommo.com");
    let received = scene.server.received();
    assert_eq!(received[1].header("host"), "moved.kommo.com");
    assert_eq!(received[1].target(), received[0].target());
}

#[tokio::test]
async fn a_page_with_a_401_is_reported_too_and_named_a_page() {
    let scene = Scene::start([page("401 X")]).await;
    let error = scene.get().await.unwrap_err();
    assert_eq!(error.kind(), Some(CrmRefusalKind::Page));
    assert_eq!(scene.tokens.rejected(), [1]);
}

#[tokio::test]
async fn a_replay_counts_as_no_repetition() {
    let replies = [
        unauthorized(),
        Reply::answer("502 X", &[], b""),
        Reply::answer("502 X", &[], b""),
        ok("{}"),
    ];
    let scene = Scene::with_tokens(replies, renewable()).await;
    assert_eq!(scene.get().await.unwrap().attempts(), 4);
}

// Rule L10.
#[tokio::test]
async fn a_second_401_is_answered_with_a_third_request_only_if_the_token_changed_meanwhile() {
    let third = || usable(HOST, "third", 3);
    let scene = Scene::with_tokens(
        [unauthorized(), unauthorized(), ok("{}")],
        renewable().overtaken_by(third()),
    )
    .await;
    assert_eq!(scene.get().await.unwrap().attempts(), 3);
    let received = scene.server.received();
    assert_eq!(received[2].header("authorization"), "Bearer third");
    // Only the first one was reported: nobody refreshes because of the second.
    assert_eq!(scene.tokens.rejected(), [1]);

    let tokens = renewable().overtaken_by(third());
    let scene = Scene::with_tokens([unauthorized()], tokens).await;
    let error = scene.get().await.unwrap_err();
    assert_eq!(error.kind(), Some(CrmRefusalKind::Unauthorized));
    assert_eq!(scene.requests(), 3, "and never a fourth");

    // A write that is not to be sent again is not.
    let tokens = renewable().overtaken_by(third());
    let scene = Scene::with_tokens([unauthorized()], tokens).await;
    scene.write().await.unwrap_err();
    assert_eq!(scene.requests(), 1);
}
