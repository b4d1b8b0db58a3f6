//! The Open API: signature, refusals, state, and the switches of what is documented nowhere.

use kommo_sandbox::{
    CutPoint, Fault, FaultKind, OpenApiChatKind, OpenApiRules, Platform, SandboxConfig,
    SignatureMessage, Surface, Verdict,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::naive_client::{Answer, Draft, NOW, config, hex, latest};

const APP_SECRET: &str = "YOUR_APP_SECRET";
const APP_ID: &str = "00000000000000000000000000a99001";

fn platform_with(rules: OpenApiRules) -> Platform {
    let config = SandboxConfig {
        app_secret: Some(APP_SECRET.into()),
        open_api: rules,
        ..config()
    };
    Platform::new(config).unwrap()
}

fn platform() -> Platform {
    platform_with(OpenApiRules::default())
}

/// HMAC-SHA256 from its definition.
fn hmac_sha256(secret: &str, message: &[u8]) -> String {
    let mut key = secret.as_bytes().to_vec();
    assert!(key.len() <= 64, "this naive HMAC takes short keys only");
    key.resize(64, 0);
    let padded = |pad: u8| key.iter().map(|byte| byte ^ pad).collect::<Vec<_>>();
    let inner = Sha256::digest([padded(0x36), message.to_vec()].concat());
    hex(&Sha256::digest([padded(0x5c), inner.to_vec()].concat()))
}

/// A signed request of these bytes.
fn signed(path: &str, body: impl Into<Vec<u8>>) -> Draft {
    let body = body.into();
    let signature = hmac_sha256(APP_SECRET, &body);
    Draft::new("POST", &format!("/openapi/{path}"))
        .header("host", "apichat.twt.com")
        .header("content-type", "application/json")
        .header("x-chat-signature", signature)
        .body(body)
}

/// The fields with a stamp.
fn stamped(fields: &Value) -> Value {
    let mut whole = json!({ "appid": APP_ID, "timestamp": NOW, "ranstr": "4ad0faec14a58112" });
    for (name, value) in fields.as_object().unwrap() {
        whole[name] = value.clone();
    }
    whole
}

async fn call(platform: &Platform, path: &str, fields: Value) -> Answer {
    signed(path, stamped(&fields).to_string())
        .send(platform)
        .await
}

#[track_caller]
fn data(answer: &Answer) -> Value {
    let envelope = answer.json();
    assert_eq!(answer.status, 200);
    assert_eq!(
        (&envelope["code"], &envelope["msg"]),
        (&json!(1), &json!("ok")),
        "{envelope}"
    );
    envelope["data"].clone()
}

#[track_caller]
fn refused(answer: &Answer) -> String {
    let envelope = answer.json();
    assert_eq!(answer.status, 200);
    assert_eq!(
        (&envelope["code"], &envelope["data"]),
        (&json!(-1), &json!("")),
        "{envelope}"
    );
    envelope["msg"].as_str().unwrap().to_owned()
}

fn ticket() -> Value {
    json!({
        "sbs": "customer_001", "kefu_id": [10_411, 10_427], "fzr_uid": 10_411, "ip": "127.0.0.1",
        "sbs_mc": "Customer Name", "content": "Initial message", "title": "Order Consultation",
    })
}

// Rules O1, O3. Vector A1 of the reference, byte for byte.
#[tokio::test]
async fn the_published_sample_is_accepted_at_its_time() {
    let config = SandboxConfig {
        appid: "1b621280becdb0fa3d3e041ff69e1e1f".into(),
        app_secret: Some(APP_SECRET.into()),
        now: Some(1_767_772_879),
        ..SandboxConfig::default()
    };
    let platform = Platform::new(config).unwrap();
    let body = r#"{"appid":"1b621280becdb0fa3d3e041ff69e1e1f","sbs":"1001","timestamp":1767772879,"ranstr":"4ad0faec14a58112","kefu_id":"10078","ip":""}"#;
    let signature = "3fe1d90717d63866edb34f803e33d72bcee7aa197e380bf79f4fd674aedb6f0c";
    let draft = signed("zxlt/fqlt_dl", body);
    let right = draft.clone().header("x-chat-signature", signature);
    assert_eq!(data(&right.send(&platform).await), json!(""));
    let state = platform.open_api_state();
    assert_eq!(
        (state.customers[0].sbs.as_str(), state.chats[0].agents[0]),
        ("1001", 10_078)
    );

    let spoiled = right.body(format!("{body}\n"));
    assert_eq!(refused(&spoiled.send(&platform).await), "签名校验失败");
    assert_eq!(latest(&platform), ("signature-differs".into(), "O1".into()));
}

// Rules O1, O2.
#[tokio::test]
async fn a_signature_is_refused_for_each_reason_with_the_text_of_its_part() {
    let platform = platform();
    for (path, fields, msg) in [
        ("zxlt/js_zxlt_ql", json!({ "chat_id": 1 }), "签名校验失败"),
        ("chat/create_gd", ticket(), "token验证失败!"),
    ] {
        let right = signed(path, stamped(&fields).to_string());
        let signature = hmac_sha256(APP_SECRET, &right.body);
        let other = hmac_sha256("another secret", &right.body);
        for (draft, code, rule) in [
            (
                right.clone().without("x-chat-signature"),
                "header-missing",
                "O1",
            ),
            (
                right.clone().header("x-chat-signature", ""),
                "header-missing",
                "O1",
            ),
            (
                right.clone().header("x-chat-signature", other),
                "signature-differs",
                "O1",
            ),
            (
                right
                    .clone()
                    .header("x-chat-signature", signature.to_uppercase()),
                "signature-malformed",
                "O2",
            ),
            (
                right
                    .clone()
                    .header("x-chat-signature", format!("sha256={signature}")),
                "signature-malformed",
                "O2",
            ),
        ] {
            assert_eq!(refused(&draft.send(&platform).await), msg, "{code}");
            assert_eq!(latest(&platform), (code.into(), rule.into()));
        }
        let mut twice = right;
        twice.headers.push(("x-chat-signature".into(), signature));
        assert_eq!(refused(&twice.send(&platform).await), msg);
        assert_eq!(latest(&platform).0, "header-twice");
    }
    assert!(platform.open_api_state().chats.is_empty());
    for entry in platform.journal() {
        let shown = serde_json::to_string(&entry).unwrap();
        assert!(
            !shown.contains(APP_SECRET) && !shown.contains("签名"),
            "{shown}"
        );
        assert!(!shown.contains(&hmac_sha256(APP_SECRET, b"")[..16]));
    }
}

#[tokio::test]
async fn no_signature_is_in_the_journal() {
    let platform = platform();
    let draft = signed("chat/create_gd", stamped(&ticket()).to_string());
    data(&draft.send(&platform).await);
    let shown = serde_json::to_string(&platform.journal()).unwrap();
    assert!(!shown.contains(&hmac_sha256(APP_SECRET, &draft.body)));
    assert!(shown.contains("(64 bytes)"), "{shown}");
}

#[tokio::test]
async fn body_application_and_content_type_have_their_refusals() {
    let platform = platform();
    let body = stamped(&json!({ "chat_id": 1 }));
    let refusal = async |draft: Draft| refused(&draft.send(&platform).await);
    for text in ["", "[]", "null", "{"] {
        assert_eq!(
            refusal(signed("zxlt/js_zxlt_ql", text)).await,
            "参数错误",
            "{text}"
        );
    }
    let mut other = body.clone();
    other["appid"] = json!("x");
    assert_eq!(
        refusal(signed("zxlt/js_zxlt_ql", other.to_string())).await,
        "appid不存在"
    );
    other["appid"] = Value::Null;
    assert_eq!(
        refusal(signed("zxlt/js_zxlt_ql", other.to_string())).await,
        "参数缺失：appid"
    );
    let form = signed("zxlt/js_zxlt_ql", body.to_string()).header("content-type", "text/plain");
    assert_eq!(refusal(form).await, "参数错误");
    // With a parameter it is the same type.
    let draft = signed("zxlt/js_zxlt_ql", body.to_string());
    let draft = draft.header("content-type", "application/json; charset=utf-8");
    assert_eq!(refusal(draft).await, "群聊不存在");
}

// Rule O8.
#[tokio::test]
async fn the_time_may_be_off_by_300_seconds_either_way() {
    let platform = platform();
    let at = async |unix: u64| {
        let mut body = stamped(&ticket());
        body["timestamp"] = json!(unix);
        let answer = signed("chat/create_gd", body.to_string())
            .send(&platform)
            .await;
        answer.json()["msg"].as_str().unwrap().to_owned()
    };
    for unix in [NOW - 300, NOW, NOW + 300] {
        assert_eq!(at(unix).await, "ok");
    }
    for unix in [NOW - 301, NOW + 301, NOW * 1000] {
        assert_eq!(at(unix).await, "timestamp已过期");
        assert_eq!(latest(&platform), ("timestamp-off".into(), "O8".into()));
    }
}

// Rule O8.
#[tokio::test]
async fn window_ranstr_status_and_text_are_switches() {
    let platform = platform_with(OpenApiRules {
        timestamp_window_seconds: None,
        refuse_repeated_ranstr: true,
        failure_status: 400,
        signature_message: SignatureMessage::Token,
        ..OpenApiRules::default()
    });
    let mut body = stamped(&ticket());
    body["timestamp"] = json!(1);
    let draft = signed("chat/create_gd", body.to_string());
    data(&draft.send(&platform).await);
    let again = draft.send(&platform).await;
    assert_eq!(
        (again.status.as_u16(), again.json()["code"].as_i64()),
        (400, Some(-1))
    );
    assert_eq!(latest(&platform), ("ranstr-repeated".into(), "O8".into()));
    let chat = signed("zxlt/js_zxlt_ql", body.to_string()).header("x-chat-signature", "x");
    assert_eq!(chat.send(&platform).await.json()["msg"], "token验证失败!");
}

#[tokio::test]
async fn a_ranstr_is_forgotten_after_twice_the_window() {
    let platform = platform_with(OpenApiRules {
        refuse_repeated_ranstr: true,
        ..OpenApiRules::default()
    });
    let now = async || {
        let mut body = stamped(&ticket());
        body["timestamp"] = json!(platform.now());
        let answer = signed("chat/create_gd", body.to_string())
            .send(&platform)
            .await;
        answer.json()["code"].as_i64()
    };
    assert_eq!(now().await, Some(1));
    platform.advance_seconds(600);
    assert_eq!(now().await, Some(-1));
    platform.advance_seconds(1);
    assert_eq!(now().await, Some(1));
}

#[tokio::test]
async fn a_chat_is_started_once_and_continued_then() {
    let platform = platform();
    let start = json!({ "sbs": "1001", "kefu_id": "10078", "ip": "", "content": "one" });
    assert_eq!(
        data(&call(&platform, "zxlt/fqlt_dl", start).await),
        json!("")
    );
    let chat = platform.open_api_state().chats.pop().unwrap();
    assert!(!chat.visible);
    assert_eq!(chat.kind, OpenApiChatKind::Single);
    let named = json!({ "sbs": "1001", "sbs_mc": "Ann", "kefu_id": "10078", "content": "two" });
    data(&call(&platform, "zxlt/fqlt_dl", named).await);
    let state = platform.open_api_state();
    assert_eq!((state.chats.len(), state.customers.len()), (1, 1));
    let chat = &state.chats[0];
    assert!(chat.visible, "a chat that exists is seen");
    let contents: Vec<_> = chat
        .messages
        .iter()
        .map(|message| &*message.content)
        .collect();
    assert_eq!(contents, ["one", "two"]);
    assert_eq!(state.customers[0].name, "Ann");
}

#[tokio::test]
async fn a_batch_is_carried_out_wholly_or_not_at_all() {
    let platform = platform();
    let entry =
        |agent: u64, sbs: &str| json!({ "kefu_id": agent, "sbs": sbs, "kefu_show_chat": 1 });
    let batch = |entries: Vec<Value>| json!({ "u_info": entries });
    let wrong = batch(vec![entry(10_078, "a"), entry(1, "b")]);
    let answer = call(&platform, "zxlt/fqlt_dl_batch", wrong).await;
    assert_eq!(refused(&answer), "kefu_id不存在");
    assert!(platform.open_api_state().customers.is_empty());

    let right = batch(vec![
        entry(10_078, "a"),
        entry(10_079, "a"),
        entry(10_078, "b"),
    ]);
    data(&call(&platform, "zxlt/fqlt_dl_batch", right).await);
    let state = platform.open_api_state();
    assert_eq!((state.chats.len(), state.customers.len()), (3, 2));
    assert!(state.chats.iter().all(|chat| chat.visible));

    let unknown = batch(vec![entry(10_078, "a"), entry(10_079, "b")]);
    let answer = call(&platform, "zxlt/del_zxlt_dl", unknown).await;
    assert_eq!(refused(&answer), "会话不存在");
    assert_eq!(platform.open_api_state().chats.len(), 3);
    let known = batch(vec![entry(10_078, "a"), entry(10_079, "a")]);
    data(&call(&platform, "zxlt/del_zxlt_dl", known).await);
    assert_eq!(platform.open_api_state().chats.len(), 1);
}

#[tokio::test]
async fn groups_are_started_with_ids_as_text_and_dissolved() {
    let platform = platform();
    data(
        &call(
            &platform,
            "zxlt/fqlt_dl",
            json!({ "sbs": "1001", "kefu_id": "10078" }),
        )
        .await,
    );
    let uid = platform.open_api_state().customers[0].uid;
    let group = json!({
        "item": [{ "u_lx": "visitor", "uid": uid }, { "u_lx": "kefu", "uid": 10_079 }],
        "qlmc": "VIP", "content": "welcome",
    });
    let groups = json!({ "u_info": [group, { "item": [{ "u_lx": "kefu", "uid": 10_078 }] }] });
    let made = data(&call(&platform, "zxlt/fqlt_ql_batch", groups).await);
    let expected = json!([
        { "chat_id": "1842", "uid": "10079" },
        { "chat_id": "1843", "uid": "10078" },
    ]);
    assert_eq!(made, expected);
    let stranger = json!({ "u_info": [{ "item": [{ "u_lx": "visitor", "uid": 1 }] }] });
    assert_eq!(
        refused(&call(&platform, "zxlt/fqlt_ql_batch", stranger).await),
        "参数错误"
    );

    data(&call(&platform, "zxlt/js_zxlt_ql", json!({ "chat_id": 1842 })).await);
    let again = call(&platform, "zxlt/js_zxlt_ql", json!({ "chat_id": 1842 })).await;
    assert_eq!(refused(&again), "群聊不存在");
    let empty = call(
        &platform,
        "zxlt/js_zxlt_ql_batch",
        json!({ "chat_ids": [] }),
    )
    .await;
    assert_eq!(refused(&empty), "chat_ids 不能为空");
    let half = call(
        &platform,
        "zxlt/js_zxlt_ql_batch",
        json!({ "chat_ids": [1843, 1842] }),
    )
    .await;
    assert_eq!(refused(&half), "群聊不存在");
    data(
        &call(
            &platform,
            "zxlt/js_zxlt_ql_batch",
            json!({ "chat_ids": [1843] }),
        )
        .await,
    );
    // A chat with one customer is not a group.
    let single = call(&platform, "zxlt/js_zxlt_ql", json!({ "chat_id": 1841 })).await;
    assert_eq!(refused(&single), "群聊不存在");
}

#[tokio::test]
async fn a_ticket_takes_agents_until_it_is_closed() {
    let platform = platform();
    let made = data(&call(&platform, "chat/create_gd", ticket()).await);
    let chat_id = made["chat_id"].as_u64().unwrap();
    let text = json!({ "chat_id": chat_id, "kefu_ids": "10427,10428" });
    data(&call(&platform, "chat/add_kf", text.clone()).await);
    let list = json!({ "chat_id": chat_id, "kefu_ids": [10_078] });
    data(&call(&platform, "chat/add_kf", list).await);
    let chat = platform.open_api_state().chats.pop().unwrap();
    assert_eq!(chat.agents, [10_411, 10_427, 10_428, 10_078]);
    assert_eq!(
        (chat.owner, chat.messages[0].author),
        (Some(10_411), 10_411)
    );

    for (fields, msg) in [
        (json!({ "chat_id": 1, "kefu_ids": "10427" }), "会话不存在"),
        (
            json!({ "chat_id": chat_id, "kefu_ids": "1" }),
            "kefu_id不存在",
        ),
        (
            json!({ "chat_id": chat_id, "kefu_ids": "10427," }),
            "参数错误",
        ),
        (json!({ "chat_id": chat_id, "kefu_ids": "" }), "参数错误"),
        (
            json!({ "chat_id": chat_id.to_string(), "kefu_ids": "10427" }),
            "参数错误",
        ),
        (json!({ "chat_id": chat_id }), "参数错误"),
    ] {
        assert_eq!(
            refused(&call(&platform, "chat/add_kf", fields.clone()).await),
            msg,
            "{fields}"
        );
    }
    assert!(platform.close_ticket(chat_id));
    let closed = call(&platform, "chat/add_kf", text).await;
    assert_eq!(refused(&closed), "当前状态不允许操作");
    assert!(!platform.close_ticket(1));
}

// The type traps: each endpoint takes its own spelling of an id alone.
#[tokio::test]
async fn a_field_of_another_type_or_length_is_refused() {
    let platform = platform();
    let long = |characters: usize| "张".repeat(characters);
    for (path, fields, msg) in [
        (
            "zxlt/fqlt_dl",
            json!({ "sbs": "1", "kefu_id": 10_078 }),
            "参数错误",
        ),
        (
            "zxlt/fqlt_dl",
            json!({ "sbs": 1, "kefu_id": "10078" }),
            "参数错误",
        ),
        (
            "zxlt/fqlt_dl",
            json!({ "sbs": "", "kefu_id": "10078" }),
            "参数错误",
        ),
        (
            "zxlt/fqlt_dl",
            json!({ "sbs": long(65), "kefu_id": "10078" }),
            "参数错误",
        ),
        (
            "zxlt/fqlt_dl",
            json!({ "kefu_id": "10078" }),
            "参数缺失：sbs",
        ),
        ("zxlt/fqlt_dl", json!({ "sbs": "1" }), "参数缺失：kefu_id"),
        (
            "zxlt/fqlt_dl",
            json!({ "sbs": "1", "kefu_id": "10078", "kefu_show_chat": 1 }),
            "参数错误",
        ),
        (
            "zxlt/fqlt_dl",
            json!({ "sbs": "1", "kefu_id": "10078", "content": long(2001) }),
            "参数错误",
        ),
        ("zxlt/fqlt_dl_batch", json!({}), "参数缺失：u_info"),
        (
            "zxlt/fqlt_dl_batch",
            json!({ "u_info": [] }),
            "参数缺失：u_info",
        ),
        (
            "zxlt/fqlt_dl_batch",
            json!({ "u_info": [{ "sbs": "1", "kefu_id": "10078" }] }),
            "参数错误",
        ),
        (
            "zxlt/fqlt_dl_batch",
            json!({ "u_info": [{ "sbs": "1", "kefu_id": 10_078, "kefu_show_chat": "1" }] }),
            "参数错误",
        ),
        (
            "zxlt/fqlt_ql_batch",
            json!({ "u_info": [{ "item": [{ "u_lx": "bot", "uid": 1 }] }] }),
            "参数错误",
        ),
        ("zxlt/js_zxlt_ql", json!({ "chat_id": "1841" }), "参数错误"),
        ("zxlt/js_zxlt_ql", json!({ "chat_id": -1 }), "参数错误"),
    ] {
        assert_eq!(
            refused(&call(&platform, path, fields.clone()).await),
            msg,
            "{fields}"
        );
    }
    let at_limit = json!({
        "sbs": long(64), "kefu_id": "10078", "sbs_mc": long(30), "content": long(2000),
    });
    data(&call(&platform, "zxlt/fqlt_dl", at_limit).await);
    let mut spoiled = ticket();
    for (name, value) in [
        ("fzr_uid", json!(10_078)),
        ("kefu_id", json!("10411")),
        ("kefu_id", json!([])),
        ("ip", json!("")),
        ("sbs_mc", json!(long(31))),
        ("title", json!(long(121))),
        ("content", Value::Null),
    ] {
        let kept = core::mem::replace(&mut spoiled[name], value);
        assert_eq!(
            refused(&call(&platform, "chat/create_gd", spoiled.clone()).await),
            "参数错误"
        );
        spoiled[name] = kept;
    }
    for name in ["timestamp", "ranstr"] {
        let mut body = stamped(&json!({ "chat_id": 1 }));
        body[name] = Value::Null;
        let answer = signed("zxlt/js_zxlt_ql", body.to_string())
            .send(&platform)
            .await;
        assert_eq!(refused(&answer), format!("参数缺失：{name}"));
    }
}

// Rule O7.
#[tokio::test]
async fn the_open_api_is_at_its_host_and_at_loopback() {
    let platform = platform();
    let draft = signed("chat/create_gd", stamped(&ticket()).to_string());
    for host in [
        "apichat.twt.com",
        "apichat.twt.com:443",
        "127.0.0.1:4242",
        "localhost",
    ] {
        data(&draft.clone().header("host", host).send(&platform).await);
    }
    for host in [
        "amojo.kommo.com",
        "sandbox-one.kommo.com",
        "twt.com",
        "evil.example",
    ] {
        let answer = draft.clone().header("host", host).send(&platform).await;
        assert_eq!(answer.status, 421, "{host}");
    }
    let mut get = draft.clone();
    get.method = "GET".into();
    let answer = get.send(&platform).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("allow")),
        (405, "POST")
    );
    for path in [
        "/openapi/zxlt/other",
        "/openapi/zxlt/fqlt_dl/",
        "/api/v4/account",
        "/",
    ] {
        let mut other = draft.clone();
        other.target = path.into();
        assert_eq!(other.send(&platform).await.status, 404, "{path}");
    }
}

