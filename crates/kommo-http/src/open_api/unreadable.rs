//! An answer that is not what the Open API sends.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::open_api::answer::OpenApiAttempts;

/// An answer that could not be read, kept whole.
///
/// `Debug` and `Display` show status and lengths; the body is the caller's to look at.
#[derive(Clone, PartialEq, Eq)]
pub struct UnreadableAnswer {
    pub(crate) reason: UnreadableAnswerReason,
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) attempts: OpenApiAttempts,
}

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnreadableAnswerReason {
    /// It is not an envelope, such as a page of a proxy.
    NotAnEnvelope,
    /// The envelope reports success, so the request was carried out; but `data` has another shape
    /// than this endpoint's.
    Data,
}

impl UnreadableAnswer {
    /// What is wrong.
    #[must_use]
    pub const fn reason(&self) -> UnreadableAnswerReason {
        self.reason
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The header `Content-Type`.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The body, all of it.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

impl fmt::Debug for UnreadableAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnreadableAnswer")
            .field("reason", &self.reason)
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for UnreadableAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.reason {
            UnreadableAnswerReason::NotAnEnvelope => "with an answer that is not an envelope",
            UnreadableAnswerReason::Data => "and success, with data of an unexpected shape",
        };
        write!(f, "http {} {what}", self.status)
    }
}
