//! What is repeated, how often, after what pauses, and with what date.

use std::time::Duration;

use kommo_http::{ChatsError, RawRequest, Repeat, RetryPolicy, SigningClock, TransportError};
use kommo_sandbox::{CutPoint, Fault, FaultKind, RetryAfterPlace};
use kommo_sign::{RequestMethod, RequestPath};

use crate::raw_server::{RawServer, Reply};
use crate::scene::{
    CONNECTED, JSON, Scene, client_with, connect, impatient_client, impatient_transport, raw_client,
};
use crate::test_environment::START;

const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(1)];

// Rules T2, D6.
#[tokio::test]
async fn a_server_error_is_repeated_with_a_fresh_date_and_signature() {
    let scene = Scene::start().await;
    let answer = scene
        .connect_through(Fault::new(FaultKind::ServerError).times(2))
        .await
        .unwrap();
    assert_eq!(answer.attempts(), 3);
    assert_eq!(scene.environment.pauses(), PAUSES);
    let mut dates = scene.dates();
    assert_eq!(dates.len(), 3);
    dates.dedup();
    assert_eq!(dates.len(), 3, "every attempt has its own date: {dates:?}");
    assert_eq!(scene.sandbox.counters().connects, 1);
}

// Rules T2, E5.
#[tokio::test]
async fn three_attempts_are_all() {
    let scene = Scene::start().await;
    let error = scene
        .connect_through(Fault::new(FaultKind::ServerError))
        .await
        .unwrap_err();
    let ChatsError::Refused(refusal) = error else {
        panic!("{error:?}")
    };
    assert_eq!((refusal.status(), refusal.attempts()), (500, 3));
    assert!(refusal.error().trace_id().is_some());
    assert_eq!(scene.requests(), 3);
}

// Rule T2.
#[tokio::test]
async fn every_gateway_status_is_repeated_and_no_other_5xx() {
    for (status, attempts) in [
        ("500 A", 2),
        ("502 B", 2),
        ("503 C", 2),
        ("504 D", 2),
        ("501 E", 1),
        ("505 F", 1),
    ] {
        let replies = [
            Reply::answer(status, &[], b"<html>"),
            Reply::answer("200 OK", &[JSON], CONNECTED),
        ];
        let server = RawServer::start(replies).await;
        let (client, _) = raw_client(server.address);
        assert_eq!(connect(&client).await.is_ok(), attempts == 2, "{status}");
        assert_eq!(server.received().len(), attempts, "{status}");
    }
}

// Rule T2.
#[tokio::test]
async fn a_cut_connection_is_repeated() {
    for at in [CutPoint::Before, CutPoint::Midway] {
        let scene = Scene::start().await;
        let answer = scene
            .connect_through(Fault::new(FaultKind::Cut).at(at).times(1))
            .await
            .unwrap();
        assert_eq!(answer.attempts(), 2);
        assert_eq!(scene.requests(), 2);
    }
}

// Rules T2, C6.
#[tokio::test]
async fn a_connect_whose_answer_was_lost_is_carried_out_again_without_harm() {
    let scene = Scene::start().await;
    let answer = scene
        .connect_through(Fault::new(FaultKind::DropAfterCommit).times(1))
        .await
        .unwrap();
    assert_eq!(answer.attempts(), 2);
    assert_eq!(scene.sandbox.counters().connects, 2);
    assert_eq!(scene.sandbox.state().connections.len(), 1);
}

// Rule T2.
#[tokio::test]
async fn an_answer_that_does_not_come_in_time_is_asked_for_again() {
    let mut scene = Scene::start().await;
    let secret = scene.sandbox.state().channel_secret;
    let address = scene.sandbox.address();
    scene.client = client_with(impatient_transport(), address, &secret, &scene.environment);
    let answer = scene
        .connect_through(Fault::new(FaultKind::Slow).delay_ms(60_000).times(1))
        .await
        .unwrap();
    assert_eq!(answer.attempts(), 2);
    assert_eq!(scene.environment.pauses(), PAUSES[..1]);
}

