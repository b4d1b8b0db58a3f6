//! The consent page, walked without a browser: every way through it, and every way out.

use kommo_sandbox::{
    Account, IntegrationKind, IntegrationSettings, OutwardRules, Platform, PlatformParameter,
    SandboxConfig, User, Verdict,
};

use crate::browser::{Browser, offered, parameters, text};
use crate::naive_client::{Draft, config, latest};

const CLIENT: &str = "c11e0000-0000-4000-8000-000000000001";
const ADMIN: &str = "admin@sandbox.example";
const HOME: &str = "www.kommo.com:4242";

fn target(more: &str) -> String {
    format!("/oauth?client_id={CLIENT}{more}")
}

fn platform(integration: IntegrationSettings) -> Platform {
    platform_with(config(), integration)
}

fn platform_with(config: SandboxConfig, integration: IntegrationSettings) -> Platform {
    Platform::new(SandboxConfig {
        integration,
        ..config
    })
    .unwrap()
}

fn default_platform() -> Platform {
    platform(IntegrationSettings::default())
}

fn named(pairs: &[(String, String)]) -> Vec<&str> {
    pairs.iter().map(|(name, _)| name.as_str()).collect()
}

fn value<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    pairs
        .iter()
        .find(|(given, _)| given == name)
        .map_or("", |(_, value)| value)
}

/// The value of a data attribute of the page that hands over.
fn handed_over(page: &str, name: &str) -> String {
    let behind = page.split_once(&format!("data-{name}=\"")).unwrap().1;
    behind.split('"').next().unwrap().replace("&amp;", "&")
}

#[tokio::test]
async fn allowing_sends_the_browser_back_with_a_code_and_what_belongs_to_it() {
    let platform = default_platform();
    let mut browser = Browser::at(&platform, HOME);
    let target = target("&state=a%20b%26c&mode=post_message");
    let page = browser.log_in(&target, ADMIN).await;
    assert!(text(&page).contains("Sandbox integration asks for access"));
    assert!(text(&page).contains("read and change the data of the account (crm)"));
    assert_eq!(offered(&text(&page)), ["sandbox-one.kommo.com"]);

    let answer = browser
        .post(&target, &[("step", "allow"), ("account", "10000001")])
        .await;
    assert_eq!(answer.status, 303);
    let location = answer.header("location");
    assert!(
        location.starts_with("https://integration.example/kommo/redirect?code=def502"),
        "{location}"
    );
    let pairs = parameters(location);
    assert_eq!(named(&pairs), ["code", "state", "referer", "client_id"]);
    assert_eq!(value(&pairs, "state"), "a b&c");
    assert_eq!(value(&pairs, "referer"), "sandbox-one.kommo.com");
    assert_eq!(value(&pairs, "client_id"), CLIENT);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(latest(&platform).0, "consent-allowed");
}

#[tokio::test]
async fn a_state_that_was_not_sent_does_not_come_back() {
    let platform = default_platform();
    let mut browser = Browser::at(&platform, HOME);
    browser.log_in(&target(""), ADMIN).await;
    let answer = browser
        .post(&target(""), &[("step", "allow"), ("account", "10000001")])
        .await;
    assert_eq!(
        named(&parameters(answer.header("location"))),
        ["code", "referer", "client_id"]
    );
    let answer = browser.post(&target(""), &[("step", "refuse")]).await;
    assert_eq!(
        named(&parameters(answer.header("location"))),
        ["error", "client_id"]
    );
}

#[tokio::test]
async fn refusing_sends_the_browser_back_with_an_error_and_no_code() {
    let platform = default_platform();
    let mut browser = Browser::at(&platform, HOME);
    let target = target("&state=s1");
    browser.log_in(&target, ADMIN).await;
    let answer = browser.post(&target, &[("step", "refuse")]).await;
    assert_eq!(answer.status, 303);
    assert_eq!(
        answer.header("location"),
        format!(
            "https://integration.example/kommo/redirect?error=access_denied&client_id={CLIENT}&state=s1"
        )
    );
    assert_eq!(latest(&platform).0, "consent-refused");
}

