//! What is kept secret, and how: encryption keys, sealed bytes and their versions, hashes as names.

pub(crate) mod encryption_key;
pub(crate) mod sealer;
pub(crate) mod versioned;
pub(crate) mod hash_text;
