//! The layer of tower.

use core::convert::Infallible;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use kommo_axum::{ChatHooks, ProvenChatHook};
use kommo_hooks::ChatHookVerifier;
use kommo_sign::{ChannelSecret, ChatHookKey, KeyId, KeyRing};
use tower::{Layer as _, ServiceExt as _, service_fn};

const SCOPE: &str = "f90ba33d-c9d9-44da-b76c-c349b0ecbe41_52e591f7-c98f-4255-8495-827210138c81";
const ACCOUNT: &str = "52e591f7-c98f-4255-8495-827210138c81";

fn key(secret: &str) -> ChatHookKey {
    ChatHookKey::new(&ChannelSecret::new(secret).unwrap())
}

fn hooks() -> ChatHooks {
    let mut keys: KeyRing<ChatHookKey> = KeyRing::new();
    let id = KeyId::parse("2026-11").unwrap();
    keys.insert(id, key("secret"), None).unwrap();
    ChatHooks::new(ChatHookVerifier::new(keys)).body_max_bytes(1_000)
}

fn request(path: &str, signature: &str, body: String) -> Request<Body> {
    Request::post(path)
        .header("X-Signature", signature)
        .header("X-Other", "kept")
        .extension(7_u32)
        .body(Body::from(body))
        .unwrap()
}

#[tokio::test]
async fn only_proven_hooks_reach_the_service_with_their_proven_bytes() {
    let reached = std::sync::Arc::new(core::sync::atomic::AtomicU32::new(0));
    let count = std::sync::Arc::clone(&reached);
    let inner = service_fn(move |request: Request<Body>| {
        count.fetch_add(1, core::sync::atomic::Ordering::SeqCst);
        async move {
            let (parts, body) = request.into_parts();
            let hook = parts.extensions.get::<ProvenChatHook>().unwrap();
            assert_eq!(hook.account.unwrap().as_str(), ACCOUNT);
            assert_eq!(parts.extensions.get::<u32>(), Some(&7));
            assert_eq!(parts.headers["x-other"], "kept");
            let bytes = to_bytes(body, 1_000).await.unwrap();
            assert_eq!(&bytes, hook.bytes.get());
            Ok::<_, Infallible>(Response::new(Body::from(bytes)))
        }
    });
    let hooks = hooks();
    let service = hooks.layer().layer(inner);
    let proven = format!(r#"{{"account_id":"{ACCOUNT}","time":1}}"#);
    let signature = key("secret").sign(proven.as_bytes());
    let forged = key("another").sign(proven.as_bytes());
    let path = format!("/anything/{SCOPE}");
    let other = path.replace("-827210138c81", "-827210138c82");
    // The line end that the platform adds is not covered.
    let body = format!("{proven}\n");
    for (request, status) in [
        (request(&path, forged.as_str(), body.clone()), 401),
        (request(&path, "short", body.clone()), 400),
        (request(&other, signature.as_str(), body.clone()), 401),
        (request("/", signature.as_str(), body.clone()), 400),
        (request(&path, signature.as_str(), "x".repeat(1_001)), 413),
        (request(&path, signature.as_str(), body), 200),
    ] {
        let response = service.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
        if status == 200 {
            let bytes = to_bytes(response.into_body(), 1_000).await.unwrap();
            assert_eq!(bytes, proven);
        }
    }
    assert_eq!(reached.load(core::sync::atomic::Ordering::SeqCst), 1);
    assert!(hooks.metrics().contains("outcome=\"taken-unknown\"} 1\n"));
}