#[tokio::test]
async fn in_popup_mode_the_window_tells_its_opener_and_does_not_redirect() {
    let platform = default_platform();
    let mut browser = Browser::at(&platform, HOME);
    let target = target("&state=s1&mode=popup&origin=https%3A%2F%2Fapp.example%2Fsettings%3Fa%3D1");
    browser.log_in(&target, ADMIN).await;

    let allowed = browser
        .post(&target, &[("step", "allow"), ("account", "10000001")])
        .await;
    assert_eq!(
        (allowed.status.as_u16(), allowed.header("location")),
        (200, "")
    );
    let page = text(&allowed);
    assert_eq!(handed_over(&page, "result"), "allowed");
    assert_eq!(handed_over(&page, "opener-origin"), "https://app.example");
    let pairs = parameters(&handed_over(&page, "address"));
    assert_eq!(named(&pairs), ["code", "state", "referer", "client_id"]);
    assert!(page.contains("window.opener.postMessage(message, openerOrigin)"));

    let refused = browser.post(&target, &[("step", "refuse")]).await;
    let page = text(&refused);
    assert_eq!(handed_over(&page, "result"), "access_denied");
    assert_eq!(handed_over(&page, "client-id"), CLIENT);
    assert_eq!(
        named(&parameters(&handed_over(&page, "address"))),
        ["error", "client_id", "state"]
    );
}

#[tokio::test]
async fn an_opener_that_did_not_say_who_it_is_is_told_without_a_name() {
    let platform = default_platform();
    let mut browser = Browser::at(&platform, HOME);
    for origin in ["", "&origin=javascript%3Aalert(1)"] {
        let target = target(&format!("&mode=popup{origin}"));
        browser.forget_cookies();
        browser.log_in(&target, ADMIN).await;
        let answer = browser.post(&target, &[("step", "refuse")]).await;
        assert_eq!(handed_over(&text(&answer), "opener-origin"), "*");
    }
}

#[tokio::test]
async fn each_platform_offers_its_own_accounts_and_a_loopback_address_all() {
    let platform = default_platform();
    for (host, accounts) in [
        ("www.kommo.com", &["sandbox-one.kommo.com"][..]),
        ("www.kommo.localhost:4242", &["sandbox-one.kommo.com"]),
        ("www.amocrm.ru:4242", &["sandbox-two.amocrm.ru"]),
        (
            "127.0.0.1:4242",
            &["sandbox-one.kommo.com", "sandbox-two.amocrm.ru"],
        ),
    ] {
        let page = Browser::at(&platform, host)
            .log_in(&target(""), ADMIN)
            .await;
        assert_eq!(offered(&text(&page)), accounts, "{host}");
    }
}

#[tokio::test]
async fn locales_change_the_path_alone() {
    let platform = default_platform();
    for path in ["/es/oauth/", "/br/oauth/", "/id/oauth", "/oauth/"] {
        let target = format!("{path}?client_id={CLIENT}");
        let page = Browser::at(&platform, HOME).log_in(&target, ADMIN).await;
        assert_eq!(offered(&text(&page)), ["sandbox-one.kommo.com"], "{path}");
    }
}

#[tokio::test]
async fn accounts_of_amocrm_bring_their_platform_unless_told_otherwise() {
    for (rule, expected) in [
        (PlatformParameter::OnAmocrm, ["", "1"]),
        (PlatformParameter::Always, ["2", "1"]),
        (PlatformParameter::Never, ["", ""]),
    ] {
        let outward = OutwardRules {
            platform_parameter: rule,
            ..OutwardRules::default()
        };
        let config = SandboxConfig {
            outward,
            ..config()
        };
        let platform = platform_with(config, IntegrationSettings::default());
        let mut browser = Browser::at(&platform, "127.0.0.1:4242");
        browser.log_in(&target(""), ADMIN).await;
        for (account, expected) in ["10000001", "10000002"].iter().zip(expected) {
            let answer = browser
                .post(&target(""), &[("step", "allow"), ("account", account)])
                .await;
            assert_eq!(
                value(&parameters(answer.header("location")), "platform"),
                expected
            );
        }
    }
}

/// One account with an administrator and somebody who is none.
fn with_an_ordinary_user() -> SandboxConfig {
    let mut account = Account::new(7, "shop.kommo.com", "acc00000-0000-4000-8000-000000000007");
    account.users.push(User::new(70, "Ada", true));
    account.users.push(User::new(71, "Bob", false));
    SandboxConfig {
        accounts: vec![account],
        ..config()
    }
}

