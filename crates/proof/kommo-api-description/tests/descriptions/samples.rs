//! The published samples of the references are valid, and what the rules forbid is not.

use kommo_api_description::{asyncapi, openapi};
use serde_json::{Value, json};

use crate::schema::{assert_valid, schema};

/// Name of a schema and the published body; A1 to A7 of amoCRM's step-by-step page, the bodies of
/// the reference pages, and one body for each endpoint of the Open API.
const REQUESTS: [(&str, &str); 19] = [
    (
        "ConnectRequest",
        r#"{"account_id":"52e591f7-c98f-4255-8495-827210138c81","title":"ChatsIntegration","hook_api_version":"v2"}"#,
    ),
    (
        "MessageRequest",
        r#"{"event_type":"new_message","payload":{"timestamp":1639660529,"msec_timestamp":1639660529379,"msgid":"my_int-5f2836a8ca481","conversation_id":"my_int-d5a421f7f218","sender":{"id":"my_int-1376265f-86df-4c49-a0c3-a4816df41af8","avatar":"https:\/\/images.pexels.com\/photos\/10050979\/pexels-photo-10050979.jpeg?auto=compress&cs=tinysrgb&dpr=2&w=500","profile":{"phone":"+79151112233","email":"example.client@example.com"},"profile_link":"https:\/\/example.com\/profile\/example.client","name":"\u0412\u0430\u0441\u044f \u043a\u043b\u0438\u0435\u043d\u0442"},"message":{"type":"text","text":"\u0421\u043e\u043e\u0431\u0449\u0435\u043d\u0438\u0435 \u043e\u0442 \u043a\u043b\u0438\u0435\u043d\u0442\u0430"},"silent":false}}"#,
    ),
    (
        "DeliveryStatusRequest",
        r#"{"msgid":"079e44fb-fc22-476b-9e8a-421b688ec53b","delivery_status":2,"error_code":905,"error":"Error text"}"#,
    ),
    (
        "DisconnectRequest",
        r#"{"account_id":"52e591f7-c98f-4255-8495-827210138c81"}"#,
    ),
    (
        "MessageRequest",
        r#"{"event_type":"new_message","payload":{"timestamp":1639738768,"msec_timestamp":1639738768457,"msgid":"my_int-5f2836a8ca481","conversation_id":"my_int-d5a421f7f218","sender":{"id":"my_int-1376265f-86df-4c49-a0c3-a4816df41af8","name":"\u0412\u0430\u0441\u044f"},"message":{"type":"text","text":"\u0421"},"source":{"external_id":"79039876543"},"silent":false}}"#,
    ),
    (
        "TypingRequest",
        r#"{"conversation_id":"my_int-d5a421f7f218","sender":{"id":"my_int-1376265f-86df-4c49-a0c3-a4816df41af8"}}"#,
    ),
    (
        "Connection",
        r#"{"account_id":"af9945ff-1490-4cad-807d-945c15d88bec","scope_id":"f90ba33d-c9d9-44da-b76c-c349b0ecbe41_af9945ff-1490-4cad-807d-945c15d88bec","title":"ChatIntegration","hook_api_version":"v2","is_time_window_disabled":false}"#,
    ),
    (
        "Chat",
        r#"{"id":"6cbab3d5-c4c1-46ff-b710-ad59ad10805f","user":{"id":"86a0caef-41ec-49ac-814b-b27da2cea267","client_id":"sk-1","name":"Example Client","avatar":"https://example.com/a.png","phone":"79151112233","email":"c@example.com"}}"#,
    ),
    (
        "DeliveryStatusRequest",
        r#"{"status_code":-1,"error_code":905,"error":"Error text"}"#,
    ),
    (
        "History",
        r#"{"messages":[{"timestamp":1596470953,"msec_timestamp":1596470953000,"sender":{"id":"d8d9","name":"Manager"},"receiver":{"id":"86a0","client_id":"sk-","avatar":"https://x","name":"Example Client","phone":"79151112233","email":"c@example.com"},"message":{"id":"3985","client_id":"skm-","type":"text","text":"…","media":"","thumbnail":"","file_name":"","file_size":0}}]}"#,
    ),
    (
        "ChatsError",
        r#"{"status":0,"error_code":403,"error_type":"ORIGIN_INVALID_SIGNATURE","error_description":"invalid signature"}"#,
    ),
    (
        "StartChat",
        r#"{"appid":"1b621280becdb0fa3d3e041ff69e1e1f","sbs":"1001","timestamp":1767772879,"ranstr":"4ad0faec14a58112","kefu_id":"10078","ip":""}"#,
    ),
    (
        "StartChats",
        r#"{"appid":"1b621280becdb0fa3d3e041ff69e1e1f","timestamp":1767772879,"ranstr":"4ad0faec14a58112","u_info":[{"kefu_id":10078,"sbs":"user_1001","content":"hello"},{"kefu_id":10079,"sbs":"user_1002","kefu_show_chat":1}]}"#,
    ),
    (
        "StartGroups",
        r#"{"appid":"1b621280becdb0fa3d3e041ff69e1e1f","timestamp":1767772879,"ranstr":"4ad0faec14a58112","u_info":[{"item":[{"u_lx":"kefu","uid":10078},{"u_lx":"visitor","uid":20056}],"qlmc":"VIP","content":"welcome"}]}"#,
    ),
    (
        "DeleteChats",
        r#"{"appid":"1b621280becdb0fa3d3e041ff69e1e1f","timestamp":1767772879,"ranstr":"4ad0faec14a58112","u_info":[{"kefu_id":10078,"sbs":"user_1001"}]}"#,
    ),
    (
        "DissolveGroups",
        r#"{"appid":"1b621280becdb0fa3d3e041ff69e1e1f","timestamp":1767772879,"ranstr":"4ad0faec14a58112","chat_ids":[1841,1842,1843]}"#,
    ),
    (
        "CreateTicket",
        r#"{"appid":"1b621280becdb0fa3d3e041ff69e1e1f","timestamp":1767772879,"ranstr":"4ad0faec14a58112","sbs":"customer_001","kefu_id":[10411,10427],"fzr_uid":10411,"ip":"127.0.0.1","sbs_mc":"Customer Name","content":"Initial message","title":"Order Consultation"}"#,
    ),
    (
        "AddAgents",
        r#"{"appid":"1b621280becdb0fa3d3e041ff69e1e1f","timestamp":1767772879,"ranstr":"4ad0faec14a58112","chat_id":900220,"kefu_ids":"10427,10428"}"#,
    ),
    (
        "AddAgents",
        r#"{"appid":"1b621280becdb0fa3d3e041ff69e1e1f","timestamp":1767772879,"ranstr":"4ad0faec14a58112","chat_id":900220,"kefu_ids":[10427,10428]}"#,
    ),
];

