//! How many codes are exchanged, by which keeper, and how many look-ups strangers cause.

// Reading order: a file uses only files above it.
pub(crate) mod code_gate;
pub(crate) mod look_up_room;
pub(crate) mod owner_room;
pub(crate) mod exchange_room;
pub(crate) mod made_keepers;