#[tokio::test]
async fn an_ordinary_user_may_authorize_only_what_is_installed() {
    let platform = platform_with(with_an_ordinary_user(), IntegrationSettings::default());
    let mut bob = Browser::at(&platform, HOME);
    let page = bob.log_in(&target(""), "user71").await;
    assert_eq!(page.status, 403);
    assert!(text(&page).contains("You are not an administrator"));
    assert_eq!(
        bob.post(&target(""), &[("step", "allow"), ("account", "7")])
            .await
            .status,
        403
    );

    let mut ada = Browser::at(&platform, HOME);
    ada.log_in(&target(""), "user70").await;
    assert_eq!(
        ada.post(&target(""), &[("step", "allow"), ("account", "7")])
            .await
            .status,
        303
    );

    let page = bob.get(&target("")).await;
    assert_eq!(offered(&text(&page)), ["shop.kommo.com"]);
    assert_eq!(
        bob.post(&target(""), &[("step", "allow"), ("account", "7")])
            .await
            .status,
        303
    );
}

#[tokio::test]
async fn a_private_integration_offers_one_account_and_takes_no_other() {
    let platform = platform(IntegrationSettings {
        kind: IntegrationKind::Private,
        private_account: Some(10_000_002),
        ..IntegrationSettings::default()
    });
    let mut browser = Browser::at(&platform, "127.0.0.1");
    let page = browser.log_in(&target(""), ADMIN).await;
    assert_eq!(offered(&text(&page)), ["sandbox-two.amocrm.ru"]);
    let answer = browser
        .post(&target(""), &[("step", "allow"), ("account", "10000001")])
        .await;
    assert_eq!(answer.status, 403);
    assert_eq!(latest(&platform).0, "consent-account-not-allowed");
}

#[tokio::test]
async fn accounts_that_do_not_exist_or_are_no_number_are_refused() {
    let platform = default_platform();
    let mut browser = Browser::at(&platform, HOME);
    browser.log_in(&target(""), ADMIN).await;
    for account in ["", "0", "99", "10000001 ", "-1", "sandbox-one.kommo.com"] {
        let answer = browser
            .post(&target(""), &[("step", "allow"), ("account", account)])
            .await;
        assert_eq!(answer.status, 403, "{account:?}");
    }
}

#[tokio::test]
async fn an_integration_that_may_not_ask_here_says_so_before_the_login() {
    let off = IntegrationSettings {
        active: false,
        ..IntegrationSettings::default()
    };
    let russian = IntegrationSettings {
        base_domain: Some("amocrm.ru".into()),
        ..IntegrationSettings::default()
    };
    let unknown = "/oauth?client_id=00000000-0000-4000-8000-000000000000".to_owned();
    for (settings, target, status, sentence, code, rule) in [
        (
            IntegrationSettings::default(),
            unknown,
            404,
            "No integration has this client_id",
            "consent-client-unknown",
            "G1",
        ),
        (
            off,
            target(""),
            403,
            "This integration is switched off",
            "consent-integration-off",
            "",
        ),
        (
            russian,
            target(""),
            403,
            "accounts under .amocrm.ru",
            "consent-platform-mismatch",
            "G1",
        ),
        (
            IntegrationSettings::default(),
            "/oauth".into(),
            400,
            "client_id is missing",
            "consent-query",
            "G1",
        ),
    ] {
        let platform = platform(settings);
        let page = Browser::at(&platform, HOME).get(&target).await;
        assert_eq!(page.status, status);
        assert!(text(&page).contains(sentence), "{}", text(&page));
        assert_eq!(latest(&platform), (code.into(), rule.into()));
    }
}

#[tokio::test]
async fn who_has_no_account_on_this_platform_is_told_so() {
    let platform = platform_with(with_an_ordinary_user(), IntegrationSettings::default());
    let page = Browser::at(&platform, "www.amocrm.ru")
        .log_in(&target(""), "user70")
        .await;
    assert_eq!(page.status, 403);
    assert!(text(&page).contains("You have no account with amoCRM"));
}

#[tokio::test]
async fn an_unknown_login_is_refused_and_somebody_else_may_log_in() {
    let platform = default_platform();
    let mut browser = Browser::at(&platform, HOME);
    browser.get(&target("")).await;
    let answer = browser
        .post(&target(""), &[("step", "log-in"), ("login", "<nobody>")])
        .await;
    assert_eq!(answer.status, 403);
    assert!(text(&answer).contains("Nobody here has this login"));
    assert!(text(&answer).contains("value=\"&lt;nobody&gt;\""));

    browser.log_in(&target(""), ADMIN).await;
    let out = browser.post(&target(""), &[("step", "log-out")]).await;
    assert_eq!(out.status, 303);
    assert!(text(&browser.get(&target("")).await).contains("Log in to Kommo"));
}