const HOOKS: [(&str, &str); 2] = [
    (
        "ChatHook",
        r#"{"account_id":"af9945ff","time":1637087558,"action":{"typing":{"user":{"id":"u"},"conversation":{"id":"c","client_id":"c7"},"expired_at":1637087563,"post_id":"203055422"}}}"#,
    ),
    (
        "OpenApiHook",
        r#"{"created_at":1765439941,"event":"UNREPLIED","webhook_id":"58946f5f583edd94f5cf87e3534d04fb","content":[{"subject":"New Conversation","visitor_name":"Visitor15","created_at":1765439652,"message_content":"1","property_name":"test","visitor_nickname":"visitor nickname","sbs":"","status":"1","push_times":4,"time_sec":289,"assigned_agent_nickname":"ctccccd"}]}"#,
    ),
];

#[test]
fn published_samples_are_valid() {
    for (document, samples) in [(openapi(), &REQUESTS[..]), (asyncapi(), &HOOKS[..])] {
        for (name, sample) in samples {
            let sample: Value = serde_json::from_str(sample).unwrap();
            assert_valid(&document, name, &sample);
        }
    }
}

/// What clients in use send: `null` for absent, a sender with one of its ids.
#[test]
fn what_clients_send_is_valid() {
    let document = openapi();
    let message = |payload: Value| {
        let mut whole = json!({
            "timestamp": 1, "msec_timestamp": 1000, "msgid": "m1", "conversation_id": "c7",
            "sender": {"ref_id": "x"}, "message": {"type": "text", "text": "Hi"},
        });
        whole
            .as_object_mut()
            .unwrap()
            .extend(payload.as_object().unwrap().clone());
        json!({"event_type": "new_message", "payload": whole})
    };
    for (name, sample) in [
        ("ConnectRequest", json!({"account_id": "x", "title": null})),
        (
            "CreateChatRequest",
            json!({"conversation_id": "c7", "user": {"ref_id": "x"}}),
        ),
        (
            "MessageRequest",
            message(json!({"sender": {"name": "Ann"}})),
        ),
        (
            "MessageRequest",
            message(json!({"reply_to": {"message": {"msgid": "m0"}}})),
        ),
        (
            "MessageRequest",
            message(
                json!({"message": {"type": "picture", "media": "https://x", "text": null, "callback_data": null, "media_duration": null}}),
            ),
        ),
        (
            "DeliveryStatusRequest",
            json!({"msgid": "x", "delivery_status": 1, "error_code": null, "error": null}),
        ),
        (
            "ReactionRequest",
            json!({"conversation_ref_id": "x", "id": "y", "user": {"ref_id": "z"}, "type": "unreact"}),
        ),
    ] {
        assert_valid(&document, name, &sample);
    }
}

#[test]
fn what_the_rules_forbid_is_not_valid() {
    let document = openapi();
    for (name, sample) in [
        ("ConnectRequest", json!({"title": "Chats"})),
        ("ConnectRequest", json!({"account_id": 7})),
        (
            "CreateChatRequest",
            json!({"conversation_id": "c7", "user": {}}),
        ),
        (
            "MessageRequest",
            json!({"event_type": "remove_message", "payload": {}}),
        ),
        ("Message", json!({"type": "text"})),
        ("Message", json!({"type": "song", "text": "x"})),
        (
            "Message",
            json!({"type": "location", "location": {"lon": 1}}),
        ),
        ("DeliveryStatusRequest", json!({"status_code": 3})),
        (
            "DeliveryStatusRequest",
            json!({"status_code": -1, "error_code": 900}),
        ),
        (
            "ReactionRequest",
            json!({"conversation_id": "c", "msgid": "m", "user": {"id": "u"}, "type": "react"}),
        ),
        ("Source", json!({"external_id": "é"})),
        ("Source", json!({"external_id": "x".repeat(41)})),
        (
            "DissolveGroups",
            json!({"appid": "x", "timestamp": 1, "ranstr": "x", "chat_ids": []}),
        ),
        ("TokenRequest", json!({"grant_type": "password"})),
    ] {
        assert!(
            !schema(&document, name).is_valid(&sample),
            "{name}: {sample}"
        );
    }
}
