//! A signature as it came, and the keys and hashes that may have made it.

pub(crate) mod wrong_mac;
pub(crate) mod signature_text;
pub(crate) mod secret_variants;
pub(crate) mod hash_variants;
pub(crate) mod signature_search;
