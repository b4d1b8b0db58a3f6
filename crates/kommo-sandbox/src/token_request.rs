//! What a request to the token endpoint says, read in the order in which the platform finds fault.

use serde_json::Value;

use crate::account::is_uuid;
use crate::form_fields::{form_field, json_field};
use crate::received_request::ReceivedRequest;
use crate::token_row::TokenErrorRow;

/// A request whose fields are all there; nothing is checked against the platform yet. It has no `Debug`.
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

impl TokenRequest {
    /// Reads a body: JSON or a form, by its content type.
    pub(crate) fn read(request: &ReceivedRequest<'_>) -> Result<Self, TokenErrorRow> {
        let fields = Fields::read(request).ok_or(TokenErrorRow::UnknownGrantType)?;
        let given = |name: &str| fields.get(name).filter(|value| !value.is_empty());
        let grant = match given("grant_type").as_deref() {
            Some("authorization_code") => GrantType::Code(given("code")),
            Some("refresh_token") => GrantType::Refresh(given("refresh_token")),
            _ => return Err(TokenErrorRow::UnknownGrantType),
        };
        let client_id = given("client_id")
            .filter(|id| is_uuid(id))
            .ok_or(TokenErrorRow::ClientIdInvalid)?;
        let client_secret = given("client_secret").ok_or(TokenErrorRow::ClientSecretInvalid)?;
        Ok(Self {
            client_id,
            client_secret,
            redirect_uri: given("redirect_uri"),
            grant,
        })
    }
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
