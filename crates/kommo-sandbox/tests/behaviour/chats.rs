//! The Chats API of a connection: chats, messages of all types, edits, statuses, typing, reactions,
//! history; and the bodies that clients in use send.

use kommo_sandbox::{DisconnectAnswer, Platform, SandboxConfig};
use serde_json::{Value, json};

use crate::naive_client::{ACCOUNT, Answer, CHANNEL, Draft, NOW, config, latest};

const MANAGER: &str = "0be70000-0000-4000-8000-000000000001";
const BOT: &str = "b0700000-0000-4000-8000-000000000001";

async fn connected_with(config: SandboxConfig) -> Platform {
    let platform = Platform::new(config).unwrap();
    let answer = Draft::connect().sign_at(NOW).send(&platform).await;
    assert_eq!(answer.status, 200);
    platform
}

async fn connected() -> Platform {
    connected_with(config()).await
}

async fn call(platform: &Platform, method: &str, below: &str, body: &Value) -> Answer {
    let target = format!("/v2/origin/custom/{CHANNEL}_{ACCOUNT}{below}");
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    let draft = Draft::new(method, &target).body(body);
    draft.sign_at(NOW).send(platform).await
}

async fn post(platform: &Platform, below: &str, body: Value) -> Answer {
    call(platform, "POST", below, &body).await
}

/// The payload of a text of Ann's.
fn payload(msgid: &str) -> Value {
    json!({
        "timestamp": NOW, "msec_timestamp": NOW * 1000 + 5, "msgid": msgid, "conversation_id": "c7",
        "sender": { "id": "ann", "name": "Ann" }, "message": { "type": "text", "text": msgid },
    })
}

async fn event(platform: &Platform, event_type: &str, payload: Value) -> Answer {
    post(
        platform,
        "",
        json!({ "event_type": event_type, "payload": payload }),
    )
    .await
}

/// The platform's ids of a message that was taken.
async fn taken(platform: &Platform, payload: Value) -> Value {
    let answer = event(platform, "new_message", payload.clone()).await;
    assert_eq!(
        answer.status,
        200,
        "{payload}: {}",
        String::from_utf8_lossy(&answer.body)
    );
    let fields = answer.json()["new_message"].take();
    for name in ["conversation_id", "msgid", "ref_id", "sender_id"] {
        assert!(fields[name].is_string(), "{name}");
    }
    fields
}

fn with(mut payload: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        payload[name] = value.clone();
    }
    payload
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn a_chat_is_created_once_and_found_then() {
    let platform = connected().await;
    let body = json!({
        "conversation_id": "c7", "account_id": "stray", "source": { "external_id": "shop 1" },
        "user": {
            "id": "ann", "name": "Ann", "avatar": "https://a.example/a.png",
            "profile": { "phone": "+1555", "email": null }, "profile_link": "https://a.example",
        },
    });
    let first = post(&platform, "/chats", body.clone()).await;
    let chat = first.json();
    let user = &chat["user"];
    assert_eq!(
        (&user["client_id"], &user["phone"], &user["avatar"]),
        (
            &json!("ann"),
            &json!("+1555"),
            &json!("https://a.example/a.png")
        )
    );
    assert!(user.get("email").is_none() && chat["id"].is_string());
    assert_eq!(post(&platform, "/chats", body).await.json(), chat);
    let message = taken(&platform, payload("m1")).await;
    assert_eq!(
        (&message["conversation_id"], &message["sender_id"]),
        (&chat["id"], &user["id"])
    );
    // Without an avatar the answer has an empty one; and the amojo id alone was seen.
    let bob = json!({ "conversation_id": "c8", "user": { "id": "bob", "name": "Bob" } });
    assert_eq!(
        post(&platform, "/chats", bob).await.json()["user"]["avatar"],
        ""
    );
    let known = json!({ "conversation_id": "c9", "user": { "ref_id": user["id"] } });
    assert!(post(&platform, "/chats", known).await.json()["user"]["client_id"].is_string());
}

