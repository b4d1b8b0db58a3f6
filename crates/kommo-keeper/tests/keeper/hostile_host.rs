//! What an access token claims about the host of its account is not trusted.

use core::time::Duration;

use kommo_account::AccountHost;
use kommo_keeper::KeeperError;
use kommo_keeper::testing::Reply;
use kommo_oauth::grant::{Grant, HoldKind};
use kommo_oauth::refresh::{Located, Unmet};

use crate::claimed::access_token_of;
use crate::scene::{Scene, host, key, pair};

/// A grant whose access token names this host, and whose platform no longer knows the account.
async fn refused(api_domain: &str) -> (Scene, Result<(), KeeperError>) {
    let scene = Scene::new();
    let access = access_token_of(api_domain);
    let pair = pair(&scene.wire.consent(), &access, 10);
    let mut grant = Grant::consent(None, key(), host(), None, pair).grant;
    grant.revision = grant.revision.next();
    scene.store.with(|kept| kept.grants.insert(key(), grant));
    tokio::time::advance(Duration::from_secs(60)).await;
    let account_id = key().account_id;
    let host = AccountHost::parse("renamed.kommo.com").unwrap();
    scene.wire.with(|platform| {
        platform.located = Some(Located::At { account_id, host });
        platform.replies.push_back(Reply::Answer(404, "{}"));
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
        assert_eq!(why, Unmet::Held(HoldKind::MovedHost), "{api_domain}");
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
