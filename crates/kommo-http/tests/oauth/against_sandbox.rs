//! `HttpTokenEndpoint` against the platform that judges it.

use kommo_account::{AccountHost, ApiDomain, ClientId, Endpoints, Realm};
use kommo_http::{HttpTokenEndpoint, RequestBudget, TransportBuilder};
use kommo_keeper::{Probe, TokenEndpoint};
use kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri};
use kommo_oauth::refresh::{Located, SendOutcome};
use kommo_oauth::token::{
    AuthorizationCode, DoubtCause, RefreshToken, RequestOrigin, SubdomainLookup, TokenAnswer,
    TokenPair, TokenRefusalKind, TokenRequest,
};
use kommo_sandbox::{Fault, FaultKind, GrantOrder, Sandbox, Surface, TokenError};

struct Platform {
    sandbox: Sandbox,
    endpoint: HttpTokenEndpoint,
    realm: Realm,
    credentials: Credentials,
    account: u64,
    host: AccountHost,
}

impl Platform {
    async fn start() -> Self {
        let sandbox = Sandbox::start().await.unwrap();
        let state = sandbox.state();
        let endpoints = Endpoints::loopback_url(sandbox.base_url()).unwrap();
        Self {
            endpoint: HttpTokenEndpoint::new(TransportBuilder::new(), endpoints).unwrap(),
            realm: endpoints.realm(),
            credentials: Credentials::new(
                ClientId::parse(&state.client_id).unwrap(),
                ClientSecret::new(state.client_secret.clone()).unwrap(),
                RedirectUri::parse(&state.redirect_uri).unwrap(),
            ),
            account: state.accounts[0].id,
            host: AccountHost::parse(&state.accounts[0].host).unwrap(),
            sandbox,
        }
    }

    async fn exchange(&self) -> SendOutcome {
        let issued = self
            .sandbox
            .platform()
            .issue_code(self.account, None)
            .unwrap();
        let code = AuthorizationCode::new(issued.code).unwrap();
        let request = TokenRequest::exchange(&self.credentials, &self.host, &code);
        self.endpoint.send(self.realm, &request).await
    }

    async fn refresh(&self, token: &RefreshToken) -> SendOutcome {
        let request = TokenRequest::refresh(&self.credentials, &self.host, token);
        self.endpoint.send(self.realm, &request).await
    }

    async fn grant(&self) -> TokenPair {
        pair(self.exchange().await)
    }

    fn fault(&self, fault: Fault) {
        self.sandbox.inject(fault.on(Surface::Token).times(1));
    }
}

#[track_caller]
fn pair(outcome: SendOutcome) -> TokenPair {
    match outcome {
        SendOutcome::Answered(TokenAnswer::Granted(pair)) => pair,
        outcome => panic!("{outcome:?}"),
    }
}

#[tokio::test]
async fn a_code_becomes_a_pair_and_the_pair_another() {
    let platform = Platform::start().await;
    let first = platform.grant().await;
    let second = pair(platform.refresh(&first.refresh_token).await);
    assert!(first.refresh_token != second.refresh_token);
    let probe = platform
        .endpoint
        .probe(platform.realm, platform.host, &second.access_token)
        .await;
    let Probe::Alive { account_id, .. } = probe else {
        panic!("{probe:?}");
    };
    assert_eq!(account_id.get(), platform.account);
}

#[tokio::test]
async fn a_token_that_nobody_issued_is_unauthorized() {
    let platform = Platform::start().await;
    let token = kommo_oauth::token::AccessToken::new("a.b.c").unwrap();
    let probe = platform
        .endpoint
        .probe(platform.realm, platform.host, &token)
        .await;
    assert_eq!(probe, Probe::Unauthorized);
}

// Rules K6, K7.
#[tokio::test]
async fn every_refusal_of_the_platform_is_recognised() {
    let platform = Platform::start().await;
    let token = platform.grant().await.refresh_token;
    for row in TokenError::ALL {
        let (with_hint, without_hint) = meanings(row);
        let fault = Fault::new(FaultKind::TokenError).row(row);
        for (fault, expected) in [
            (fault.clone(), with_hint),
            (fault.without_hint(), without_hint),
        ] {
            platform.fault(fault);
            let outcome = platform.refresh(&token).await;
            let SendOutcome::Answered(TokenAnswer::Refused(refusal)) = outcome else {
                panic!("{row}: {outcome:?}");
            };
            assert_eq!(refusal.kind, expected, "{row}");
            // Without its hint no refusal proves a death (rule K7).
            assert!(!without_hint.is_proof_of_death());
        }
    }
    pair(platform.refresh(&token).await);
}

