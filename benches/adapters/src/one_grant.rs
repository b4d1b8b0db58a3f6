//! A grant whose token is fresh, in a keeper that has nothing to do.

use kommo_account::Endpoints;
use kommo_keeper::testing::{MemoryStore, ScriptedEndpoint, samples};
use kommo_keeper::{Clock as _, GrantHandle, Keeper, SystemClock};
use kommo_oauth::grant::Grant;
use kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri};
use kommo_oauth::token::{AccessToken, RefreshToken, TokenPair};

/// The handle that is measured: with the clocks of this machine.
pub type Handle = GrantHandle<MemoryStore>;

/// A handle whose token is fresh for years, already in memory.
#[must_use]
pub fn fresh_handle(runtime: &tokio::runtime::Runtime) -> Handle {
    let credentials = Credentials::new(
        samples::client(),
        ClientSecret::new("not a secret").expect("a secret"),
        RedirectUri::parse("https://app.example/callback").expect("a redirect URI"),
    );
    let (store, clock) = (MemoryStore::default(), SystemClock::new());
    let now = clock.now();
    let pair = TokenPair::new(
        AccessToken::new("e30.e30.AAAA").expect("an access token"),
        RefreshToken::new("def502").expect("a refresh token"),
        now,
        now.plus(10_000 * samples::HOUR),
    );
    let key = samples::key(samples::USER);
    let mut grant = Grant::consent(None, key, samples::host(), None, pair).grant;
    grant.revision = grant.revision.next();
    store.with(|state| state.grants.insert(key, grant));
    let keeper = Keeper::builder(store, ScriptedEndpoint::new(clock), Endpoints::real())
        .credentials(credentials)
        .build();
    let handle = keeper.grant(&key).expect("a grant of this keeper");
    runtime
        .block_on(handle.token())
        .expect("the store has a token");
    handle
}
