//! Grants, pairs and codes for tests. Each secret contains [`MARKER`], to be searched for in what
//! a store or a program prints.

use core::time::Duration;

use kommo_account::{AccountHost, AccountId, ClientId, Endpoints, Realm};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Grant, GrantKey, Transition};
use kommo_oauth::token::{AccessToken, AuthorizationCode, RefreshToken, TokenPair};

use crate::ports::pending_codes::{CodeOrigin, PendingCode};

/// A part of every secret.
pub const MARKER: &str = "planted7f3a";

/// The client id of every key.
pub const CLIENT: &str = "11111111-2222-3333-4444-555555555555";

/// A user of the account, for tests that need only one.
pub const USER: u64 = 87_654_321;

/// An hour.
pub const HOUR: Duration = Duration::from_secs(3_600);

/// A lease that does not end during a test.
pub const LEASE: Duration = Duration::from_secs(60);

/// This many seconds after an instant that all samples count from.
#[must_use]
pub const fn at(seconds: u64) -> UnixSeconds {
    UnixSeconds::new(1_700_000_000 + seconds)
}

/// The integration.
#[must_use]
pub fn client() -> ClientId {
    ClientId::parse(CLIENT).expect("a client id")
}

/// The account.
#[must_use]
pub fn account() -> AccountId {
    AccountId::parse("12345678").expect("an account id")
}

/// The key of a user of the account, in the real realm.
#[must_use]
pub fn key(user: u64) -> GrantKey {
    GrantKey::parse(&format!("real/{CLIENT}/12345678/{user}")).expect("a key")
}

/// The host of the account.
#[must_use]
pub fn host() -> AccountHost {
    AccountHost::parse("myshop.kommo.com").expect("a host")
}

/// The realm of a sandbox.
#[must_use]
pub fn sandbox() -> Realm {
    let address = "127.0.0.1:8080".parse().expect("an address");
    let endpoints = Endpoints::loopback(address).expect("a loopback address");
    endpoints.realm()
}

/// A pair that was obtained `at(number)` and is valid for a day.
#[must_use]
pub fn pair(number: u64) -> TokenPair {
    TokenPair::new(
        AccessToken::new(format!("{MARKER}-access-{number}")).expect("an access token"),
        RefreshToken::new(format!("{MARKER}-refresh-{number}")).expect("a refresh token"),
        at(number),
        at(number + 86_400),
    )
}

/// The first consent of a user, with `pair(user)`.
#[must_use]
pub fn consented(user: u64) -> Transition {
    Grant::consent(None, key(user), host(), Some(true), pair(user))
}

/// A new consent of the same user, with `pair(number)`: the shortest way to the next generation.
#[must_use]
pub fn consented_again(earlier: Grant, number: u64) -> Transition {
    let key = earlier.key;
    Grant::consent(Some(earlier), key, host(), None, pair(number))
}

/// A code of an install hook.
#[must_use]
pub fn hook_code(text: &str, received_at: u64) -> PendingCode {
    PendingCode::new(
        Realm::Real,
        client(),
        host(),
        AuthorizationCode::new(format!("{MARKER}-{text}")).expect("a code"),
        CodeOrigin::InstallHook,
        at(received_at),
    )
}

/// A code of a consent that came by a redirect, bound to no session of the application.
#[must_use]
pub fn unbound_code(text: &str, received_at: u64) -> PendingCode {
    let mut pending = hook_code(text, received_at);
    pending.origin = CodeOrigin::UnboundRedirect;
    pending
}

/// A code of a consent that came by a redirect.
#[must_use]
pub fn redirected_code(text: &str, received_at: u64) -> PendingCode {
    let mut pending = hook_code(text, received_at);
    pending.origin = CodeOrigin::Redirect;
    pending
}
