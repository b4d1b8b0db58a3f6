//! Connections that fail, at each phase; what is repeated and what is not.

use std::sync::Arc;
use std::time::Duration;

use kommo_http::{BudgetSettings, CrmRefusalKind, Repeat, RequestBudget, TransportError};
use kommo_keeper::testing::VirtualClock;

use crate::raw_server::Reply;
use crate::scene::{Error, Scene, client_at, get, ok, page, transport, write};
use crate::test_tokens::TestTokens;

fn half() -> Reply {
    Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_vec())
}

#[track_caller]
fn assert_lost(error: &Error, attempts: u32) {
    let Error::Transport {
        error: wire,
        attempts: found,
    } = error
    else {
        panic!("{error}");
    };
    assert!(
        matches!(wire, TransportError::Cut(_) | TransportError::Timeout(_)),
        "{wire}"
    );
    assert_eq!(*found, attempts);
    assert!(error.may_be_done());
}

#[tokio::test]
async fn a_lost_answer_to_a_read_is_asked_for_again() {
    let scene = Scene::start([Reply::cut(), half(), ok("{}")]).await;
    assert_eq!(scene.get().await.unwrap().attempts(), 3);
    let scene = Scene::start([Reply::cut()]).await;
    assert_lost(&scene.get().await.unwrap_err(), 3);
}

// Rule L10.
#[tokio::test]
async fn a_lost_answer_to_a_write_is_never_asked_for_again() {
    for reply in [Reply::cut(), half(), Reply::Bytes(b"nonsense".to_vec())] {
        let scene = Scene::start([reply, ok("{}")]).await;
        assert_lost(&scene.write().await.unwrap_err(), 1);
        assert_eq!(scene.requests(), 1);
    }
    let silent = [
        Reply::silence(),
        Reply::Silence(b"HTTP/1.1 200 OK\r\n".to_vec()),
    ];
    for reply in silent {
        let scene = Scene::impatient([reply, ok("{}")]).await;
        assert_lost(&scene.write().await.unwrap_err(), 1);
        assert_eq!(scene.requests(), 1);
    }
}

#[tokio::test]
async fn a_write_that_is_marked_is_sent_again_as_it_was() {
    let scene = Scene::start([Reply::cut(), page("502 X"), ok("{}")]).await;
    let request = write().with_repeat(Repeat::WhenSafe);
    assert_eq!(scene.client.call_raw(request).await.unwrap().attempts(), 3);
    let received = scene.server.received();
    for again in &received[1..] {
        assert_eq!(again.head, received[0].head);
        assert_eq!(again.body, received[0].body);
    }
}

// Rule L10.
#[tokio::test]
async fn a_fault_of_the_platform_is_repeated_for_reads_only() {
    for status in ["500 X", "502 X", "503 X"] {
        let scene = Scene::start([page(status), ok("{}")]).await;
        assert_eq!(scene.get().await.unwrap().attempts(), 2, "{status}");
        let scene = Scene::start([page(status), ok("{}")]).await;
        let error = scene.write().await.unwrap_err();
        assert_eq!(error.kind(), Some(CrmRefusalKind::ServerError));
        assert!(error.may_be_done());
        assert_eq!(scene.requests(), 1, "{status}");
    }
}

#[tokio::test]
async fn a_connection_that_never_stood_is_tried_again_even_for_a_write() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let clock = VirtualClock::skipping_pauses();
    let budget = RequestBudget::with_clock(BudgetSettings::new(), clock.clone());
    let tokens = Arc::new(TestTokens::standing());
    let client = client_at(closed, transport(), &tokens, &budget);
    for request in [write(), get("/a")] {
        let error = client.call_raw(request).await.unwrap_err();
        let Error::Transport { error, attempts } = error else {
            panic!("{error}");
        };
        assert!(matches!(error, TransportError::Connect(_)), "{error}");
        assert_eq!(attempts, 3);
    }
}

#[tokio::test]
async fn pauses_between_attempts_are_those_of_the_policy() {
    let answer = Reply::answer("503 X", &[("Retry-After", "7")], b"");
    let scene = Scene::start([answer, ok("{}")]).await;
    scene.get().await.unwrap();
    assert!(
        scene.clock.pauses().contains(&Duration::from_secs(7)),
        "{:?}",
        scene.clock.pauses()
    );
}

/// The error of a write that may be repeated.
async fn error_of_marked(scene: &Scene) -> Error {
    let request = write().with_repeat(Repeat::WhenSafe);
    scene.client.call_raw(request).await.unwrap_err()
}

#[track_caller]
fn inside(error: &Error) -> &Error {
    assert!(error.may_be_done(), "{error}");
    match error {
        Error::AfterDoubt(inside) => {
            assert!(!inside.may_be_done(), "{inside}");
            inside
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_write_that_was_lost_once_may_be_done_whatever_ends_it() {
    let problem = |status| crate::scene::problem(status, r#"{"retry_after":100}"#);
    for lost in [Reply::cut(), half(), page("502 X")] {
        for (status, expected) in [
            ("404 X", CrmRefusalKind::NotFound),
            ("429 X", CrmRefusalKind::TooManyRequests),
            ("403 X", CrmRefusalKind::Forbidden),
        ] {
            let scene = Scene::start([lost.clone(), problem(status)]).await;
            let error = error_of_marked(&scene).await;
            assert!(matches!(inside(&error), Error::Refused(_)), "{error}");
            assert_eq!(error.kind(), Some(expected));
            assert_eq!(error.refusal().unwrap().attempts(), 2);
            assert_eq!(scene.requests(), 2);
        }
        let redirect = Reply::answer("302 X", &[("Location", "/x")], b"");
        let scene = Scene::start([lost, redirect]).await;
        let error = error_of_marked(&scene).await;
        assert!(matches!(
            inside(&error),
            Error::Redirected { attempts: 2, .. }
        ));
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.to_string(), inside(&error).to_string());
    }
}

#[tokio::test]
async fn a_hold_after_a_lost_attempt_does_not_say_that_nothing_was_sent() {
    let settings = BudgetSettings::new().open_after_throttles(1, Duration::from_secs(900));
    let short = crate::scene::problem("429 X", r#"{"retry_after":1}"#);
    let scene = Scene::with_budget([Reply::cut(), short.clone()], settings.clone()).await;
    let error = error_of_marked(&scene).await;
    let refusal = inside(&error).refusal().unwrap();
    assert_eq!(refusal.retry_after(), Some(Duration::from_secs(900)));
    assert!(error.may_be_done());
    assert_eq!(scene.requests(), 2);
    // A 429 alone did nothing.
    let scene = Scene::with_budget([short], settings).await;
    let error = error_of_marked(&scene).await;
    assert!(matches!(error, Error::Refused(_)), "{error}");
    assert!(!error.may_be_done());
    let error = error_of_marked(&scene).await;
    assert!(matches!(error, Error::BreakerOpen(_)), "{error}");
    assert!(!error.may_be_done());
    assert_eq!(scene.requests(), 1);
}

#[tokio::test]
async fn what_was_not_in_doubt_is_not_wrapped() {
    let refused = crate::scene::problem("404 X", "{}");
    // A read changes nothing, however often it was carried out.
    let scene = Scene::start([Reply::cut(), refused.clone()]).await;
    assert!(matches!(scene.get().await, Err(Error::Refused(_))));
    // The last attempt is in doubt itself.
    let scene = Scene::start([page("502 X"), Reply::cut()]).await;
    assert_lost(&error_of_marked(&scene).await, 3);
    let scene = Scene::start([refused]).await;
    assert!(matches!(error_of_marked(&scene).await, Error::Refused(_)));
}
