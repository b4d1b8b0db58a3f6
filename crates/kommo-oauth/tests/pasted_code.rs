//! What a person pastes: a code, or the address that the browser was sent to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kommo_account::ClientId;
use kommo_oauth::consent::{
    CallbackFieldError, ConsentState, PASTED_MAX_BYTES, PastedCode, PastedCodeError, PastedFor,
    PastedRedirect, QueryError,
};
use kommo_oauth::integration::RedirectUri;
use kommo_oauth::token::TokenError;

const OURS: &str = "11111111-2222-3333-4444-555555555555";

fn client() -> ClientId {
    ClientId::parse(OURS).unwrap()
}

fn state() -> ConsentState {
    ConsentState::from_random([7; 32])
}

#[track_caller]
fn pasted(text: &str) -> PastedRedirect {
    match PastedCode::parse(text, &client(), None) {
        Ok(PastedCode::Redirected(redirect)) => redirect,
        other => panic!("{other:?}"),
    }
}

// Rule G11.
#[test]
fn a_bare_code_may_be_pasted() {
    let (state, redirect_uri) = (
        state(),
        RedirectUri::parse("https://app.example/cb").unwrap(),
    );
    let attempt = PastedFor {
        state: &state,
        redirect_uri: &redirect_uri,
    };
    match PastedCode::parse("\t def5020a\r\n", &client(), Some(attempt)) {
        Ok(PastedCode::Bare(code)) => assert_eq!(code.expose(), "def5020a"),
        other => panic!("{other:?}"),
    }
}

// Rule G11.
#[test]
fn a_whole_address_or_its_query_may_be_pasted() {
    for text in [
        "https://app.example/cb?code=def5020a&referer=a.kommo.com&from_widget=1",
        "http://localhost:8000/?code=def5020a&referer=a.kommo.com#top",
        "?code=def5020a&referer=a.kommo.com",
        "code=def5020a&referer=a.kommo.com",
    ] {
        let redirect = pasted(text);
        assert_eq!(redirect.code.expose(), "def5020a");
        assert_eq!(redirect.host.as_str(), "a.kommo.com");
    }
}

/// What an address comes to that is pasted into an attempt with this Redirect URI; `STATE` in it is
/// the attempt's.
fn answered(redirect_uri: &str, text: &str) -> Result<PastedCode, PastedCodeError> {
    let state = state();
    let redirect_uri = RedirectUri::parse(redirect_uri).unwrap();
    let attempt = PastedFor {
        state: &state,
        redirect_uri: &redirect_uri,
    };
    let text = text.replace("STATE", state.expose());
    PastedCode::parse(&text, &client(), Some(attempt))
}

#[test]
fn an_address_must_answer_the_attempt_with_its_state_and_its_redirect_uri() {
    const QUERY: &str = "code=a&referer=a.kommo.com";
    for (redirect_uri, address) in [
        ("https://app.example/cb", "https://app.example/cb"),
        ("https://app.example/cb", "HTTPS://App.Example:443/cb"),
        ("https://App.example", "https://app.example/"),
        (
            "https://app.example:8443/cb?shop=1",
            "https://app.example:8443/cb",
        ),
        ("http://127.0.0.1:80/cb", "http://127.0.0.1/cb"),
    ] {
        let came = |text: &str| answered(redirect_uri, text);
        let good = came(&format!("{address}?{QUERY}&state=STATE"));
        assert!(
            matches!(good, Ok(PastedCode::Redirected(_))),
            "{address}: {good:?}"
        );
        let without = came(&format!("{address}?{QUERY}"));
        assert_eq!(without, Err(PastedCodeError::StateMissing));
        let other = came(&format!("{address}?{QUERY}&state=x"));
        assert_eq!(other, Err(PastedCodeError::StateMismatch));
    }
    for address in [
        "https://evil.example/cb",
        "https://app.example.evil.example/cb",
        "https://app.example@evil.example/cb",
        "https://app.example:444/cb",
        "http://app.example/cb",
        "https://app.example/",
        "https://app.example/cb/",
        "https://app.example/CB",
        "//app.example/cb",
        "",
    ] {
        let text = format!("{address}?{QUERY}&state=STATE");
        let came = answered("https://app.example/cb", &text);
        assert_eq!(came, Err(PastedCodeError::OtherAddress), "{address}");
    }
    let query = answered("https://app.example/cb", &format!("{QUERY}&state=STATE"));
    assert_eq!(query, Err(PastedCodeError::OtherAddress));
}

#[test]
fn a_useless_paste_says_why() {
    for (text, error) in [
        (" \n", PastedCodeError::Empty),
        (
            "def502 0a",
            PastedCodeError::Code(TokenError::Byte { offset: 6 }),
        ),
        (
            "https://a.example/?error=access_denied",
            PastedCodeError::AccessDenied,
        ),
        ("https://a.example/?error=x", PastedCodeError::UnknownError),
        (
            "https://a.example/?x=1",
            PastedCodeError::Field(CallbackFieldError::CodeMissing),
        ),
        (
            "?code=a&referer=a.kommo.com&client_id=x",
            PastedCodeError::Field(CallbackFieldError::OtherClient),
        ),
        (
            "?code=a&code=b",
            PastedCodeError::Query(QueryError::Duplicate { name: "code" }),
        ),
    ] {
        assert_eq!(
            PastedCode::parse(text, &client(), None),
            Err(error),
            "{text}"
        );
    }
    assert!(matches!(
        PastedCode::parse("?code=a&referer=evil.example", &client(), None),
        Err(PastedCodeError::Field(CallbackFieldError::Referer(_)))
    ));
    let long = "d".repeat(PASTED_MAX_BYTES + 1);
    assert_eq!(
        PastedCode::parse(&long, &client(), None),
        Err(PastedCodeError::TooLong {
            found: PASTED_MAX_BYTES + 1
        })
    );
}
