//! How far a message of the CRM came in the messenger.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use kommo_account::ScopeId;
use kommo_peer::{FieldError, JsonObject};

use crate::ids::AmojoMessageId;
use crate::request::checks::{not_empty, segment};
use crate::request::scope_request::ScopeRequest;

/// How far a message came. That it was sent is the initial state, and has no value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeliveryStatus {
    /// Delivered (1).
    Delivered,
    /// Read (2).
    Read,
    /// Not delivered (-1).
    Failed(DeliveryFailure),
}

/// Why a message was not delivered. The text is shown to the user.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeliveryFailure {
    code: u16,
    text: Option<String>,
}

impl DeliveryFailure {
    /// The client deleted the conversation (901).
    #[must_use]
    pub const fn conversation_deleted() -> Self {
        Self::of(901)
    }

    /// The integration is disabled in the messenger (902).
    #[must_use]
    pub const fn integration_disabled() -> Self {
        Self::of(902)
    }

    /// An internal error (903).
    #[must_use]
    pub const fn internal() -> Self {
        Self::of(903)
    }

    /// The conversation cannot be created, for example for a number without this messenger (904).
    #[must_use]
    pub const fn conversation_impossible() -> Self {
        Self::of(904)
    }

    /// Another reason (905), which needs a text.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `error` if the text is empty.
    pub fn other(text: impl Into<String>) -> Result<Self, FieldError> {
        let text = text.into();
        not_empty("error", &text)?;
        Ok(Self::of(905).with_text(text))
    }

    /// Adds a text.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    const fn of(code: u16) -> Self {
        Self { code, text: None }
    }
}

impl DeliveryStatus {
    /// In the names that are current since the end of 2025.
    pub(super) fn to_object(&self) -> JsonObject {
        let object = JsonObject::new();
        match self {
            Self::Delivered => object.number("status_code", 1),
            Self::Read => object.number("status_code", 2),
            Self::Failed(failure) => object
                .signed_number("status_code", -1)
                .number("error_code", u64::from(failure.code))
                .optional_text("error", failure.text.as_deref()),
        }
    }
}

/// Sets the status of a message. Its answer has no data: [`expect_no_data`](crate::expect_no_data).
///
/// The message is named by the **platform's** id, from the hook or from the answer to a new
/// message; with the integration's own id the platform answers 404.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetDeliveryStatus {
    message: AmojoMessageId,
    status: DeliveryStatus,
}

impl SetDeliveryStatus {
    /// Names the message and its status.
    #[must_use]
    pub const fn new(message: AmojoMessageId, status: DeliveryStatus) -> Self {
        Self { message, status }
    }
}

impl ScopeRequest for SetDeliveryStatus {
    const METHOD: &'static str = "POST";

    fn path(&self, scope: &ScopeId) -> String {
        let message = segment(self.message.as_str());
        format!("/v2/origin/custom/{scope}/{message}/delivery_status")
    }

    fn to_body(&self) -> Vec<u8> {
        self.status.to_object().finish()
    }
}