// Rule T2.
#[tokio::test]
async fn nobody_listening_is_tried_three_times() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (client, environment) = raw_client(address);
    let error = connect(&client).await.unwrap_err();
    assert!(
        matches!(
            error,
            ChatsError::Transport {
                error: TransportError::Connect(_),
                attempts: 3
            }
        ),
        "{error:?}"
    );
    assert_eq!(environment.pauses(), PAUSES);
}

// Rule T2.
#[tokio::test]
async fn a_call_is_repeated_only_if_its_caller_says_so() {
    let path = RequestPath::parse("/v2/origin/custom/x").unwrap();
    for reply in [
        Reply::cut(),
        Reply::silence(),
        Reply::answer("500 No", &[], b""),
        Reply::answer("429 No", &[], b""),
    ] {
        let server = RawServer::start([reply, Reply::answer("200 OK", &[], b"")]).await;
        let (client, environment) = impatient_client(server.address);
        let request = RawRequest::new(RequestMethod::POST, path).with_body(b"{}");
        let error = client.call(&request).await.unwrap_err();
        assert_eq!((error.attempts(), server.received().len()), (1, 1));
        assert!(environment.pauses().is_empty());
    }
    let server = RawServer::start([Reply::cut(), Reply::answer("200 OK", &[], b"")]).await;
    let (client, _) = raw_client(server.address);
    let request = RawRequest::new(RequestMethod::GET, path).with_repeat(Repeat::WhenSafe);
    assert_eq!(client.call(&request).await.unwrap().attempts(), 2);
}

// Rule T2.
#[tokio::test]
async fn the_policy_is_the_callers() {
    let server = RawServer::start([Reply::cut()]).await;
    let (client, _) = raw_client(server.address);
    let once = client.clone().with_retry_policy(RetryPolicy::once());
    assert_eq!(connect(&once).await.unwrap_err().attempts(), 1);
    let never = client
        .clone()
        .with_retry_policy(RetryPolicy::new().max_attempts(0));
    assert_eq!(connect(&never).await.unwrap_err().attempts(), 1);

    let (client, environment) = raw_client(server.address);
    let policy = RetryPolicy::new()
        .max_attempts(6)
        .first_pause(Duration::from_secs(1))
        .longest_pause(Duration::from_secs(5));
    assert_eq!(
        connect(&client.with_retry_policy(policy))
            .await
            .unwrap_err()
            .attempts(),
        6
    );
    assert_eq!(
        environment.pauses(),
        [1, 2, 4, 5, 5].map(Duration::from_secs)
    );
}

// Rule E4.
#[tokio::test]
async fn too_many_requests_waits_as_long_as_the_platform_asks_and_no_less() {
    for place in [
        RetryAfterPlace::Body,
        RetryAfterPlace::Header,
        RetryAfterPlace::Both,
    ] {
        let scene = Scene::start().await;
        let fault = Fault::new(FaultKind::TooManyRequests)
            .retry_after(3)
            .retry_after_in(place)
            .times(1);
        assert_eq!(scene.connect_through(fault).await.unwrap().attempts(), 2);
        // Five seconds at least, and the usual jitter.
        assert_eq!(scene.environment.pauses(), [Duration::from_millis(5500)]);
    }
}

// Rule E4.
#[tokio::test]
async fn too_many_requests_without_a_word_is_a_minute() {
    let scene = Scene::start().await;
    let fault = Fault::new(FaultKind::TooManyRequests).retry_after_in(RetryAfterPlace::Neither);
    let error = scene.connect_through(fault).await.unwrap_err();
    let ChatsError::TooManyRequests(refusal) = error else {
        panic!("{error:?}")
    };
    let minute = Some(Duration::from_secs(60));
    assert_eq!((refusal.attempts(), refusal.retry_after()), (1, minute));
    assert!(scene.environment.pauses().is_empty());
}

// Rule E4.
#[tokio::test]
async fn a_long_wait_is_left_to_the_caller() {
    let scene = Scene::start().await;
    let fault = Fault::new(FaultKind::TooManyRequests).retry_after(300);
    let error = scene.connect_through(fault).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "too many requests, to be repeated after 300 s"
    );
    let ChatsError::TooManyRequests(refusal) = error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (refusal.attempts(), refusal.retry_after()),
        (1, Some(Duration::from_secs(300)))
    );
    assert!(scene.environment.pauses().is_empty());
}