// Rules O8, O9, O10.
#[tokio::test]
async fn faults_meet_the_open_api_alone() {
    for kind in FaultKind::ALL {
        let there = kind.surfaces().contains(&Surface::OpenApi);
        if !there
            || matches!(
                kind,
                FaultKind::Hold | FaultKind::Slow | FaultKind::HugeBody
            )
        {
            continue;
        }
        let platform = platform();
        platform.inject(
            Fault::new(kind)
                .on(Surface::OpenApi)
                .times(1)
                .at(CutPoint::Before),
        );
        let connect = Draft::connect().sign_at(NOW).send(&platform).await;
        assert_eq!(connect.status, 200, "{kind}");
        let draft = signed("chat/create_gd", stamped(&ticket()).to_string());
        let answer = if matches!(kind, FaultKind::Cut | FaultKind::DropAfterCommit) {
            // The body fails, which a router without a socket cannot show.
            let _ = tokio::spawn({
                let platform = platform.clone();
                async move { draft.send(&platform).await }
            })
            .await;
            None
        } else {
            Some(draft.send(&platform).await)
        };
        let carried_out = kind == FaultKind::DropAfterCommit;
        assert_eq!(
            platform.open_api_state().chats.len(),
            usize::from(carried_out),
            "{kind}"
        );
        let entry = platform.journal().pop().unwrap();
        match kind {
            FaultKind::StaleClock => assert_eq!(refused(&answer.unwrap()), "timestamp已过期"),
            _ => assert_eq!(entry.verdict, Verdict::Fault, "{kind}"),
        }
        assert!(entry.rule.is_some(), "{kind}");
    }
}

