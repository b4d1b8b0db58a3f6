//! A code for a pair: what works, and every way in which it does not.

use kommo_sandbox::{OauthRules, ProblemLanguage, RedirectUriHint};
use serde_json::{Value, json};

use crate::plain_client::{
    ACCOUNT, CLIENT, HOST, JSON, NOW, REDIRECT, SECRET, USER, code, exchange_body, granted,
    platform, platform_with, send, token, told, with, works,
};

#[tokio::test]
async fn a_code_is_exchanged_for_a_pair_in_the_order_of_the_documentation() {
    let platform = platform();
    let answer = token(&platform, HOST, &exchange_body(&code(&platform))).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("x-request-id").len(), 32);
    let body = answer.json();
    let fields: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
    let documented = [
        "token_type",
        "expires_in",
        "server_time",
        "access_token",
        "refresh_token",
    ];
    assert_eq!(fields, documented);
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&json!("Bearer"), &json!(86_400))
    );
    assert_eq!(body["server_time"], NOW);
    let pair = answer.pair();
    assert!(pair.refresh.starts_with("def502") && pair.refresh.len() == 990);
    assert!(works(&platform, &pair.access).await);
    assert_eq!(platform.counters().codes_exchanged, 1);
    let grant = &platform.grants(0, 10)[0];
    assert_eq!(
        (grant.account, grant.user, grant.last_answer_delivered),
        (ACCOUNT, USER, Some(true))
    );
}

#[tokio::test]
async fn the_server_time_can_be_left_out() {
    let platform = platform_with(OauthRules {
        server_time: false,
        ..OauthRules::default()
    });
    let answer = token(&platform, HOST, &exchange_body(&code(&platform))).await;
    assert!(answer.json().get("server_time").is_none());
}

#[tokio::test]
async fn a_form_is_as_good_as_json() {
    let platform = platform();
    let form = format!(
        "client_id={CLIENT}&client_secret={SECRET}&grant_type=authorization_code&code={}&redirect_uri={}",
        code(&platform),
        REDIRECT.replace(':', "%3A").replace('/', "%2F"),
    );
    let header = ("content-type", "application/x-www-form-urlencoded");
    send(
        &platform,
        "POST",
        HOST,
        "/oauth2/access_token",
        &[header],
        form,
    )
    .await
    .pair();
}

#[tokio::test]
async fn a_code_works_once_and_for_twenty_minutes() {
    let platform = platform();
    let body = exchange_body(&code(&platform));
    token(&platform, HOST, &body).await.pair();
    let hint = "Authorization code has been revoked";
    assert_eq!(
        token(&platform, HOST, &body).await.problem(),
        (400, hint.into())
    );
    assert_eq!(told(&platform), "code-revoked");

    let body = exchange_body(&code(&platform));
    let late = exchange_body(&code(&platform));
    platform.advance_seconds(1199);
    token(&platform, HOST, &body).await.pair();
    platform.advance_seconds(1);
    let hint = "Authorization code has expired";
    assert_eq!(
        token(&platform, HOST, &late).await.problem(),
        (400, hint.into())
    );
}

#[tokio::test]
async fn every_wrong_field_has_its_row() {
    let platform = platform();
    let good = exchange_body(&code(&platform));
    let rows = [
        (
            "grant_type",
            Value::Null,
            400,
            "Check that all required parameters have been provided",
        ),
        (
            "grant_type",
            json!("refresh-token"),
            400,
            "Check that all required parameters have been provided",
        ),
        (
            "client_id",
            Value::Null,
            400,
            "Check the `client_id` parameter",
        ),
        (
            "client_id",
            json!("no-uuid"),
            400,
            "Check the `client_id` parameter",
        ),
        (
            "client_id",
            json!(7),
            400,
            "Check the `client_id` parameter",
        ),
        (
            "client_secret",
            Value::Null,
            400,
            "Check the `client_secret` parameter",
        ),
        ("client_secret", json!("wrong"), 401, ""),
        (
            "client_id",
            json!("c11e0000-0000-4000-8000-000000000002"),
            401,
            "",
        ),
        (
            "redirect_uri",
            Value::Null,
            400,
            "Redirect URI is not associated with client",
        ),
        (
            "redirect_uri",
            json!(format!("{REDIRECT}/")),
            400,
            "Redirect URI is not associated with client",
        ),
        ("code", Value::Null, 400, "Check the `code` parameter"),
        (
            "code",
            json!("def502ab"),
            400,
            "Cannot decrypt the authorization code",
        ),
    ];
    for (field, value, status, hint) in rows {
        let answer = token(&platform, HOST, &with(good.clone(), field, value.clone())).await;
        assert_eq!(
            answer.problem(),
            (status, hint.to_owned()),
            "{field} {value}"
        );
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.json()["status"], status);
    }
    // None of that used the code up.
    token(&platform, HOST, &good).await.pair();
}

