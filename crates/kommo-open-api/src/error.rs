//! A field that must not be sent as it is: refused before the network, with its name and its limit.

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
    /// It names an agent who is not among the agents of the request.
    NotAMember,
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
            FieldProblem::NotAMember => write!(f, "{field} is not one of the agents in kefu_id"),
        }
    }
}

impl error::Error for FieldError {}
