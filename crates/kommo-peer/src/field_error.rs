//! What we send: a field that must not be sent as it is, refused before the network with its name
//! and its limit.

use core::{error, fmt};

/// Which field, and what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// The name in the JSON of the request.
    pub field: &'static str,
    /// What is wrong.
    pub problem: FieldProblem,
}

impl FieldError {
    /// Names a field and what is wrong with it.
    #[must_use]
    pub const fn new(field: &'static str, problem: FieldProblem) -> Self {
        Self { field, problem }
    }
}

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldProblem {
    /// It is empty, and must not be.
    Empty,
    /// It is longer than the platform takes.
    TooLong {
        /// Its length in characters.
        found: usize,
        /// The most characters.
        limit: usize,
    },
    /// It is shorter than is safe.
    TooShort {
        /// Its length in characters.
        found: usize,
        /// The fewest characters.
        limit: usize,
    },
    /// It must be one of the values of another field.
    NotOneOf {
        /// The other field.
        field: &'static str,
    },
    /// It has a character that the platform does not take.
    Character {
        /// Where, in bytes from the start.
        offset: usize,
    },
    /// It is a number outside its range.
    OutOfRange,
    /// The request does not take it.
    NotTaken,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field;
        match self.problem {
            FieldProblem::Empty => write!(f, "{field} is empty"),
            FieldProblem::TooLong { found, limit } => {
                write!(
                    f,
                    "{field} has {found} characters, at most {limit} are taken"
                )
            }
            FieldProblem::TooShort { found, limit } => {
                write!(
                    f,
                    "{field} has {found} characters, at least {limit} are needed"
                )
            }
            FieldProblem::NotOneOf { field: other } => {
                write!(f, "{field} is not one of the values of {other}")
            }
            FieldProblem::Character { offset } => {
                write!(
                    f,
                    "{field} has a character that is not taken, at byte {offset}"
                )
            }
            FieldProblem::NotTaken => write!(f, "{field} does not belong into this request"),
            FieldProblem::OutOfRange => write!(f, "{field} is outside its range"),
        }
    }
}

impl error::Error for FieldError {}

/// A field that must be there, with at most `limit` characters.
///
/// # Errors
///
/// [`FieldProblem::Empty`], [`FieldProblem::TooLong`].
pub fn check_text(field: &'static str, text: &str, limit: usize) -> Result<(), FieldError> {
    let found = text.chars().count();
    let problem = match found {
        0 => FieldProblem::Empty,
        _ if found > limit => FieldProblem::TooLong { found, limit },
        _ => return Ok(()),
    };
    Err(FieldError { field, problem })
}
