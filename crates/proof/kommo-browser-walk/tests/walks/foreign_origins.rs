//! What a page of another site can do: post messages, open windows, show frames.

use kommo_browser_walk::{ApplicationPlace, Stage, WindowId};
use serde_json::json;

use crate::walk::{
    attempts, ended, heard, log_in, no_code_is_left, nothing_was_granted, open_consent, pictures,
    stage, told,
};

/// What the platform would say, and what the callback page would, with a code in it that the
/// platform has issued.
#[track_caller]
fn lookalikes(stage: &Stage) -> serde_json::Value {
    let account = stage.account(0);
    let issued = stage.sandbox.issue_code(account.id, None).unwrap();
    let url = stage.app.at(&format!(
        "/kommo/callback?code={}&referer={}",
        issued.code, account.host
    ));
    json!([
        {"url": url},
        {"client_id": stage.sandbox.state().client_id, "error": "access_denied"},
        {"kommo": "consent", "outcome": "connected", "code": "connected"},
    ])
}

/// The application's page in a window that the third site has opened, and so has a hold of.
#[track_caller]
fn home_opened_by_third_site(stage: &Stage) -> (WindowId, WindowId) {
    let browser = &stage.browser;
    browser.go(&stage.third_page(&stage.app.at("/")));
    let third = browser.window();
    let home = browser.opening(|| browser.click("#open"));
    browser.shown("#popup");
    (third, home)
}

#[track_caller]
fn post_from_opener(stage: &Stage) {
    let script = "for (const message of arguments[0]) window.opened.postMessage(message, '*')";
    stage.browser.run(script, &[lookalikes(stage)]);
}

#[test]
fn messages_of_a_third_site_are_ignored_in_both_modes() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    let (third, home) = home_opened_by_third_site(&stage);
    for (link, ends_at) in [("#post-message", "/"), ("#popup", "/done")] {
        browser.look_at(&home);
        let consent = browser.opening(|| browser.click(link));
        if !browser.has("#account") {
            log_in(&stage);
        }
        let before = stage.app.told().len();
        browser.look_at(&third);
        post_from_opener(&stage);
        browser.look_at(&home);
        browser.wait_until("window.heard.filter((origin) => origin.includes('third')).length >= 3");
        assert!(!told(&stage).iter().any(|told| told.starts_with("refused")));
        assert_eq!(browser.address(), stage.app.at("/"));
        assert_eq!(stage.app.told().len(), before);
        assert!(browser.windows().contains(&consent), "it is still open");

        // The true message is heard all the same.
        browser.look_at(&consent);
        browser.click_and_leave("button[value=allow]");
        browser.wait_closed(&consent);
        browser.look_at(&home);
        if link == "#post-message" {
            browser.wait_until("window.told.length > 0");
            assert_eq!(told(&stage), ["connected connected"]);
            browser.run("window.told = []; window.heard = []", &[]);
        } else {
            browser.shown("#done");
        }
        assert_eq!(browser.address(), stage.app.at(ends_at));
        assert_eq!(stage.app.told().len(), before + 1);
    }
    browser.look_at(&third);
    assert_eq!(
        heard(&stage),
        [] as [String; 0],
        "nobody told the third site anything"
    );
}

#[test]
fn consent_window_that_went_to_a_third_site_has_no_say_any_more() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    browser.go(&stage.app.at("/"));
    let home = browser.window();
    for link in ["#post-message", "#popup"] {
        let consent = browser.opening(|| browser.click(link));
        browser.shown("#login");
        // From inside: what is typed into the address bar parts a window from its opener.
        browser.run(
            "location.href = arguments[0]",
            &[json!(stage.third_page(""))],
        );
        browser.shown("#open");
        let script = "for (const message of arguments[0]) window.opener.postMessage(message, '*')";
        browser.run(script, &[lookalikes(&stage)]);
        browser.look_at(&home);
        browser.wait_until("window.heard.length === 3");
        assert_eq!(heard(&stage), vec![stage.third_origin(); 3]);
        assert_eq!(told(&stage), [] as [String; 0]);
        assert_eq!(browser.address(), stage.app.at("/"));
        browser.look_at(&consent);
        browser.run("window.close()", &[]);
        browser.wait_closed(&consent);
        browser.look_at(&home);
        browser.wait_until("window.told.length > 0");
        assert_eq!(told(&stage), ["closed"]);
        browser.run("window.told = []; window.heard = []", &[]);
    }
    assert_eq!(stage.app.called_back(), [] as [String; 0]);
    nothing_was_granted(&stage);
}

