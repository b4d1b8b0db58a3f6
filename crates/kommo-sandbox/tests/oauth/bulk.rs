//! Grants by the thousand, for sweeps.

use kommo_sandbox::{GrantError, GrantOrder};
use serde_json::{Value, json};

use crate::plain_client::{HOST, NOW, control, platform, refresh, refresh_body, token, works};

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
