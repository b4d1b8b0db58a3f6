//! The clock offset: learned from one refusal, tried once, kept if it proves right.

use kommo_chats::ErrorKind;
use kommo_http::{ChatsError, RawRequest};
use kommo_sandbox::{Fault, FaultKind};
use kommo_sign::{RequestMethod, RequestPath};

use crate::raw_server::{RawServer, Reply};
use crate::scene::{CONNECTED, JSON, Scene, client_of, connect, raw_client};

const INVALID_SIGNATURE: &[u8] =
    br#"{"status":0,"error_code":403,"error_type":"ORIGIN_INVALID_SIGNATURE","error_description":"invalid signature"}"#;

// Rule T3.
#[tokio::test]
async fn a_skewed_clock_is_recovered_with_exactly_one_more_attempt() {
    for skew in [3600, -3600, 901, -901, 86_400 * 400] {
        let scene = Scene::skewed(skew).await;
        let answer = scene.connect().await.unwrap();
        assert_eq!(answer.attempts(), 2, "{skew}");
        assert_eq!(answer.learned_offset_seconds(), Some(-skew));
        assert!(scene.environment.pauses().is_empty());
        assert_eq!(scene.requests(), 2);
    }
}

// Rule T3.
#[tokio::test]
async fn a_learned_offset_serves_later_requests_and_clones() {
    let scene = Scene::skewed(7200).await;
    let earlier_clone = scene.client.clone();
    scene.connect().await.unwrap();
    assert_eq!(scene.client.clock_offset_seconds(), Some(-7200));
    assert_eq!(earlier_clone.clock_offset_seconds(), Some(-7200));
    let answer = scene.disconnect().await.unwrap();
    assert_eq!(
        (answer.attempts(), answer.learned_offset_seconds()),
        (1, None)
    );
    assert_eq!(scene.requests(), 3);
}

// Rules T3, D3.
#[tokio::test]
async fn a_clock_that_is_off_by_less_than_the_lifetime_is_not_corrected() {
    let scene = Scene::skewed(600).await;
    let answer = scene.connect().await.unwrap();
    assert_eq!(
        (answer.attempts(), answer.learned_offset_seconds()),
        (1, None)
    );
    assert_eq!(scene.client.clock_offset_seconds(), None);
}

// Rule T3.
#[tokio::test]
async fn a_small_difference_is_no_reason_for_a_second_attempt() {
    for date in [
        "Wed, 23 Nov 2022 19:26:21 GMT",
        "Wed, 23 Nov 2022 19:24:21 GMT",
    ] {
        let reply = Reply::answer("403 Forbidden", &[JSON, ("Date", date)], INVALID_SIGNATURE);
        let server = RawServer::start([reply]).await;
        let (client, _) = raw_client(server.address);
        let error = connect(&client).await.unwrap_err();
        let refusal = error.refusal().unwrap();
        assert_eq!(refusal.clock_difference_seconds().unwrap().abs(), 60);
        assert_eq!(
            (refusal.attempts(), refusal.tried_offset_seconds()),
            (1, None)
        );
        assert_eq!(server.received().len(), 1);
    }
}

// Rules T3, E1.
#[tokio::test]
async fn a_second_refusal_is_final_and_its_offset_is_not_kept() {
    let scene = Scene::skewed(3600).await;
    let client = client_of(
        scene.sandbox.address(),
        "another secret",
        &scene.environment,
    );
    let request = kommo_chats::ConnectRequest::new(scene.account(), "Demo").unwrap();
    let error = client
        .connect(&scene.channel(), &request)
        .await
        .unwrap_err();
    let ChatsError::Refused(refusal) = error else {
        panic!("{error:?}")
    };
    assert_eq!(refusal.error().kind(), ErrorKind::InvalidSignature);
    assert_eq!(
        (refusal.attempts(), refusal.tried_offset_seconds()),
        (2, Some(-3600))
    );
    assert_eq!(refusal.clock_difference_seconds(), Some(0));
    assert_eq!(scene.requests(), 2);
    assert_eq!(client.clock_offset_seconds(), None);
}

