//! One store in an `Arc`, for the keepers of several integrations.

use alloc::sync::Arc;

use kommo_account::{ClientId, Endpoints, Realm};
use kommo_keeper::testing::ScriptedEndpoint;
use kommo_keeper::{
    CodeOrigin, CodeOutcome, CodePut, GrantStore as _, Keeper, PendingCode, SystemClock,
};
use kommo_oauth::UnixSeconds;
use kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri};
use kommo_oauth::token::AuthorizationCode;

use crate::conformance::{on_both, place};
use crate::place::Place;
use crate::samples::{MARKER, encrypted_with, host};

on_both! {
    two_keepers_share_one_store_and_take_their_own_codes_each
}

fn integration(number: u8) -> ClientId {
    ClientId::parse(&format!("{number}1111111-2222-3333-4444-555555555555")).unwrap()
}

async fn two_keepers_share_one_store_and_take_their_own_codes_each<P: Place>() {
    let place = place!(P);
    let store = Arc::new(place.open_with(encrypted_with(1)).await.unwrap());
    let endpoint = ScriptedEndpoint::new(SystemClock::new());
    endpoint.with(|platform| platform.accepts_everything = true);
    let keepers = [1, 2].map(|number| {
        let redirect = RedirectUri::parse("https://app.example/callback").unwrap();
        let secret = ClientSecret::new(format!("{MARKER}-secret-{number}")).unwrap();
        Keeper::builder(Arc::clone(&store), endpoint.clone(), Endpoints::real())
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
