//! Connect and disconnect: routes, fields, and what they leave behind.

use kommo_sandbox::{DisconnectAnswer, Platform, SandboxConfig};
use serde_json::{Value, json};

use crate::naive_client::{ACCOUNT, Answer, CHANNEL, Draft, NOW, config, latest, platform};

async fn connect_with(platform: &Platform, body: impl Into<Vec<u8>>) -> Answer {
    Draft::connect()
        .body(body)
        .sign_at(NOW)
        .send(platform)
        .await
}

// Rules C1, C2, N2.
#[tokio::test]
async fn connect_makes_a_connection_and_echoes_its_fields() {
    let platform = platform();
    let body = json!({"account_id": ACCOUNT, "title": "Чат", "hook_api_version": "v1", "is_time_window_disabled": true});
    let answer = connect_with(&platform, body.to_string()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    let mut expected = body;
    expected["scope_id"] = format!("{CHANNEL}_{ACCOUNT}").into();
    assert_eq!(answer.json(), expected);
    assert_eq!(json!(platform.state().connections), json!([expected]));
    assert_eq!(latest(&platform), ("connected".into(), "C1".into()));
}

// Rule C1.
#[tokio::test]
async fn what_a_connect_leaves_out_has_a_default() {
    let platform = platform();
    let answer = connect_with(&platform, json!({"account_id": ACCOUNT}).to_string())
        .await
        .json();
    assert_eq!(answer["title"], "Sandbox channel");
    assert_eq!(answer["hook_api_version"], "v1");
    assert_eq!(answer["is_time_window_disabled"], false);
}

// Rule C6.
#[tokio::test]
async fn connecting_again_is_harmless_and_takes_the_new_fields() {
    let platform = platform();
    connect_with(
        &platform,
        json!({"account_id": ACCOUNT, "title": "old"}).to_string(),
    )
    .await;
    let again = connect_with(
        &platform,
        json!({"account_id": ACCOUNT, "title": "new"}).to_string(),
    )
    .await;
    assert_eq!(again.status, 200);
    assert_eq!(latest(&platform), ("connected".into(), "C6".into()));
    let titles: Vec<_> = platform
        .state()
        .connections
        .into_iter()
        .map(|one| one.title)
        .collect();
    assert_eq!(titles, ["new"]);
}

// Rules C3, C4.
#[tokio::test]
async fn disconnect_ends_the_connection_and_can_be_repeated() {
    let platform = platform();
    Draft::connect().sign_at(NOW).send(&platform).await;
    assert_eq!(platform.state().connections.len(), 1);
    for _ in 0..2 {
        let answer = Draft::disconnect().sign_at(NOW).send(&platform).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
        assert_eq!(latest(&platform), ("disconnected".into(), "C3".into()));
        assert!(platform.state().connections.is_empty());
    }
}

// Rule C4.
#[tokio::test]
async fn the_answer_of_disconnect_is_a_switch() {
    for (disconnect_answer, status, body) in [
        (DisconnectAnswer::Empty, 200, ""),
        (DisconnectAnswer::Object, 200, "{}"),
        (DisconnectAnswer::NoContent, 204, ""),
    ] {
        let platform = Platform::new(SandboxConfig {
            disconnect_answer,
            ..config()
        })
        .unwrap();
        let answer = Draft::disconnect().sign_at(NOW).send(&platform).await;
        assert_eq!(
            (
                answer.status.as_u16(),
                String::from_utf8(answer.body).unwrap()
            ),
            (status, body.to_owned())
        );
    }
}

// Rule C5.
#[tokio::test]
async fn a_value_of_another_type_is_a_bad_request() {
    for (name, value, reason) in [
        (
            "account_id",
            json!(1),
            "account_id is a number, not a string",
        ),
        ("title", json!(5), "title is a number, not a string"),
        ("title", json!(["a"]), "title is an array, not a string"),
        (
            "hook_api_version",
            json!(2),
            "hook_api_version is a number, not a string",
        ),
        (
            "is_time_window_disabled",
            json!("true"),
            "is_time_window_disabled is a string, not a boolean",
        ),
        (
            "is_time_window_disabled",
            json!(0),
            "is_time_window_disabled is a number, not a boolean",
        ),
    ] {
        let platform = platform();
        let mut body = json!({"account_id": ACCOUNT, "title": "t", "hook_api_version": "v2"});
        body[name] = value;
        let answer = connect_with(&platform, body.to_string()).await;
        assert_eq!(answer.status, 400, "{name}");
        assert_eq!(answer.json()["error_description"], reason);
        assert_eq!(answer.json()["error_code"], 400);
        assert_eq!(latest(&platform), ("field-type".into(), "C5".into()));
        assert!(platform.state().connections.is_empty());
    }
}

// Rule C5, and what clients in use send.
#[tokio::test]
async fn null_is_the_same_as_a_field_that_is_left_out() {
    for name in ["title", "hook_api_version", "is_time_window_disabled"] {
        let mut body = json!({"account_id": ACCOUNT, "title": "t", "hook_api_version": "v2"});
        let kept = platform();
        body[name] = json!(null);
        let answer = connect_with(&kept, body.to_string()).await;
        assert_eq!(answer.status, 200, "{name}");
        body.as_object_mut().unwrap().remove(name);
        let without = platform();
        assert_eq!(connect_with(&without, body.to_string()).await.status, 200);
        assert_eq!(kept.state().connections, without.state().connections);
    }
    let platform = platform();
    let body = json!({"account_id": null}).to_string();
    assert_eq!(connect_with(&platform, body).await.status, 400);
    assert_eq!(latest(&platform).0, "field-missing");
}

// Rules C1, C3.
#[tokio::test]
async fn a_body_that_is_no_object_with_a_known_account_is_a_bad_request() {
    for (body, code) in [
        ("", "json-unreadable"),
        ("null", "json-unreadable"),
        ("[]", "json-unreadable"),
        ("{\"account_id\":\"", "json-unreadable"),
        ("{} {}", "json-unreadable"),
        ("{}", "field-missing"),
        ("{\"account_id\":\"\"}", "account-unknown"),
        (
            "{\"account_id\":\"acc00000-0000-4000-8000-000000000009\"}",
            "account-unknown",
        ),
    ] {
        for draft in [Draft::connect(), Draft::disconnect()] {
            let platform = platform();
            let answer = draft.body(body).sign_at(NOW).send(&platform).await;
            assert_eq!(answer.status, 400, "{body}");
            assert_eq!(latest(&platform).0, code, "{body}");
        }
    }
    for body in [
        vec![0xff, 0xfe],
        vec![b'['; 100_000],
        b"{\"account_id\":\"\xff\"}".to_vec(),
    ] {
        assert_eq!(connect_with(&platform(), body).await.status, 400);
    }
}

// Rule C1.
#[tokio::test]
async fn only_two_versions_of_hooks_are_known() {
    for version in ["v3", "V2", "2", ""] {
        let platform = platform();
        let body = json!({"account_id": ACCOUNT, "hook_api_version": version});
        assert_eq!(
            connect_with(&platform, body.to_string()).await.status,
            400,
            "{version}"
        );
        assert_eq!(latest(&platform), ("field-value".into(), "C1".into()));
    }
}

// Rule C1: fields that nobody knows are let pass, as the vendor's own samples carry some.
#[tokio::test]
async fn unknown_fields_are_ignored() {
    let body = json!({"account_id": ACCOUNT, "stray": {"a": 1}});
    let answer = connect_with(&platform(), body.to_string()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json().get("stray"), None::<&Value>);
}

// Rule C1.
#[tokio::test]
async fn a_private_channel_admits_listed_accounts_only() {
    let mut config = SandboxConfig {
        private_channel: true,
        ..config()
    };
    config.accounts[1].listed = false;
    let unlisted = config.accounts[1].amojo_id.clone();
    let platform = Platform::new(config).unwrap();
    assert_eq!(
        Draft::connect().sign_at(NOW).send(&platform).await.status,
        200
    );
    let answer = connect_with(&platform, json!({"account_id": unlisted}).to_string()).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json()["error_type"], "ACCOUNT_NOT_ALLOWED");
    assert_eq!(
        latest(&platform),
        ("account-not-listed".into(), "C1".into())
    );
}