#[test]
fn callback_that_a_third_site_opens_is_refused_and_tells_it_nothing() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    // The victim has an attempt under way.
    browser.go(&stage.app.at("/kommo/start?mode=post_message"));
    let account = stage.account(0);
    let issued = stage.sandbox.issue_code(account.id, None).unwrap();
    let state = "A".repeat(43);
    let callback = stage.app.at(&format!(
        "/kommo/callback?code={}&state={state}&referer={}",
        issued.code, account.host
    ));
    browser.go(&stage.third_page(&callback));
    let third = browser.window();
    let opened = browser.opening(|| browser.click("#open"));
    ended(&stage, "refused", "state-unknown");
    assert!(browser.windows().contains(&opened));
    browser.look_at(&third);

    // In a frame it is not even shown.
    let script = "const frame = document.createElement('iframe'); frame.src = arguments[0]; \
                  frame.onload = () => { window.framed = true; }; document.body.append(frame)";
    browser.run(script, &[json!(callback)]);
    browser.wait_until("window.framed");
    browser.look_into_frame(0);
    assert!(!browser.has("[data-kommo=outcome]"));
    browser.look_at(&third);
    assert_eq!(heard(&stage), [] as [String; 0]);
    nothing_was_granted(&stage);
}

/// The third site sends a window to the start.
#[track_caller]
fn start_opened_by_third_site(stage: &Stage) -> (WindowId, WindowId) {
    let browser = &stage.browser;
    let start = stage.app.at("/kommo/start?mode=post_message");
    browser.go(&stage.third_page(&start));
    let third = browser.window();
    let opened = browser.opening(|| browser.click("#open"));
    let code = browser.attribute("[data-kommo=outcome]", "data-kommo-code");
    assert_eq!((&*code, browser.address()), ("other-site", start));
    (third, opened)
}

#[test]
fn third_site_that_opens_the_start_begins_nothing_and_learns_nothing() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    let (third, consent) = start_opened_by_third_site(&stage);
    pictures(&stage, "refused-other-site");
    assert_eq!(attempts(&stage), 0);
    // What the user begins there is the user's own.
    browser.click(".links a");
    log_in(&stage);
    browser.click_and_leave("button[value=allow]");
    browser.wait_closed(&consent);
    browser.look_at(&third);
    assert_eq!(
        heard(&stage),
        [] as [String; 0],
        "the message was for the application's origin"
    );
    no_code_is_left(&stage);
    assert_eq!(stage.active_grants().len(), 1, "the user did allow it");
}

#[test]
fn third_site_that_opens_the_start_often_ends_no_consent_of_the_user() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    browser.go(&stage.app.at("/"));
    let home = browser.window();
    let consent = open_consent(&stage, "#post-message");
    for _ in 0..8 {
        browser.open_tab();
        start_opened_by_third_site(&stage);
    }
    browser.look_at(&consent);
    browser.click_and_leave("button[value=allow]");
    browser.wait_closed(&consent);
    browser.look_at(&home);
    browser.wait_until("window.told.length > 0");
    assert_eq!(told(&stage), ["connected connected"]);
    assert_eq!(stage.active_grants().len(), 1);
}

#[test]
fn frame_or_picture_of_a_third_site_begins_nothing_either() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    let start = stage.app.at("/kommo/start");
    for kind in ["iframe", "img"] {
        browser.go(&stage.third_page(&start));
        let script = "const part = document.createElement(arguments[0]); part.src = arguments[1]; \
                      part.onload = part.onerror = () => { window.tried = true; }; document.body.append(part)";
        browser.run(script, &[json!(kind), json!(start)]);
        browser.wait_until("window.tried");
        browser.go(&stage.app.at("/"));
        assert_eq!(attempts(&stage), 0, "{kind}");
    }
}