#[tokio::test]
async fn the_answer_of_a_created_chat_has_two_forms() {
    let platform = connected_with(SandboxConfig {
        nested_chat_profile: true,
        ..config()
    })
    .await;
    let user = json!({ "id": "ann", "name": "Ann", "profile": { "phone": "+1555" } });
    let body = json!({ "conversation_id": "c7", "user": user });
    let user = post(&platform, "/chats", body).await.json()["user"].take();
    assert_eq!(user["profile"], json!({ "phone": "1555" }));
    assert!(user.get("phone").is_none());
}

#[tokio::test]
async fn messages_of_all_types_are_taken() {
    let platform = connected().await;
    for (n, message) in [
        json!({ "type": "text", "text": "Hi", "callback_data": "row", "media_duration": null }),
        json!({ "type": "picture", "media": "https://a.example/a", "text": null }),
        json!({ "type": "file", "media": "https://a.example/a", "file_name": "a", "file_size": 1 }),
        json!({ "type": "video", "media": "https://a.example/a", "media_duration": 3 }),
        json!({ "type": "voice", "media": "https://a.example/a", "media_duration": 3 }),
        json!({ "type": "audio", "media": "https://a.example/a" }),
        json!({ "type": "sticker", "sticker_id": "s" }),
        json!({ "type": "location", "location": { "lon": 37.5, "lat": 55 } }),
        json!({ "type": "contact", "contact": { "name": "Ann", "phone": "+1" } }),
        json!({ "type": "text", "text": "x", "shared_post": { "url": "u", "type": "post" } }),
        json!({ "type": "text", "text": "x", "post": { "id": "p", "url": "u" } }),
        json!({ "type": "text", "text": "x", "delivery_status": { "status_code": 2 } }),
    ]
    .into_iter()
    .enumerate()
    {
        taken(
            &platform,
            with(payload(&format!("m{n}")), json!({ "message": message })),
        )
        .await;
    }
    assert_eq!(platform.counters().messages, 12);
    assert_eq!(platform.messages_after(0)[4].fields["media_duration"], 3);

    for message in [
        json!({ "type": "text" }),
        json!({ "type": "picture" }),
        json!({ "type": "file", "media": "a", "file_size": "1" }),
        json!({ "type": "location", "location": { "lon": "1", "lat": 2 } }),
        json!({ "type": "location" }),
        json!({ "type": "contact", "contact": { "name": "Ann" } }),
        json!({ "type": "text", "text": "x", "post": { "id": "p" } }),
        json!({ "type": "text", "text": "x", "post": { "id": "p", "url": "u", "username": 7 } }),
        json!({ "type": "text", "text": "x", "shared_post": { "url": "u", "type": "post", "site_name": 7 } }),
        json!({ "type": "text", "text": "x", "shared_post": { "url": "u", "type": "story" } }),
        json!({ "type": "text", "text": "x", "delivery_status": { "status_code": 7 } }),
    ] {
        let changed = with(payload("x"), json!({ "message": message }));
        assert_eq!(
            event(&platform, "new_message", changed).await.status,
            400,
            "{message}"
        );
    }
}

// Source: "What real clients send".
#[tokio::test]
async fn people_are_known_by_what_clients_in_use_send() {
    let platform = connected().await;
    for (n, sender) in [
        json!({ "id": "u1", "name": "One", "avatar": null, "profile": null }),
        json!({ "ref_id": "amojo-id-of-two" }),
        json!({ "id": "u3" }),
        json!({ "name": "Four" }),
    ]
    .into_iter()
    .enumerate()
    {
        let own = json!({ "sender": sender, "conversation_id": format!("c{n}") });
        let first = taken(&platform, with(payload(&format!("a{n}")), own.clone())).await;
        let second = taken(&platform, with(payload(&format!("b{n}")), own)).await;
        assert_eq!(
            first["sender_id"], second["sender_id"],
            "the same person comes again"
        );
    }
    let out = json!({ "receiver": { "id": "u1", "name": "One" }, "conversation_id": "c0" });
    for author in [MANAGER, BOT] {
        let sender = json!({ "ref_id": author, "name": "Max" });
        let sent = with(
            with(payload(author), out.clone()),
            json!({ "sender": sender }),
        );
        let fields = taken(&platform, sent).await;
        assert_eq!(fields["sender_id"], author);
        assert!(fields["receiver_id"].is_string());
    }
    let sender = json!({ "sender": { "ref_id": "nobody", "name": "Max" } });
    let answer = event(
        &platform,
        "new_message",
        with(with(payload("x"), out), sender),
    )
    .await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error_description"], "sender: user not found");
}

