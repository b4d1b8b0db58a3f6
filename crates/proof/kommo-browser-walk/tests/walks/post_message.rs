//! Mode `post_message`: the consent window itself comes back, tells its opener, and closes.

use kommo_browser_walk::ApplicationPlace;

use crate::walk::{
    attempts, heard, no_code_is_left, nothing_was_granted, open_consent, stage, told,
};

#[test]
fn window_that_comes_back_tells_its_opener_and_closes() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    browser.go(&stage.app.at("/"));
    let main = browser.window();
    let consent = open_consent(&stage, "#post-message");
    browser.click_and_leave("button[value=allow]");
    browser.wait_closed(&consent);
    browser.look_at(&main);
    browser.wait_until("window.told.length > 0");
    assert_eq!(told(&stage), ["connected connected"]);
    assert_eq!(
        heard(&stage),
        [stage.app.at("")],
        "from the callback page, and nobody else"
    );
    assert_eq!(browser.address(), stage.app.at("/"));
    no_code_is_left(&stage);
    assert_eq!(attempts(&stage), 0);
    assert_eq!(stage.active_grants().len(), 1);
    assert_eq!(
        stage.app.told(),
        [("attempt 1".to_owned(), stage.account(0).id)]
    );
}

#[test]
fn page_goes_on_by_itself_where_its_link_says_so() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    browser.go(&stage.app.at("/"));
    let main = browser.window();
    let consent = open_consent(&stage, "#going-on");
    browser.click_and_leave("button[value=allow]");
    browser.wait_closed(&consent);
    browser.look_at(&main);
    browser.shown("#done");
    assert_eq!(browser.address(), stage.app.at("/done"));
    no_code_is_left(&stage);
    assert_eq!(stage.active_grants().len(), 1);
}

#[test]
fn window_that_comes_back_refused_says_so_and_closes() {
    let Some(stage) = stage(ApplicationPlace::Tls) else {
        return;
    };
    let browser = &stage.browser;
    browser.go(&stage.app.at("/"));
    let main = browser.window();
    let consent = open_consent(&stage, "#post-message");
    browser.click_and_leave("button[value=refuse]");
    browser.wait_closed(&consent);
    browser.look_at(&main);
    browser.wait_until("window.told.length > 0");
    assert_eq!(told(&stage), ["refused access-denied"]);
    assert_eq!(browser.address(), stage.app.at("/"));
    nothing_was_granted(&stage);
    assert_eq!(attempts(&stage), 0, "the attempt is over");
}
