//! What all requests have in common.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use crate::stamp::Stamp;

/// A request of the Open API. The method is always `POST`, the content type `application/json`.
pub trait OpenApiRequest {
    /// The path on the Open API host.
    const PATH: &'static str;

    /// What a successful request returns.
    type Answer: Answer;

    /// The body: compact JSON, `appid`, `timestamp` and `ranstr` first. Call it once for each
    /// attempt, with a new stamp.
    #[must_use]
    fn to_body(&self, stamp: &Stamp) -> Vec<u8>;

    /// Whether sending it twice does no more than sending it once: it posts no message and creates
    /// nothing that has no name of its own. A repetition may be refused where the first one was
    /// carried out, since the chat is gone then.
    ///
    /// That a chat which exists is continued, and that an agent is added once, is inferred from the
    /// documentation and stated nowhere.
    #[must_use]
    fn is_safe_to_repeat(&self) -> bool;
}

/// What `data` contains after a success.
pub trait Answer: Sized {
    /// Reads `data`; `None` if it has another shape.
    fn from_data(data: &Value) -> Option<Self>;
}

/// No data, which the platform writes as an empty text.
impl Answer for () {
    fn from_data(data: &Value) -> Option<Self> {
        match data {
            Value::Null => Some(()),
            Value::String(text) if text.is_empty() => Some(()),
            Value::Array(list) if list.is_empty() => Some(()),
            Value::Object(fields) if fields.is_empty() => Some(()),
            _ => None,
        }
    }
}

/// Whatever `data` is, unread.
impl Answer for Value {
    fn from_data(data: &Value) -> Option<Self> {
        Some(data.clone())
    }
}

/// A number, or its digits as text: one endpoint returns either.
pub(crate) fn number(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| digits)
        }
        value => value.as_u64(),
    }
}

/// An owned copy of an optional text.
pub(crate) fn owned(text: impl Into<String>) -> Option<String> {
    Some(text.into())
}
