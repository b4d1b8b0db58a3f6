//! What a store needs to hand out again what was proven before it was stored. Nothing here is
//! checked: who calls these functions vouches for the record.

use kommo_sign::KeyId;

use crate::stored::StoredVerified;
use crate::verified::{HookKind, Proof};

/// The verdict that a record holds: the kind and the key as their names. `None` if either is not
/// such a name.
#[must_use]
pub fn recorded_proof(kind: &str, key_id: &str, verified_at: u64) -> Option<Proof> {
    Some(Proof {
        kind: HookKind::from_name(kind)?,
        key_id: KeyId::parse(key_id).ok()?,
        verified_at,
    })
}

/// A value that was proven when it was stored, by the verdict in its record (invariant I9).
///
/// # Security
///
/// Give it only what came back from a store that takes [`NewHook`](crate::inbox::NewHook) alone.
#[must_use]
pub const fn proven_when_stored<T>(value: T, proof: Proof) -> StoredVerified<T> {
    StoredVerified::new(value, proof)
}
