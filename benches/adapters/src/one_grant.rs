//! The grant, and ports that are asked once.

use core::fmt;

use kommo_account::{AccountHost, AccountId, ClientId, Endpoints, Realm};
use kommo_keeper::{
    GrantHandle, GrantStore, Keeper, Probe, StoreError, StoreErrorKind, TokenEndpoint, Written,
};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::{Grant, GrantKey, Transition};
use kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri};
use kommo_oauth::refresh::{Located, SendOutcome};
use kommo_oauth::token::{AccessToken, RefreshToken, SubdomainLookup, TokenPair, TokenRequest};

/// The handle that is measured: with the clocks of this machine.
pub type Handle = GrantHandle<OneGrant>;

const CLIENT: &str = "11111111-2222-3333-4444-555555555555";

/// A handle whose token is fresh for a day, already in memory.
#[must_use]
pub fn fresh_handle(runtime: &tokio::runtime::Runtime) -> Handle {
    let client_id = ClientId::parse(CLIENT).expect("a client id");
    let key = GrantKey::parse(&format!("real/{CLIENT}/12345678/87654321")).expect("a key");
    let credentials = Credentials::new(
        client_id,
        ClientSecret::new("not a secret").expect("a secret"),
        RedirectUri::parse("https://app.example/callback").expect("a redirect URI"),
    );
    let keeper = Keeper::builder(OneGrant, Nowhere, Endpoints::real())
        .credentials(credentials)
        .build();
    let handle = keeper.grant(&key).expect("a grant of this keeper");
    runtime
        .block_on(handle.token())
        .expect("the store has a token");
    handle
}

/// A store with one fresh grant for everybody.
#[derive(Debug)]
#[non_exhaustive]
pub struct OneGrant;

/// The error of a store that is only read.
#[derive(Debug)]
#[non_exhaustive]
pub struct ReadOnly;

impl fmt::Display for ReadOnly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this store is only read")
    }
}

impl core::error::Error for ReadOnly {}

impl StoreError for ReadOnly {
    fn kind(&self) -> StoreErrorKind {
        StoreErrorKind::Misconfigured
    }
}

impl GrantStore for OneGrant {
    type Error = ReadOnly;
    type Lock = ();

    async fn load(&self, key: &GrantKey) -> Result<Option<Grant>, ReadOnly> {
        let host = AccountHost::parse("myshop.kommo.com").map_err(|_| ReadOnly)?;
        let access = AccessToken::new("e30.e30.AAAA").map_err(|_| ReadOnly)?;
        let refresh = RefreshToken::new("def502").map_err(|_| ReadOnly)?;
        let far = UnixSeconds::new(u64::from(u32::MAX));
        let pair = TokenPair::new(access, refresh, UnixSeconds::new(0), far);
        Ok(Some(Grant::consent(None, *key, host, None, pair).grant))
    }

    async fn try_lock(&self, _: &GrantKey) -> Result<Option<()>, ReadOnly> {
        Err(ReadOnly)
    }

    async fn write(
        &self,
        _: Option<&mut ()>,
        _: &Transition,
        _: UnixSeconds,
    ) -> Result<Written, ReadOnly> {
        Err(ReadOnly)
    }

    async fn unlock(&self, (): ()) -> Result<(), ReadOnly> {
        Ok(())
    }

    async fn keys(&self, _: Option<&GrantKey>, _: u32) -> Result<Vec<GrantKey>, ReadOnly> {
        Ok(Vec::new())
    }

    async fn keys_of_account(
        &self,
        _: Realm,
        _: &ClientId,
        _: AccountId,
    ) -> Result<Vec<GrantKey>, ReadOnly> {
        Ok(Vec::new())
    }
}

/// A platform that is not reached.
#[derive(Debug)]
#[non_exhaustive]
pub struct Nowhere;

impl TokenEndpoint for Nowhere {
    async fn send(&self, _: Realm, _: &TokenRequest) -> SendOutcome {
        SendOutcome::NotSent
    }

    async fn locate(&self, _: Realm, _: &SubdomainLookup<'_>) -> Located {
        Located::Unknown
    }

    async fn probe(&self, _: Realm, _: AccountHost, _: &AccessToken) -> Probe {
        Probe::Inconclusive
    }
}