// Rule E4.
#[tokio::test]
async fn a_retry_after_with_a_date_counts_from_the_answers_own_date() {
    let headers = [
        ("Date", "Wed, 23 Nov 2022 19:25:21 GMT"),
        ("Retry-After", "Wed, 23 Nov 2022 19:25:25 GMT"),
    ];
    let replies = [
        Reply::answer("429 No", &headers, b""),
        Reply::answer("200 OK", &[JSON], CONNECTED),
    ];
    let server = RawServer::start(replies).await;
    let (client, environment) = raw_client(server.address);
    connect(&client).await.unwrap();
    assert_eq!(environment.pauses(), [Duration::from_millis(5500)]);
}

// Rule E4.
#[tokio::test]
async fn a_platform_that_asks_for_no_pause_at_all_gets_few_requests() {
    let past = [
        ("Date", "Wed, 23 Nov 2022 19:25:21 GMT"),
        ("Retry-After", "Wed, 23 Nov 2011 19:25:21 GMT"),
    ];
    for reply in [
        Reply::answer("429 No", &[JSON], br#"{"retry_after":0}"#),
        Reply::answer("429 No", &past, b""),
    ] {
        let server = RawServer::start([reply]).await;
        let (client, environment) = raw_client(server.address);
        while environment.unix_seconds() < START + 30 {
            let error = connect(&client).await.unwrap_err();
            assert!(
                matches!(
                    error,
                    ChatsError::TooManyRequests(_)
                        | ChatsError::Paused { .. }
                        | ChatsError::Held { .. }
                ),
                "{error:?}"
            );
            // A caller that does not wait.
            drop(environment.pause(Duration::from_secs(1)));
        }
        // At 0, 5 and 15 s.
        let requests = server.received().len();
        assert!(requests <= 3, "{requests} requests");
    }
}

// Rule L5.
#[tokio::test]
async fn the_third_429_in_a_row_is_a_hold_with_an_end() {
    let limited = || Reply::answer("429 No", &[JSON], br#"{"retry_after":20}"#);
    let replies = [
        limited(),
        limited(),
        limited(),
        Reply::answer("200 OK", &[JSON], CONNECTED),
    ];
    let server = RawServer::start(replies).await;
    let (client, environment) = raw_client(server.address);
    for (seconds, is_hold) in [(20, false), (40, false), (900, true)] {
        let error = connect(&client).await.unwrap_err();
        let pause = Duration::from_secs(seconds);
        assert_eq!(error.refusal().unwrap().retry_after(), Some(pause));
        assert_eq!(!client.holds().is_empty(), is_hold);
        if !is_hold {
            drop(environment.pause(pause));
        }
    }
    let end = environment.unix_seconds() + 900;
    let error = connect(&client).await.unwrap_err();
    let ChatsError::Held { hold, attempts: 0 } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(hold.until_unix_seconds, end);
    assert_eq!(hold.left, Duration::from_secs(900));
    assert_eq!(client.holds(), std::slice::from_ref(hold));
    assert_eq!(server.received().len(), 3);
    drop(environment.pause(Duration::from_secs(900)));
    assert!(client.holds().is_empty());
    connect(&client).await.unwrap();
}

// Rule E4.
#[tokio::test]
async fn during_a_pause_nothing_is_sent_for_that_connection_and_then_it_is() {
    let replies = [
        Reply::answer("429 No", &[JSON], br#"{"retry_after":60}"#),
        Reply::answer("200 OK", &[JSON], CONNECTED),
    ];
    let server = RawServer::start(replies).await;
    let (client, environment) = raw_client(server.address);
    connect(&client).await.unwrap_err();
    let error = connect(&client).await.unwrap_err();
    let ChatsError::Paused { left, attempts: 0 } = error else {
        panic!("{error:?}")
    };
    assert_eq!(left, Duration::from_secs(60));
    assert_eq!(server.received().len(), 1);
    // What is left now is short enough to wait.
    drop(environment.pause(Duration::from_secs(52)));
    connect(&client).await.unwrap();
    assert_eq!(server.received().len(), 2);
    assert_eq!(environment.unix_seconds(), START + 60);
}
