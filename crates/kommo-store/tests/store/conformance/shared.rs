//! One store in an `Arc`, for the keepers of several integrations.

use alloc::sync::Arc;

use kommo_account::{AccountHost, AccountId, ClientId, Endpoints, Realm};
use kommo_keeper::{
    CodeOrigin, CodeOutcome, CodePut, GrantStore as _, Keeper, PendingCode, Probe, TokenEndpoint,
};
use kommo_oauth::UnixSeconds;
use kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri};
use kommo_oauth::refresh::{Located, SendOutcome};
use kommo_oauth::token::{
    AccessToken, AuthorizationCode, SubdomainLookup, TokenRequest, read_token_answer,
};

use crate::conformance::{on_both, place};
use crate::place::Place;
use crate::samples::{MARKER, at, encrypted_with, host};

on_both! {
    two_keepers_share_one_store_and_take_their_own_codes_each
}

/// Answers every code with a pair, all of one account.
struct Platform;

impl TokenEndpoint for Platform {
    async fn send(&self, _: Realm, request: &TokenRequest) -> SendOutcome {
        let sent: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        let client = sent["client_id"].as_str().unwrap();
        let body = format!(
            r#"{{"token_type":"Bearer","expires_in":86400,"access_token":"{MARKER}-a-{client}","refresh_token":"{MARKER}-r-{client}"}}"#
        );
        let json = Some("application/json");
        SendOutcome::Answered(read_token_answer(200, json, None, body.as_bytes(), at(1)))
    }

    async fn locate(&self, _: Realm, _: &SubdomainLookup<'_>) -> Located {
        Located::Unknown
    }

    async fn probe(&self, _: Realm, _: AccountHost, _: &AccessToken) -> Probe {
        Probe::Alive {
            account_id: AccountId::from_number(77).unwrap(),
            user_id: Some(5),
        }
    }
}

fn integration(number: u8) -> ClientId {
    ClientId::parse(&format!("{number}1111111-2222-3333-4444-555555555555")).unwrap()
}

async fn two_keepers_share_one_store_and_take_their_own_codes_each<P: Place>() {
    let place = place!(P);
    let store = Arc::new(place.open_with(encrypted_with(1)).await.unwrap());
    let keepers = [1, 2].map(|number| {
        let redirect = RedirectUri::parse("https://app.example/callback").unwrap();
        let secret = ClientSecret::new(format!("{MARKER}-secret-{number}")).unwrap();
        Keeper::builder(Arc::clone(&store), Platform, Endpoints::real())
            .credentials(Credentials::new(integration(number), secret, redirect))
            .build()
    });
    for keeper in &keepers {
        let client_id = keeper.credentials().unwrap().client_id;
        let now = kommo_keeper::Clock::now(keeper.clock());
        let code = AuthorizationCode::new(format!("{MARKER}-{client_id}")).unwrap();
        let pending = PendingCode::new(
            Realm::Real,
            client_id,
            host(),
            code,
            CodeOrigin::Redirect,
            UnixSeconds::new(now.get()),
        );
        let put = keeper.accept_code(&pending).await.unwrap();
        assert_eq!(put, CodePut::Stored);
    }
    for keeper in &keepers {
        let outcomes = keeper.exchange_codes(5).await.unwrap();
        let [CodeOutcome::Granted(grant)] = &*outcomes else {
            panic!("{outcomes:?}");
        };
        assert_eq!(grant.key.client_id, keeper.credentials().unwrap().client_id);
    }
    assert_eq!(store.keys(None, 10).await.unwrap().len(), 2);
}