// Rule T3.
#[tokio::test]
async fn a_clock_that_keeps_jumping_is_followed_once() {
    let refused = |date| Reply::answer("403 Forbidden", &[JSON, ("Date", date)], INVALID_SIGNATURE);
    let server = RawServer::start([
        refused("Wed, 23 Nov 2022 21:25:21 GMT"),
        refused("Thu, 24 Nov 2022 03:25:21 GMT"),
    ])
    .await;
    let (client, _) = raw_client(server.address);
    let error = connect(&client).await.unwrap_err();
    let refusal = error.refusal().unwrap();
    assert_eq!(
        (refusal.attempts(), refusal.tried_offset_seconds()),
        (2, Some(7200))
    );
    assert_eq!(refusal.clock_difference_seconds(), Some(6 * 3600));
    assert_eq!(server.received().len(), 2);
    assert_eq!(client.clock_offset_seconds(), None);
}

// Rule T3.
#[tokio::test]
async fn the_platforms_clock_may_be_the_wrong_one() {
    let scene = Scene::start().await;
    scene
        .sandbox
        .inject(Fault::new(FaultKind::StaleClock).seconds(-5000));
    let answer = scene.connect().await.unwrap();
    assert_eq!(
        (answer.attempts(), answer.learned_offset_seconds()),
        (2, Some(-5000))
    );
    // It is put right: the offset is taken back, again with one more attempt.
    scene.sandbox.clear_faults();
    let answer = scene.connect().await.unwrap();
    assert_eq!(
        (answer.attempts(), answer.learned_offset_seconds()),
        (2, Some(0))
    );
    assert_eq!(scene.client.clock_offset_seconds(), None);
    assert_eq!(scene.connect().await.unwrap().attempts(), 1);
}

// Rules T3, T2.
#[tokio::test]
async fn a_call_that_is_never_repeated_is_corrected_too() {
    let scene = Scene::skewed(3600).await;
    let path = format!("/v2/origin/custom/{}/connect", scene.channel());
    let body = format!(
        r#"{{"account_id":"{}","title":"Demo","hook_api_version":"v2"}}"#,
        scene.account()
    );
    let request = RawRequest::new(RequestMethod::POST, RequestPath::parse(&path).unwrap())
        .with_body(body.as_bytes());
    let answer = scene.client.call(&request).await.unwrap();
    assert_eq!(
        (answer.attempts(), answer.learned_offset_seconds()),
        (2, Some(-3600))
    );
    assert_eq!(scene.sandbox.counters().connects, 1);
}

// Rules T3, T2.
#[tokio::test]
async fn a_correction_does_not_use_up_the_repetitions() {
    let date = ("Date", "Wed, 23 Nov 2022 21:25:21 GMT");
    let refused = || Reply::answer("403 Forbidden", &[JSON, date], INVALID_SIGNATURE);
    let server = RawServer::start([
        Reply::cut(),
        refused(),
        Reply::cut(),
        Reply::answer("200 OK", &[JSON], CONNECTED),
    ])
    .await;
    let (client, _) = raw_client(server.address);
    let answer = connect(&client).await.unwrap();
    assert_eq!(answer.attempts(), 4);
    let dates: Vec<_> = server
        .received()
        .iter()
        .map(|received| received.header("Date").to_owned())
        .collect();
    assert_eq!(
        dates,
        [
            "Wed, 23 Nov 2022 19:25:21 +0000",
            "Wed, 23 Nov 2022 19:25:22 +0000",
            "Wed, 23 Nov 2022 21:25:21 +0000",
            "Wed, 23 Nov 2022 21:25:22 +0000",
        ],
    );
}

// Rule T3.
#[tokio::test]
async fn a_refusal_without_a_date_or_with_an_absurd_one_teaches_nothing() {
    for date in [
        None,
        Some("yesterday"),
        Some("Thu, 01 Jan 1970 00:00:00 GMT"),
        Some("Fri, 31 Dec 9999 23:59:59 GMT"),
    ] {
        let mut headers = vec![JSON];
        headers.extend(date.map(|date| ("Date", date)));
        let server =
            RawServer::start([Reply::answer("403 Forbidden", &headers, INVALID_SIGNATURE)]).await;
        let (client, _) = raw_client(server.address);
        assert_eq!(
            connect(&client).await.unwrap_err().attempts(),
            1,
            "{date:?}"
        );
        assert_eq!(server.received().len(), 1);
    }
}
