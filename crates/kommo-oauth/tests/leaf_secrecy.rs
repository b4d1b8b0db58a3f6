//! Planted markers: no secret, code, token, state or body shows in `Debug`, `Display` or an error
//! (invariant I8).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use core::error::Error;
use core::fmt::{Debug, Write};

use base64ct::{Base64UrlUnpadded, Encoding};
use kommo_account::{AccountHost, ApiDomain, ClientId, Platform};
use kommo_oauth::UnixSeconds;
use kommo_oauth::consent::{
    ButtonBrand, ConsentButton, ConsentMode, ConsentRedirect, ConsentState, ConsentUrl,
    InstallHook, PastedCode, PastedFor,
};
use kommo_oauth::integration::{ClientSecret, ClientSecrets, Credentials, RedirectUri};
use kommo_oauth::token::{
    AccessToken, AuthorizationCode, RefreshToken, SubdomainAnswer, SubdomainLookup, TokenAnswer,
    TokenRequest, UnverifiedClaims, read_subdomain_answer, read_token_answer,
};

const MARKER: &str = "PLANTED-MARKER-0123456789";

#[derive(Default)]
struct Seen(String);

impl Seen {
    fn debug(&mut self, value: &impl Debug) {
        writeln!(self.0, "{value:?}\n{value:#?}").unwrap();
    }

    fn error(&mut self, error: &dyn Error) {
        let mut next = Some(error);
        while let Some(error) = next {
            writeln!(self.0, "{error:?} {error}").unwrap();
            next = error.source();
        }
    }

    fn result<T: Debug, E: Error>(&mut self, result: &Result<T, E>) {
        match result {
            Ok(value) => self.debug(value),
            Err(error) => self.error(error),
        }
    }

    /// Each planted marker was formatted, and none appears in the text.
    #[track_caller]
    fn check(&self, others: &[&str]) {
        assert!(self.0.len() > 100);
        for planted in others.iter().chain(&[MARKER]) {
            assert!(!self.0.contains(planted), "{planted} in {}", self.0);
        }
    }
}

fn client() -> ClientId {
    ClientId::parse("11111111-2222-3333-4444-555555555555").unwrap()
}

#[test]
fn requests_show_no_secret() {
    let mut seen = Seen::default();
    let secret = ClientSecret::new(MARKER).unwrap();
    seen.debug(&secret);
    seen.result(&ClientSecret::new(MARKER.repeat(20)));
    let secrets = ClientSecrets::new(secret.clone());
    seen.debug(&secrets.rotated(secret.clone(), UnixSeconds::new(1)));
    let uri = RedirectUri::parse("https://a.example/").unwrap();
    let credentials = Credentials::new(client(), secret, uri);
    seen.debug(&credentials);
    let host = AccountHost::parse("myshop.kommo.com").unwrap();
    let code = AuthorizationCode::new(MARKER).unwrap();
    let token = RefreshToken::new(MARKER).unwrap();
    let exchange = TokenRequest::exchange(&credentials, &host, &code);
    assert_eq!(
        String::from_utf8_lossy(exchange.body())
            .matches(MARKER)
            .count(),
        2
    );
    seen.debug(&exchange);
    seen.debug(&TokenRequest::refresh(&credentials, &host, &token));
    let domain = ApiDomain::parse("api-c.kommo.com").unwrap();
    seen.debug(&SubdomainLookup::new(&domain, &token));
    seen.check(&[]);
}

