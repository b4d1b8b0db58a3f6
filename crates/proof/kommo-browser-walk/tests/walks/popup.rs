//! Mode `popup`: the consent window tells its opener where to go, and closes.

use kommo_browser_walk::{ApplicationPlace, Stage};

use crate::walk::{
    attempts, choose, ended, log_in, no_code_is_left, nothing_was_granted, open_consent, pictures,
    stage, stage_of, told,
};

#[test]
fn popup_allowed_ends_in_a_grant_and_leaves_no_code_behind() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    browser.go(&stage.app.at("/"));
    let main = browser.window();
    let consent = browser.opening(|| browser.click("#popup"));
    pictures(&stage, "log-in");
    log_in(&stage);
    pictures(&stage, "choose");
    assert!(browser.address().starts_with(stage.sandbox.base_url()));

    // The attempt is in a cookie that no other host, no plain connection and no script can touch.
    browser.look_at(&main);
    let cookies = browser.cookies();
    assert_eq!(cookies.len(), 1);
    assert!(cookies[0].0.starts_with("__Host-kommo-state-"));
    assert!(cookies[0].1, "secure and HttpOnly");

    let account = stage.account(0).id;
    browser.look_at(&consent);
    choose(&stage, account);
    browser.click_and_leave("button[value=allow]");
    browser.wait_closed(&consent);
    browser.look_at(&main);
    browser.shown("#done");
    assert_eq!(browser.address(), stage.app.at("/done"));
    no_code_is_left(&stage);
    assert_eq!(attempts(&stage), 0, "the attempt is over");

    assert_eq!(stage.app.told(), [("attempt 1".to_owned(), account)]);
    let grants = stage.active_grants();
    assert_eq!(grants.len(), 1);
    assert_eq!(grants[0].account_id.get(), account);
    assert_eq!(stage.sandbox.counters().codes_exchanged, 1);

    // Going back leads to the page with the links, not to an address with a code.
    browser.run("history.back()", &[]);
    browser.wait_until("document.querySelector('#popup') !== null");
    assert_eq!(browser.address(), stage.app.at("/"));
    assert_eq!(stage.app.called_back().len(), 1);
}

#[test]
fn popup_of_an_application_without_a_page_to_go_on_to_leaves_no_code_behind() {
    let place = ApplicationPlace::Tls;
    let Some(stage) = stage_of(|| Stage::without_success_path(place)) else {
        return;
    };
    let browser = &stage.browser;
    browser.go(&stage.app.at("/"));
    let main = browser.window();
    let consent = open_consent(&stage, "#popup");
    browser.click_and_leave("button[value=allow]");
    browser.wait_closed(&consent);
    browser.look_at(&main);
    browser.shown("[data-kommo=outcome]");
    ended(&stage, "connected", "connected");
    assert_eq!(stage.app.called_back().len(), 1);
    assert_eq!(attempts(&stage), 0);
    assert_eq!(stage.active_grants().len(), 1);

    // Back and forth again: the page is still there, and the callback is not asked a second time.
    browser.run("history.back()", &[]);
    browser.wait_until("document.querySelector('#popup') !== null");
    browser.run("history.forward()", &[]);
    browser.wait_until("document.querySelector('[data-kommo=outcome]') !== null");
    ended(&stage, "connected", "connected");
    assert_eq!(stage.app.called_back().len(), 1);
}

#[test]
fn popup_refused_closes_and_tells_the_page() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    browser.go(&stage.app.at("/"));
    let main = browser.window();
    let consent = open_consent(&stage, "#popup");
    browser.click_and_leave("button[value=refuse]");
    browser.wait_closed(&consent);
    browser.look_at(&main);
    browser.wait_until("window.told.length > 0");
    assert_eq!(told(&stage), ["refused access-denied"]);
    assert_eq!(browser.address(), stage.app.at("/"));
    assert_eq!(stage.app.called_back(), [] as [String; 0]);
    nothing_was_granted(&stage);
}

#[test]
fn popup_that_is_just_closed_is_told_as_closed_and_can_be_begun_again() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    browser.go(&stage.app.at("/"));
    let main = browser.window();
    let consent = open_consent(&stage, "#popup");
    browser.run("window.close()", &[]);
    browser.wait_closed(&consent);
    browser.look_at(&main);
    browser.wait_until("window.told.length > 0");
    assert_eq!(told(&stage), ["closed"]);
    nothing_was_granted(&stage);

    let consent = browser.opening(|| browser.click("#popup"));
    browser.click_and_leave("button[value=allow]");
    browser.wait_closed(&consent);
    browser.look_at(&main);
    browser.shown("#done");
    assert_eq!(stage.active_grants().len(), 1);
}

#[test]
fn application_without_tls_on_this_machine_is_walked_too() {
    let Some(stage) = stage(ApplicationPlace::Loopback) else {
        return;
    };
    let browser = &stage.browser;
    browser.go(&stage.app.at("/"));
    let main = browser.window();
    let consent = open_consent(&stage, "#popup");
    browser.look_at(&main);
    let cookies = browser.cookies();
    assert_eq!(cookies.len(), 1);
    assert!(cookies[0].0.starts_with("kommo-state-"));
    browser.look_at(&consent);
    browser.click_and_leave("button[value=allow]");
    browser.wait_closed(&consent);
    browser.look_at(&main);
    browser.shown("#done");
    no_code_is_left(&stage);

    browser.go(&stage.app.at("/"));
    let consent = browser.opening(|| browser.click("#post-message"));
    browser.click_and_leave("button[value=allow]");
    browser.wait_closed(&consent);
    browser.look_at(&main);
    browser.wait_until("window.told.length > 0");
    assert_eq!(told(&stage), ["connected connected"]);
    assert_eq!(
        stage.active_grants().len(),
        1,
        "the same user of the same account"
    );
    assert_eq!(stage.app.told().len(), 2);
}
