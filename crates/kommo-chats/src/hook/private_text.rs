//! A text that a person wrote, that says who a person is, or that opens a person's file.

use alloc::string::String;
use core::fmt;

/// A message, a name, a phone number, an e-mail address or the address of an attachment. `Debug`
/// shows its length alone, so that none of it reaches a log by accident.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct PrivateText(String);

impl PrivateText {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PrivateText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateText({} bytes)", self.0.len())
    }
}
