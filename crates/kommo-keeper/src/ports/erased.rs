//! The ports of a keeper, erased, so that the keeper has no type parameters for them. Each call
//! costs one allocation more than its request or file; the path of a fresh token has none.

use kommo_account::{AccountHost, Realm};
use kommo_oauth::grant::{GrantKey, UnsavedPair};
use kommo_oauth::refresh::{Located, SendOutcome};
use kommo_oauth::token::{AccessToken, SubdomainLookup, TokenPair, TokenRequest};

use crate::ports::grant_store::StoreError;
use crate::ports::lifeboat::LifeboatPort;
use crate::ports::pending_codes::ClaimedCode;
use crate::ports::shared_clock::Boxed;
use crate::ports::token_endpoint::{Probe, TokenEndpoint};

/// [`TokenEndpoint`] as a trait object.
pub(crate) trait AnyEndpoint: Send + Sync {
    fn send<'a>(&'a self, realm: Realm, request: &'a TokenRequest) -> Boxed<'a, SendOutcome>;

    fn locate<'a>(&'a self, realm: Realm, look_up: &'a SubdomainLookup<'_>) -> Boxed<'a, Located>;

    fn probe<'a>(
        &'a self,
        realm: Realm,
        host: AccountHost,
        access_token: &'a AccessToken,
    ) -> Boxed<'a, Probe>;
}

impl<E: TokenEndpoint> AnyEndpoint for E {
    fn send<'a>(&'a self, realm: Realm, request: &'a TokenRequest) -> Boxed<'a, SendOutcome> {
        Box::pin(TokenEndpoint::send(self, realm, request))
    }

    fn locate<'a>(&'a self, realm: Realm, look_up: &'a SubdomainLookup<'_>) -> Boxed<'a, Located> {
        Box::pin(TokenEndpoint::locate(self, realm, look_up))
    }

    fn probe<'a>(
        &'a self,
        realm: Realm,
        host: AccountHost,
        access_token: &'a AccessToken,
    ) -> Boxed<'a, Probe> {
        Box::pin(TokenEndpoint::probe(self, realm, host, access_token))
    }
}

/// The result of a call of the lifeboat.
pub(crate) type LifeboatCall<'a, T> = Boxed<'a, Result<T, Box<dyn StoreError>>>;

/// [`LifeboatPort`] as a trait object.
pub(crate) trait AnyLifeboat: Send + Sync {
    fn reserve<'a>(&'a self, key: &'a GrantKey) -> LifeboatCall<'a, ()>;
    fn release_slot<'a>(&'a self, key: &'a GrantKey) -> LifeboatCall<'a, ()>;
    fn write<'a>(&'a self, unsaved: &'a UnsavedPair) -> LifeboatCall<'a, ()>;
    fn read<'a>(&'a self, key: &'a GrantKey) -> LifeboatCall<'a, Option<UnsavedPair>>;
    fn delete<'a>(&'a self, unsaved: &'a UnsavedPair) -> LifeboatCall<'a, ()>;
    fn keys(&self) -> LifeboatCall<'_, Vec<GrantKey>>;
    fn reserve_for_code<'a>(&'a self, code: &'a ClaimedCode) -> LifeboatCall<'a, ()>;
    fn release_code_slot<'a>(&'a self, code: &'a ClaimedCode) -> LifeboatCall<'a, ()>;
    fn write_answer<'a>(
        &'a self,
        code: &'a ClaimedCode,
        pair: &'a TokenPair,
    ) -> LifeboatCall<'a, ()>;
    fn answers(&self) -> LifeboatCall<'_, Vec<ClaimedCode>>;
    fn delete_answer<'a>(&'a self, code: &'a ClaimedCode) -> LifeboatCall<'a, ()>;
}

impl<L: LifeboatPort> AnyLifeboat for L {
    fn reserve<'a>(&'a self, key: &'a GrantKey) -> LifeboatCall<'a, ()> {
        boxed(LifeboatPort::reserve(self, key))
    }

    fn release_slot<'a>(&'a self, key: &'a GrantKey) -> LifeboatCall<'a, ()> {
        boxed(LifeboatPort::release_slot(self, key))
    }

    fn write<'a>(&'a self, unsaved: &'a UnsavedPair) -> LifeboatCall<'a, ()> {
        boxed(LifeboatPort::write(self, unsaved))
    }

    fn read<'a>(&'a self, key: &'a GrantKey) -> LifeboatCall<'a, Option<UnsavedPair>> {
        boxed(LifeboatPort::read(self, key))
    }

    fn delete<'a>(&'a self, unsaved: &'a UnsavedPair) -> LifeboatCall<'a, ()> {
        boxed(LifeboatPort::delete(self, unsaved))
    }

    fn keys(&self) -> LifeboatCall<'_, Vec<GrantKey>> {
        boxed(LifeboatPort::keys(self))
    }

    fn reserve_for_code<'a>(&'a self, code: &'a ClaimedCode) -> LifeboatCall<'a, ()> {
        boxed(LifeboatPort::reserve_for_code(self, code))
    }

    fn release_code_slot<'a>(&'a self, code: &'a ClaimedCode) -> LifeboatCall<'a, ()> {
        boxed(LifeboatPort::release_code_slot(self, code))
    }

    fn write_answer<'a>(
        &'a self,
        code: &'a ClaimedCode,
        pair: &'a TokenPair,
    ) -> LifeboatCall<'a, ()> {
        boxed(LifeboatPort::write_answer(self, code, pair))
    }

    fn answers(&self) -> LifeboatCall<'_, Vec<ClaimedCode>> {
        boxed(LifeboatPort::answers(self))
    }

    fn delete_answer<'a>(&'a self, code: &'a ClaimedCode) -> LifeboatCall<'a, ()> {
        boxed(LifeboatPort::delete_answer(self, code))
    }
}

fn boxed<'a, T, E: StoreError>(
    work: impl Future<Output = Result<T, E>> + Send + 'a,
) -> LifeboatCall<'a, T> {
    Box::pin(async {
        work.await
            .map_err(|error| -> Box<dyn StoreError> { Box::new(error) })
    })
}
