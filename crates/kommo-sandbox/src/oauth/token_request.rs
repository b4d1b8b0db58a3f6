//! What a request to the token endpoint says, read in the order in which the platform finds fault.

use base64ct::{Base64, Encoding};
use serde_json::Value;

use crate::config::account::is_uuid;
use crate::config::token_error::TokenError;
use crate::wire::form_fields::{decoded, form_field, json_field};
use crate::wire::received_request::ReceivedRequest;

/// A request whose fields are all there; nothing is checked against the platform yet. It has no
/// `Debug`.
pub(crate) struct TokenRequest {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) redirect_uri: Option<String>,
    pub(crate) grant: GrantType,
}

/// What is given for a pair; `None` if it is missing, which is found only after the client.
pub(crate) enum GrantType {
    Code(Option<String>),
    Refresh(Option<String>),
}

/// A fault of the fields themselves.
pub(crate) struct Unread {
    pub(crate) row: TokenError,
    /// What the journal says instead of the row's own sentence.
    pub(crate) reason: Option<&'static str>,
}

impl From<TokenError> for Unread {
    fn from(row: TokenError) -> Self {
        Self { row, reason: None }
    }
}

/// What is said to a client that names itself by HTTP Basic, as generic OAuth libraries do.
const BASIC_CAME: &str = "the client sent its id and secret by HTTP Basic and not in the body; whether the platform \
takes that is not known, and the sandbox does with the switch oauth.accept_http_basic";

impl TokenRequest {
    /// Reads a body: JSON or a form, by its content type. With `basic`, id and secret may come by
    /// HTTP Basic.
    pub(crate) fn read(request: &ReceivedRequest<'_>, basic: bool) -> Result<Self, Unread> {
        let fields = Fields::read(request).ok_or(TokenError::UnknownGrantType)?;
        let given = |name: &str| fields.get(name).filter(|value| !value.is_empty());
        let grant = match given("grant_type").as_deref() {
            Some("authorization_code") => GrantType::Code(given("code")),
            Some("refresh_token") => GrantType::Refresh(given("refresh_token")),
            _ => return Err(TokenError::UnknownGrantType.into()),
        };
        let by_basic = basic_credentials(request);
        let reason = by_basic.is_some().then_some(BASIC_CAME);
        let (id, secret) = by_basic.filter(|_| basic).unzip();
        let missing = |row| Unread { row, reason };
        let client_id = match given("client_id").or(id) {
            None => return Err(missing(TokenError::ClientIdInvalid)),
            Some(id) if !is_uuid(&id) => return Err(TokenError::ClientIdInvalid.into()),
            Some(id) => id,
        };
        let client_secret = given("client_secret")
            .or(secret)
            .ok_or_else(|| missing(TokenError::ClientSecretInvalid))?;
        Ok(Self {
            client_id,
            client_secret,
            redirect_uri: given("redirect_uri"),
            grant,
        })
    }
}

/// Id and secret of `Authorization: Basic …`, form-encoded in it (RFC 6749, 2.3.1).
fn basic_credentials(request: &ReceivedRequest<'_>) -> Option<(String, String)> {
    let value = core::str::from_utf8(request.values("authorization").next()?).ok()?;
    let (scheme, credentials) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let credentials = Base64::decode_vec(credentials.trim()).ok()?;
    let credentials = String::from_utf8(credentials).ok()?;
    let (id, secret) = credentials.split_once(':')?;
    Some((decoded(id), decoded(secret)))
}

enum Fields {
    Json(serde_json::Map<String, Value>),
    Form(String),
}

impl Fields {
    fn read(request: &ReceivedRequest<'_>) -> Option<Self> {
        let content_type = request.values("content-type").next().unwrap_or_default();
        let content_type = String::from_utf8_lossy(content_type).to_ascii_lowercase();
        match content_type.split(';').next().unwrap_or_default().trim() {
            "application/json" => match serde_json::from_slice(request.body()).ok()? {
                Value::Object(fields) => Some(Self::Json(fields)),
                _ => None,
            },
            "application/x-www-form-urlencoded" => core::str::from_utf8(request.body())
                .ok()
                .map(|form| Self::Form(form.to_owned())),
            _ => None,
        }
    }

    fn get(&self, name: &str) -> Option<String> {
        match self {
            Self::Json(object) => json_field(object, name),
            Self::Form(form) => form_field(form, name),
        }
    }
}
