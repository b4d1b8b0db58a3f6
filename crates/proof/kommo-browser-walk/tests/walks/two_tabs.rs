//! Two tabs of one browser, each with an attempt of its own.

use kommo_browser_walk::ApplicationPlace;
use kommo_oauth::consent::ConsentMode;

use crate::walk::{
    attempts, choose, ended, nothing_was_granted, open_consent, pictures, stage, state_in, told,
};

#[test]
fn two_tabs_connect_two_accounts_side_by_side() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    let (one, three) = (stage.account(0).id, stage.account(2).id);
    browser.go(&stage.app.at("/"));
    let first = browser.window();
    let first_consent = open_consent(&stage, "#post-message");
    let first_state = state_in(&browser.address());
    let second = browser.open_tab();
    browser.go(&stage.app.at("/"));
    let second_consent = browser.opening(|| browser.click("#post-message"));
    let second_state = state_in(&browser.address());
    assert_ne!(first_state, second_state);

    // The later one ends first.
    choose(&stage, three);
    browser.click_and_leave("button[value=allow]");
    browser.wait_closed(&second_consent);
    browser.look_at(&second);
    browser.wait_until("window.told.length > 0");
    assert_eq!(told(&stage), ["connected connected"]);
    assert_eq!(stage.app.told(), [("attempt 2".to_owned(), three)]);
    browser.look_at(&first);
    assert_eq!(told(&stage), [] as [String; 0], "it is the other tab's");

    browser.look_at(&first_consent);
    choose(&stage, one);
    browser.click_and_leave("button[value=allow]");
    browser.wait_closed(&first_consent);
    browser.look_at(&first);
    browser.wait_until("window.told.length > 0");
    assert_eq!(told(&stage), ["connected connected"]);
    browser.look_at(&second);
    assert_eq!(told(&stage), ["connected connected"], "once");
    let both = [
        ("attempt 2".to_owned(), three),
        ("attempt 1".to_owned(), one),
    ];
    assert_eq!(stage.app.told(), both);
    assert_eq!(stage.active_grants().len(), 2);
    assert_eq!(attempts(&stage), 0);
}

#[test]
fn two_tabs_in_different_modes_do_not_disturb_each_other() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    let (one, three) = (stage.account(0).id, stage.account(2).id);
    browser.go(&stage.app.at("/"));
    let first = browser.window();
    let first_consent = open_consent(&stage, "#popup");
    let second = browser.open_tab();
    browser.go(&stage.app.at("/"));
    let second_consent = browser.opening(|| browser.click("#post-message"));

    browser.look_at(&first_consent);
    choose(&stage, one);
    browser.click_and_leave("button[value=allow]");
    browser.wait_closed(&first_consent);
    browser.look_at(&first);
    browser.shown("#done");
    browser.look_at(&second_consent);
    choose(&stage, three);
    browser.click_and_leave("button[value=refuse]");
    browser.wait_closed(&second_consent);
    browser.look_at(&second);
    browser.wait_until("window.told.length > 0");
    assert_eq!(told(&stage), ["refused access-denied"]);
    assert_eq!(stage.app.told(), [("attempt 1".to_owned(), one)]);
    assert_eq!(stage.active_grants().len(), 1);
}

#[test]
fn state_of_the_other_tab_is_worth_nothing_once_that_tab_is_done() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    browser.go(&stage.app.at("/"));
    let first = browser.window();
    let first_consent = open_consent(&stage, "#post-message");
    let first_state = state_in(&browser.address());
    let second = browser.open_tab();
    browser.go(&stage.app.at("/"));
    let second_consent = browser.opening(|| browser.click("#post-message"));
    let crossed = browser
        .address()
        .replace(&state_in(&browser.address()), &first_state);
    browser.look_at(&first_consent);
    browser.click_and_leave("button[value=refuse]");
    browser.wait_closed(&first_consent);
    browser.look_at(&first);
    browser.wait_until("window.told.length > 0");

    // The window of the second tab comes back with a code and the state of the first.
    browser.look_at(&second_consent);
    browser.go(&crossed);
    browser.click("button[value=allow]");
    ended(&stage, "refused", "state-used");
    nothing_was_granted(&stage);
    browser.look_at(&second);
    assert_eq!(told(&stage), [] as [String; 0]);
}

#[test]
fn state_that_another_browser_was_given_is_refused_here() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    // This browser has an attempt of its own under way.
    browser.go(&stage.app.at("/"));
    open_consent(&stage, "#post-message");
    for mode in [ConsentMode::PostMessage, ConsentMode::Popup] {
        browser.open_tab();
        browser.go(&stage.app.begun_by_another_browser(mode));
        browser.click("button[value=allow]");
        ended(&stage, "refused", "state-unknown");
        assert_eq!(
            attempts(&stage),
            1,
            "this browser's own attempt is still under way"
        );
    }
    pictures(&stage, "refused-state-unknown");
    nothing_was_granted(&stage);
}
