//! A refresh token for a pair: what works, and every way in which it does not.

use kommo_sandbox::{GrantError, OauthRules};
use serde_json::{Value, json};

use crate::plain_client::{
    ACCOUNT, HOST, NOW, code, exchange_body, granted, platform, platform_with, refresh,
    refresh_body, token, told, with, works,
};

const DAY: u64 = 86_400;

#[tokio::test]
async fn a_refresh_gives_a_new_pair_and_ends_the_old_access_token() {
    let platform = platform();
    let first = granted(&platform).await;
    platform.advance_seconds(100);
    let answer = refresh(&platform, &first.refresh).await;
    assert_eq!(answer.json()["server_time"], NOW + 100);
    let second = answer.pair();
    assert!(second.refresh != first.refresh && second.access != first.access);
    assert!(works(&platform, &second.access).await);
    assert!(!works(&platform, &first.access).await);
    assert_eq!(told(&platform), "token-revoked");
    let counters = platform.counters();
    assert_eq!(
        (
            counters.refreshes,
            counters.double_refreshes,
            counters.refresh_requests
        ),
        (1, 0, 1)
    );
}

#[tokio::test]
async fn the_old_access_token_can_live_on() {
    let platform = platform_with(OauthRules {
        revoke_old_access_on_refresh: false,
        ..OauthRules::default()
    });
    let first = granted(&platform).await;
    refresh(&platform, &first.refresh).await.pair();
    assert!(works(&platform, &first.access).await);
}

#[tokio::test]
async fn tokens_end_when_their_time_is_over() {
    let platform = platform();
    let pair = granted(&platform).await;
    platform.advance_seconds(DAY - 1);
    assert!(works(&platform, &pair.access).await);
    platform.advance_seconds(1);
    assert!(!works(&platform, &pair.access).await);
    assert_eq!(told(&platform), "token-expired");

    platform.advance_seconds(89 * DAY - 1);
    let pair = refresh(&platform, &pair.refresh).await.pair();
    platform.advance_seconds(90 * DAY);
    let answer = refresh(&platform, &pair.refresh).await;
    assert_eq!(answer.problem(), (401, "Token has expired".into()));
}

#[tokio::test]
async fn every_wrong_field_has_its_row() {
    let platform = platform();
    let pair = granted(&platform).await;
    let good = refresh_body(&pair.refresh);
    let rows = [
        (
            "refresh_token",
            Value::Null,
            400,
            "Check the `refresh_token` parameter",
        ),
        (
            "refresh_token",
            json!("def502ab"),
            401,
            "Cannot decrypt the refresh token",
        ),
        ("client_secret", json!("wrong"), 401, ""),
        (
            "redirect_uri",
            Value::Null,
            400,
            "Redirect URI is not associated with client",
        ),
    ];
    for (field, value, status, hint) in rows {
        let answer = token(&platform, HOST, &with(good.clone(), field, value)).await;
        assert_eq!(answer.problem(), (status, hint.to_owned()), "{field}");
    }
    let elsewhere = token(&platform, "sandbox-two.amocrm.ru", &good).await;
    assert_eq!(elsewhere.problem(), (400, "Invalid account".into()));
    token(&platform, HOST, &good).await.pair();
}

#[tokio::test]
async fn the_redirect_uri_of_a_refresh_and_the_status_of_its_faults_are_switches() {
    let rules = OauthRules {
        redirect_uri_on_refresh: false,
        refresh_fault_status: 400,
        ..OauthRules::default()
    };
    let platform = platform_with(rules);
    let pair = granted(&platform).await;
    let body = with(refresh_body(&pair.refresh), "redirect_uri", Value::Null);
    token(&platform, HOST, &body).await.pair();
    let answer = refresh(&platform, "def502").await;
    assert_eq!(
        answer.problem(),
        (400, "Cannot decrypt the refresh token".into())
    );
}

#[tokio::test]
async fn a_new_secret_shuts_the_old_one_out_and_ends_grants_unless_they_are_kept() {
    let platform = platform();
    let pair = granted(&platform).await;
    let secret = platform.rotate_secret(true).unwrap();
    assert_eq!(
        refresh(&platform, &pair.refresh).await.problem(),
        (401, String::new())
    );
    assert_eq!(told(&platform), "client-rejected");
    let body = with(refresh_body(&pair.refresh), "client_secret", json!(secret));
    let pair = token(&platform, HOST, &body).await.pair();
    assert_eq!(platform.state().client_secret, secret);

    let secret = platform.rotate_secret(false).unwrap();
    let body = with(refresh_body(&pair.refresh), "client_secret", json!(secret));
    let answer = token(&platform, HOST, &body).await;
    assert_eq!(answer.problem(), (401, "Token has been revoked".into()));
    assert!(!works(&platform, &pair.access).await);
}

