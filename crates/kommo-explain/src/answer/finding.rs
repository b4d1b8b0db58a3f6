//! One thing that is wrong: a stable code, a sentence, a remedy.

use alloc::borrow::Cow;
use alloc::format;
use core::fmt;

use crate::answer::finding_code::FindingCode;

/// One thing that is wrong with what was received.
///
/// Its texts are made of fixed words, lengths, offsets and header names: never of the secret, the
/// body or a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    code: FindingCode,
    message: Cow<'static, str>,
}

impl Finding {
    /// INVARIANT: `message` holds nothing of the secret, of the body, or of a signature.
    pub(crate) fn new(code: FindingCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// For a header that did not come.
    pub(crate) fn header_missing(name: &str) -> Self {
        Self::new(
            FindingCode::HeaderMissing,
            format!("The header {name} did not come."),
        )
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> FindingCode {
        self.code
    }

    /// What is wrong, in one sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it, in one sentence.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        self.code.remedy()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} {}",
            self.code.as_str(),
            self.message,
            self.remedy()
        )
    }
}
