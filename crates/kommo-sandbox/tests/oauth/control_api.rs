//! The control API's calls about grants, users and the integration.

use serde_json::{Value, json};

use crate::plain_client::{
    ACCOUNT, HOST, control, exchange_body, granted, platform, refresh, token, works,
};

#[tokio::test]
async fn a_code_is_issued_and_exchanged() {
    let platform = platform();
    let answer = control(&platform, "POST", "codes", &json!({"account": ACCOUNT})).await;
    let body = answer.json();
    assert_eq!((answer.status, &body["account_host"]), (200, &json!(HOST)));
    token(
        &platform,
        HOST,
        &exchange_body(body["code"].as_str().unwrap()),
    )
    .await
    .pair();
    for wrong in [
        json!({"account": 1}),
        json!({"account": ACCOUNT, "user": 1}),
        json!({}),
        json!({"account": "x"}),
    ] {
        let answer = control(&platform, "POST", "codes", &wrong).await;
        assert_eq!(answer.status, 400, "{wrong}");
        assert!(answer.json()["error"].is_string());
    }
}

#[tokio::test]
async fn the_integration_is_changed_in_every_way() {
    let platform = platform();
    let pair = granted(&platform).await;
    let order = |body: Value| {
        let platform = platform.clone();
        async move { control(&platform, "POST", "integration", &body).await }
    };
    let kept = order(json!({"action": "rotate-secret", "keep_grants": true}))
        .await
        .json();
    assert_eq!(kept["client_secret"], platform.state().client_secret);
    assert!(works(&platform, &pair.access).await);
    let renamed =
        order(json!({"action": "rename-account", "account": ACCOUNT, "subdomain": "new-name"}))
            .await;
    assert_eq!(renamed.json()["host"], "new-name.kommo.com");
    order(json!({"action": "rename-account", "account": ACCOUNT, "subdomain": "sandbox-one"}))
        .await;
    assert!(works(&platform, &pair.access).await);
    let configured =
        json!({"action": "configure", "settings": {"name": "New name", "scopes": ["crm"]}});
    assert_eq!(order(configured).await.status, 200);
    assert_eq!(platform.integration_settings().name, "New name");
    let revoked =
        order(json!({"action": "revoke-grant", "account": ACCOUNT, "user": 20_000_001})).await;
    assert_eq!(revoked.json(), json!({"revoked": true}));
    assert!(!works(&platform, &pair.access).await);
    assert_eq!(
        order(json!({"action": "deactivate", "account": ACCOUNT}))
            .await
            .status,
        200
    );
    assert_eq!(order(json!({"action": "deactivate"})).await.status, 200);
    assert!(!platform.integration_settings().active);
    assert_eq!(order(json!({"action": "activate"})).await.status, 200);
    let elsewhere =
        json!({"action": "set-redirect-uri", "redirect_uri": "http://127.0.0.1:1/back"});
    assert_eq!(order(elsewhere).await.status, 200);
    assert_eq!(platform.state().redirect_uri, "http://127.0.0.1:1/back");
    for wrong in [
        json!({"action": "explode"}),
        json!({}),
        json!({"action": "deactivate", "account": 1}),
        json!({"action": "rename-account", "account": ACCOUNT, "subdomain": "a.b"}),
        json!({"action": "configure", "settings": {"colour": "red"}}),
    ] {
        assert_eq!(order(wrong.clone()).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn the_rules_change_while_it_runs() {
    let platform = platform();
    let rules = control(&platform, "GET", "oauth", &Value::Null)
        .await
        .json();
    assert_eq!(
        (&rules["rotation"], &rules["server_time"]),
        (&json!("until-refresh-used"), &json!(true))
    );
    let changed = control(
        &platform,
        "POST",
        "oauth",
        &json!({"rotation": "strict", "server_time": false}),
    )
    .await;
    assert_eq!(changed.json()["rotation"], "strict");
    let first = granted(&platform).await;
    refresh(&platform, &first.refresh).await.pair();
    assert_eq!(refresh(&platform, &first.refresh).await.status, 401);
    for wrong in [
        json!({"rotation": "never"}),
        json!({"colour": 1}),
        json!({"renamed_host_status": 500}),
    ] {
        assert_eq!(
            control(&platform, "POST", "oauth", &wrong).await.status,
            400,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn users_long_lived_tokens_webhooks_and_counters_are_there() {
    let platform = platform();
    let user = json!({"account": ACCOUNT, "user": {"id": 5, "name": "Five", "admin": false}});
    let account = control(&platform, "POST", "users", &user).await.json();
    assert_eq!(
        (&account["users"][1]["login"], &account["users"][1]["admin"]),
        (&json!("user5"), &json!(false))
    );
    assert_eq!(control(&platform, "POST", "users", &user).await.status, 400);
    let state = control(&platform, "GET", "state", &Value::Null)
        .await
        .json();
    assert_eq!(state["accounts"][0]["users"][1]["id"], 5);

    let order = json!({"account": ACCOUNT, "days": 30});
    let long = control(&platform, "POST", "long-lived", &order)
        .await
        .json();
    assert!(works(&platform, long["access_token"].as_str().unwrap()).await);
    assert_eq!(long["expires_at"], platform.now() + 30 * 86_400);

    let none = control(
        &platform,
        "GET",
        &format!("crm-webhooks?account={ACCOUNT}"),
        &Value::Null,
    )
    .await;
    assert_eq!(none.json(), json!({"webhooks": []}));
    let disable = json!({"account": ACCOUNT, "destination": "https://x.example", "disabled": true});
    assert_eq!(
        control(&platform, "POST", "crm-webhooks", &disable)
            .await
            .status,
        400
    );
    assert_eq!(
        control(&platform, "POST", "release", &Value::Null)
            .await
            .status,
        200
    );
    assert_eq!(
        control(&platform, "PUT", "codes", &Value::Null)
            .await
            .status,
        405
    );

    let counters = control(&platform, "GET", "counters", &Value::Null)
        .await
        .json();
    for name in [
        "refreshes",
        "double_refreshes",
        "codes_exchanged",
        "hooks_sent",
        "hooks_answered_200",
        "answers_dropped_after_commit",
        "lost_grants",
    ] {
        assert_eq!(counters[name], 0, "{name}");
    }
}
