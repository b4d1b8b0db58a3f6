//! How a command ends: the four exit statuses, and their messages.
//!
//! ```text
//! 0  done                      Ok(Outcome::Done)
//! 1  the answer is no          Ok(Outcome::No), a Failure
//! 2  the operator's mistake    a Failure
//! 3  I/O or network            a Failure        its ErrorCode decides
//! ```

use alloc::borrow::Cow;
use core::error::Error;
use core::fmt::Display;

use kommo_oauth::UnixSeconds;
use serde_json::{Map, Value, json};

use crate::failure::error_code::ErrorCode;

/// A command that ran to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Status 0.
    Done,
    /// Status 1: the answer is no, and it was printed as a result.
    No,
}

/// A command that did not: why, one line for people, and perhaps one about what to do. No field
/// ever holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    code: ErrorCode,
    reason: Option<Cow<'static, str>>,
    retry_at: Option<UnixSeconds>,
    message: String,
    hint: Option<String>,
    lines: Box<[String]>,
    more: Option<Box<Map<String, Value>>>,
    is_in_result: bool,
}

impl Failure {
    /// A failure of a kind that programs can distinguish.
    pub(crate) fn new(code: ErrorCode, message: impl Display) -> Self {
        Self {
            code,
            reason: None,
            retry_at: None,
            message: message.to_string(),
            hint: None,
            lines: Box::default(),
            more: None,
            is_in_result: false,
        }
    }

    /// Refused by the remote side, for no reason that has a code of its own. Status 1.
    pub(crate) fn refused(message: impl Display) -> Self {
        Self::new(ErrorCode::Refused, message)
    }

    /// A mistake in the command line. Status 2.
    pub(crate) fn usage(message: impl Display) -> Self {
        Self::new(ErrorCode::Usage, message)
    }

    /// A file or a stream. Status 3.
    pub(crate) fn io(message: impl Display) -> Self {
        Self::new(ErrorCode::Io, message)
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, hint: impl Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// Adds a line for people, between the message and the hint. Programs have a field for it.
    pub(crate) fn line(mut self, line: impl Display) -> Self {
        let mut lines = core::mem::take(&mut self.lines).into_vec();
        lines.push(line.to_string());
        self.lines = lines.into();
        self
    }

    /// Adds what distinguishes cases of one code, in kebab-case: `revoked`.
    pub(crate) fn reason(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Adds the instant from which on another try makes sense, if it is known.
    pub(crate) fn retry_at(mut self, at: Option<UnixSeconds>) -> Self {
        self.retry_at = at;
        self
    }

    /// Adds a field of the object for programs.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let more = self.more.get_or_insert_default();
        more.insert(name.to_owned(), value.into());
        self
    }

    /// The result that was printed says this already to a program: only the line for people and the
    /// status are left.
    pub(crate) const fn in_result(mut self) -> Self {
        self.is_in_result = true;
        self
    }

    pub(crate) const fn is_in_result(&self) -> bool {
        self.is_in_result
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// A field that was added for programs.
    pub(crate) fn field(&self, name: &str) -> Option<&Value> {
        self.more.as_ref()?.get(name)
    }

    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }

    pub(crate) fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    #[cfg(test)]
    pub(crate) const fn code(&self) -> ErrorCode {
        self.code
    }

    /// 1, 2 or 3.
    pub(crate) const fn status(&self) -> u8 {
        self.code.status()
    }

    /// The object for programs. The first five fields are always there.
    pub(crate) fn to_json(&self) -> Value {
        let mut fields = json!({
            "code": self.code.as_str(),
            "reason": self.reason,
            "retry_at": self.retry_at.map(UnixSeconds::get),
            "message": self.message,
            "hint": self.hint,
        });
        if let (Value::Object(fields), Some(more)) = (&mut fields, &self.more) {
            fields.extend(more.as_ref().clone());
        }
        fields
    }
}

/// An error and its causes, on one line. A cause that adds nothing is omitted.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = error.source();
    }
    text
}
