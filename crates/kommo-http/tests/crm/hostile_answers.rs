//! Answers that are too long, or never end.

use std::sync::Arc;

use kommo_http::{TransportBuilder, TransportError};

use crate::raw_server::Reply;
use crate::scene::{Error, Scene, client_at, get, write};

fn wire_error(error: Error) -> TransportError {
    match error {
        Error::Transport { error, .. } => error,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_body_without_an_end_is_cut_at_the_limit_and_not_asked_for_again() {
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n[".to_vec();
    endless.resize(4 * 1024 * 1024, b' ');
    let scene = Scene::start([Reply::Bytes(endless)]).await;
    let error = wire_error(scene.get().await.unwrap_err());
    let expected = TransportError::BodyTooLarge {
        status: 200,
        limit_bytes: 1024 * 1024,
    };
    assert_eq!(error, expected);
    assert_eq!(scene.requests(), 1);
}

#[tokio::test]
async fn a_larger_limit_is_a_setting() {
    let body = vec![b' '; 3 * 1024 * 1024];
    let scene = Scene::start([Reply::answer("200 OK", &[], &body)]).await;
    let builder = TransportBuilder::new().max_body_bytes(4 * 1024 * 1024);
    let client = client_at(
        scene.server.address,
        builder.build().unwrap(),
        &Arc::clone(&scene.tokens),
        &scene.budget,
    );
    let response = client.call_raw(get("/a")).await.unwrap();
    assert_eq!(response.body().len(), body.len());
}

#[tokio::test]
async fn headers_without_an_end_are_cut() {
    let mut many = b"HTTP/1.1 200 OK\r\n".to_vec();
    for number in 0..20_000 {
        many.extend_from_slice(format!("X-{number}: {}\r\n", "x".repeat(1000)).as_bytes());
    }
    let mut long = b"HTTP/1.1 200 OK\r\nX: ".to_vec();
    long.resize(20 * 1024 * 1024, b'x');
    for reply in [many, long] {
        let scene = Scene::start([Reply::Bytes(reply)]).await;
        let error = wire_error(scene.client.call_raw(write()).await.unwrap_err());
        assert!(matches!(error, TransportError::Cut(_)), "{error}");
        assert_eq!(scene.requests(), 1);
    }
}
