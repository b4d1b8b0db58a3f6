//! One redirect in a real browser more than once: in several windows at once, by the way back, and
//! after it was stopped.

use kommo_browser_walk::{ApplicationPlace, Stage};
use serde_json::json;

use crate::walk::{choose, ended, log_in, stage, state_in};

/// Begins a consent in this window, and gives a redirect of the platform for it that was not
/// visited yet.
#[track_caller]
fn redirect(stage: &Stage) -> String {
    let browser = &stage.browser;
    browser.go(&stage.app.at("/kommo/start?mode=post_message"));
    let state = state_in(&browser.address());
    let account = stage.account(0);
    let issued = stage.sandbox.issue_code(account.id, None).unwrap();
    stage.app.at(&format!(
        "/kommo/callback?code={}&state={state}&referer={}",
        issued.code, account.host
    ))
}

#[test]
fn windows_that_come_at_once_are_all_connected() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    let callback = redirect(&stage);
    browser.go(&stage.app.at("/"));
    let home = browser.window();
    // The windows have no opener, so that none of them closes.
    let script = "for (let n = 0; n < 4; n += 1) window.open(arguments[0], '_blank', 'noopener')";
    browser.run(script, &[json!(callback)]);
    browser.wait_for_windows(5);
    for window in browser.windows() {
        if window != home {
            browser.look_at(&window);
            ended(&stage, "connected", "connected");
        }
    }
    assert_eq!(stage.active_grants().len(), 1);
    assert_eq!(stage.app.told().len(), 1);
    assert_eq!(stage.sandbox.counters().codes_exchanged, 1);
}

#[test]
fn visit_that_was_stopped_ends_as_the_next_says() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    let callback = redirect(&stage);
    browser.go(&stage.app.at("/"));
    // The request is on its way, and its page is not waited for.
    let script = "window.location.assign(arguments[0]); window.stop()";
    browser.run(script, &[json!(callback)]);
    for _ in 0..2 {
        browser.go(&callback);
        ended(&stage, "connected", "connected");
    }
    assert_eq!(stage.active_grants().len(), 1);
    assert_eq!(stage.app.told().len(), 1);
}

#[test]
fn way_back_to_the_consent_page_says_that_it_is_connected() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    browser.go(&stage.app.at("/kommo/start?mode=post_message"));
    let consent = browser.address();
    log_in(&stage);
    browser.click("button[value=allow]");
    ended(&stage, "connected", "connected");
    browser.go(&consent);
    choose(&stage, stage.account(2).id);
    browser.click("button[value=allow]");
    ended(&stage, "connected", "connected-before");
    assert_eq!(
        stage.active_grants().len(),
        1,
        "the other account is not connected, and the page says so"
    );
}
