//! Redirects that the platform never sent, typed into the address bar as a link in a mail would.

use kommo_browser_walk::{ApplicationPlace, Stage};

use crate::walk::{choose, ended, log_in, nothing_was_granted, pictures, stage, state_in};

/// Begins a consent in this window and gives its state.
#[track_caller]
fn begin(stage: &Stage) -> String {
    stage
        .browser
        .go(&stage.app.at("/kommo/start?mode=post_message"));
    state_in(&stage.browser.address())
}

/// A redirect with a good code of the first account.
fn redirect(stage: &Stage, state: &str, referer: &str) -> String {
    let issued = stage.sandbox.issue_code(stage.account(0).id, None).unwrap();
    let client_id = stage.sandbox.state().client_id;
    let code = &issued.code;
    stage.app.at(&format!(
        "/kommo/callback?code={code}{state}&referer={referer}&client_id={client_id}"
    ))
}

#[test]
fn forged_and_absent_states_are_refused_and_use_nothing_up() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    let host = stage.account(0).host;
    let made_up = "A".repeat(43);
    let nobody = format!("&state={made_up}");
    browser.go(&redirect(&stage, &nobody, &host));
    ended(&stage, "refused", "state-unknown");
    browser.go(&redirect(&stage, "", &host));
    ended(&stage, "refused", "state-missing");
    pictures(&stage, "refused-state-missing");

    // The same with an attempt under way, whose state is nearly right.
    let state = begin(&stage);
    let (rest, last) = state.split_at(state.len() - 1);
    let nearly = format!("&state={rest}{}", if last == "A" { "E" } else { "A" });
    let cut = format!("&state={rest}");
    let twice = format!("&state={state}&state={state}");
    for (forged, code) in [
        (&*nobody, "state-unknown"),
        (&nearly, "state-unknown"),
        (&cut, "state-unknown"),
        ("&state=", "state-unknown"),
        ("", "state-missing"),
        (&twice, "parameter-repeated"),
    ] {
        browser.go(&redirect(&stage, forged, &host));
        ended(&stage, "refused", code);
    }
    nothing_was_granted(&stage);

    browser.go(&redirect(&stage, &format!("&state={state}"), &host));
    ended(&stage, "connected", "connected");
    assert_eq!(stage.active_grants().len(), 1);
}

#[test]
fn redirect_that_comes_again_ends_as_it_did() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    begin(&stage);
    log_in(&stage);
    choose(&stage, stage.account(2).id);
    browser.click("button[value=allow]");
    ended(&stage, "connected", "connected");
    // No window opened this one, so it stays; and it can be looked at again.
    pictures(&stage, "connected");
    let shown = browser.address();
    browser.go(&shown);
    ended(&stage, "connected", "connected");
    let once = stage.app.called_back();
    assert_eq!(once.len(), 1);

    browser.go(&once[0]);
    ended(&stage, "connected", "connected");
    // Beside another attempt, and with its state, the old code is worth nothing either.
    let state = begin(&stage);
    browser.go(&once[0].replace(&state_in(&once[0]), &state));
    ended(&stage, "unknown", "code-repeated");
    assert!(!browser.source().contains("Not connected"));
    assert_eq!(stage.active_grants().len(), 1);
    assert_eq!(stage.app.told().len(), 1);
    assert_eq!(stage.sandbox.counters().codes_exchanged, 1);
}

#[test]
fn result_of_another_browser_says_nothing_here() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    for query in ["", "?id=0123456789ab", "?outcome=connected&code=connected"] {
        browser.go(&stage.app.at(&format!("/kommo/result{query}")));
        let outcome = browser.attribute("[data-kommo=outcome]", "data-kommo-outcome");
        assert_eq!(outcome, "unknown");
        assert!(!browser.source().contains("The account is connected"));
    }
    pictures(&stage, "unknown");
    nothing_was_granted(&stage);
}

#[test]
fn foreign_referers_are_refused_and_sent_no_code() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    let (own, sibling) = (stage.account(0).host, stage.account(2).host);
    let russian = stage.account(1).host;
    for (referer, code) in [
        ("third.example", "referer-refused"),
        (&*format!("{own}.third.example"), "referer-refused"),
        (&format!("{own}%40third.example"), "referer-refused"),
        (&format!("third.example%2F.{own}"), "referer-refused"),
        ("127.0.0.1", "referer-refused"),
        ("www.kommo.com", "referer-refused"),
        ("", "referer-refused"),
        (&russian, "other-platform"),
    ] {
        let state = format!("&state={}", begin(&stage));
        browser.go(&redirect(&stage, &state, referer));
        ended(&stage, "refused", code);
    }
    pictures(&stage, "refused-other-platform");
    let token_requests = || {
        let journal = stage.sandbox.journal();
        let is_token = |target: &str| target.starts_with("/oauth2/access_token");
        journal
            .iter()
            .filter(|entry| is_token(&entry.target))
            .count()
    };
    assert_eq!(token_requests(), 0, "no code left the application");

    // An account of the same platform that the code is not of: the platform itself says no.
    let state = format!("&state={}", begin(&stage));
    browser.go(&redirect(&stage, &state, &sibling));
    ended(&stage, "refused", "code-refused");
    assert_eq!(token_requests(), 1);
    nothing_was_granted(&stage);
}

#[test]
fn redirect_for_another_integration_is_refused() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let state = format!("&state={}", begin(&stage));
    let address = redirect(&stage, &state, &stage.account(0).host);
    let other = "99999999-0000-4000-8000-000000000001";
    stage
        .browser
        .go(&address.replace(&stage.sandbox.state().client_id, other));
    ended(&stage, "refused", "other-client");
    nothing_was_granted(&stage);
}
