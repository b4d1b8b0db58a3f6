//! The query of the Redirect URI, read once: a redirect or an install hook.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use kommo_account::ClientId;
use kommo_oauth::consent::{
    CallbackQuery, ConsentRedirect, ConsentState, InstallHook, QueryError, RedirectError,
    RedirectQuery,
};

fn client() -> ClientId {
    ClientId::parse("11111111-2222-3333-4444-555555555555").unwrap()
}

#[track_caller]
fn redirect(query: &str) -> RedirectQuery {
    match CallbackQuery::read(query) {
        Ok(CallbackQuery::Redirect(redirect)) => redirect,
        other => panic!("{other:?}"),
    }
}

// Rules G2, G6.
#[test]
fn a_redirect_is_compared_with_many_states_and_checked_with_its_own() {
    let states = [1, 2, 3].map(|number| ConsentState::from_random([number; 32]));
    let query = format!("code=a&referer=a.kommo.com&state={}", states[1].expose());
    let redirect = redirect(&query);
    assert_eq!(
        states.each_ref().map(|state| redirect.has_state(state)),
        [false, true, false]
    );
    assert!(!redirect.is_denied());
    for state in &states {
        assert_eq!(
            redirect.check(state, &client()),
            ConsentRedirect::parse(&query, state, &client())
        );
    }
    let other = ClientId::parse("99999999-2222-3333-4444-555555555555").unwrap();
    let query = format!("{query}&client_id={}", client().as_str());
    let checked = self::redirect(&query).check(&states[1], &other);
    assert!(matches!(checked, Err(RedirectError::Field(_))));
}

#[test]
fn without_an_expected_state_it_is_known_what_is_wrong() {
    for (query, error) in [
        ("code=a", RedirectError::StateMissing),
        ("error=access_denied", RedirectError::StateMissing),
        ("code=a&state=b", RedirectError::StateMismatch),
        (
            "code=a&state=b&from_widget=1",
            RedirectError::InstallHookOnBrowserRoute,
        ),
    ] {
        let redirect = redirect(query);
        assert_eq!(redirect.without_expected_state(), error, "{query}");
        let state = ConsentState::from_random([0; 32]);
        assert_eq!(redirect.check(&state, &client()), Err(error), "{query}");
    }
    assert!(redirect("error=access%5Fdenied").is_denied());
}

// Rule G9.
#[test]
fn from_widget_with_a_state_is_no_install_hook_and_has_no_state() {
    let state = ConsentState::from_random([1; 32]);
    let query = format!("code=a&from_widget=1&state={}", state.expose());
    assert!(!redirect(&query).has_state(&state));

    let query = "code=a&referer=a.kommo.com&from_widget=1";
    let Ok(CallbackQuery::InstallHook(hook)) = CallbackQuery::read(query) else {
        panic!("a redirect");
    };
    assert_eq!(hook.check(&client()), InstallHook::parse(query, &client()));
}

#[test]
fn an_unreadable_query_is_neither() {
    let duplicate = QueryError::Duplicate { name: "code" };
    assert_eq!(CallbackQuery::read("code=a&code=b").unwrap_err(), duplicate);
}

// Invariant I8.
#[test]
fn nothing_of_a_query_is_in_its_debug_text() {
    for query in [
        "code=marker&state=marker&error=marker",
        "code=marker&from_widget=marker",
    ] {
        let text = format!("{:?}", CallbackQuery::read(query));
        assert!(!text.contains("marker"), "{text}");
    }
}