// Rules S3, C1, C3.
#[tokio::test]
async fn another_method_on_a_known_path_is_not_allowed() {
    for (method, draft, allow, rule) in [
        ("GET", Draft::connect(), "POST", "C1"),
        ("post", Draft::connect(), "POST", "S3"),
        ("POST", Draft::disconnect(), "DELETE", "C3"),
        ("delete", Draft::disconnect(), "DELETE", "S3"),
    ] {
        let platform = platform();
        let draft = Draft {
            method: method.into(),
            ..draft
        };
        let answer = draft.sign_at(NOW).send(&platform).await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), allow);
        assert_eq!(latest(&platform), ("method-wrong".into(), rule.into()));
    }
}

#[tokio::test]
async fn every_other_path_is_no_route() {
    let connect = Draft::connect().target;
    for target in [
        "/".to_owned(),
        "/v2/origin/custom".to_owned(),
        "/v2/origin/custom//connect".to_owned(),
        format!("/v2/origin/custom/{CHANNEL}"),
        format!("/v2/origin/custom/{CHANNEL}/Connect"),
        format!("/v2/origin/custom/{CHANNEL}/%63onnect"),
        format!("{connect}/"),
        format!("{connect}/connect"),
        format!("/{connect}"),
        connect.replace("custom", "other"),
        connect.replace("/v2", "/v3"),
    ] {
        let platform = platform();
        let answer = Draft::new("POST", &target)
            .sign_at(NOW)
            .send(&platform)
            .await;
        assert_eq!(answer.status, 404, "{target}");
        assert_eq!(latest(&platform).0, "route-unknown", "{target}");
    }
}

