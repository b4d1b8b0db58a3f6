//! The envelope of an answer: `code` first, then `data`, whatever the HTTP status.

use alloc::string::String;
use core::{error, fmt};

use kommo_peer::json_text;
use serde_json::Value;

use crate::request::Answer;

/// The code of a success.
const SUCCESS: i64 = 1;

/// A guess at why a request failed, from its text. The texts differ between endpoints and may
/// change: use it for messages to people, never to decide what to do with data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// The signature or the AppSecret is wrong.
    Signature,
    /// The application is unknown.
    UnknownApplication,
    /// The time of the request is too far off.
    Timestamp,
    /// A field is missing or wrong.
    Parameter,
    /// The chat, group or ticket does not exist.
    UnknownChat,
    /// The agent does not exist.
    UnknownAgent,
    /// The state of the session does not allow it.
    State,
    /// None of these.
    Other,
}

/// A refusal of the platform: `code` is not 1.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenApiFailure {
    /// The code; `-1` is the only one that is documented.
    pub code: i64,
    /// The text as it came, in Chinese. Clean it before it is shown on a terminal.
    pub msg: String,
    /// A guess at the reason.
    pub kind: FailureKind,
}

/// Whoever answers may repeat in the text what was sent, so it is not shown.
impl fmt::Debug for OpenApiFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenApiFailure")
            .field("code", &self.code)
            .field("kind", &self.kind)
            .field("msg_bytes", &self.msg.len())
            .finish()
    }
}

impl fmt::Display for OpenApiFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the open api refused with code {} ({:?})",
            self.code, self.kind
        )
    }
}

impl error::Error for OpenApiFailure {}

/// Why an answer has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerError {
    /// The platform refused.
    Refused(OpenApiFailure),
    /// It is not an envelope. It is not known whether the request was carried out.
    NotAnEnvelope,
    /// The platform reports success, but `data` has not the shape of this endpoint.
    Data,
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused(_) => "the open api refused the request",
            Self::NotAnEnvelope => "the answer is not an envelope of the open api",
            Self::Data => "the request was carried out, but its data has an unexpected shape",
        })
    }
}

impl error::Error for AnswerError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Refused(failure) => Some(failure),
            Self::NotAnEnvelope | Self::Data => None,
        }
    }
}

/// Reads the body of an answer. The HTTP status is ignored: only 200 is documented, and the code
/// decides.
///
/// # Errors
///
/// [`AnswerError`]: a refusal with its code and text, an answer that is not an envelope, data of an unexpected shape.
///
/// # Examples
///
/// ```
/// use kommo_open_api::request::CreatedTicket;
/// use kommo_open_api::{AnswerError, FailureKind, read_answer};
///
/// let ticket: CreatedTicket = read_answer(r#"{"code":1,"msg":"ok","data":{"chat_id":900220}}"#.as_bytes())?;
/// assert_eq!(ticket.chat_id.get(), 900_220);
/// let refused = read_answer::<CreatedTicket>(r#"{"code":-1,"msg":"签名校验失败","data":""}"#.as_bytes());
/// assert!(matches!(refused, Err(AnswerError::Refused(failure)) if failure.kind == FailureKind::Signature));
/// # Ok::<(), AnswerError>(())
/// ```
pub fn read_answer<A: Answer>(body: &[u8]) -> Result<A, AnswerError> {
    let value: Value =
        serde_json::from_slice(&json_text(body)).map_err(|_| AnswerError::NotAnEnvelope)?;
    let code = value
        .get("code")
        .and_then(Value::as_i64)
        .ok_or(AnswerError::NotAnEnvelope)?;
    if code != SUCCESS {
        let msg = value.get("msg").and_then(Value::as_str).unwrap_or_default();
        return Err(AnswerError::Refused(OpenApiFailure {
            code,
            msg: msg.into(),
            kind: classify(msg),
        }));
    }
    A::from_data(value.get("data").unwrap_or(&Value::Null)).ok_or(AnswerError::Data)
}

/// Compares the beginning of a text; a full-width exclamation mark or a field's name may follow.
fn classify(msg: &str) -> FailureKind {
    const KNOWN: [(&str, FailureKind); 11] = [
        ("签名校验失败", FailureKind::Signature),
        ("token验证失败", FailureKind::Signature),
        ("appid不存在", FailureKind::UnknownApplication),
        ("timestamp已过期", FailureKind::Timestamp),
        ("参数错误", FailureKind::Parameter),
        ("参数缺失", FailureKind::Parameter),
        ("chat_ids 不能为空", FailureKind::Parameter),
        ("会话不存在", FailureKind::UnknownChat),
        ("群聊不存在", FailureKind::UnknownChat),
        ("kefu_id不存在", FailureKind::UnknownAgent),
        ("当前状态不允许操作", FailureKind::State),
    ];
    let found = KNOWN.iter().find(|(start, _)| msg.starts_with(start));
    found.map_or(FailureKind::Other, |(_, kind)| *kind)
}
