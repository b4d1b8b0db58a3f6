//! Answers of the Open API.

use kommo_open_api::request::{CreatedGroup, CreatedTicket};
use kommo_open_api::{AnswerError, read_answer};
use serde_json::Value;

/// The code alone decides: 1 is success, any other a refusal with its text as it came, and without
/// a code there is no envelope. Ids are those that a naive reader finds.
///
/// # Panics
///
/// If a law is broken.
pub fn open_api_answer(data: &[u8]) {
    let whole = read_answer::<Value>(data);
    let nothing = read_answer::<()>(data);
    let ticket = read_answer::<CreatedTicket>(data);
    let groups = read_answer::<Vec<CreatedGroup>>(data);
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let Some(code) = value.get("code").and_then(Value::as_i64) else {
        assert!(matches!(whole, Err(AnswerError::NotAnEnvelope)));
        assert!(matches!(nothing, Err(AnswerError::NotAnEnvelope)));
        return;
    };
    if code != 1 {
        let Err(AnswerError::Refused(refused)) = whole else {
            panic!("a refusal is taken for a success");
        };
        let msg = value.get("msg").and_then(Value::as_str).unwrap_or_default();
        assert_eq!((refused.code, &*refused.msg), (code, msg));
        assert!(nothing.is_err() && ticket.is_err() && groups.is_err());
        return;
    }
    assert!(whole.is_ok(), "a success is taken for a refusal");
    if let Ok(ticket) = ticket {
        let id = value.pointer("/data/chat_id").and_then(number);
        assert_eq!(Some(ticket.chat_id.get()), id);
    }
    if let Ok(groups) = groups {
        let entries = value.get("data").and_then(Value::as_array);
        assert_eq!(Some(groups.len()), entries.map(Vec::len));
        for (group, entry) in groups.iter().zip(entries.into_iter().flatten()) {
            let id = entry.get("chat_id").and_then(number);
            assert_eq!(Some(group.chat_id.get()), id);
        }
    }
}

/// A number, or a text of one.
fn number(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_str()?.trim().parse().ok())
}

/// The first inputs: published answers, and some that are wrong.
#[cfg(feature = "seeds")]
pub(crate) fn seeds() -> Vec<(String, Vec<u8>)> {
    let bodies = [
        r#"{"code":1,"msg":"ok","data":""}"#,
        r#"{"code":1,"msg":"ok","data":{"chat_id":900220}}"#,
        r#"{"code":1,"msg":"ok","data":[{"chat_id":"1841","uid":"10078"}]}"#,
        r#"{"code":1,"msg":"ok","data":[{"chat_id":1841,"uid":10078},{"chat_id":""}]}"#,
        r#"{"code":-1,"msg":"签名校验失败","data":""}"#,
        r#"{"code":-1,"msg":"参数缺失：u_info","data":""}"#,
        r#"{"code":"1","msg":"ok"}"#,
        r#"{"code":1}"#,
        r#"{"code":2,"msg":null,"data":{}}"#,
        "[]",
        "",
    ];
    let around = [("", ""), ("\u{feff}", ""), (" \n", "\r\n")];
    let inputs = bodies.iter().flat_map(|body| {
        around.map(|(before, after)| format!("{before}{body}{after}").into_bytes())
    });
    let numbered = inputs.enumerate();
    numbered
        .map(|(number, input)| (format!("answer-{number}"), input))
        .collect()
}
