//! The control API: what it can, whom it lets in, and what it says to nonsense.

use kommo_sandbox::{JournalEntry, Platform, Sandbox, SandboxState};
use serde_json::{Value, json};

use crate::naive_client::{Answer, Draft, NOW, SECRET, config, platform};
use crate::raw_socket::exchange;

async fn call(platform: &Platform, method: &str, path: &str, body: &str) -> Answer {
    Draft::new(method, &format!("{}/{path}", platform.control_path()))
        .body(body)
        .send(platform)
        .await
}

#[track_caller]
fn error(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), "application/json");
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    body["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn state_is_the_state() {
    let platform = platform();
    let answer = call(&platform, "GET", "state", "").await;
    let state: SandboxState = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(state, platform.state());
    let body = answer.json();
    assert_eq!(
        (&body["channel_secret"], &body["now"]),
        (&json!(SECRET), &json!(NOW))
    );
    for field in [
        "client_id",
        "client_secret",
        "redirect_uri",
        "channel_id",
        "appid",
        "app_secret",
    ] {
        assert!(body[field].is_string(), "{field}");
    }
    let account = &body["accounts"][0];
    assert_eq!(
        (&account["id"], &account["host"]),
        (&json!(10_000_001), &json!("sandbox-one.kommo.com"))
    );
    assert!(account["amojo_id"].is_string() && account["users"][0]["amojo_id"].is_string());
}

// Rules A1, A3, A4, A6.
#[tokio::test]
async fn an_account_can_be_added_and_connected() {
    let platform = platform();
    let answer = call(
        &platform,
        "POST",
        "accounts",
        r#"{"subdomain":"third","platform":"amocrm.ru"}"#,
    )
    .await;
    assert_eq!(answer.status, 200);
    let account = answer.json();
    assert_eq!(
        (&account["id"], &account["host"]),
        (&json!(10_000_003), &json!("third.amocrm.ru"))
    );
    let body = json!({"account_id": account["amojo_id"]}).to_string();
    assert_eq!(
        Draft::connect()
            .body(body)
            .sign_at(NOW)
            .send(&platform)
            .await
            .status,
        200
    );

    let again = call(
        &platform,
        "POST",
        "accounts",
        r#"{"subdomain":"third","platform":"amocrm.ru"}"#,
    )
    .await;
    assert_eq!(
        (again.status.as_u16(), error(&again)),
        (409, "subdomain: another account has it".into())
    );
    let elsewhere = call(&platform, "POST", "accounts", r#"{"subdomain":"third"}"#).await;
    assert_eq!(elsewhere.json()["host"], "third.kommo.com");
}

// Rules A1, A3, A4, N3.
#[tokio::test]
async fn an_account_with_a_name_of_the_platform_or_none_is_refused() {
    let platform = platform();
    for subdomain in [
        "", "a.b", "A", "-a", "a-", "xn--a", "www", "amojo", "api-b", "drive-c", "a/b", "a:1", "ä",
    ] {
        let body = json!({"subdomain": subdomain}).to_string();
        let answer = call(&platform, "POST", "accounts", &body).await;
        assert_eq!(answer.status, 400, "{subdomain}");
        assert!(error(&answer).starts_with("subdomain: "));
    }
    assert_eq!(platform.state().accounts.len(), 2);
}

#[tokio::test]
async fn the_clock_is_moved_by_one_order_at_a_time() {
    let platform = platform();
    for (body, now) in [
        (json!({"advance_seconds": 10}), NOW + 10),
        (json!({"set_unix": 7}), 7),
        (json!({"set_unix": 0}), 0),
        (json!({"follow": false}), 0),
    ] {
        let answer = call(&platform, "POST", "clock", &body.to_string()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()),
            (200, json!({"now": now}))
        );
        assert_eq!(platform.now(), now);
    }
    let followed = call(&platform, "POST", "clock", r#"{"follow":true}"#).await;
    assert!(followed.json()["now"].as_u64().unwrap() > NOW);
    for body in [
        "",
        "{}",
        "[]",
        r#"{"advance_seconds":-1}"#,
        r#"{"advance_seconds":"1"}"#,
        r#"{"advance_seconds":1.5}"#,
        r#"{"advance_seconds":1,"set_unix":2}"#,
        r#"{"set_unix":1,"follow":true}"#,
        r#"{"set_unix":253402300800}"#,
        r#"{"advance_seconds":18446744073709551615}"#,
        r#"{"advance_seconds":1,"unknown":2}"#,
    ] {
        let answer = call(&platform, "POST", "clock", body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(!error(&answer).is_empty());
    }
}

#[tokio::test]
async fn faults_are_listed_ordered_and_cleared() {
    let platform = platform();
    let listed = call(&platform, "GET", "faults", "").await.json();
    let kinds: Vec<_> = listed["kinds"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|kind| kind["on"] == "chats")
        .map(|kind| kind["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "stale-clock",
            "forbidden-text",
            "not-found-empty",
            "too-many-requests",
            "server-error",
            "slow",
            "cut",
            "non-json",
            "drop-after-commit",
        ]
    );
    assert!(
        listed["kinds"]
            .as_array()
            .unwrap()
            .iter()
            .all(|kind| kind["sentence"].as_str().unwrap().ends_with('.'))
    );

    let orders = [
        json!({"on": "chats", "kind": "too-many-requests", "times": 2, "retry_after": 3, "retry_after_in": "header"}),
        json!({"on": "chats", "kind": "stale-clock", "seconds": -60}),
        json!({"on": "chats", "kind": "slow", "times": 1, "delay_ms": 0}),
        json!({"on": "chats", "kind": "cut", "times": 1, "at": "midway"}),
        json!({"on": "chats", "kind": "non-json"}),
    ];
    for order in &orders {
        assert_eq!(
            call(&platform, "POST", "faults", &order.to_string())
                .await
                .status,
            200,
            "{order}"
        );
    }
    assert_eq!(
        call(&platform, "GET", "faults", "").await.json()["on_order"],
        json!(orders)
    );
    let answer = Draft::connect().sign_at(NOW).send(&platform).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("retry-after")),
        (429, "3")
    );
    let cleared = call(&platform, "DELETE", "faults", "").await;
    assert_eq!(cleared.json()["on_order"], json!([]));
    assert_eq!(
        Draft::connect().sign_at(NOW).send(&platform).await.status,
        200
    );
}