// Rule A5.
#[tokio::test]
async fn only_loopback_and_the_chats_hosts_are_served() {
    for host in [
        "127.0.0.1:1",
        "localhost:4242",
        "[::1]:4242",
        "amojo.kommo.com",
        "amojo.amocrm.ru",
        "Amojo.amoCRM.com",
    ] {
        assert_eq!(
            Draft::connect()
                .header("host", host)
                .sign_at(NOW)
                .send(&platform())
                .await
                .status,
            200,
            "{host}"
        );
    }
    for host in [
        "attacker.example",
        "kommo.com",
        "amojo.kommo.com.attacker.example",
        "10.0.0.1",
        "",
    ] {
        let platform = platform();
        let answer = Draft::connect()
            .header("host", host)
            .sign_at(NOW)
            .send(&platform)
            .await;
        assert_eq!(answer.status, 421, "{host}");
        assert_eq!(latest(&platform), ("host-unknown".into(), "A5".into()));
    }
    let platform_of_account = platform();
    let answer = Draft::connect()
        .header("host", "sandbox-one.kommo.com")
        .sign_at(NOW)
        .send(&platform_of_account)
        .await;
    assert_eq!(answer.status, 421);
    let description = answer.json()["error_description"].to_string();
    assert!(description.contains("amojo.kommo.com"), "{description}");
    let nameless = Draft::connect().without("host").sign_at(NOW);
    assert_eq!(nameless.send(&platform()).await.status, 421);
    let mut two_names = Draft::connect().sign_at(NOW);
    two_names.headers.push(("host".into(), "localhost".into()));
    assert_eq!(two_names.send(&platform()).await.status, 421);
}

#[tokio::test]
async fn a_body_of_more_than_a_mebibyte_is_too_long() {
    let platform = platform();
    let padded = |length: usize| {
        let body = format!(r#"{{"account_id":"{ACCOUNT}"}}"#);
        let spaces = " ".repeat(length - body.len());
        Draft::connect().body(body + &spaces).sign_at(NOW)
    };
    assert_eq!(padded(1_048_576).send(&platform).await.status, 200);
    let answer = padded(1_048_577).send(&platform).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.json()["error_type"], "PAYLOAD_TOO_LARGE");
    assert_eq!(latest(&platform).0, "body-too-long");
}
