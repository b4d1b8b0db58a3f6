//! How a command ends: the four exit statuses, and what is said with them.
//!
//! ```text
//! 0  done                      Ok(Outcome::Done)
//! 1  the answer is no          Ok(Outcome::No), Failure::Refused
//! 2  the operator's mistake    Failure::Usage
//! 3  I/O or network            Failure::Io
//! ```

use core::error::Error;
use core::fmt::Display;

/// A command that ran to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Status 0.
    Done,
    /// Status 1: the answer is no, and it was printed as a result.
    No,
}

/// A command that did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Status 1: not valid, refused by the remote side, nothing found.
    Refused(Complaint),
    /// Status 2: what the operator typed is wrong; nothing was done.
    Usage(Complaint),
    /// Status 3: I/O or the network failed.
    Io(Complaint),
}

/// One line about what is wrong, and perhaps one about what to do. Neither ever holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Failure {
    pub(crate) fn refused(message: impl Display) -> Self {
        Self::Refused(Complaint::new(message))
    }

    pub(crate) fn usage(message: impl Display) -> Self {
        Self::Usage(Complaint::new(message))
    }

    pub(crate) fn io(message: impl Display) -> Self {
        Self::Io(Complaint::new(message))
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, hint: impl Display) -> Self {
        let (Self::Refused(complaint) | Self::Usage(complaint) | Self::Io(complaint)) = &mut self;
        complaint.hint = Some(hint.to_string());
        self
    }

    pub(crate) const fn complaint(&self) -> &Complaint {
        let (Self::Refused(complaint) | Self::Usage(complaint) | Self::Io(complaint)) = self;
        complaint
    }

    /// 1, 2 or 3.
    pub(crate) const fn status(&self) -> u8 {
        match self {
            Self::Refused(_) => 1,
            Self::Usage(_) => 2,
            Self::Io(_) => 3,
        }
    }
}

impl Complaint {
    pub(crate) fn new(message: impl Display) -> Self {
        Self {
            message: message.to_string(),
            hint: None,
        }
    }
}

/// An error and what it stems from, on one line. A cause that says nothing new is left out.
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