#[tokio::test]
async fn a_fault_that_makes_no_sense_is_refused() {
    let platform = platform();
    for body in [
        r#"{}"#,
        r#"{"kind":"cut"}"#,
        r#"{"on":"token","kind":"forbidden-text"}"#,
        r#"{"on":"chats","kind":"token-error"}"#,
        r#"{"on":"nowhere","kind":"cut"}"#,
        r#"{"on":"chats","kind":"meteor"}"#,
        r#"{"on":"chats","kind":"cut","times":0}"#,
        r#"{"on":"chats","kind":"cut","times":-1}"#,
        r#"{"on":"chats","kind":"cut","at":"end"}"#,
        r#"{"on":"chats","kind":"cut","seconds":1}"#,
        r#"{"on":"chats","kind":"server-error","retry_after":1}"#,
        r#"{"on":"chats","kind":"slow","delay_ms":600001}"#,
        r#"{"on":"chats","kind":"slow","delay":1}"#,
        "not json",
    ] {
        let answer = call(&platform, "POST", "faults", body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(!error(&answer).is_empty());
    }
    assert!(platform.faults().is_empty());
}

#[tokio::test]
async fn the_journal_is_read_from_where_one_left_off() {
    let platform = platform();
    for _ in 0..3 {
        Draft::connect().sign_at(NOW).send(&platform).await;
    }
    let entries = |answer: &Answer| {
        serde_json::from_value::<Vec<JournalEntry>>(answer.json()["entries"].clone()).unwrap()
    };
    assert_eq!(
        entries(&call(&platform, "GET", "journal", "").await),
        platform.journal()
    );
    assert_eq!(
        entries(&call(&platform, "GET", "journal?after=2", "").await),
        platform.journal_after(2)
    );
    for query in [
        "after=x",
        "after=-1",
        "after=",
        "before=1",
        "after=1&after=2",
    ] {
        let answer = call(&platform, "GET", &format!("journal?{query}"), "").await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(error(&answer).contains("after=N"));
    }
}

#[tokio::test]
async fn counters_are_plain_numbers() {
    let platform = platform();
    Draft::connect().sign_at(NOW).send(&platform).await;
    let counters = call(&platform, "GET", "counters", "").await.json();
    assert_eq!(
        (
            &counters["requests"],
            &counters["connects"],
            &counters["refused"]
        ),
        (&json!(1), &json!(1), &json!(0))
    );
}

#[tokio::test]
async fn the_control_api_stays_out_of_the_journal() {
    let platform = platform();
    call(&platform, "GET", "state", "").await;
    call(&platform, "GET", "nothing", "").await;
    assert!(platform.journal().is_empty());
}

#[tokio::test]
async fn what_is_not_there_says_what_is() {
    let platform = platform();
    for (method, path, status) in [
        ("GET", "nothing", 404),
        ("GET", "codes", 405),
        ("GET", "", 404),
        ("POST", "state", 405),
        ("PUT", "clock", 405),
    ] {
        let answer = call(&platform, method, path, "").await;
        // A path without a call below the token is the platform's affair, which knows no such
        // route.
        if path.is_empty() {
            assert_eq!(answer.status, status);
            continue;
        }
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(error(&answer).contains("GET state, POST accounts, POST clock"));
    }
}

#[tokio::test]
async fn a_long_body_is_refused() {
    let answer = call(&platform(), "POST", "clock", &" ".repeat(65_537)).await;
    assert_eq!(answer.status, 413);
    assert!(error(&answer).contains("65536"));
}

#[tokio::test]
async fn a_wrong_token_finds_nothing() {
    let platform = platform();
    let right = platform.control_path().to_owned();
    let mut last_differs = right.clone();
    last_differs.replace_range(
        right.len() - 1..,
        if right.ends_with('0') { "1" } else { "0" },
    );
    for path in [
        last_differs,
        "/_sandbox/x".into(),
        right[..right.len() - 1].to_owned(),
        format!("{right}0"),
        right.to_uppercase(),
    ] {
        let answer = Draft::new("GET", &format!("{path}/state"))
            .send(&platform)
            .await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json()["error_type"], "NOT_FOUND");
    }
}

