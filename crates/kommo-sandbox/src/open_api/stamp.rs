//! Who sent a request, and when: header, application, signature, then time and random text.
//!
//! ```text
//! header ─> body is an object ─> appid known ─> signature over the raw body
//!        ─> fields ─> time within the window ─> ranstr not seen
//! ```
//!
//! The application must be read before the signature, since it names the secret.

use serde_json::{Map, Value};

use crate::config::open_api_rules::OpenApiRules;
use crate::open_api::fields::Fields;
use crate::open_api::refusal::{Part, Refusal};
use crate::secrets::channel_key::{is_lower_hex, same_text};
use crate::secrets::hook_mac::body_signature;
use crate::state::open_api_book::OpenApiBook;
use crate::wire::received_request::ReceivedRequest;

/// The one application.
#[derive(Clone, Copy)]
pub(crate) struct Application<'a> {
    pub(crate) id: &'a str,
    pub(crate) secret: &'a str,
}

/// The body of a request that the holder of the application's secret sent.
pub(crate) fn proven(
    request: &ReceivedRequest<'_>,
    application: Application<'_>,
    part: Part,
    rules: &OpenApiRules,
) -> Result<Map<String, Value>, Refusal> {
    let refused =
        |code, reason: &str| Refusal::signature(part, rules.signature_message, code, reason);
    let mut signatures = request.values("x-chat-signature");
    let signature = signatures.next().filter(|value| !value.is_empty());
    let signature = signature
        .ok_or_else(|| refused("header-missing", "the header x-chat-signature is missing"))?;
    if signatures.next().is_some() {
        let reason = "the header x-chat-signature came more than once";
        return Err(refused("header-twice", reason));
    }
    let Ok(Value::Object(fields)) = serde_json::from_slice(request.body()) else {
        let reason = "the body is not a JSON object";
        return Err(Refusal::wrong("body-not-object", reason));
    };
    let object = Fields {
        object: &fields,
        part,
    };
    if object.text("appid", usize::MAX)? != application.id {
        let reason = "no application of this sandbox has this appid";
        return Err(Refusal::new("appid不存在", None, "app-unknown", reason));
    }
    if !is_lower_hex(signature, 64) {
        let reason = "x-chat-signature is not 64 lower-case hex digits";
        return Err(refused("signature-malformed", reason));
    }
    let right = body_signature(application.secret, request.body());
    if !same_text(signature, right.as_bytes()) {
        let reason = "x-chat-signature is not the HMAC-SHA256 of the raw body with this AppSecret";
        return Err(refused("signature-differs", reason));
    }
    check_content_type(request)?;
    Ok(fields)
}

/// `application/json`, with or without parameters.
fn check_content_type(request: &ReceivedRequest<'_>) -> Result<(), Refusal> {
    let given = request.values("content-type").next().unwrap_or_default();
    let essence = given.split(|byte| *byte == b';').next().unwrap_or_default();
    if essence
        .trim_ascii()
        .eq_ignore_ascii_case(b"application/json")
    {
        return Ok(());
    }
    let reason = "the content type is not application/json";
    Err(Refusal::wrong("content-type-unsupported", reason))
}

/// Time and random text of a request.
pub(crate) struct Stamp {
    timestamp: u64,
    pub(crate) ranstr: String,
}

impl Stamp {
    pub(crate) fn read(fields: Fields<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            timestamp: fields.number("timestamp")?,
            ranstr: fields.text("ranstr", usize::MAX)?,
        })
    }

    /// The window is the same on both sides, its ends included.
    pub(crate) fn check(
        &self,
        book: &OpenApiBook,
        rules: &OpenApiRules,
        now: u64,
    ) -> Result<(), Refusal> {
        let window = rules.timestamp_window_seconds;
        let off = self.timestamp.abs_diff(now);
        if let Some(limit) = window.filter(|limit| off > *limit) {
            let reason = format!(
                "timestamp is {off} s off by this server's clock, {} s more than allowed",
                off - limit
            );
            return Err(Refusal::new(
                "timestamp已过期",
                "O8",
                "timestamp-off",
                reason,
            ));
        }
        if rules.refuse_repeated_ranstr && book.has_seen(&self.ranstr, window, now) {
            let reason = "ranstr was used before";
            return Err(Refusal::new("参数错误", "O8", "ranstr-repeated", reason));
        }
        Ok(())
    }
}
