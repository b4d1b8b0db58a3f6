//! The steps that the walks have in common.

use std::path::Path;

use kommo_browser_walk::{ApplicationPlace, Stage, WindowId, is_left_out, missing_programs};

/// Codes and refresh tokens begin with it; nothing else on a page does.
const CODE_BEGINS: &str = "def502";

/// A stage, unless browsers are left out.
#[track_caller]
pub(crate) fn stage(place: ApplicationPlace) -> Option<Stage> {
    stage_of(|| Stage::new(place))
}

/// The same with another stage.
#[track_caller]
#[allow(
    clippy::print_stderr,
    reason = "what is left out must be seen by whoever runs the tests"
)]
pub(crate) fn stage_of(start: impl FnOnce() -> Stage) -> Option<Stage> {
    if is_left_out() {
        eprintln!("left out: browser (KOMMO_TEST_WITHOUT)");
        return None;
    }
    if let Some(missing) = missing_programs() {
        panic!("{missing}");
    }
    Some(start())
}

/// Takes pictures of the page that is shown.
#[track_caller]
pub(crate) fn pictures(stage: &Stage, name: &str) {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser-walk");
    std::fs::create_dir_all(&directory).unwrap();
    stage.browser.take_pictures(&directory, name);
}

/// On the consent page: says who is there.
#[track_caller]
pub(crate) fn log_in(stage: &Stage) {
    stage.browser.write("#login", "admin@sandbox.example");
    stage.browser.click("button[value=log-in]");
    stage.browser.shown("#account");
}

/// On the consent page: chooses an account.
#[track_caller]
pub(crate) fn choose(stage: &Stage, account: u64) {
    stage
        .browser
        .click(&format!("#account option[value=\"{account}\"]"));
}

/// Opens the consent window with one of the links of the application's page, and logs in there.
#[track_caller]
pub(crate) fn open_consent(stage: &Stage, link: &str) -> WindowId {
    let consent = stage.browser.opening(|| stage.browser.click(link));
    log_in(stage);
    consent
}

/// The state that the consent page was asked with.
#[track_caller]
pub(crate) fn state_in(address: &str) -> String {
    let (_, rest) = address
        .split_once("state=")
        .expect("a state in the address");
    rest.split(['&', '#']).next().unwrap().to_owned()
}

/// What the links of the application's page told it.
#[track_caller]
pub(crate) fn told(stage: &Stage) -> Vec<String> {
    texts(stage, "return window.told")
}

/// The origins that the page heard something from.
#[track_caller]
pub(crate) fn heard(stage: &Stage) -> Vec<String> {
    texts(stage, "return window.heard")
}

#[track_caller]
fn texts(stage: &Stage, script: &str) -> Vec<String> {
    serde_json::from_value(stage.browser.run(script, &[])).unwrap()
}

/// How many attempts this browser has under way.
#[track_caller]
pub(crate) fn attempts(stage: &Stage) -> usize {
    let cookies = stage.browser.cookies();
    let names = cookies.iter().map(|(name, _)| name);
    names.filter(|name| name.contains("kommo-state-")).count()
}

/// The page of kommo-axum that is shown says this, at an address that has nothing in it.
#[track_caller]
pub(crate) fn ended(stage: &Stage, outcome: &str, code: &str) {
    let shown = stage
        .browser
        .attribute("[data-kommo=outcome]", "data-kommo-outcome");
    let because = stage
        .browser
        .attribute("[data-kommo=outcome]", "data-kommo-code");
    assert_eq!((&*shown, &*because), (outcome, code));
    let address = stage.browser.address();
    let rest = address.strip_prefix(&stage.app.at("/kommo/result"));
    let rest = rest.expect("the address of a result");
    let is_name = |name: &str| name.len() == 12;
    assert!(
        rest.is_empty() || rest.strip_prefix("?id=").is_some_and(is_name),
        "{address}"
    );
    no_code_is_left(stage);
}

/// A page after the callback: neither it nor the address bar nor the history of its window has a
/// code in it, and no script could find one.
#[track_caller]
pub(crate) fn no_code_is_left(stage: &Stage) {
    let browser = &stage.browser;
    let timings = "return performance.getEntries().map((entry) => entry.name)";
    for (place, texts) in [
        ("the page", vec![browser.source()]),
        ("the address bar", vec![browser.address()]),
        ("the history", browser.history()),
        ("the referrer", texts(stage, "return [document.referrer]")),
        ("the timings", texts(stage, timings)),
    ] {
        assert!(
            !texts.iter().any(|text| has_code(text)),
            "a code in {place}"
        );
    }
}

fn has_code(text: &str) -> bool {
    text.contains(CODE_BEGINS) || text.contains("?code=") || text.contains("&code=")
}

/// Nothing was granted, and no code even tried.
#[track_caller]
pub(crate) fn nothing_was_granted(stage: &Stage) {
    assert_eq!(stage.active_grants(), []);
    assert_eq!(stage.app.told(), []);
    assert_eq!(stage.sandbox.counters().codes_exchanged, 0);
}