async fn state_over_socket(sandbox: &Sandbox, host: &str, origin: Option<&str>) -> (String, Value) {
    let target = sandbox
        .control_url()
        .strip_prefix(sandbox.base_url())
        .unwrap();
    let mut draft = Draft::new("GET", &format!("{target}/state")).header("host", host);
    if let Some(origin) = origin {
        draft = draft.header("origin", origin);
    }
    let answer = exchange(sandbox, &draft).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (
        head.to_ascii_lowercase(),
        serde_json::from_str(body).unwrap(),
    )
}

#[tokio::test]
async fn a_name_that_was_rebound_to_loopback_is_kept_out() {
    let sandbox = Sandbox::builder().config(config()).start().await.unwrap();
    let port = sandbox.address().port();
    for host in [
        format!("attacker.example:{port}"),
        format!("127.0.0.1.attacker.example:{port}"),
        "attacker.example".into(),
        "127.0.0.1".into(),
        format!("127.0.0.1:{}", port ^ 1),
        format!("127.0.0.2:{port}"),
        "amojo.kommo.com".into(),
    ] {
        let (head, body) = state_over_socket(&sandbox, &host, None).await;
        assert!(head.starts_with("http/1.1 403 "), "{host}: {head}");
        assert_eq!(
            body,
            json!({"error": "the host is not this sandbox's own address"})
        );
    }
    for host in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
        let (head, body) = state_over_socket(&sandbox, &host, None).await;
        assert!(head.starts_with("http/1.1 200 "), "{host}: {head}");
        assert_eq!(body["channel_secret"], SECRET);
        assert!(!head.contains("access-control-allow"), "{head}");
        assert!(
            head.contains("x-content-type-options: nosniff")
                && head.contains("cache-control: no-store"),
            "{head}"
        );
    }
}

#[tokio::test]
async fn another_web_page_is_kept_out() {
    let sandbox = Sandbox::builder().config(config()).start().await.unwrap();
    let own = sandbox.address().to_string();
    for origin in [
        "http://attacker.example",
        "null",
        "https://127.0.0.1",
        "http://127.0.0.1:1",
        "",
        "file://",
    ] {
        let (head, body) = state_over_socket(&sandbox, &own, Some(origin)).await;
        assert!(head.starts_with("http/1.1 403 "), "{origin}: {head}");
        assert_eq!(body, json!({"error": "the origin is another web page"}));
    }
    let (head, _) = state_over_socket(&sandbox, &own, Some(sandbox.base_url())).await;
    assert!(head.starts_with("http/1.1 200 "), "{head}");
}
