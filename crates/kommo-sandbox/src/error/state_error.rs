//! Why a document is no state of a sandbox. Messages name the field and the mistake, and repeat no
//! value: secrets are among them.

use core::error::Error;
use core::fmt;

use super::config_error::ConfigError;

/// Why a document was not taken as the state of a sandbox. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateError {
    /// The document is not JSON.
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// The document has a version that this sandbox does not know; it knows 1.
    Version {
        /// What stands there.
        found: u64,
    },
    /// A field is wrong.
    Field {
        /// The field, as in `messages[3].conversation_id`.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The operating system returned no random bytes for new ids.
    Random,
    /// The new state could not be written to the data directory.
    NotKept {
        /// What the operating system said.
        reason: String,
    },
}

impl StateError {
    pub(crate) fn field(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Field {
            field: field.into(),
            problem: problem.into(),
        }
    }

    /// What a configuration would be refused for.
    pub(crate) fn config(error: &ConfigError) -> Self {
        let text = error.to_string();
        let (field, problem) = text.split_once(' ').unwrap_or((&text, "is wrong"));
        Self::field(field, problem)
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson { line, column } => {
                write!(f, "the state is not JSON, at line {line}, column {column}")
            }
            Self::Version { found } => {
                write!(f, "version: {found} is not known; this sandbox knows 1")
            }
            Self::Field { field, problem } => write!(f, "{field}: {problem}"),
            Self::Random => f.write_str("the operating system returned no random bytes"),
            Self::NotKept { reason } => write!(f, "the new state could not be written: {reason}"),
        }
    }
}

impl Error for StateError {}
