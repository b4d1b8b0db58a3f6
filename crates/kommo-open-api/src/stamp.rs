//! What every request begins with: which application, when, and a random text.

use alloc::string::String;
use core::fmt::{self, Write as _};

use kommo_peer::{FieldError, FieldProblem, JsonObject};

/// The fewest characters of `ranstr`: 16 hex digits in the published example.
pub const NONCE_MIN_BYTES: usize = 16;

/// The id of an application (project), from the developer settings of the console. It is not
/// secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AppId(String);

impl AppId {
    /// Takes a non-empty text.
    ///
    /// # Errors
    ///
    /// [`FieldProblem::Empty`].
    pub fn new(text: impl Into<String>) -> Result<Self, FieldError> {
        let text = text.into();
        if text.is_empty() {
            return Err(FieldError::new("appid", FieldProblem::Empty));
        }
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The three fields that each attempt needs anew: a retry takes a new stamp and is signed again.
///
/// The platform may refuse a request whose time is five minutes off, or whose random text was used
/// before. Source: rule O8 of `docs/protocol.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    app_id: AppId,
    unix_seconds: u64,
    nonce: String,
}

impl Stamp {
    /// Takes the time in Unix seconds and a text that was drawn at random for this attempt.
    ///
    /// # Errors
    ///
    /// A random text of fewer than 16 characters: [`FieldProblem::TooShort`].
    pub fn new(
        app_id: AppId,
        unix_seconds: u64,
        nonce: impl Into<String>,
    ) -> Result<Self, FieldError> {
        let nonce = nonce.into();
        check_nonce(&nonce)?;
        Ok(Self {
            app_id,
            unix_seconds,
            nonce,
        })
    }

    /// The same of eight bytes drawn at random, written as 16 lower-case hex digits, as in the
    /// published example.
    #[must_use]
    pub fn of_random(app_id: AppId, unix_seconds: u64, random: u64) -> Self {
        let mut nonce = String::new();
        // Writing into a `String` cannot fail.
        let _ = write!(nonce, "{random:016x}");
        Self {
            app_id,
            unix_seconds,
            nonce,
        }
    }

    /// The object with its first three fields.
    pub(crate) fn begin(&self) -> JsonObject {
        JsonObject::new()
            .text("appid", self.app_id.as_str())
            .number("timestamp", self.unix_seconds)
            .text("ranstr", &self.nonce)
    }
}

/// Refuses a random text that is too short to be one.
pub(crate) fn check_nonce(nonce: &str) -> Result<(), FieldError> {
    let (found, limit) = (nonce.chars().count(), NONCE_MIN_BYTES);
    match found < limit {
        true => Err(FieldError::new(
            "ranstr",
            FieldProblem::TooShort { found, limit },
        )),
        false => Ok(()),
    }
}