#[tokio::test]
async fn an_edit_changes_the_message_and_its_answer_is_that_of_a_new_one() {
    let platform = connected().await;
    let picture = json!({ "type": "picture", "media": "https://a.example/a", "text": "one" });
    let new = taken(
        &platform,
        with(payload("m1"), json!({ "message": picture })),
    )
    .await;
    // Without sender, and without the file, which is kept.
    let edit = json!({
        "timestamp": NOW, "msec_timestamp": NOW * 1000, "msgid": "m1", "conversation_id": "c7",
        "message": { "type": "picture", "text": "two" },
    });
    let answer = event(&platform, "edit_message", edit.clone()).await;
    assert_eq!(answer.json()["new_message"], new);
    let kept = platform.messages_after(0).pop().unwrap();
    assert!(kept.edited);
    assert_eq!(
        (kept.text.as_str(), &kept.fields["media"]),
        ("two", &json!("https://a.example/a"))
    );
    // With both ids the integration's becomes the new one.
    let renamed = with(edit.clone(), json!({ "id": new["msgid"], "msgid": "m2" }));
    let answer = event(&platform, "edit_message", renamed).await.json();
    assert_eq!(answer["new_message"]["ref_id"], "m2");
    assert_eq!(
        event(&platform, "edit_message", edit.clone()).await.status,
        400
    );
    assert_eq!(latest(&platform).0, "message-unknown");
    for changes in [
        json!({ "msgid": null }),
        json!({ "msgid": "m2", "conversation_id": "c8" }),
        json!({ "msgid": "m2", "message": { "type": "text" } }),
        json!({ "msgid": "m2", "message": { "type": "text", "text": "x", "post": { "id": "p", "url": "u" } } }),
    ] {
        let answer = event(
            &platform,
            "edit_message",
            with(edit.clone(), changes.clone()),
        )
        .await;
        assert_eq!(answer.status, 400, "{changes}");
    }
}

#[tokio::test]
async fn a_message_is_quoted_within_its_conversation() {
    let platform = connected().await;
    let first = taken(&platform, payload("m1")).await;
    let elsewhere = json!({ "conversation_id": "c8" });
    taken(&platform, with(payload("other"), elsewhere)).await;
    let whole = json!({
        "type": "text", "text": "old", "timestamp": NOW, "msec_timestamp": NOW * 1000,
        "sender": { "name": "Ann" },
    });
    for (n, quote) in [
        json!({ "msgid": "m1" }),
        json!({ "id": first["msgid"] }),
        whole,
    ]
    .into_iter()
    .enumerate()
    {
        let reply = json!({ "reply_to": { "message": quote } });
        taken(&platform, with(payload(&format!("r{n}")), reply)).await;
    }
    let forward = json!({ "forwards": { "messages": [{ "msgid": "other" }] } });
    taken(&platform, with(payload("f"), forward)).await;
    for changes in [
        json!({ "reply_to": { "message": { "msgid": "other" } } }),
        json!({ "reply_to": { "message": { "msgid": "none" } } }),
        json!({ "reply_to": {} }),
        json!({ "forwards": { "messages": [] } }),
        json!({ "forwards": { "messages": [{ "msgid": "m1" }, { "msgid": "m1" }] } }),
        json!({ "source": { "external_id": "x".repeat(41) } }),
        json!({ "source": { "external_id": "ж" } }),
    ] {
        let answer = event(
            &platform,
            "new_message",
            with(payload("x"), changes.clone()),
        )
        .await;
        assert_eq!(answer.status, 400, "{changes}");
    }
}

