//! An endpoint and what it talks to, ready for a test.

use std::net::SocketAddr;
use std::time::Duration;

use kommo_account::{AccountHost, ApiDomain, ClientId, Endpoints};
use kommo_http::{HttpTokenEndpoint, TransportBuilder};
use kommo_keeper::testing::VirtualClock;
use kommo_keeper::{Probe, TokenEndpoint};
use kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri};
use kommo_oauth::refresh::{Located, SendOutcome};
use kommo_oauth::token::{
    AccessToken, AuthorizationCode, RefreshToken, SubdomainLookup, TokenRequest,
};

use crate::raw_server::{RawServer, Reply};

pub(crate) const CLIENT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const SECRET: &str = "secret-marker-5d1e";
pub(crate) const REFRESH: &str = "refresh-marker-77c0";
pub(crate) const CODE: &str = "code-marker-1f9a";
pub(crate) const ACCESS: &str = "access-marker-3b8d";
pub(crate) const HOST: &str = "shop.kommo.com";
pub(crate) const JSON: (&str, &str) = ("Content-Type", "application/json");

/// A pair whose texts are markers too.
pub(crate) const PAIR: &str = r#"{"token_type":"Bearer","expires_in":86400,"server_time":1751892369,"access_token":"new-access-marker-0a","refresh_token":"new-refresh-marker-0b"}"#;

pub(crate) fn client_id() -> ClientId {
    ClientId::parse(CLIENT).unwrap()
}

pub(crate) fn host() -> AccountHost {
    AccountHost::parse(HOST).unwrap()
}

pub(crate) fn credentials() -> Credentials {
    Credentials::new(
        client_id(),
        ClientSecret::new(SECRET).unwrap(),
        RedirectUri::parse("https://app.example/callback").unwrap(),
    )
}

pub(crate) fn refresh() -> TokenRequest {
    TokenRequest::refresh(&credentials(), &host(), &refresh_token())
}

pub(crate) fn exchange() -> TokenRequest {
    let code = AuthorizationCode::new(CODE).unwrap();
    TokenRequest::exchange(&credentials(), &host(), &code)
}

pub(crate) fn refresh_token() -> RefreshToken {
    RefreshToken::new(REFRESH).unwrap()
}

pub(crate) fn access_token() -> AccessToken {
    AccessToken::new(ACCESS).unwrap()
}

pub(crate) struct Scene {
    pub(crate) server: RawServer,
    pub(crate) clock: VirtualClock,
    pub(crate) endpoints: Endpoints,
    pub(crate) endpoint: HttpTokenEndpoint,
}

impl Scene {
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::with(replies, TransportBuilder::new()).await
    }

    /// For answers that never come.
    pub(crate) async fn impatient(replies: impl IntoIterator<Item = Reply>) -> Self {
        let transport = TransportBuilder::new().total_timeout(Duration::from_secs(1));
        Self::with(replies, transport).await
    }

    async fn with(replies: impl IntoIterator<Item = Reply>, transport: TransportBuilder) -> Self {
        let server = RawServer::start(replies).await;
        let clock = VirtualClock::skipping_pauses();
        let (endpoints, endpoint) = endpoint_at(server.address, transport, &clock);
        Self {
            server,
            clock,
            endpoints,
            endpoint,
        }
    }

    pub(crate) async fn refresh(&self) -> SendOutcome {
        self.endpoint.send(self.endpoints.realm(), &refresh()).await
    }

    pub(crate) async fn probe(&self) -> Probe {
        let realm = self.endpoints.realm();
        self.endpoint.probe(realm, host(), &access_token()).await
    }

    pub(crate) async fn locate(&self) -> Located {
        let token = refresh_token();
        let domain = ApiDomain::parse("api-c.kommo.com").unwrap();
        let look_up = SubdomainLookup::new(&domain, &token);
        self.endpoint.locate(self.endpoints.realm(), &look_up).await
    }

    pub(crate) fn requests(&self) -> usize {
        self.server.received().len()
    }
}

pub(crate) fn endpoint_at(
    address: SocketAddr,
    transport: TransportBuilder,
    clock: &VirtualClock,
) -> (Endpoints, HttpTokenEndpoint) {
    let endpoints = Endpoints::loopback(address).unwrap();
    let endpoint = HttpTokenEndpoint::new(transport, endpoints)
        .unwrap()
        .with_clock(clock.clone());
    (endpoints, endpoint)
}

pub(crate) fn ok(body: &str) -> Reply {
    Reply::answer("200 OK", &[JSON], body.as_bytes())
}
