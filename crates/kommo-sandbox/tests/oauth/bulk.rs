//! Grants by the thousand, for sweeps.

use kommo_sandbox::{GrantError, GrantOrder};
use serde_json::{Value, json};

use crate::plain_client::{HOST, NOW, control, platform, refresh, refresh_body, token, works};

const OTHER_ACCOUNT: u64 = 10_000_002;

#[tokio::test]
async fn made_grants_work_like_granted_ones() {
    let platform = platform();
    let made = platform.make_grants(GrantOrder::new(3)).unwrap();
    assert_eq!(platform.grant_count(), 3);
    for grant in &made {
        assert_eq!(
            (grant.account_host.as_str(), grant.expires_at),
            (HOST, NOW + 86_400)
        );
        assert!(works(&platform, &grant.access_token).await);
        let pair = token(
            &platform,
            &grant.account_host,
            &refresh_body(&grant.refresh_token),
        )
        .await
        .pair();
        assert!(works(&platform, &pair.access).await);
    }
    let users: std::collections::HashSet<_> = made.iter().map(|grant| grant.user).collect();
    assert_eq!(users.len(), 3);
    assert_eq!(platform.counters().lost_grants, 0);
    assert_eq!(
        platform.make_grants(GrantOrder::new(10_001)).unwrap_err(),
        GrantError::TooMany
    );
}

#[tokio::test]
async fn the_control_api_makes_old_grants_without_signatures_and_pages_through_them() {
    let platform = platform();
    let order = json!({"count": 2000, "age_seconds": 90_000, "sign": false});
    let answer = control(&platform, "POST", "grants", &order).await.json();
    let made = answer["grants"].as_array().unwrap();
    assert_eq!(made.len(), 2000);
    assert_eq!(made[7]["expires_at"], NOW - 90_000 + 86_400);
    assert!(!works(&platform, made[7]["access_token"].as_str().unwrap()).await);
    refresh(&platform, made[7]["refresh_token"].as_str().unwrap())
        .await
        .pair();

    let first = control(&platform, "GET", "grants?limit=1500", &Value::Null)
        .await
        .json();
    assert_eq!(first["grants"].as_array().unwrap().len(), 1500);
    assert_eq!(first["count"], 2000);
    let rest = control(&platform, "GET", "grants?after=1500", &Value::Null)
        .await
        .json();
    assert_eq!(rest["grants"].as_array().unwrap().len(), 500);
    assert_eq!(rest["grants"][0]["id"], 1501);
}

/// Whoever granted was an administrator, so the integration is installed, and taking it back is
/// told.
#[tokio::test]
async fn made_grants_install_the_integration_in_their_account() {
    let platform = platform();
    let mut settings = platform.integration_settings();
    // Port 9 of this machine is nobody's: what counts is that a hook left.
    settings.disconnect_hook_uri = Some("http://127.0.0.1:9/hook".into());
    platform.set_integration(settings);
    let order = json!({"count": 2, "account": OTHER_ACCOUNT, "sign": false});
    let made = control(&platform, "POST", "grants", &order).await.json();
    assert_eq!(made["grants"].as_array().unwrap().len(), 2);

    // The first account never had it.
    platform.deactivate(None).unwrap();
    let told: Vec<_> = platform
        .deliveries_after(0)
        .iter()
        .map(|delivery| delivery.account)
        .collect();
    assert_eq!(told, [Some(OTHER_ACCOUNT)]);
    assert!(platform.grants(0, 2).iter().all(|grant| grant.ended));
}

/// The runtime has one thread for requests and one for what blocks; the latter is busy until the
/// test lets it go.
#[test]
fn grants_are_made_beside_the_thread_that_answers_requests() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    runtime.block_on(async {
        let platform = platform();
        let (let_go, gate) = std::sync::mpsc::channel::<()>();
        let busy = tokio::task::spawn_blocking(move || gate.recv());
        let order = json!({"count": 3});
        let making = async { control(&platform, "POST", "grants", &order).await.json() };
        let asking = async {
            let state = control(&platform, "GET", "state", &Value::Null).await;
            assert_eq!((state.status, platform.grant_count()), (200, 0));
            let_go.send(()).unwrap();
        };
        let (made, ()) = tokio::join!(making, asking);
        assert_eq!(made["grants"].as_array().unwrap().len(), 3);
        assert_eq!(platform.grant_count(), 3);
        busy.await.unwrap().unwrap();
    });
}
