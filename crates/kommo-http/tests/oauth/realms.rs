//! A request of another realm does not leave (invariant I3).

use kommo_account::{ApiDomain, Endpoints, Realm};
use kommo_keeper::{Probe, TokenEndpoint};
use kommo_oauth::refresh::{Located, SendOutcome};
use kommo_oauth::token::SubdomainLookup;

use crate::scene::{PAIR, Scene, access_token, host, ok, refresh, refresh_token};

#[tokio::test]
async fn nothing_is_sent_for_another_realm() {
    let scene = Scene::start([ok(PAIR)]).await;
    let other = Endpoints::loopback_url("http://127.0.0.1:9").unwrap();
    for realm in [Realm::Real, other.realm()] {
        let endpoint = &scene.endpoint;
        assert_eq!(endpoint.send(realm, &refresh()).await, SendOutcome::NotSent);
        let token = refresh_token();
        let domain = ApiDomain::parse("api-c.kommo.com").unwrap();
        let look_up = SubdomainLookup::new(&domain, &token);
        assert_eq!(endpoint.locate(realm, &look_up).await, Located::Unknown);
        assert_eq!(
            endpoint.probe(realm, host(), &access_token()).await,
            Probe::Inconclusive
        );
    }
    assert_eq!(scene.requests(), 0);
}
