//! A connection that fails at each phase: only what certainly did not leave is `NotSent`.

use kommo_http::TransportBuilder;
use kommo_keeper::TokenEndpoint;
use kommo_keeper::testing::VirtualClock;
use kommo_oauth::refresh::SendOutcome;
use kommo_oauth::token::TokenAnswer;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::raw_server::Reply;
use crate::scene::{PAIR, Scene, endpoint_at, refresh};

#[track_caller]
fn assert_lost(outcome: &SendOutcome) {
    assert_eq!(outcome, &SendOutcome::Lost);
}

#[tokio::test]
async fn nobody_listens_so_nothing_was_sent() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let clock = VirtualClock::skipping_pauses();
    let (endpoints, endpoint) = endpoint_at(closed, TransportBuilder::new(), &clock);
    let outcome = endpoint.send(endpoints.realm(), &refresh()).await;
    assert_eq!(outcome, SendOutcome::NotSent);
}

#[tokio::test]
async fn whatever_ends_after_the_request_is_lost() {
    let half = format!("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{PAIR}");
    let mut endless_header = b"HTTP/1.1 200 OK\r\nX: ".to_vec();
    endless_header.resize(20 * 1024 * 1024, b'x');
    for reply in [
        Reply::cut(),
        Reply::Bytes(b"HTTP/1.1 200".to_vec()),
        Reply::Bytes(b"HTTP/1.1 200 OK\r\n".to_vec()),
        Reply::Bytes(half.into_bytes()),
        Reply::Bytes(b"nonsense".to_vec()),
        Reply::Bytes(endless_header),
    ] {
        let scene = Scene::start([reply, crate::scene::ok(PAIR)]).await;
        assert_lost(&scene.refresh().await);
        assert_eq!(scene.requests(), 1, "a request was repeated");
    }
}

#[tokio::test]
async fn silence_is_lost_before_and_within_an_answer() {
    for said in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{",
    ] {
        let scene = Scene::impatient([Reply::Silence(said.to_vec())]).await;
        assert_lost(&scene.refresh().await);
        assert_eq!(scene.requests(), 1);
    }
}

#[tokio::test]
async fn a_success_that_is_too_long_is_lost() {
    let mut body = PAIR.as_bytes().to_vec();
    body.resize(2 * 1024 * 1024, b' ');
    for status in ["200 OK", "500 X"] {
        let scene = Scene::start([Reply::answer(status, &[], &body)]).await;
        assert_lost(&scene.refresh().await);
    }
}

// Rule K3.
#[tokio::test]
async fn a_success_without_both_tokens_is_in_doubt() {
    for body in ["", "<html>", "{}", r#"{"access_token":"a"}"#] {
        let scene = Scene::start([crate::scene::ok(body)]).await;
        let outcome = scene.refresh().await;
        assert!(
            matches!(outcome, SendOutcome::Answered(TokenAnswer::InDoubt(_))),
            "{body}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_connection_that_ends_inside_the_request_is_lost() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // One byte, then the end: the rest of the request meets a closed socket.
        stream.read_u8().await.unwrap();
    });
    let clock = VirtualClock::skipping_pauses();
    let (endpoints, endpoint) = endpoint_at(address, TransportBuilder::new(), &clock);
    assert_lost(&endpoint.send(endpoints.realm(), &refresh()).await);
    server.await.unwrap();
}
