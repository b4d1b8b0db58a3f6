//! Grants, codes and keys for tests. Every secret has the marker in it.

use core::time::Duration;

use kommo_account::{AccountHost, AccountId, ClientId, Realm};
use kommo_keeper::{CodeOrigin, PendingCode};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Grant, GrantKey, Transition};
use kommo_oauth::token::{AccessToken, AuthorizationCode, RefreshToken, TokenPair};
use kommo_store::{EncryptionKey, EncryptionKeys, StoreSettings};

pub(crate) const MARKER: &str = "planted7f3a";
pub(crate) const CLIENT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
pub(crate) const LEASE: Duration = Duration::from_secs(60);

pub(crate) fn at(seconds: u64) -> UnixSeconds {
    UnixSeconds::new(1_700_000_000 + seconds)
}

pub(crate) fn client() -> ClientId {
    ClientId::parse(CLIENT).unwrap()
}

pub(crate) fn account() -> AccountId {
    AccountId::parse("12345678").unwrap()
}

pub(crate) fn key(user: u64) -> GrantKey {
    GrantKey::parse(&format!("real/{CLIENT}/12345678/{user}")).unwrap()
}

pub(crate) fn host() -> AccountHost {
    AccountHost::parse("myshop.kommo.com").unwrap()
}

pub(crate) fn pair(number: u64) -> TokenPair {
    TokenPair::new(
        AccessToken::new(format!("{MARKER}-access-{number}")).unwrap(),
        RefreshToken::new(format!("{MARKER}-refresh-{number}")).unwrap(),
        at(number),
        at(number + 86_400),
    )
}

pub(crate) fn consented(user: u64) -> Transition {
    Grant::consent(None, key(user), host(), Some(true), pair(user))
}

/// A new consent of the same user: the shortest way to another generation.
pub(crate) fn consented_again(earlier: Grant, number: u64) -> Transition {
    let key = earlier.key;
    Grant::consent(Some(earlier), key, host(), None, pair(number))
}

pub(crate) fn code(text: &str, received_at: u64) -> PendingCode {
    PendingCode::new(
        Realm::Real,
        client(),
        host(),
        AuthorizationCode::new(format!("{MARKER}-{text}")).unwrap(),
        CodeOrigin::InstallHook,
        at(received_at),
    )
}

/// A code that a browser brought.
pub(crate) fn redirected(text: &str, received_at: u64) -> PendingCode {
    let mut pending = code(text, received_at);
    pending.origin = CodeOrigin::Redirect;
    pending
}

pub(crate) fn encryption_key(number: u8) -> EncryptionKey {
    let mut bytes = [number; 32];
    bytes[0] = 255;
    EncryptionKey::new(bytes)
}

pub(crate) fn encrypted_with(number: u8) -> StoreSettings {
    StoreSettings::new().encrypted(EncryptionKeys::new(encryption_key(number)))
}