#[tokio::test]
async fn a_status_is_set_by_the_platforms_id_in_both_spellings() {
    let platform = connected().await;
    let id = taken(&platform, payload("m1")).await["msgid"].clone();
    let path = format!("/{}/delivery_status", text(&id));
    for body in [
        json!({ "status_code": 1 }),
        json!({ "status_code": 2, "error_code": 905, "error": "" }),
        json!({ "msgid": id, "delivery_status": 2, "error_code": null, "error": null }),
        json!({ "status_code": -1, "error_code": 905, "error": "no such number" }),
        json!({ "status_code": -1, "error_code": 901 }),
    ] {
        let answer = post(&platform, &path, body.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.len()),
            (200, 0),
            "{body}"
        );
    }
    let kept = platform.messages_after(0).pop().unwrap().status.unwrap();
    assert_eq!((kept.status_code, kept.error_code), (-1, Some(901)));
    for body in [
        json!({}),
        json!({ "status_code": 3 }),
        json!({ "status_code": "1" }),
        json!({ "status_code": -1 }),
        json!({ "status_code": -1, "error_code": 905 }),
        json!({ "status_code": -1, "error_code": 5 }),
        json!({ "msgid": "m1", "delivery_status": 1 }),
    ] {
        assert_eq!(
            post(&platform, &path, body.clone()).await.status,
            400,
            "{body}"
        );
    }
    // Observed: the integration's own id is not known there.
    let own = post(
        &platform,
        "/m1/delivery_status",
        json!({ "status_code": 1 }),
    )
    .await;
    assert_eq!(own.status, 404);
    let reason = platform.journal().pop().unwrap().detail.unwrap().reason;
    assert!(reason.contains("integration's own"), "{reason}");
}

#[tokio::test]
async fn typing_is_204_and_reactions_have_one_of_each_person() {
    let platform = connected().await;
    let new = taken(&platform, payload("m1")).await;
    for duration in [json!(null), json!(5000)] {
        let body = json!({
            "conversation_id": "c7", "sender": { "id": "ann" }, "duration_ms": duration,
        });
        assert_eq!(post(&platform, "/typing", body).await.status, 204);
    }
    let stranger = json!({ "conversation_id": "c9", "sender": { "id": "ann" } });
    assert_eq!(post(&platform, "/typing", stranger).await.status, 400);

    let react = |changes: Value| {
        let base = json!({ "type": "react", "emoji": "👍", "user": { "id": "ann" } });
        with(base, changes)
    };
    for changes in [
        json!({ "conversation_id": "c7", "msgid": "m1" }),
        json!({ "conversation_ref_id": new["conversation_id"], "id": new["msgid"], "emoji": "🎉" }),
        json!({ "conversation_id": "c7", "msgid": "m1", "user": { "ref_id": MANAGER } }),
    ] {
        let answer = post(&platform, "/react", react(changes.clone())).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.len()),
            (200, 0),
            "{changes}"
        );
    }
    let reactions = platform.messages_after(0).pop().unwrap().reactions;
    let emoji: Vec<_> = reactions
        .iter()
        .map(|reaction| reaction.emoji.as_str())
        .collect();
    assert_eq!(emoji, ["🎉", "👍"]);
    let unreact =
        json!({ "conversation_id": "c7", "msgid": "m1", "type": "unreact", "emoji": null });
    assert_eq!(post(&platform, "/react", react(unreact)).await.status, 200);
    assert_eq!(platform.messages_after(0).pop().unwrap().reactions.len(), 1);
    for (changes, status) in [
        (json!({ "conversation_id": "c7", "msgid": "m9" }), 404),
        (json!({ "conversation_id": "c9", "msgid": "m1" }), 404),
        (json!({ "conversation_id": "c7" }), 400),
        (json!({ "msgid": "m1" }), 400),
        (
            json!({ "conversation_id": "c7", "msgid": "m1", "emoji": null }),
            400,
        ),
        (
            json!({ "conversation_id": "c7", "msgid": "m1", "type": "like" }),
            400,
        ),
        (
            json!({ "conversation_id": "c7", "msgid": "m1", "user": {} }),
            400,
        ),
        (
            json!({ "conversation_id": "c7", "msgid": "m1", "user": { "ref_id": "x" } }),
            400,
        ),
    ] {
        let answer = post(&platform, "/react", react(changes.clone())).await;
        assert_eq!(answer.status.as_u16(), status, "{changes}");
    }
}