#[tokio::test]
async fn the_secret_before_the_rotation_can_be_taken_too() {
    let platform = platform_with(OauthRules {
        accept_previous_secret: true,
        ..OauthRules::default()
    });
    let pair = granted(&platform).await;
    platform.rotate_secret(true).unwrap();
    refresh(&platform, &pair.refresh).await.pair();
}

#[tokio::test]
async fn deactivation_ends_grants_and_codes_and_a_new_consent_begins_again() {
    let platform = platform();
    let pair = granted(&platform).await;
    let waiting = exchange_body(&code(&platform));
    platform.deactivate(Some(ACCOUNT)).unwrap();
    assert!(!works(&platform, &pair.access).await);
    let answer = refresh(&platform, &pair.refresh).await;
    assert_eq!(answer.problem(), (401, "Token has been revoked".into()));
    let answer = token(&platform, HOST, &waiting).await;
    assert_eq!(
        answer.problem(),
        (400, "Authorization code has been revoked".into())
    );
    assert!(platform.grants(0, 1)[0].ended);
    assert_eq!(platform.counters().lost_grants, 0);

    let again = granted(&platform).await;
    assert!(works(&platform, &again.access).await && !works(&platform, &pair.access).await);
    platform.deactivate(None).unwrap();
    assert_eq!(
        platform.issue_code(ACCOUNT, None),
        Err(GrantError::IntegrationOff)
    );
    platform.activate();
    granted(&platform).await;
    assert_eq!(
        platform.deactivate(Some(1)),
        Err(GrantError::AccountUnknown)
    );
}

#[tokio::test]
async fn a_renamed_account_is_at_its_new_host_alone() {
    for status in [404, 401] {
        let platform = platform_with(OauthRules {
            renamed_host_status: status,
            ..OauthRules::default()
        });
        let pair = granted(&platform).await;
        let renamed = platform.rename_account(ACCOUNT, "renamed").unwrap();
        assert_eq!(renamed.host, "renamed.kommo.com");
        let answer = refresh(&platform, &pair.refresh).await;
        assert_eq!(answer.problem(), (status, String::new()));
        assert_eq!(told(&platform), "account-renamed");
        assert!(!works(&platform, &pair.access).await);
        token(&platform, "renamed.kommo.com", &refresh_body(&pair.refresh))
            .await
            .pair();
        for name in ["a.b", "", "www"] {
            assert_eq!(
                platform.rename_account(ACCOUNT, name),
                Err(GrantError::Name),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn switching_off_and_revoking_each_send_one_disconnect_hook_per_account() {
    let platform = platform();
    let mut settings = platform.integration_settings();
    // Port 9 of this machine is nobody's: what counts is that a hook left.
    settings.disconnect_hook_uri = Some("http://127.0.0.1:9/hook".into());
    platform.set_integration(settings);
    granted(&platform).await;
    assert!(platform.revoke_grant(ACCOUNT, crate::plain_client::USER));
    assert!(!platform.revoke_grant(ACCOUNT, 999));
    let sent = || platform.deliveries_after(0).len();
    assert_eq!(sent(), 1);
    platform.deactivate(None).unwrap();
    // The other account never had the integration.
    assert_eq!(sent(), 2);
    platform.deactivate(Some(ACCOUNT)).unwrap();
    assert_eq!(sent(), 2);
}

#[tokio::test]
async fn only_a_grant_that_lives_can_be_revoked() {
    let platform = platform();
    let mut settings = platform.integration_settings();
    settings.disconnect_hook_uri = Some("http://127.0.0.1:9/hook".into());
    platform.set_integration(settings);
    let revoke = || platform.revoke_grant(ACCOUNT, crate::plain_client::USER);
    let sent = || platform.deliveries_after(0).len();
    granted(&platform).await;
    assert!(revoke());
    assert!(!revoke());
    assert_eq!(sent(), 1);

    let again = granted(&platform).await;
    assert!(!platform.grants(0, 1)[0].ended);
    assert!(revoke());
    assert!(!works(&platform, &again.access).await);
    assert_eq!(sent(), 2);

    granted(&platform).await;
    platform.rotate_secret(false).unwrap();
    assert!(platform.grants(0, 1)[0].ended);
    assert!(!revoke());

    // A long-lived token alone is a grant too.
    platform.long_lived_token(ACCOUNT, None, 1).unwrap();
    assert!(!platform.grants(0, 1)[0].ended);
    assert!(revoke());
    assert!(!revoke());
    assert!(platform.grants(0, 1)[0].ended);
    assert_eq!(sent(), 3);
}
