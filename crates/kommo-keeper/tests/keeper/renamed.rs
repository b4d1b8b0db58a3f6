//! A call is answered 404: the account was renamed, and its new host is found without a refresh.

use core::time::Duration;

use kommo_account::{AccountHost, AccountId};
use kommo_keeper::AccessTokens;
use kommo_oauth::grant::{Generation, Grant};
use kommo_oauth::refresh::Located;

use crate::claimed::access_token_of;
use crate::scene::{DAY, Handle, Scene, host, key, pair};

fn new_host() -> AccountHost {
    AccountHost::parse("renamed.kommo.com").unwrap()
}

/// A grant whose token is fresh and in memory; the platform says where the account is.
async fn renamed(account_id: AccountId, host_now: AccountHost) -> (Scene, Handle) {
    let scene = Scene::new();
    let access = access_token_of("api-b.kommo.com");
    let pair = pair(&scene.wire.consent(), &access, DAY);
    let mut grant = Grant::consent(None, key(), host(), None, pair).grant;
    grant.revision = grant.revision.next();
    scene.store.with(|kept| kept.grants.insert(key(), grant));
    scene.wire.with(|platform| {
        platform.located = Some(Located::At {
            account_id,
            host: host_now,
        });
    });
    let handle = scene.keeper.grant(&key()).unwrap();
    assert_eq!(handle.token().await.unwrap().host, host());
    (scene, handle)
}

// Rule A7.
#[tokio::test(start_paused = true)]
async fn calls_that_find_no_account_wait_for_one_look_up_and_get_a_token_with_the_new_host() {
    let (scene, handle) = renamed(key().account_id, new_host()).await;
    let used = handle.token().await.unwrap();
    let (first, second) = tokio::join!(
        handle.account_not_found(&used),
        handle.account_not_found(&used)
    );
    for token in [first, second, handle.account_not_found(&used).await] {
        assert_eq!(token.unwrap().host, new_host());
    }
    assert_eq!(handle.fresh().unwrap().host, new_host());
    assert_eq!(scene.wire.with(|platform| platform.look_ups), 1);
    assert!(scene.wire.sent().is_empty(), "no refresh was spent");
}

#[tokio::test(start_paused = true)]
async fn neither_another_account_nor_the_same_host_nor_an_old_token_changes_anything() {
    let other = AccountId::from_number(7).unwrap();
    for (account_id, located) in [(other, new_host()), (key().account_id, host())] {
        let (scene, handle) = renamed(account_id, located).await;
        let used = handle.token().await.unwrap();
        let before = scene.store.with(|kept| kept.grants[&key()].clone());
        for _ in 0..3 {
            assert!(handle.account_not_found(&used).await.is_none());
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let after = scene.store.with(|kept| kept.grants[&key()].clone());
        assert_eq!(after, before);
        assert_eq!(scene.wire.with(|platform| platform.look_ups), 1);
    }
    let (scene, handle) = renamed(key().account_id, new_host()).await;
    let used = handle.token().await.unwrap();
    handle.token_newer_than(Generation::FIRST).await.unwrap();
    assert!(handle.account_not_found(&used).await.is_none());
    assert_eq!(scene.wire.with(|platform| platform.look_ups), 0);
}
