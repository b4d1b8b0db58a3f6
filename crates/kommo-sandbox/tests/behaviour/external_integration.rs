//! An integration that the button makes on the fly: its secrets come first, and the code only if
//! they were taken.

use kommo_sandbox::{HookKind, IntegrationSettings, Platform, SandboxConfig};
use serde_json::{Value, json};

use crate::browser::{Browser, offered, parameters, text};
use crate::naive_client::{Draft, config, latest, platform};
use crate::receiver::{Behaviour, Receiver};

const ADMIN: &str = "admin@sandbox.example";

fn target(secrets_uri: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("state", "s1")
        .append_pair("name", "Made on the fly")
        .append_pair("description", "From a button")
        .append_pair("redirect_uri", "http://127.0.0.1:9/back?tenant=1")
        .append_pair("secrets_uri", secrets_uri)
        .append_pair("scopes[]", "crm")
        .append_pair("scopes[]", "notifications")
        .finish();
    format!("/oauth?{query}")
}

#[tokio::test]
async fn its_secrets_are_delivered_before_the_code() {
    let platform = platform();
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let target = target(&receiver.url("/secrets"));
    let mut browser = Browser::at(&platform, "www.kommo.com");
    let page = browser.log_in(&target, ADMIN).await;
    assert!(text(&page).contains("Made on the fly asks for access"));
    assert_eq!(offered(&text(&page)), ["sandbox-one.kommo.com"]);
    assert!(receiver.is_empty());

    let answer = browser
        .post(&target, &[("step", "allow"), ("account", "10000001")])
        .await;
    let hook = receiver.next().await;
    assert_eq!(hook.request_line(), "POST /secrets HTTP/1.1");
    assert_eq!(hook.header("content-type"), "application/json");
    let secrets: Value = serde_json::from_slice(&hook.body).unwrap();
    assert_eq!(secrets["state"], "s1");
    let (client_id, secret) = (
        secrets["client_id"].as_str().unwrap(),
        secrets["client_secret"].as_str().unwrap(),
    );

    let location = answer.header("location");
    assert!(
        location.starts_with("http://127.0.0.1:9/back?tenant=1&code=def502"),
        "{location}"
    );
    let pairs = parameters(location);
    assert!(
        pairs.contains(&("client_id".into(), client_id.into())),
        "{location}"
    );
    assert!(pairs.contains(&("referer".into(), "sandbox-one.kommo.com".into())));
    let told = serde_json::to_string(&(platform.journal(), platform.deliveries_after(0))).unwrap();
    assert!(!told.contains(secret) && !told.contains("def502"), "{told}");
}

#[tokio::test]
async fn any_answer_but_200_ends_the_flow_with_the_code_of_the_answer() {
    for status in [204, 201, 302, 500] {
        let platform = platform();
        let receiver = Receiver::start(Behaviour::Answer(status)).await;
        let target = target(&receiver.url("/secrets"));
        let mut browser = Browser::at(&platform, "www.kommo.com");
        browser.log_in(&target, ADMIN).await;
        let answer = browser
            .post(&target, &[("step", "allow"), ("account", "10000001")])
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (502, "")
        );
        assert!(
            text(&answer).contains(&format!("Code {status}")),
            "{}",
            text(&answer)
        );
        assert_eq!(
            latest(&platform),
            ("consent-secrets-uri".into(), "G14".into())
        );
    }
}

#[tokio::test]
async fn secrets_that_nobody_takes_end_the_flow() {
    let platform = platform();
    let receiver = Receiver::start(Behaviour::HangUp).await;
    for secrets_uri in [
        receiver.url("/secrets"),
        "https://127.0.0.1/secrets".into(),
        "http://192.0.2.1/secrets".into(),
    ] {
        let target = target(&secrets_uri);
        let mut browser = Browser::at(&platform, "www.kommo.com");
        browser.log_in(&target, ADMIN).await;
        let answer = browser
            .post(&target, &[("step", "allow"), ("account", "10000001")])
            .await;
        assert_eq!(answer.status, 502, "{secrets_uri}");
        assert!(text(&answer).contains("secrets_uri did not take the secrets"));
    }
}

