//! What is repeated, and what is not since it would be doubled.

use std::num::NonZeroU32;
use std::time::Duration;

use kommo_http::{OpenApiError, Pace, RetryPolicy, TransportError};
use kommo_open_api::FailureKind;

use crate::raw_server::{RawServer, Reply};
use crate::scene::{SECRET, add_agents, client_of, json, ok, patient_client, talking_chat, ticket};

fn lost_answers() -> Vec<Reply> {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 300\r\n\r\n{".to_vec();
    vec![
        Reply::cut(),
        Reply::Bytes(half),
        Reply::silence(),
        json("500 Oh", "<html>"),
        json("502 Oh", ""),
        json("503 Oh", "<html>"),
        json("504 Oh", "{}"),
    ]
}

// Rule O10.
#[tokio::test]
async fn a_lost_answer_to_what_posts_or_creates_is_not_asked_for_again() {
    for lost in lost_answers() {
        let server = RawServer::start([lost.clone(), ok()]).await;
        let (client, clock) = client_of(server.address, SECRET);
        let error = client.call(&talking_chat()).await.unwrap_err();
        assert!(error.may_be_done(), "{lost:?}: {error:?}");
        assert_eq!(server.received().len(), 1, "{lost:?}");
        let error = client.call(&ticket("hello")).await.unwrap_err();
        // The second answer is a success of another shape: it was read, not repeated.
        assert!(matches!(error, OpenApiError::Unreadable(_)), "{error:?}");
        assert_eq!(server.received().len(), 2, "{lost:?}");
        assert!(clock.pauses().is_empty());
    }
}

// Rule O10.
#[tokio::test]
async fn a_lost_answer_to_what_is_safe_is_asked_for_again() {
    for lost in lost_answers() {
        let server = RawServer::start([lost.clone(), ok()]).await;
        let (client, clock) = client_of(server.address, SECRET);
        let answer = client.call(&add_agents()).await.unwrap();
        assert_eq!(answer.attempts(), 2, "{lost:?}");
        assert_eq!(clock.pauses(), [Duration::from_millis(500)]);
    }
}

#[tokio::test]
async fn a_refusal_after_a_lost_answer_says_so() {
    let gone = json("200 OK", r#"{"code":-1,"msg":"会话不存在","data":""}"#);
    let server = RawServer::start([Reply::cut(), gone]).await;
    let (client, _) = patient_client(server.address);
    let error = client.call(&add_agents()).await.unwrap_err();
    assert!(error.may_be_done());
    let OpenApiError::Refused(refusal) = error else {
        panic!("{error:?}")
    };
    assert_eq!(refusal.kind(), FailureKind::UnknownChat);
    assert!(refusal.attempts().has_unknown_outcome);
}

// Rule O10.
#[tokio::test]
async fn what_certainly_did_not_leave_is_tried_again_whatever_it_is() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (client, clock) = patient_client(address);
    let error = client.call(&ticket("hello")).await.unwrap_err();
    assert!(!error.may_be_done());
    assert_eq!(error.attempts().count, 3);
    assert!(matches!(
        error,
        OpenApiError::Transport {
            error: TransportError::Connect(_),
            ..
        }
    ));
    assert_eq!(clock.pauses().len(), 2);
    let once = client.with_retry_policy(RetryPolicy::once());
    let error = once.call(&add_agents()).await.unwrap_err();
    assert_eq!(error.attempts().count, 1);
}

// Rule E4.
#[tokio::test]
async fn a_429_is_waited_out_whatever_it_is_and_then_stops_later_calls() {
    let busy = |seconds| Reply::answer("429 No", &[("Retry-After", seconds)], b"");
    let server = RawServer::start([busy("7"), ok()]).await;
    let (client, clock) = patient_client(server.address);
    let answer = client.call(&talking_chat()).await.unwrap();
    assert_eq!(answer.attempts(), 2);
    assert_eq!(clock.pauses()[0], Duration::from_millis(7_500));

    let server = RawServer::start([busy("60")]).await;
    let (client, clock) = patient_client(server.address);
    let error = client.call(&talking_chat()).await.unwrap_err();
    let OpenApiError::TooManyRequests { pause, attempts } = error else {
        panic!("{error:?}")
    };
    assert_eq!((pause.as_secs(), attempts.count), (60, 1));
    let later = client.clone().call(&add_agents()).await.unwrap_err();
    let OpenApiError::Paused { left, attempts } = later else {
        panic!("{later:?}")
    };
    assert_eq!((left.as_secs(), attempts.count), (60, 0));
    assert_eq!(server.received().len(), 1);
    assert!(clock.pauses().is_empty());
    assert_eq!(client.hold(), None);
}

#[tokio::test]
async fn requests_are_spaced_if_that_is_asked_for() {
    let server = RawServer::start([ok()]).await;
    let (client, clock) = patient_client(server.address);
    client.call(&add_agents()).await.unwrap();
    client.call(&add_agents()).await.unwrap();
    assert!(clock.pauses().is_empty());
    let one = Pace::per_second(NonZeroU32::MIN);
    let client = client.with_pace(one);
    client.call(&add_agents()).await.unwrap();
    client.clone().call(&add_agents()).await.unwrap();
    let pauses = clock.pauses();
    // The first request took a moment of the second that lies between the two.
    assert!(
        pauses.len() == 1 && pauses[0] <= Duration::from_secs(1),
        "{pauses:?}"
    );
}

#[tokio::test]
async fn the_third_429_in_a_row_is_a_hold() {
    let busy = Reply::answer("429 No", &[("Retry-After", "5")], b"");
    let server = RawServer::start([busy]).await;
    let (client, _) = patient_client(server.address);
    let patient = RetryPolicy::new().longest_retry_after(Duration::from_secs(60));
    let client = client.with_retry_policy(patient);
    client.call(&add_agents()).await.unwrap_err();
    let hold = client.hold().unwrap();
    assert_eq!(&*hold.path, "/openapi");
    let error = client.call(&add_agents()).await.unwrap_err();
    assert!(matches!(error, OpenApiError::Held { .. }), "{error:?}");
    assert_eq!(server.received().len(), 3);
}