#[tokio::test]
async fn a_rejected_client_is_told_in_the_language_of_its_host() {
    let platform = platform();
    let body = with(exchange_body("x"), "client_secret", json!("wrong"));
    let answer = token(&platform, "sandbox-two.amocrm.ru", &body)
        .await
        .json();
    assert_eq!(answer["title"], "Некорректный клиент");
    assert_eq!(answer["detail"], "Авторизация клиента не прошла");
    assert_eq!(
        answer["type"],
        "https://developers.amocrm.ru/v3/errors/OAuthProblemJson"
    );
    assert!(answer.get("hint").is_none());
    assert_eq!(
        token(&platform, HOST, &body).await.json()["title"],
        "Invalid client"
    );

    let russian = OauthRules {
        problem_language: ProblemLanguage::Ru,
        ..OauthRules::default()
    };
    let platform = platform_with(russian);
    assert_eq!(
        token(&platform, HOST, &body).await.json()["title"],
        "Некорректный клиент"
    );
}

#[tokio::test]
async fn the_redirect_uri_has_three_ways_to_be_refused() {
    for (way, hint) in [
        (
            RedirectUriHint::NotAssociated,
            "Redirect URI is not associated with client",
        ),
        (RedirectUriHint::Invalid, "Invalid redirect URI"),
        (RedirectUriHint::None, ""),
    ] {
        let platform = platform_with(OauthRules {
            redirect_uri_hint: way,
            ..OauthRules::default()
        });
        let body = with(
            exchange_body(&code(&platform)),
            "redirect_uri",
            json!("https://else.example/"),
        );
        assert_eq!(
            token(&platform, HOST, &body).await.problem(),
            (400, hint.to_owned())
        );
    }
}

#[tokio::test]
async fn a_code_belongs_to_the_host_of_its_account() {
    let platform = platform();
    let body = exchange_body(&code(&platform));
    let elsewhere = token(&platform, "sandbox-two.amocrm.ru", &body).await;
    assert_eq!(elsewhere.problem(), (400, "Invalid account".into()));
    for host in ["nobody.kommo.com", "www.kommo.com", "api-c.kommo.com"] {
        assert_eq!(token(&platform, host, &body).await.status, 404, "{host}");
    }
    let loopback = token(&platform, "127.0.0.1:80", &body).await;
    assert_eq!(loopback.status, 421);
    assert_eq!(told(&platform), "account-host-needed");
    // Any port, and the names that lead to this machine, are the account's host too.
    token(&platform, "sandbox-one.kommo.localhost:4242", &body)
        .await
        .pair();
}

#[tokio::test]
async fn a_body_that_is_neither_json_nor_a_form_is_refused_as_an_unknown_grant_type() {
    let platform = platform();
    let hint = "Check that all required parameters have been provided";
    for (header, body) in [
        (JSON, "{"),
        (JSON, "[]"),
        (JSON, ""),
        (("content-type", "text/plain"), "{}"),
        (
            ("content-type", "application/x-www-form-urlencoded"),
            "grant_type",
        ),
    ] {
        let answer = send(
            &platform,
            "POST",
            HOST,
            "/oauth2/access_token",
            &[header],
            body,
        )
        .await;
        assert_eq!(answer.problem(), (400, hint.into()), "{body}");
    }
    let get = send(&platform, "GET", HOST, "/oauth2/access_token", &[], "").await;
    assert_eq!((get.status, told(&platform)), (405, "method-wrong".into()));
}

#[tokio::test]
async fn two_users_of_an_account_hold_two_grants() {
    let platform = platform();
    let mine = granted(&platform).await;
    platform
        .add_user(ACCOUNT, kommo_sandbox::User::new(777, "Second", false))
        .unwrap();
    let other = platform.issue_code(ACCOUNT, Some(777)).unwrap().code;
    let theirs = token(&platform, HOST, &exchange_body(&other)).await.pair();
    assert!(works(&platform, &mine.access).await && works(&platform, &theirs.access).await);
    let users: Vec<_> = platform
        .grants(0, 10)
        .iter()
        .map(|grant| grant.user)
        .collect();
    assert_eq!(users, [USER, 777]);
    assert!(platform.revoke_grant(ACCOUNT, 777));
    assert!(works(&platform, &mine.access).await && !works(&platform, &theirs.access).await);
}
