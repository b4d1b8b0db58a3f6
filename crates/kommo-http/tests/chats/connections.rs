//! Connect and disconnect as they should go.

use kommo_chats::ErrorKind;
use kommo_http::{ChatsError, RawRequest};
use kommo_sandbox::{DisconnectAnswer, SandboxConfig};
use kommo_sign::{RequestMethod, RequestPath};

use crate::scene::Scene;

// Rules C1, C2, C6.
#[tokio::test]
async fn a_channel_is_connected_twice_and_disconnected() {
    let scene = Scene::start().await;
    for _ in 0..2 {
        let answer = scene.connect().await.unwrap();
        assert_eq!(answer.attempts(), 1);
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.learned_offset_seconds(), None);
        assert_eq!(answer.server_date(), Some(scene.sandbox.now()));
        assert!(answer.value().is_for(&scene.channel(), &scene.account()));
    }
    assert_eq!(scene.sandbox.state().connections.len(), 1);
    assert_eq!(scene.disconnect().await.unwrap().attempts(), 1);
    assert_eq!(scene.sandbox.state().connections.len(), 0);
    assert!(scene.environment.pauses().is_empty());
}

// Rules C3, C4.
#[tokio::test]
async fn every_form_of_an_answer_without_data_is_a_success() {
    for disconnect_answer in [
        DisconnectAnswer::Empty,
        DisconnectAnswer::Object,
        DisconnectAnswer::NoContent,
    ] {
        let config = SandboxConfig {
            disconnect_answer,
            ..SandboxConfig::default()
        };
        let scene = Scene::with(config, 0).await;
        scene.connect().await.unwrap();
        let answer = scene.disconnect().await.unwrap();
        assert_eq!(answer.attempts(), 1);
        assert_eq!(scene.sandbox.counters().disconnects, 1);
    }
}

// Rule C5.
#[tokio::test]
async fn a_raw_call_is_signed_and_its_refusal_is_read() {
    let scene = Scene::start().await;
    let path = format!("/v2/origin/custom/{}/connect", scene.channel());
    let body = br#"{"account_id":1,"title":"Demo","hook_api_version":"v2"}"#;
    let request =
        RawRequest::new(RequestMethod::POST, RequestPath::parse(&path).unwrap()).with_body(body);
    let error = scene.client.call(&request).await.unwrap_err();
    let ChatsError::Refused(refusal) = error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (refusal.status(), refusal.error().kind()),
        (400, ErrorKind::BadRequest)
    );

    let body = format!(
        r#"{{"account_id":"{}","title":"Demo","hook_api_version":"v2"}}"#,
        scene.account()
    );
    let answer = scene
        .client
        .call(&request.with_body(body.as_bytes()))
        .await
        .unwrap();
    assert!(answer.value().body().starts_with(b"{"));
    assert_eq!(answer.value().content_type(), Some("application/json"));
}

#[tokio::test]
async fn a_call_can_be_spawned_and_clients_shared() {
    let scene = Scene::start().await;
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let (client, channel, account) =
                (scene.client.clone(), scene.channel(), scene.account());
            tokio::spawn(async move {
                let request = kommo_chats::ConnectRequest::new(account, "Demo").unwrap();
                client
                    .connect(&channel, &request)
                    .await
                    .map(|answer| answer.attempts())
            })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), Ok(1));
    }
    assert_eq!(scene.sandbox.counters().connects, 8);
}
