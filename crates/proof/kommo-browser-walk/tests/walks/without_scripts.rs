//! A browser that runs no scripts: the link works by itself, in one window.

use kommo_browser_walk::ApplicationPlace;

use crate::walk::{attempts, ended, log_in, no_code_is_left, nothing_was_granted, pictures, stage};

#[test]
fn consent_without_scripts_ends_in_a_grant_and_a_page_that_says_so() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    browser.disable_scripts();
    browser.go(&stage.app.at("/"));
    browser.click("#popup");
    log_in(&stage);
    browser.click("button[value=allow]");
    // Away from the address with the code, to where the application goes on.
    browser.shown("#done");
    assert_eq!(browser.address(), stage.app.at("/done"));
    no_code_is_left(&stage);
    assert_eq!(browser.windows().len(), 1);
    assert_eq!(attempts(&stage), 0);
    assert_eq!(stage.active_grants().len(), 1);
}

#[test]
fn refusal_without_scripts_ends_on_a_page_that_leads_on() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    browser.disable_scripts();
    browser.go(&stage.app.at("/"));
    browser.click("#post-message");
    log_in(&stage);
    browser.click("button[value=refuse]");
    ended(&stage, "refused", "access-denied");
    assert_eq!(attempts(&stage), 0);
    pictures(&stage, "refused-without-scripts");
    nothing_was_granted(&stage);

    // "Try again" begins a new attempt.
    browser.click(".links a");
    browser.click("button[value=allow]");
    browser.shown("#done");
    assert_eq!(stage.active_grants().len(), 1);
}
