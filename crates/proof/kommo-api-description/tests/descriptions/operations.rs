//! Every operation is sent to the sandbox as its example says, and every answer is one that the
//! description has.

use alloc::collections::BTreeSet;

use kommo_api_description::openapi;
use serde_json::{Value, json};

use crate::schema::{assert_valid, name_of};
use crate::signed::{ACCOUNT, CHANNEL, platform, secret, send};

/// The operations in an order in which each has what it needs; the rest of the path's names are
/// found in answers.
const ORDER: [(&str, &str); 17] = [
    ("post", "/v2/origin/custom/{channel_id}/connect"),
    ("post", "/v2/origin/custom/{scope_id}/chats"),
    ("post", "/v2/origin/custom/{scope_id}"),
    (
        "post",
        "/v2/origin/custom/{scope_id}/{msgid}/delivery_status",
    ),
    (
        "get",
        "/v2/origin/custom/{scope_id}/chats/{conversation_id}/history",
    ),
    ("post", "/v2/origin/custom/{scope_id}/typing"),
    ("post", "/v2/origin/custom/{scope_id}/react"),
    ("delete", "/v2/origin/custom/{channel_id}/disconnect"),
    ("post", "/oauth2/access_token"),
    ("post", "/openapi/zxlt/fqlt_dl"),
    ("post", "/openapi/zxlt/fqlt_dl_batch"),
    ("post", "/openapi/zxlt/fqlt_ql_batch"),
    ("post", "/openapi/zxlt/js_zxlt_ql"),
    ("post", "/openapi/zxlt/js_zxlt_ql_batch"),
    ("post", "/openapi/zxlt/del_zxlt_dl"),
    ("post", "/openapi/chat/create_gd"),
    ("post", "/openapi/chat/add_kf"),
];

/// The media type and schema of an answer, if it has a body.
fn described(operation: &Value, status: u16) -> Option<(&str, &Value)> {
    let answer = &operation["responses"][status.to_string()];
    assert!(
        answer.is_object(),
        "{status} is not described: {operation:#}"
    );
    let content = answer.get("content")?.as_object().unwrap();
    let (media, content) = content.iter().next().unwrap();
    Some((media, &content["schema"]))
}

#[track_caller]
fn check_answer(document: &Value, operation: &Value, answer: &(u16, String, Value)) {
    let (status, content_type, body) = answer;
    match described(operation, *status) {
        // Nothing and an empty object are the same answer.
        Some((_, schema)) if name_of(schema) == "Empty" && body.is_null() => {}
        Some((media, schema)) => {
            assert_eq!(content_type, media, "{operation:#}");
            assert_valid(document, name_of(schema), body);
        }
        None => assert_eq!(*body, Value::Null),
    }
}

#[tokio::test]
async fn every_operation_is_served_as_it_is_described() {
    let document = openapi();
    let platform = platform();
    let code = platform.issue_code(10_000_001, None).unwrap().code;
    let scope = format!("{CHANNEL}_{ACCOUNT}");
    let (mut msgid, mut chat) = (String::new(), String::new());
    let mut group = json!(null);
    for (method, path) in ORDER {
        let operation = &document["paths"][path][method];
        let mut body = Vec::new();
        if let Some(request) = operation.get("requestBody") {
            let content = &request["content"]["application/json"];
            let mut example = content["example"].clone();
            assert_valid(&document, name_of(&content["schema"]), &example);
            if path == "/oauth2/access_token" {
                example["client_secret"] = json!(secret());
                example["code"] = json!(code);
            }
            if path.ends_with("/js_zxlt_ql") || path.ends_with("/js_zxlt_ql_batch") {
                // The first is dissolved already when the batch asks for it.
                let field = if path.ends_with("batch") {
                    "chat_ids"
                } else {
                    "chat_id"
                };
                example[field] = if field == "chat_id" {
                    group.clone()
                } else {
                    json!([group])
                };
            }
            if path.ends_with("/add_kf") {
                example["chat_id"] = group.clone();
            }
            if path.ends_with("/fqlt_ql_batch") {
                example["u_info"][0]["item"][1]["uid"] = json!(20056);
            }
            body = example.to_string().into_bytes();
        }
        let target = path
            .replace("{channel_id}", CHANNEL)
            .replace("{scope_id}", &scope)
            .replace("{msgid}", &msgid)
            .replace("{conversation_id}", &chat);
        let answer = send(&platform, &method.to_uppercase(), &target, &body).await;
        check_answer(&document, operation, &answer);
        let (status, _, answer) = answer;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        if let Some(id) = answer["new_message"]["msgid"].as_str() {
            id.clone_into(&mut msgid);
        }
        if path.ends_with("/chats") {
            answer["id"].as_str().unwrap().clone_into(&mut chat);
        }
        if let Some(id) = answer["data"][0]["chat_id"].as_str() {
            group = json!(id.parse::<u64>().unwrap());
        }
        if answer["data"]["chat_id"].is_u64() {
            group = answer["data"]["chat_id"].clone();
        }
        let refused = path.ends_with("js_zxlt_ql_batch");
        if path.starts_with("/openapi/") {
            assert_eq!(
                answer["code"],
                if refused { -1 } else { 1 },
                "{path}: {answer}"
            );
        }
    }
}

