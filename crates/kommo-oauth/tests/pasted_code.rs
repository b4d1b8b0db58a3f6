//! What a person pastes: a code, or the address that the browser was sent to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use kommo_account::ClientId;
use kommo_oauth::{
    CallbackFieldError, ConsentState, PASTED_MAX_BYTES, PastedCode, PastedCodeError,
    PastedRedirect, QueryError, StateCheck, TokenError,
};

const OURS: &str = "11111111-2222-3333-4444-555555555555";

fn client() -> ClientId {
    ClientId::parse(OURS).unwrap()
}

fn state() -> ConsentState {
    ConsentState::from_random([7; 32])
}

#[track_caller]
fn pasted(text: &str, expected: Option<&ConsentState>) -> PastedRedirect {
    match PastedCode::parse(text, &client(), expected) {
        Ok(PastedCode::Redirected(redirect)) => redirect,
        other => panic!("{other:?}"),
    }
}

// Rule G11.
#[test]
fn a_bare_code_may_be_pasted() {
    match PastedCode::parse("\t def5020a\r\n", &client(), Some(&state())) {
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
        let redirect = pasted(text, None);
        assert_eq!(redirect.code.expose(), "def5020a");
        assert_eq!(redirect.host.as_str(), "a.kommo.com");
        assert_eq!(redirect.state, StateCheck::NotChecked);
    }
}

#[test]
fn the_state_of_a_pasted_address_is_flagged() {
    let ours = state();
    let text = "code=a&referer=a.kommo.com&state=";
    let matching = format!("{text}{}", ours.expose());
    assert_eq!(pasted(&matching, Some(&ours)).state, StateCheck::Matched);
    assert_eq!(
        pasted("code=a&referer=a.kommo.com", Some(&ours)).state,
        StateCheck::Missing
    );
    assert_eq!(pasted(text, None).state, StateCheck::NotChecked);
    assert_eq!(
        PastedCode::parse(text, &client(), Some(&ours)),
        Err(PastedCodeError::StateMismatch)
    );
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