#[test]
fn answers_show_no_token_and_no_body() {
    let mut seen = Seen::default();
    let bodies = [
        format!(
            r#"{{"token_type":"Bearer","access_token":"{MARKER}","refresh_token":"{MARKER}"}}"#
        ),
        format!(
            r#"{{"token_type":"{MARKER}","access_token":"{MARKER}","refresh_token":"{MARKER}"}}"#
        ),
        format!(r#"{{"access_token":"{MARKER}"}}"#),
        format!(r#"{{"access_token":"{MARKER} ","refresh_token":"{MARKER}"}}"#),
        format!(r#"{{"access_token":"{MARKER}","access_token":"{MARKER}"}}"#),
        format!(
            r#"{{"hint":"{MARKER}","title":"{MARKER}","detail":"{MARKER}","error":"{MARKER}"}}"#
        ),
        format!(r#"{{"id":1,"domain":"{MARKER}","subdomain":"{MARKER}"}}"#),
        format!("<html>{MARKER}"),
    ];
    for status in [200, 204, 206, 302, 400, 401, 402, 403, 404, 408, 429, 500] {
        for body in &bodies {
            let now = UnixSeconds::new(1);
            let answer = read_token_answer(status, Some(MARKER), None, body.as_bytes(), now);
            seen.debug(&answer);
            match answer {
                TokenAnswer::InDoubt(cause) => seen.error(&cause),
                TokenAnswer::Refused(refusal) => seen.error(&refusal),
                _ => {}
            }
            let answer = read_subdomain_answer(status, body.as_bytes());
            seen.debug(&answer);
            if let SubdomainAnswer::Unusable(error) = answer {
                seen.error(&error);
            }
        }
    }
    seen.check(&[]);
}

#[test]
fn redirects_and_pastes_show_no_code_and_no_state() {
    let mut seen = Seen::default();
    let state = ConsentState::from_random([0x5a; 32]);
    let text = state.expose();
    seen.debug(&state);
    seen.result(&ConsentState::parse(MARKER));
    let good = format!("code={MARKER}&referer=a.kommo.com");
    let queries = [
        format!("{good}&state={text}"),
        format!("{good}&state={MARKER}"),
        format!("{good}&state={text}&from_widget=1"),
        format!("{good}&from_widget={MARKER}"),
        format!("{good}&state={text}&client_id={MARKER}"),
        format!("{good}&state={text}&platform={MARKER}"),
        format!("code={MARKER}&state={text}&referer={MARKER}.evil.example"),
        format!("code={MARKER}%20&state={text}&referer=a.kommo.com"),
        format!("code={MARKER}%zz&state={text}"),
        format!("{good}&code={MARKER}&state={text}"),
        format!("error={MARKER}&error_description={MARKER}&state={text}"),
        format!("error=access_denied&state={text}&code={MARKER}"),
    ];
    for query in &queries {
        seen.result(&ConsentRedirect::parse(query, &state, &client()));
        seen.result(&InstallHook::parse(query, &client()));
        let redirect_uri = RedirectUri::parse("https://a.example/cb").unwrap();
        let attempt = PastedFor {
            state: &state,
            redirect_uri: &redirect_uri,
        };
        seen.result(&PastedCode::parse(query, &client(), Some(attempt)));
        seen.result(&PastedCode::parse(query, &client(), None));
    }
    seen.result(&PastedCode::parse(MARKER, &client(), None));
    seen.result(&PastedCode::parse(
        &format!("{MARKER} {MARKER}"),
        &client(),
        None,
    ));
    seen.check(&[text]);
}

#[test]
fn consent_page_and_button_show_no_state() {
    let mut seen = Seen::default();
    let client = client();
    let state = ConsentState::from_random([0x5a; 32]);
    let mode = ConsentMode::Popup;
    seen.debug(&ConsentUrl::new(Platform::Global, &client, &state, mode));
    seen.debug(&ConsentButton::new(
        ButtonBrand::of(Platform::Global),
        &client,
        &state,
        mode,
    ));
    seen.check(&[state.expose()]);
}

#[test]
fn claims_show_nothing_of_the_token_but_what_they_are() {
    let mut seen = Seen::default();
    let payload = format!(r#"{{"api_domain":"{MARKER}","more":"{MARKER}","aud":"{MARKER}"}}"#);
    let payload = Base64UrlUnpadded::encode_string(payload.as_bytes());
    for token in [
        format!("{MARKER}.{payload}.{MARKER}"),
        format!("{MARKER}.{MARKER}!.{MARKER}"),
        MARKER.to_owned(),
    ] {
        let token = AccessToken::new(token).unwrap();
        seen.debug(&token);
        let claims = UnverifiedClaims::decode(&token);
        seen.result(&claims);
        if let Ok(claims) = claims {
            seen.error(&claims.api_domain.unwrap_err());
        }
    }
    seen.check(&[&payload]);
}
