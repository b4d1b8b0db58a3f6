//! How far a message came: `POST {scope}/{msgid}/delivery_status`, in the spelling of today and in
//! the one before late 2025.

use serde_json::{Map, Value};

use crate::chats::connect_body::{object, wrong_type};
use crate::chats::fields::{bad, given, missing, not_found, optional_number};
use crate::chats::refusal::Refusal;
use crate::chats::scoped::{Answer, Scoped};
use crate::config::account::Account;
use crate::state::chat_book::{ChatBook, MessageStatus, Update};

/// The message is known by the platform's id alone; the integration's own is 404 (observed).
pub(crate) fn read_status(
    body: &[u8],
    message_id: &str,
    account: &Account,
    chats: &ChatBook,
) -> Result<Scoped, Refusal> {
    let fields = object(body, "C5")?;
    let message = chats.message_with_id(&account.amojo_id, message_id);
    let message = message.ok_or_else(|| {
        let is_own = chats.has_msgid(&account.amojo_id, message_id);
        let reason = match is_own {
            true => "the id in the path is the integration's own; this path needs the platform's",
            false => "no message has this id",
        };
        not_found("message-unknown", reason)
    })?;
    if given(&fields, "msgid")?.is_some_and(|msgid| msgid != message_id) {
        let reason = "msgid is not the id in the path";
        return Err(bad("field-value", reason));
    }
    let name = match fields.contains_key("status_code") {
        true => "status_code",
        false => "delivery_status",
    };
    let status = status_of(&fields, name)?;
    let number = message.number;
    Ok(Scoped {
        code: "status-set",
        reason: "the status is set",
        answer: Answer::NoData,
        update: Some(Update::Status { number, status }),
    })
}

/// A status as an object has it. Further fields of an error beside a good status are tolerated.
pub(crate) fn status_of(fields: &Map<String, Value>, name: &str) -> Result<MessageStatus, Refusal> {
    let status_code = match fields.get(name) {
        None | Some(Value::Null) => return Err(missing(name)),
        Some(value) => {
            let code = value.as_i64();
            code.ok_or_else(|| wrong_type(name, "a whole number", value))?
        }
    };
    let error_code = optional_number(fields, "error_code")?;
    let error = given(fields, "error")?.map(str::to_owned);
    match (status_code, error_code) {
        (0..=2, _) => {}
        (-1, Some(905)) if error.is_none() => return Err(missing("error")),
        (-1, Some(901..=905)) => {}
        (-1, None) => return Err(missing("error_code")),
        (-1, Some(_)) => return Err(bad("field-value", "error_code is not 901 to 905")),
        _ => return Err(bad("field-value", format!("{name} is not -1, 0, 1 or 2"))),
    }
    Ok(MessageStatus {
        status_code,
        error_code,
        error,
    })
}
