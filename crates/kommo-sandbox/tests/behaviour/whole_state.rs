//! The whole state: read, replaced, given as a seed, and kept in a directory.

use std::fs;
use std::path::Path;

use axum::http::StatusCode;
use kommo_sandbox::{
    DataError, GrantOrder, Platform, Sandbox, SandboxConfig, StartError, StateError,
};
use serde_json::{Value, json};

use crate::naive_client::{ACCOUNT, Answer, CHANNEL, Draft, NOW, SECRET, config, platform};

async fn call(platform: &Platform, method: &str, path: &str, body: &str) -> Answer {
    let target = format!("{}/{path}", platform.control_path());
    Draft::new(method, &target).body(body).send(platform).await
}

async fn write(platform: &Platform, msgid: &str) {
    let body = json!({
        "event_type": "new_message",
        "payload": {
            "timestamp": NOW,
            "msec_timestamp": NOW * 1000,
            "msgid": msgid,
            "conversation_id": "c7",
            "sender": {"id": "ann", "name": "Ann", "profile": {"phone": "+15550001111"}},
            "message": {"type": "location", "location": {"lon": 1.5, "lat": 2.0}},
        },
    });
    let draft = Draft::new("POST", &format!("/v2/origin/custom/{CHANNEL}_{ACCOUNT}"));
    let answer = draft
        .body(body.to_string())
        .sign_at(NOW)
        .send(platform)
        .await;
    assert_eq!(answer.status, StatusCode::OK);
}

/// Something of everything that is kept. The access token of a grant.
async fn fill(platform: &Platform) -> String {
    let answer = Draft::connect().sign_at(NOW).send(platform).await;
    assert_eq!(answer.status, StatusCode::OK);
    write(platform, "m1").await;
    write(platform, "m2").await;
    let grants = platform.make_grants(GrantOrder::new(2));
    platform.rename_account(10_000_002, "renamed").unwrap();
    platform.long_lived_token(10_000_001, None, 30).unwrap();
    platform.issue_code(10_000_001, None).unwrap();
    let token = grants.unwrap().remove(0).access_token;
    let lead = crm(
        platform,
        &token,
        "POST",
        "/api/v4/leads",
        r#"[{"name":"Roof"}]"#,
    )
    .await;
    assert_eq!(lead.status, StatusCode::OK);
    let hook = r#"{"destination":"http://127.0.0.1:1/x","settings":["add_lead"]}"#;
    let hook = crm(platform, &token, "POST", "/api/v4/webhooks", hook).await;
    assert_eq!(hook.status, StatusCode::CREATED);
    token
}

async fn crm(platform: &Platform, token: &str, method: &str, path: &str, body: &str) -> Answer {
    let draft = Draft::new(method, path).header("host", "sandbox-one.kommo.com");
    let draft = draft.header("authorization", format!("Bearer {token}"));
    draft.body(body).send(platform).await
}

fn document(platform: &Platform) -> Value {
    serde_json::from_slice(&platform.whole_state()).unwrap()
}

#[tokio::test]
async fn what_is_read_can_be_put_into_another_sandbox_which_then_goes_on() {
    let first = platform();
    let token = fill(&first).await;
    let got = call(&first, "GET", "snapshot", "").await;
    assert_eq!(got.status, StatusCode::OK);
    let text = String::from_utf8(got.body).unwrap();

    let second = Platform::new(SandboxConfig::default()).unwrap();
    let put = call(&second, "PUT", "snapshot", &text).await;
    assert_eq!(put.status, StatusCode::OK, "{:?}", put.json());
    assert_eq!(document(&second), document(&first));
    assert_eq!(second.state(), first.state());

    // Its channel, its grants, its chats and its leads are those of the first.
    write(&second, "m3").await;
    assert_eq!(second.messages_after(0).len(), 3);
    assert_eq!(second.messages_after(2)[0].number, 3);
    let leads = crm(&second, &token, "GET", "/api/v4/leads", "")
        .await
        .json();
    assert_eq!(leads["_embedded"]["leads"][0]["name"], "Roof");
    assert_eq!(second.grants(0, 10).len(), first.grants(0, 10).len());
    assert_eq!(second.counters().messages, 1, "counts belong to a run");
}

