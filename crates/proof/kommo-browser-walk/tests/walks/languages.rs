//! Each outcome in each language, as it is seen on a desk and on a phone.

use kommo_browser_walk::{ApplicationPlace, Stage};

use crate::walk::{pictures, stage_of, state_in};

/// A query of the callback, and what the page says. `STATE` and `CODE` stand for good ones.
const OUTCOMES: [(&str, &str); 9] = [
    ("code=CODE&state=STATE", "connected"),
    ("code=CODE&state=STATE&again=other", "connected-before"),
    ("error=access_denied&state=STATE", "access-denied"),
    ("code=def502madeupSTATE&state=STATE", "code-refused"),
    ("code=USED&state=STATE", "code-repeated"),
    ("code=CODE&state=x", "state-unknown"),
    ("code=CODE", "state-missing"),
    (
        "code=CODE&state=STATE&platform=1&referer=shop.amocrm.ru",
        "other-platform",
    ),
    (
        "code=CODE&state=STATE&error=access_denied",
        "code-and-error",
    ),
];

/// A language as a browser asks for it, and that of the page.
const LANGUAGES: [(&str, &str); 4] = [
    ("en-GB,en;q=0.9", "en"),
    ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
    ("pt-BR,pt;q=0.9,en;q=0.8", "pt"),
    ("es-419,es;q=0.9,en;q=0.8", "es"),
];

#[track_caller]
fn visit(stage: &Stage, query: &str, code: &str, used: &mut String) {
    let browser = &stage.browser;
    browser.go(&stage.app.at("/kommo/start?mode=popup"));
    let state = state_in(&browser.address());
    let account = stage.account(0);
    let good = stage.sandbox.issue_code(account.id, None).unwrap().code;
    let mut query = query
        .replace("CODE", &good)
        .replace("USED", used)
        .replace("STATE", &state);
    if !query.contains("referer=") {
        query.push_str(&format!("&referer={}", account.host));
    }
    let callback = |query: &str| stage.app.at(&format!("/kommo/callback?{query}"));
    if code == "connected-before" {
        browser.go(&callback(&query));
        let other = stage.sandbox.issue_code(account.id, None).unwrap().code;
        query = query.replace(&good, &other);
    }
    browser.go(&callback(&query));
    if code == "connected" {
        *used = good;
    }
}

#[test]
fn outcomes_are_shown_in_each_language() {
    let start = || Stage::without_success_path(ApplicationPlace::Tls);
    let Some(stage) = stage_of(start) else {
        return;
    };
    let browser = &stage.browser;
    let shown = |code: &str, language: &str| {
        let found = browser.attribute("[data-kommo=outcome]", "data-kommo-code");
        assert_eq!(found, code, "{language}");
        assert_eq!(browser.attribute("html", "lang"), language, "{code}");
        pictures(&stage, &format!("outcome-{language}-{code}"));
    };
    for (asked, language) in LANGUAGES {
        browser.speak(asked);
        let mut used = String::new();
        for (query, code) in OUTCOMES {
            visit(&stage, query, code, &mut used);
            shown(code, language);
        }
        browser.go(&stage.app.at("/kommo/result?id=000000000000"));
        shown("result-unknown", language);
        browser.go(&stage.app.at("/kommo/start?mode=frame"));
        shown("mode-unknown", language);
    }
}
