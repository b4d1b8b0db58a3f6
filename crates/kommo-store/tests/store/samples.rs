//! Grants, codes and keys for tests. Every secret has the marker in it.

pub(crate) use kommo_keeper::testing::samples::{
    CLIENT, HOUR, LEASE, MARKER, account, at, client, consented, consented_again,
    hook_code as code, host, key, pair, redirected_code as redirected, unbound_code as unbound,
};
use kommo_store::{EncryptionKey, EncryptionKeys, StoreSettings};

pub(crate) fn encryption_key(number: u8) -> EncryptionKey {
    let mut bytes = [number; 32];
    bytes[0] = 255;
    EncryptionKey::new(bytes)
}

pub(crate) fn encrypted_with(number: u8) -> StoreSettings {
    StoreSettings::new().encrypted(EncryptionKeys::new(encryption_key(number)))
}