#[tokio::test]
async fn a_document_that_is_wrong_changes_nothing_and_names_its_field() {
    let platform = platform();
    fill(&platform).await;
    let before = document(&platform);
    let changed = |pointer: &str, value: Value| {
        let mut document = before.clone();
        *document.pointer_mut(pointer).unwrap() = value;
        document.to_string()
    };
    for (text, field) in [
        (changed("/version", json!(2)), "version"),
        (changed("/accounts", json!([])), "accounts"),
        (
            changed("/accounts/1/host", json!("a.b.kommo.com")),
            "accounts[1].host",
        ),
        (changed("/accounts/0/id", json!("x")), "accounts[0].id"),
        (changed("/channel/secret", json!("")), "channel.secret"),
        (changed("/channel/secret", json!(7)), "channel.secret"),
        (changed("/channel/id", json!("mine")), "channel.id"),
        (
            changed("/integrations/0/client_id", json!("x")),
            "integrations[0].client_id",
        ),
        (
            changed("/messages/1/id", before["messages"][0]["id"].clone()),
            "messages[1].id",
        ),
        (
            changed("/messages/1/msgid", json!("m1")),
            "messages[1].msgid",
        ),
        (
            changed("/messages/1/number", json!(1)),
            "messages[1].number",
        ),
        (
            changed("/messages/0/conversation_id", json!("c8")),
            "messages[0].conversation_id",
        ),
        (
            changed("/connections/0/account_id", json!("x")),
            "connections[0].account_id",
        ),
        (
            changed("/webhooks/0/account_id", json!(5)),
            "webhooks[0].account_id",
        ),
        (
            changed("/leads/0/account_id", json!(5)),
            "leads[0].account_id",
        ),
        (
            changed("/grants/pairs/0/grant", json!(99)),
            "grants.pairs[0]",
        ),
        (
            changed("/grants/grants/0/latest", json!(99)),
            "grants.grants[0]",
        ),
        (
            changed("/grants/codes/0/0", json!("xyz")),
            "grants.codes[0][0]",
        ),
        (
            changed("/rules/oauth/refresh_fault_status", json!(500)),
            "oauth.refresh_fault_status",
        ),
        (
            changed("/clock", json!({"standing": {"unix": 999_999_999_999_u64}})),
            "clock.standing.unix",
        ),
        (changed("/made_users", json!(-1)), "made_users"),
        (r#"{"version":1,"chat":[]}"#.to_owned(), "chat"),
        (
            r#"{"version":1,"chats":[{"colour":1}]}"#.to_owned(),
            "chats[0].colour",
        ),
    ] {
        let answer = call(&platform, "PUT", "snapshot", &text).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{field}");
        assert_eq!(answer.json()["field"], field, "{}", answer.json());
        assert_eq!(document(&platform), before, "{field}");
    }
    for text in ["", "[", r#"{"version":1} x"#] {
        let answer = call(&platform, "PUT", "snapshot", text).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{text:?}");
    }
    let answer = call(&platform, "POST", "snapshot", "{}").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn no_error_repeats_a_secret() {
    let platform = platform();
    let text =
        json!({"version": 1, "channel": SECRET, "open_api": {"application": {"secret": [SECRET]}}});
    let error = platform.replace_whole_state(text.to_string().as_bytes());
    let error = error.unwrap_err();
    assert!(matches!(error, StateError::Field { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains(SECRET));
}

const SEED: &str = r#"{
  "version": 1,
  "contacts": [{"id": 50000007, "name": "Ann"}],
  "leads": [{"name": "Roof", "price": 100}, {"name": "Door"}],
  "sources": [{"name": "Sales", "external_id": "sales-1"}],
  "chats": [{"client_id": "c1", "contact_id": 50000007, "customer": {"client_id": "ann", "name": "Ann"}}],
  "messages": [
    {"conversation_id": "c1", "text": "Hello", "msgid": "m1"},
    {"conversation_id": "c1", "text": "Good day", "direction": "out"}
  ]
}"#;

#[tokio::test]
async fn a_seed_of_ten_lines_is_enough() {
    let builder = Sandbox::builder().config(config()).seed(SEED.into());
    let sandbox = builder.start().await.unwrap();
    let messages = sandbox.messages_after(0);
    let said = |at: usize| {
        (
            messages[at].text.as_str(),
            messages[at].sender_name.as_str(),
        )
    };
    assert_eq!(
        (said(0), said(1)),
        (("Hello", "Ann"), ("Good day", "Manager 1"))
    );
    let token = sandbox.make_grants(GrantOrder::new(1));
    let token = token.unwrap().remove(0).access_token;
    let at = async |path: &str| crm(&sandbox, &token, "GET", path, "").await.json();
    let talk = &at("/api/v4/talks").await["_embedded"]["talks"][0];
    assert_eq!(
        (&talk["talk_id"], &talk["contact_id"]),
        (&json!(1), &json!(50_000_007))
    );
    assert_eq!(at("/api/v4/contacts/50000007").await["name"], "Ann");
    assert_eq!(at("/api/v4/leads/40000002").await["name"], "Door");
    assert_eq!(
        at("/api/v4/sources").await["_embedded"]["sources"][0]["external_id"],
        "sales-1"
    );

    let wrong = Sandbox::builder().seed(br#"{"version":1,"leads":{}}"#.to_vec());
    let error = wrong.start().await.unwrap_err();
    assert!(
        matches!(&error, StartError::Seed(StateError::Field { field, .. }) if field == "leads"),
        "{error:?}"
    );
}

async fn started(directory: &Path) -> Result<Sandbox, StartError> {
    let builder = Sandbox::builder().config(config()).data(directory);
    builder.start().await
}

#[tokio::test]
async fn a_restart_forgets_nothing_however_the_sandbox_ended() {
    let room = tempfile::tempdir().unwrap();
    let directory = room.path().join("new/data");
    let sandbox = started(&directory).await.unwrap();
    let token = fill(&sandbox).await;
    sandbox.kept().await.unwrap();
    let before = document(&sandbox);
    // Without a goodbye: its files as they are while it runs.
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(&directory).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    let killed = started(copy.path()).await.unwrap();
    assert_eq!(document(&killed), before);
    sandbox.stop().await;

    let sandbox = started(&directory).await.unwrap();
    assert_eq!(document(&sandbox), before);
    let replaced = before.to_string().replace("Roof", "Cellar");
    sandbox.replace_whole_state(replaced.as_bytes()).unwrap();
    write(&sandbox, "m3").await;
    let before = document(&sandbox);
    sandbox.stop().await;

    let sandbox = started(&directory).await.unwrap();
    assert_eq!(document(&sandbox), before);
    let leads = crm(&sandbox, &token, "GET", "/api/v4/leads", "")
        .await
        .json();
    assert_eq!(leads["_embedded"]["leads"][0]["name"], "Cellar");

    let other = started(&directory).await.unwrap_err();
    assert!(
        matches!(other, StartError::Data(DataError::InUse { .. })),
        "{other:?}"
    );
    drop(other);
    #[cfg(unix)]
    for entry in fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        let mode =
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

/// The file of changes, which there is one of.
fn changes(directory: &Path) -> std::path::PathBuf {
    let entries = fs::read_dir(directory).unwrap();
    let mut logs = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "log"));
    let log = logs.next().unwrap();
    assert_eq!(logs.next(), None);
    log
}

#[tokio::test]
async fn what_a_crash_leaves_opens_and_what_is_damaged_does_not() {
    let room = tempfile::tempdir().unwrap();
    let sandbox = started(room.path()).await.unwrap();
    for (at, host) in ["one.kommo.com", "two.kommo.com", "three.kommo.com"]
        .iter()
        .enumerate()
    {
        sandbox.add_account(*host).unwrap();
        sandbox.kept().await.unwrap();
        assert_eq!(sandbox.state().accounts.len(), at + 3);
    }
    // As a crash leaves it: while the sandbox runs, its files are copied.
    let log = fs::read(changes(room.path())).unwrap();
    let document = fs::read(room.path().join("state.json")).unwrap();
    let name = changes(room.path()).file_name().unwrap().to_owned();
    sandbox.stop().await;

    let cuts = (0..=log.len()).step_by(97).chain([log.len()]);
    let mut accounts = Vec::new();
    for cut in cuts {
        let copy = tempfile::tempdir().unwrap();
        fs::write(copy.path().join("state.json"), &document).unwrap();
        fs::write(copy.path().join(&name), &log[..cut]).unwrap();
        // What an interrupted compaction leaves.
        fs::write(
            copy.path().join("state.json.new"),
            &document[..document.len() / 2],
        )
        .unwrap();
        fs::write(copy.path().join("changes-77.log"), b"").unwrap();
        let sandbox = started(copy.path()).await.unwrap();
        accounts.push(sandbox.state().accounts.len());
        sandbox.add_account("four.kommo.com").unwrap();
        sandbox.kept().await.unwrap();
    }
    assert!(accounts.is_sorted(), "{accounts:?}");
    assert_eq!((accounts.first(), accounts.last()), (Some(&2), Some(&5)));

    let mut damaged = log.clone();
    damaged[30] ^= 1;
    let copy = tempfile::tempdir().unwrap();
    fs::write(copy.path().join("state.json"), &document).unwrap();
    fs::write(copy.path().join(&name), &damaged).unwrap();
    let error = started(copy.path()).await.unwrap_err();
    assert!(
        matches!(error, StartError::Data(DataError::Damaged { at: 0, .. })),
        "{error:?}"
    );
    assert_eq!(
        fs::read(copy.path().join(&name)).unwrap(),
        damaged,
        "it is left alone"
    );
    fs::write(copy.path().join("state.json"), &document[..100]).unwrap();
    let error = started(copy.path()).await.unwrap_err();
    assert!(
        matches!(error, StartError::Data(DataError::State { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_directory_that_has_a_state_is_continued_whatever_the_seed() {
    let room = tempfile::tempdir().unwrap();
    let sandbox = started(room.path()).await.unwrap();
    write_connected(&sandbox).await;
    sandbox.stop().await;
    let builder = Sandbox::builder().data(room.path()).seed(SEED.into());
    let sandbox = builder.start().await.unwrap();
    let messages = sandbox.messages_after(0);
    assert_eq!(
        (messages.len(), messages[0].msgid.as_deref()),
        (1, Some("m1"))
    );
    assert_eq!(sandbox.state().channel_secret, SECRET);
}

async fn write_connected(platform: &Platform) {
    let answer = Draft::connect().sign_at(NOW).send(platform).await;
    assert_eq!(answer.status, StatusCode::OK);
    write(platform, "m1").await;
}

/// Two tasks with one `msgid`: the platform takes one of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_msgid_is_taken_once_however_many_send_it_at_once() {
    let platform = platform();
    let answer = Draft::connect().sign_at(NOW).send(&platform).await;
    assert_eq!(answer.status, StatusCode::OK);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let platform = platform.clone();
        tasks.spawn(async move {
            let body = json!({"event_type": "new_message", "payload": {
                "timestamp": NOW, "msec_timestamp": NOW * 1000, "msgid": "m1",
                "conversation_id": "c7", "sender": {"id": "ann", "name": "Ann"},
                "message": {"type": "text", "text": "Hi"},
            }});
            let draft = Draft::new("POST", &format!("/v2/origin/custom/{CHANNEL}_{ACCOUNT}"));
            draft
                .body(body.to_string())
                .sign_at(NOW)
                .send(&platform)
                .await
                .status
        });
    }
    let statuses = tasks.join_all().await;
    let taken = statuses.iter().filter(|status| **status == StatusCode::OK);
    assert_eq!((taken.count(), platform.messages_after(0).len()), (1, 1));
}

#[tokio::test]
async fn conversations_are_closed_written_to_and_read_by_other_programs() {
    let platform = Platform::new(SandboxConfig {
        integration: kommo_sandbox::IntegrationSettings {
            scopes: ["crm", "send_external_messages", "list_external_messages"]
                .map(str::to_owned)
                .to_vec(),
            ..Default::default()
        },
        ..config()
    })
    .unwrap();
    platform.replace_whole_state(SEED.as_bytes()).unwrap();
    let grants = platform.make_grants(GrantOrder::new(1)).unwrap();
    let token = &grants[0].access_token;
    let (send, list) = ("/api/v4/talks/1/send_message", "/api/v4/talks/1/messages");
    let sent = crm(&platform, token, "POST", send, r#"{"text":"Yes"}"#).await;
    assert_eq!(sent.status, StatusCode::ACCEPTED);
    let read = crm(&platform, token, "GET", list, "").await.json();
    let newest = &read["_embedded"]["messages"][0];
    assert_eq!(
        (&newest["id"], &newest["text"]),
        (&sent.json()["id"], &json!("Yes"))
    );
    assert_eq!(
        (&newest["type"], &newest["author"]["type"]),
        (&json!("outgoing"), &json!("bot"))
    );
    let first = &read["_embedded"]["messages"][2];
    assert_eq!(
        (&first["type"], &first["author"]["type"]),
        (&json!("incoming"), &json!("external"))
    );

    let close = "/api/v4/talks/1/close";
    let closed = crm(&platform, token, "POST", close, "{}").await;
    assert_eq!(closed.status, StatusCode::ACCEPTED);
    for (method, path, body, status) in [
        ("POST", close, "{}", 422),
        ("POST", send, r#"{"text":"Yes"}"#, 422),
        ("POST", send, "{}", 400),
        ("POST", "/api/v4/talks/9/close", "{}", 404),
        ("GET", "/api/v4/talks/9/messages", "", 404),
        ("PUT", list, "", 405),
        ("GET", "/api/v4/talks?filter[only_in_work]=", "", 204),
        ("GET", "/api/v4/talks?filter[talk_id][]=1", "", 200),
        ("GET", "/api/v4/talks?filter[contact_id]=2", "", 204),
    ] {
        let answer = crm(&platform, token, method, path, body).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}");
    }
    let plain = Platform::new(config()).unwrap();
    plain.replace_whole_state(SEED.as_bytes()).unwrap();
    let grants = plain.make_grants(GrantOrder::new(1)).unwrap();
    let refused = crm(
        &plain,
        &grants[0].access_token,
        "POST",
        send,
        r#"{"text":"Yes"}"#,
    )
    .await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["detail"]),
        (403, &json!("Invalid scope"))
    );
}

#[tokio::test]
async fn history_is_the_same_at_every_offset() {
    let messages: Vec<_> = (1..=3000)
        .map(|n| json!({"conversation_id": "c1", "text": n.to_string()}))
        .collect();
    let chat = json!({"id": "c0de0000-0000-4000-8000-000000000009", "client_id": "c1"});
    let seed = json!({"version": 1, "chats": [chat], "messages": messages});
    let platform = platform();
    platform
        .replace_whole_state(seed.to_string().as_bytes())
        .unwrap();
    let answer = Draft::connect().sign_at(NOW).send(&platform).await;
    assert_eq!(answer.status, StatusCode::OK);
    let scope = format!("/v2/origin/custom/{CHANNEL}_{ACCOUNT}");
    let path = format!("{scope}/chats/c0de0000-0000-4000-8000-000000000009/history");
    for (offset, ends) in [
        (0, ["3000", "2951"]),
        (1500, ["1500", "1451"]),
        (2980, ["20", "1"]),
    ] {
        let draft = Draft::new("GET", &format!("{path}?offset={offset}"));
        let page = draft.sign_at(NOW).send(&platform).await.json();
        let page = page["messages"].as_array().unwrap();
        let text = |entry: Option<&Value>| entry.unwrap()["message"]["text"].clone();
        assert_eq!([text(page.first()), text(page.last())], ends, "{offset}");
    }
    let draft = Draft::new("GET", &format!("{path}?offset=3000"));
    let past = draft.sign_at(NOW).send(&platform).await;
    assert_eq!(past.status, StatusCode::NO_CONTENT);
}
