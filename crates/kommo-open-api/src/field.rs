//! Ids, and texts with their limits. The same id is a number in one endpoint and a text in another:
//! each request writes it as its endpoint wants it.

use core::fmt;

use kommo_peer::{FieldError, FieldProblem, check_text};

/// An agent, from the list of agents in the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentId(u64);

/// A chat or ticket session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChatId(u64);

macro_rules! number_id {
    ($name:ident) => {
        impl $name {
            /// Takes the number.
            #[must_use]
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id!(AgentId);
number_id!(ChatId);

/// Characters of a customer's id (`sbs`).
pub(crate) const SBS: usize = 64;
/// Characters of a customer's name (`sbs_mc`) and of a group's (`qlmc`).
pub(crate) const NAME: usize = 30;
/// Characters of a message.
pub(crate) const CONTENT: usize = 2000;
/// Characters of a ticket's title.
pub(crate) const TITLE: usize = 120;

/// An optional field. If present, it must not be empty: leave it out instead.
pub(crate) fn optional(
    field: &'static str,
    text: Option<&str>,
    limit: usize,
) -> Result<(), FieldError> {
    text.map_or(Ok(()), |text| check_text(field, text, limit))
}

/// A list that must have an entry.
pub(crate) const fn not_empty<T>(field: &'static str, list: &[T]) -> Result<(), FieldError> {
    if list.is_empty() {
        return Err(FieldError::new(field, FieldProblem::Empty));
    }
    Ok(())
}
