//! Refusals and nonsense: each once, each with its type.

use kommo_chats::{BodyForm, DecodeError, ErrorKind};
use kommo_http::{ChatsError, Refusal, UnreadableReason};
use kommo_sandbox::{Fault, FaultKind};

use crate::raw_server::{RawServer, Reply};
use crate::scene::{JSON, Scene, connect, raw_client};

#[track_caller]
fn refusal_of<T: std::fmt::Debug>(result: Result<T, ChatsError>) -> Refusal {
    match result.unwrap_err() {
        ChatsError::Refused(refusal) => *refusal,
        other => panic!("{other:?}"),
    }
}

// Rule E3.
#[tokio::test]
async fn a_403_in_plain_text_is_never_repeated() {
    let scene = Scene::start().await;
    let refusal = refusal_of(
        scene
            .connect_through(Fault::new(FaultKind::ForbiddenText))
            .await,
    );
    assert_eq!(refusal.error().kind(), ErrorKind::BlockedAsText);
    assert_eq!((refusal.status(), refusal.attempts()), (403, 1));
    assert_eq!(scene.requests(), 1);
    assert!(scene.environment.pauses().is_empty());
}

// Rules E3, T3.
#[tokio::test]
async fn a_403_in_plain_text_teaches_no_clock() {
    let date = ("Date", "Wed, 23 Nov 2022 23:25:21 GMT");
    let server =
        RawServer::start([Reply::answer("403 Forbidden", &[date], b"403 Forbidden")]).await;
    let (client, _) = raw_client(server.address);
    let refusal = refusal_of(connect(&client).await);
    assert_eq!(refusal.clock_difference_seconds(), Some(4 * 3600));
    assert_eq!(refusal.tried_offset_seconds(), None);
    assert_eq!(server.received().len(), 1);
}

// Rules E2, E6.
#[tokio::test]
async fn an_empty_404_means_not_registered() {
    let scene = Scene::start().await;
    let refusal = refusal_of(
        scene
            .connect_through(Fault::new(FaultKind::NotFoundEmpty))
            .await,
    );
    assert_eq!(refusal.error().kind(), ErrorKind::NotRegistered);
    assert_eq!(refusal.error().form(), BodyForm::Empty);
    assert_eq!(scene.requests(), 1);
}

// Rule E2.
#[tokio::test]
async fn an_unknown_channel_is_not_registered() {
    let scene = Scene::start().await;
    let request = kommo_chats::DisconnectRequest::new(scene.account());
    let refusal = refusal_of(
        scene
            .client
            .disconnect(&crate::scene::channel(), &request)
            .await,
    );
    assert_eq!(refusal.error().kind(), ErrorKind::NotRegistered);
    assert_eq!(refusal.error().error_type(), Some("ORIGIN_NOT_REGISTERED"));
}

// Rule E1.
#[tokio::test]
async fn a_wrong_secret_is_refused_once() {
    let scene = Scene::start().await;
    let client = crate::scene::client_of(
        scene.sandbox.address(),
        "another secret",
        &scene.environment,
    );
    let request = kommo_chats::DisconnectRequest::new(scene.account());
    let refusal = refusal_of(client.disconnect(&scene.channel(), &request).await);
    assert_eq!(refusal.error().kind(), ErrorKind::InvalidSignature);
    assert_eq!(refusal.clock_difference_seconds(), Some(0));
    assert_eq!(
        refusal.to_string(),
        "http 403, ORIGIN_INVALID_SIGNATURE: invalid signature"
    );
    assert_eq!(scene.requests(), 1);
}

// Rule E6.
#[tokio::test]
async fn a_page_under_a_200_is_typed_and_not_repeated() {
    let scene = Scene::start().await;
    let error = scene
        .connect_through(Fault::new(FaultKind::NonJson))
        .await
        .unwrap_err();
    let ChatsError::Unreadable(unreadable) = &error else {
        panic!("{error:?}")
    };
    assert_eq!((unreadable.status, unreadable.attempts), (200, 1));
    assert!(
        matches!(
            unreadable.reason,
            UnreadableReason::Body(DecodeError::Syntax { .. })
        ),
        "{error:?}"
    );
    assert_eq!(error.to_string(), "http 200 with an unreadable answer");
    assert!(error.is_unconfirmed());
    assert_eq!(scene.requests(), 1);

    let error = scene.disconnect().await.unwrap_err();
    let ChatsError::Unreadable(unreadable) = &error else {
        panic!("{error:?}")
    };
    assert!(
        matches!(unreadable.reason, UnreadableReason::NoDataExpected(_)),
        "{error:?}"
    );
    assert!(error.is_unconfirmed());
    assert_eq!(scene.requests(), 2);
}

// Rule C2.
#[tokio::test]
async fn the_answer_to_another_connect_is_not_taken() {
    let other = br#"{"account_id":"52e591f7-c98f-4255-8495-827210138c81","scope_id":"f90ba33d-c9d9-44da-b76c-c349b0ecbe41_52e591f7-c98f-4255-8495-827210138c81","title":"T","hook_api_version":"v2"}"#;
    let server = RawServer::start([Reply::answer("200 OK", &[JSON], other)]).await;
    let (client, _) = raw_client(server.address);
    let error = connect(&client).await.unwrap_err();
    assert!(!error.is_unconfirmed());
    let ChatsError::Unreadable(unreadable) = error else {
        panic!("{error:?}")
    };
    assert_eq!(unreadable.reason, UnreadableReason::OtherConnection);
}

// Rules E6, C5.
#[tokio::test]
async fn a_body_of_any_kind_is_a_refusal_and_no_failure_of_its_own() {
    let bodies: [&[u8]; 6] = [
        b"",
        b"nope",
        b"<html>",
        b"{\"error_code\":[]}",
        b"{",
        b"\xff\xfe\x00",
    ];
    for status in [
        "400 Bad",
        "401 No",
        "404 Lost",
        "409 Twice",
        "422 What",
        "507 Full",
    ] {
        for body in bodies {
            let server = RawServer::start([Reply::answer(status, &[], body)]).await;
            let (client, environment) = raw_client(server.address);
            let refusal = refusal_of(connect(&client).await);
            assert_eq!(
                refusal.status().to_string(),
                status.split(' ').next().unwrap()
            );
            assert_eq!((refusal.attempts(), server.received().len()), (1, 1));
            assert!(environment.pauses().is_empty());
        }
    }
}
