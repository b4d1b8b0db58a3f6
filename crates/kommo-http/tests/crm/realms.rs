//! A grant never meets the endpoints of another realm (invariant I3).

use std::sync::Arc;

use kommo_account::{Endpoints, Realm};
use kommo_http::{CrmClient, InvalidRequest};

use crate::scene::transport;
use crate::test_tokens::{TestTokens, key};

fn client(endpoints: Endpoints, realm: Realm) -> Result<CrmClient, InvalidRequest> {
    CrmClient::new(
        transport(),
        endpoints,
        key(realm),
        Arc::new(TestTokens::standing()),
    )
}

#[tokio::test]
async fn only_endpoints_of_the_grants_own_realm_are_taken() {
    let one = Endpoints::loopback_url("http://127.0.0.1:8080").unwrap();
    let other = Endpoints::loopback_url("http://127.0.0.1:8081").unwrap();
    let real = Endpoints::real();
    for endpoints in [one, other, real] {
        for grant in [one, other, real] {
            let made = client(endpoints, grant.realm());
            if endpoints == grant {
                assert!(made.is_ok());
            } else {
                assert_eq!(made.unwrap_err(), InvalidRequest::Realm);
            }
        }
    }
}