// Rule S6: the query is not signed.
#[tokio::test]
async fn a_history_is_read_by_the_platforms_id_newest_first() {
    let platform = connected().await;
    let mut conversation = Value::Null;
    for n in 0..60 {
        conversation = taken(&platform, payload(&format!("m{n}"))).await["conversation_id"].take();
    }
    let out = json!({
        "sender": { "ref_id": MANAGER, "name": "Max" }, "receiver": { "id": "ann", "name": "Ann" },
    });
    taken(&platform, with(payload("out"), out)).await;
    let path = format!("/chats/{}/history", text(&conversation));
    let page = async |query: &str, body: Value| {
        call(&platform, "GET", &format!("{path}{query}"), &body).await
    };
    let first = page("", Value::Null).await.json();
    let messages = first["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 50);
    let newest = &messages[0];
    assert_eq!(
        (&newest["sender"]["id"], &newest["receiver"]["client_id"]),
        (&json!(MANAGER), &json!("ann"))
    );
    assert_ne!(
        newest["sender"]["name"], "Max",
        "a user has the name that the account knows"
    );
    let next = &messages[1];
    assert!(next.get("receiver").is_none());
    assert_eq!(
        (&next["sender"]["client_id"], &next["message"]["client_id"]),
        (&json!("ann"), &json!("m59"))
    );
    assert_eq!(
        (&next["timestamp"], &next["msec_timestamp"]),
        (&json!(NOW), &json!(NOW * 1000 + 5))
    );
    // A body that is hashed and signed as sent is no fault.
    let rest = page("?limit=50&offset=50", json!([])).await.json();
    assert_eq!(rest["messages"].as_array().unwrap().len(), 11);
    let end = page("?offset=61", Value::Null).await;
    assert_eq!((end.status.as_u16(), end.body.len()), (204, 0));
    for query in ["?limit=51", "?limit=0", "?limit=x", "?offset=-1"] {
        assert_eq!(page(query, Value::Null).await.status, 400, "{query}");
    }
    for other in ["c7", "none"] {
        let path = format!("/chats/{other}/history");
        assert_eq!(
            call(&platform, "GET", &path, &Value::Null).await.status,
            204,
            "{other}"
        );
    }
}

#[tokio::test]
async fn answers_without_data_have_three_forms() {
    for (form, status, body) in [
        (DisconnectAnswer::Empty, 200, ""),
        (DisconnectAnswer::Object, 200, "{}"),
        (DisconnectAnswer::NoContent, 204, ""),
    ] {
        let platform = connected_with(SandboxConfig {
            disconnect_answer: form,
            ..config()
        })
        .await;
        let id = taken(&platform, payload("m1")).await["msgid"].take();
        let path = format!("/{}/delivery_status", text(&id));
        let answer = post(&platform, &path, json!({ "status_code": 1 })).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body.as_slice()),
            (status, body.as_bytes())
        );
    }
}

#[tokio::test]
async fn every_path_of_a_connection_needs_the_connection_and_the_signature() {
    let lone = Platform::new(config()).unwrap();
    let platform = connected().await;
    for (method, below) in [
        ("POST", ""),
        ("POST", "/chats"),
        ("POST", "/x/delivery_status"),
        ("GET", "/chats/x/history"),
        ("POST", "/typing"),
        ("POST", "/react"),
    ] {
        assert_eq!(
            call(&lone, method, below, &json!({})).await.status,
            404,
            "{below}"
        );
        assert_eq!(latest(&lone).0, "channel-unknown");
        let target = format!("/v2/origin/custom/{CHANNEL}_{ACCOUNT}{below}");
        let unsigned = Draft::new(method, &target).send(&platform).await;
        assert_eq!(unsigned.status, 403, "{below}");
        let wrong = call(&platform, "DELETE", below, &json!({})).await;
        assert_eq!(
            (wrong.status.as_u16(), wrong.header("allow")),
            (405, method)
        );
    }
    for below in [
        "/",
        "//",
        "/chats/x",
        "/chats/x/history/y",
        "/x",
        "/chats//history",
    ] {
        let answer = call(&platform, "POST", below, &json!({})).await;
        assert_eq!(answer.status, 404, "{below}");
        assert_eq!(latest(&platform).0, "route-unknown");
    }
}
