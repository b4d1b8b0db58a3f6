//! How many codes are exchanged, and by which keeper.

// Reading order: a file uses only files above it.
pub(crate) mod hook_gate;
pub(crate) mod owner_room;
pub(crate) mod exchange_room;
pub(crate) mod made_keepers;
