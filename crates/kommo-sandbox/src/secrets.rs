//! Keys, signatures, random texts and tokens, and what hides them from the journal.

pub(crate) mod channel_key;
pub(crate) mod disconnect_signature;
pub(crate) mod hook_mac;
pub(crate) mod random_text;
pub(crate) mod token_text;
pub(crate) mod mask;
pub(crate) mod access_token;