/// What a row means with its hint, and without it. A rejected client has none and is known by its
/// title.
fn meanings(row: TokenError) -> (TokenRefusalKind, TokenRefusalKind) {
    use TokenError as Row;
    use TokenRefusalKind as Kind;
    match row {
        Row::CodeUndecryptable => (Kind::CodeUndecryptable, Kind::Unknown),
        Row::CodeExpired => (Kind::CodeExpired, Kind::Unknown),
        Row::CodeRevoked => (Kind::CodeRevoked, Kind::Unknown),
        Row::CodeOfAnotherClient => (Kind::CodeOfAnotherClient, Kind::Unknown),
        Row::CodeMissing => (Kind::CodeMissing, Kind::Unknown),
        Row::ClientIdInvalid => (Kind::ClientIdInvalid, Kind::Unknown),
        Row::ClientSecretInvalid => (Kind::ClientSecretInvalid, Kind::Unknown),
        Row::ClientRejected => (Kind::ClientRejected, Kind::ClientRejected),
        Row::RedirectUriMismatch => (Kind::RedirectUriMismatch, Kind::Unknown),
        Row::InvalidAccount => (Kind::InvalidAccount, Kind::Unknown),
        Row::RefreshTokenRevoked => (Kind::RefreshTokenRevoked, Kind::Unauthorized),
        Row::RefreshTokenExpired => (Kind::RefreshTokenExpired, Kind::Unauthorized),
        Row::RefreshTokenUndecryptable => (Kind::RefreshTokenUndecryptable, Kind::Unauthorized),
        Row::RefreshTokenOfAnotherClient => (Kind::RefreshTokenOfAnotherClient, Kind::Unauthorized),
        Row::RefreshTokenMissing => (Kind::RefreshTokenMissing, Kind::Unknown),
        Row::UnknownGrantType => (Kind::UnknownGrantType, Kind::Unknown),
        _ => panic!("{row} is not in the table"),
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_lost_whatever_the_platform_did() {
    let platform = Platform::start().await;
    let token = platform.grant().await.refresh_token;
    for kind in [
        FaultKind::Cut,
        FaultKind::DropAfterCommit,
        FaultKind::HugeBody,
        FaultKind::EndlessHeaders,
    ] {
        platform.fault(Fault::new(kind));
        assert_eq!(
            platform.refresh(&token).await,
            SendOutcome::Lost,
            "{kind:?}"
        );
    }
    // Kommo documents that the old token still works then.
    pair(platform.refresh(&token).await);
}

#[tokio::test]
async fn a_success_without_a_refresh_token_is_in_doubt() {
    let platform = Platform::start().await;
    let token = platform.grant().await.refresh_token;
    for kind in [FaultKind::NoRefreshToken, FaultKind::NonJson] {
        platform.fault(Fault::new(kind));
        let outcome = platform.refresh(&token).await;
        let SendOutcome::Answered(TokenAnswer::InDoubt(cause)) = outcome else {
            panic!("{outcome:?}");
        };
        assert!(!matches!(cause, DoubtCause::Status { .. }));
    }
}

#[tokio::test]
async fn an_account_is_found_by_its_refresh_token() {
    let platform = Platform::start().await;
    let order = GrantOrder::new(1);
    let made = &platform.sandbox.platform().make_grants(order).unwrap()[0];
    let token = RefreshToken::new(made.refresh_token.clone()).unwrap();
    let domain = ApiDomain::parse("api-c.kommo.com").unwrap();
    let look_up = SubdomainLookup::new(&domain, &token);
    let located = platform.endpoint.locate(platform.realm, &look_up).await;
    let Located::At { account_id, host } = located else {
        panic!("{located:?}");
    };
    assert_eq!((account_id.get(), host), (platform.account, platform.host));
}

// Rule L6: two install hooks that a stranger sent, each of them met by a block page.
#[tokio::test]
async fn block_pages_for_the_hosts_of_a_stranger_stop_no_customer() {
    let mut platform = Platform::start().await;
    let budget = RequestBudget::default();
    let client_id = platform.credentials.client_id;
    platform.endpoint = platform.endpoint.with_budget(budget.clone(), client_id);
    let first = platform.grant().await;
    let fault = Fault::new(FaultKind::ForbiddenHtml);
    platform.sandbox.inject(fault.on(Surface::Token).times(2));
    for evil in ["evil-one.kommo.com", "evil-two.kommo.com"] {
        let host = AccountHost::parse(evil).unwrap();
        let code = AuthorizationCode::new("x1").unwrap();
        let request = TokenRequest::exchange(&platform.credentials, &host, &code)
            .with_origin(RequestOrigin::InstallHook);
        let SendOutcome::Answered(TokenAnswer::Refused(refusal)) =
            platform.endpoint.send(platform.realm, &request).await
        else {
            panic!("{evil} was not refused");
        };
        assert_eq!(refusal.kind, TokenRefusalKind::Blocked);
    }
    assert_eq!(budget.open_breaker(platform.host), None);
    pair(platform.refresh(&first.refresh_token).await);
}