#[tokio::test]
async fn refusals_are_described_too() {
    let document = openapi();
    let platform = platform();
    let connect = &document["paths"]["/v2/origin/custom/{channel_id}/connect"]["post"];
    let path = format!("/v2/origin/custom/{CHANNEL}/connect");
    let unknown = "/v2/origin/custom/c0ffee00-0000-4000-8000-000000000009/connect";
    let wrong = send(&platform, "POST", &path, b"{}").await;
    let lost = send(&platform, "POST", unknown, b"{}").await;
    platform.advance_seconds(901);
    let stale = send(&platform, "POST", &path, b"{}").await;
    for (answer, status) in [(wrong, 400), (lost, 404), (stale, 403)] {
        assert_eq!(answer.0, status);
        check_answer(&document, connect, &answer);
    }
    let token = &document["paths"]["/oauth2/access_token"]["post"];
    for body in [&b"{}"[..], br#"{"grant_type":"refresh_token"}"#] {
        let refused = send(&platform, "POST", "/oauth2/access_token", body).await;
        assert!(refused.0 >= 400);
        check_answer(&document, token, &refused);
    }
    let open_api = &document["paths"]["/openapi/chat/add_kf"]["post"];
    let refused = send(&platform, "POST", "/openapi/chat/add_kf", b"{}").await;
    check_answer(&document, open_api, &refused);
}

/// The paths that the sandbox's own code has.
fn routed() -> BTreeSet<String> {
    let chats = include_str!("../../../../kommo-sandbox/src/chats/route.rs");
    let open_api = include_str!("../../../../kommo-sandbox/src/open_api/order.rs");
    let mut routed: BTreeSet<String> = open_api
        .split('"')
        .filter(|text| text.starts_with("/openapi/"))
        .map(str::to_owned)
        .collect();
    // Lines such as `[owner, "chats", conversation_id, "history"] =>`.
    for line in chats.lines().map(str::trim) {
        let Some(pattern) = line
            .strip_prefix('[')
            .and_then(|line| line.split_once("] =>"))
        else {
            continue;
        };
        let segments = pattern.0.split(", ").map(|segment| match segment {
            "owner" => "{scope_id}".to_owned(),
            "message_id" => "{msgid}".to_owned(),
            other => match other.strip_prefix('"') {
                Some(text) => text.trim_end_matches('"').to_owned(),
                None => format!("{{{other}}}"),
            },
        });
        let path: Vec<_> = segments.collect();
        routed.insert(format!("/v2/origin/custom/{}", path.join("/")));
    }
    routed.insert("/oauth2/access_token".to_owned());
    routed
}

#[test]
fn what_the_sandbox_routes_is_described_and_nothing_else() {
    let document = openapi();
    let described: BTreeSet<_> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(described, routed());
    let tried: BTreeSet<_> = ORDER.iter().map(|(_, path)| (*path).to_owned()).collect();
    assert_eq!(described, tried, "every operation is tried above");
    assert_eq!(document["openapi"], "3.1.0");
}
