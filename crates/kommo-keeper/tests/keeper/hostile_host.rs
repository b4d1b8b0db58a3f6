//! What an access token says about where its account lives is not believed.

use core::time::Duration;

use kommo_account::AccountHost;
use kommo_keeper::KeeperError;
use kommo_oauth::{Grant, HoldKind, Located, NotMet};

use crate::scene::{Scene, host, key, pair};
use crate::wire::Turn;

/// Base64 for URLs, without padding.
fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..=three.len() {
            let value = bits >> (18 - 6 * digit) & 63;
            text.push(char::from(DIGITS[value as usize]));
        }
    }
    text
}

/// A grant whose access token names this host, and whose platform does not know the account any more.
async fn refused(api_domain: &str) -> (Scene, Result<(), KeeperError>) {
    let scene = Scene::new();
    let claims = format!(r#"{{"aud":"x","api_domain":"{api_domain}"}}"#);
    let header = base64url(br#"{"typ":"JWT","alg":"RS256"}"#);
    let access = format!("{header}.{}.c2ln", base64url(claims.as_bytes()));
    let pair = pair(&scene.wire.consent(), &access, 10);
    let mut grant = Grant::consent(None, key(), host(), None, pair).grant;
    grant.revision = grant.revision.next();
    scene.store.with(|kept| kept.grants.insert(key(), grant));
    tokio::time::advance(Duration::from_secs(60)).await;
    let account_id = key().account_id;
    let host = AccountHost::parse("renamed.kommo.com").unwrap();
    scene.wire.with(|platform| {
        platform.located = Some(Located::At { account_id, host });
        platform.turns.push_back(Turn::Answer(404, "{}"));
    });
    let token = scene.keeper.grant(&key()).unwrap().token().await;
    (scene, token.map(|_| ()))
}

// Invariant I3, rule A7.
#[tokio::test(start_paused = true)]
async fn a_hostile_api_domain_is_never_asked_and_gets_no_token() {
    for api_domain in [
        "evil.example",
        "api-b.kommo.com.evil.example",
        "api-b.kommo.com@evil.example",
        "evil.example/api-b.kommo.com",
        "http://api-b.kommo.com",
        "api-b.kommo.com:444",
        "127.0.0.1",
        "api-bb.kommo.com",
        "myshop.kommo.com",
        "",
    ] {
        let (scene, token) = refused(api_domain).await;
        let Err(KeeperError::NoToken { why, .. }) = token else {
            panic!("{api_domain}: a token");
        };
        assert_eq!(why, NotMet::Held(HoldKind::MovedHost), "{api_domain}");
        let (look_ups, hosts) = scene
            .wire
            .with(|platform| (platform.look_ups, platform.hosts.clone()));
        assert_eq!(look_ups, 0, "{api_domain} was asked");
        assert_eq!(hosts, [host().to_string()], "{api_domain}");
        assert_eq!(scene.state(), "active");
    }
}

#[tokio::test(start_paused = true)]
async fn an_api_domain_of_the_platform_is_asked_and_leads_to_the_new_host() {
    let (scene, token) = refused("api-b.kommo.com").await;
    token.unwrap();
    let (look_ups, hosts) = scene
        .wire
        .with(|platform| (platform.look_ups, platform.hosts.clone()));
    assert_eq!(look_ups, 1);
    assert_eq!(hosts, ["myshop.kommo.com", "renamed.kommo.com"]);
}