#[tokio::test]
async fn refusing_makes_no_integration() {
    let platform = platform();
    let receiver = Receiver::start(Behaviour::Answer(200)).await;
    let target = target(&receiver.url("/secrets"));
    let mut browser = Browser::at(&platform, "www.kommo.com");
    browser.log_in(&target, ADMIN).await;
    let answer = browser.post(&target, &[("step", "refuse")]).await;
    assert_eq!(
        answer.header("location"),
        "http://127.0.0.1:9/back?tenant=1&error=access_denied&state=s1"
    );
    assert!(receiver.is_empty());
}

// Rule G4.
#[tokio::test]
async fn what_is_missing_or_no_address_is_named() {
    let platform = platform();
    let whole = target("http://127.0.0.1:9/secrets");
    for (wrong, sentence) in [
        (
            whole.replace("name=Made+on+the+fly", "name="),
            "name is missing",
        ),
        (
            whole
                .replace("&scopes%5B%5D=crm", "")
                .replace("&scopes%5B%5D=notifications", ""),
            "scopes is missing",
        ),
        (
            whole.replace("secrets_uri=http", "secrets_uri=ftp"),
            "secrets_uri is no http or https address",
        ),
        (
            whole.replace("redirect_uri=http", "redirect_uri=javascript"),
            "redirect_uri is no http or https address",
        ),
    ] {
        assert_ne!(wrong, whole);
        let page = Browser::at(&platform, "www.kommo.com").get(&wrong).await;
        assert_eq!(page.status, 400);
        assert!(text(&page).contains(sentence), "{}", text(&page));
        assert_eq!(latest(&platform), ("consent-query".into(), "G4".into()));
    }
}

/// The one disconnect hook there is belongs to the configured integration, and its secret signs it.
#[tokio::test]
async fn revoking_its_grant_sends_no_hook_in_the_name_of_another() {
    let mut receiver = Receiver::start(Behaviour::Answer(200)).await;
    let platform = Platform::new(SandboxConfig {
        integration: IntegrationSettings {
            disconnect_hook_uri: Some(receiver.url("/off")),
            ..IntegrationSettings::default()
        },
        ..config()
    })
    .unwrap();
    let target = target(&receiver.url("/secrets"));
    let mut browser = Browser::at(&platform, "www.kommo.com");
    browser.log_in(&target, ADMIN).await;
    let answer = browser
        .post(&target, &[("step", "allow"), ("account", "10000001")])
        .await;
    let secrets: Value = serde_json::from_slice(&receiver.next().await.body).unwrap();
    let pairs = parameters(answer.header("location"));
    let code = pairs.iter().find(|(name, _)| name == "code").unwrap();
    let exchange = json!({
        "client_id": secrets["client_id"], "client_secret": secrets["client_secret"],
        "grant_type": "authorization_code", "code": code.1,
        "redirect_uri": "http://127.0.0.1:9/back?tenant=1",
    });
    let answer = Draft::new("POST", "/oauth2/access_token")
        .header("host", "sandbox-one.kommo.com")
        .header("content-type", "application/json")
        .body(exchange.to_string())
        .send(&platform)
        .await;
    assert_eq!(answer.status, 200, "{}", text(&answer));

    let hooks = || {
        let deliveries = platform.deliveries_after(0).into_iter();
        deliveries
            .filter(|delivery| delivery.kind == HookKind::Disconnect)
            .count()
    };
    assert!(platform.revoke_grant(10_000_001, 20_000_001));
    assert!(platform.grants(0, 1)[0].ended);
    assert_eq!(hooks(), 0);
    assert!(!platform.revoke_grant(10_000_001, 20_000_001));

    // Beside a grant to the configured integration it is one hook, not two.
    platform
        .long_lived_token(10_000_001, Some(20_000_001), 1)
        .unwrap();
    assert!(platform.revoke_grant(10_000_001, 20_000_001));
    assert_eq!(hooks(), 1);
}