#[tokio::test]
async fn the_control_api_shows_the_open_api_and_closes_a_ticket() {
    let platform = platform();
    data(&call(&platform, "chat/create_gd", ticket()).await);
    let control = async |method: &str, body: &str| {
        let draft = Draft::new(method, &format!("{}/open-api", platform.control_path()));
        draft.body(body).send(&platform).await
    };
    let view = control("GET", "").await.json();
    assert_eq!(
        (&view["appid"], &view["chats"][0]["chat_id"]),
        (&json!(APP_ID), &json!(1841))
    );
    assert_eq!(view["agents"][0]["id"], 10_078);
    assert_eq!(view["customers"][0]["sbs"], "customer_001");
    let closed = control("POST", r#"{"action":"close-ticket","chat_id":1841}"#).await;
    assert_eq!(closed.json()["chats"][0]["closed"], true);
    assert_eq!(
        control("POST", r#"{"action":"close-ticket","chat_id":1}"#)
            .await
            .status,
        400
    );
    assert_eq!(control("POST", r#"{"action":"other"}"#).await.status, 400);
    assert_eq!(control("DELETE", "").await.status, 405);
    assert_eq!(platform.counters().open_api_calls, 1);
}

#[test]
fn a_configuration_that_contradicts_itself_is_refused() {
    let rules = |agents: &str| format!(r#"{{"open_api":{{"agents":{agents}}}}}"#);
    for text in [
        rules(r#"[{"id":0,"name":"a"}]"#),
        rules(r#"[{"id":1,"name":"a"},{"id":1,"name":"b"}]"#),
        r#"{"open_api":{"failure_status":99}}"#.to_owned(),
    ] {
        let config: SandboxConfig = serde_json::from_str(&text).unwrap();
        assert!(Platform::new(config).is_err(), "{text}");
    }
    assert!(serde_json::from_str::<SandboxConfig>(r#"{"open_api":{"agent":[]}}"#).is_err());
}
