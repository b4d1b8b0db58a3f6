//! What a page says, in which language.

// Reading order: a file uses only files above it.
pub(crate) mod page_language;
pub(crate) mod page_texts;
pub(crate) mod refusal;
pub(crate) mod consent_outcome;
pub(crate) mod page;