#[tokio::test]
async fn a_form_without_the_token_of_the_page_does_nothing() {
    let platform = default_platform();
    let mut browser = Browser::at(&platform, HOME);
    browser.log_in(&target(""), ADMIN).await;
    let cookies = browser.cookies.clone();
    let cookie = format!("{}={}", cookies[0].0, cookies[0].1);
    for form_token in ["", "0", &"0".repeat(64)] {
        let draft = Draft::new("POST", &target(""))
            .header("host", HOME)
            .header("cookie", &cookie)
            .body(format!(
                "form_token={form_token}&step=allow&account=10000001"
            ));
        let answer = draft.send(&platform).await;
        assert_eq!(answer.status, 403, "{form_token:?}");
        assert_eq!(latest(&platform).0, "consent-form-token-wrong");
    }
    let journal = serde_json::to_string(&platform.journal()).unwrap();
    assert!(!journal.contains("consent-allowed"), "{journal}");
}

#[tokio::test]
async fn a_form_of_another_session_does_nothing() {
    let platform = default_platform();
    let mut attacker = Browser::at(&platform, HOME);
    attacker.log_in(&target(""), ADMIN).await;
    let mut victim = Browser::at(&platform, HOME);
    victim.log_in(&target(""), ADMIN).await;
    // The attacker's form, sent with the victim's cookies.
    attacker.cookies.clone_from(&victim.cookies);
    let answer = attacker
        .post(&target(""), &[("step", "allow"), ("account", "10000001")])
        .await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn logging_in_gives_a_new_session_and_the_old_one_is_worth_nothing() {
    let platform = default_platform();
    let mut browser = Browser::at(&platform, HOME);
    browser.get(&target("")).await;
    let before = browser.cookies.clone();
    browser.log_in(&target(""), ADMIN).await;
    assert_ne!(browser.cookies, before);
    browser.cookies = before;
    assert!(text(&browser.get(&target("")).await).contains("Log in to Kommo"));
}

#[tokio::test]
async fn the_session_cookie_is_out_of_reach_of_scripts_and_of_other_sites_forms() {
    let platform = default_platform();
    let answer = Browser::at(&platform, HOME).get(&target("")).await;
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
}

#[tokio::test]
async fn pages_run_nothing_of_strangers_and_are_kept_nowhere() {
    let hostile = "<script>alert(1)</script>\"'{{nonce}}";
    let platform = platform(IntegrationSettings {
        name: hostile.into(),
        description: hostile.into(),
        logo: Some("javascript:alert(1)".into()),
        scopes: vec![hostile.into()],
        ..IntegrationSettings::default()
    });
    let mut browser = Browser::at(&platform, HOME);
    let target = target(&format!(
        "&mode=popup&state={0}&origin={0}",
        "%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E"
    ));
    let login = browser.get(&target).await;
    let choose = browser.log_in(&target, ADMIN).await;
    let handover = browser.post(&target, &[("step", "refuse")]).await;
    for answer in [login, choose, handover] {
        let page = text(&answer);
        assert!(!page.contains("<script>"), "{page}");
        assert!(!page.contains("\"javascript:"), "{page}");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'nonce-"),
            "{policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"));
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test]
async fn neither_code_nor_session_stands_in_the_journal() {
    let platform = default_platform();
    let mut browser = Browser::at(&platform, HOME);
    let target = target("&mode=post_message");
    browser.log_in(&target, ADMIN).await;
    let fields = [
        ("step", "allow"),
        ("account", "10000001"),
        ("password", "planted-password"),
    ];
    let answer = browser.post(&target, &fields).await;
    let code = value(&parameters(answer.header("location")), "code").to_owned();
    let journal = serde_json::to_string(&platform.journal()).unwrap();
    for secret in [&code, &browser.cookies[0].1, "planted-password"] {
        assert!(!journal.contains(secret), "{secret} stands in the journal");
    }
    assert!(
        platform
            .journal()
            .iter()
            .all(|entry| entry.verdict == Verdict::Accepted)
    );
}

#[tokio::test]
async fn the_buttons_script_is_served_where_the_vendor_serves_it() {
    let platform = default_platform();
    for (host, path) in [
        ("www.kommo.com", "/auth/button.js"),
        ("www.amocrm.ru", "/auth/button.min.js"),
        ("127.0.0.1:4242", "/auth/button.js"),
    ] {
        let answer = Browser::at(&platform, host).get(path).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("content-type"),
            "text/javascript; charset=utf-8"
        );
        assert!(text(&answer).contains("kommo_oauth"));
    }
}
