//! `kommo api` against a sandbox.

use serde_json::{Value, json};

use crate::planted::{Account, JSON, answer};
use crate::program::ended;
use crate::shop::{ACCOUNT, Shop};

#[test]
fn an_answer_is_printed_as_json_in_both_formats() {
    let shop = Shop::open();
    shop.log_in();
    let text = shop.run(["api", "GET", "/api/v4/account"]);
    let account: Value = serde_json::from_str(text.done()).unwrap();
    assert_eq!(account["id"], ACCOUNT);
    // As the platform wrote it, and no line feed behind it.
    assert!(text.stdout.ends_with('}'), "{text:?}");
    let line = shop.run(["api", "get", "/api/v4/account", "--format", "json"]);
    line.done();
    assert_eq!(line.json(), account);
}

// Rules L2, L3.
#[test]
fn pages_are_followed_one_a_line() {
    let shop = Shop::open();
    shop.log_in();
    let words = [
        "api",
        "GET",
        "/api/v4/contacts?limit=50",
        "--paginate",
        "--format",
        "json",
    ];
    let pages = shop.run(words);
    let pages: Vec<Value> = pages
        .done()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let of = |page: &Value| page["_embedded"]["contacts"].as_array().unwrap().len();
    assert_eq!(pages.iter().map(of).collect::<Vec<_>>(), [50, 50, 20]);
    shop.run(["api", "GET", "/api/v4/contacts?limit=251", "--paginate"])
        .failed(2);
    shop.run(["api", "POST", "/api/v4/contacts", "--paginate"])
        .failed(2);
    let past = shop.run(["api", "GET", "/api/v4/contacts?page=99", "--format", "json"]);
    assert_eq!(past.done(), "null\n");
    assert_eq!(
        shop.run(["api", "GET", "/api/v4/contacts?page=99"]).done(),
        ""
    );
}

// Rule L3: nothing is sent to a foreign host.
#[test]
fn a_next_link_that_leads_elsewhere_is_refused_after_the_first_page() {
    let shop = Shop::open();
    shop.log_in();
    shop.sandbox.order(
        "faults",
        &json!({ "on": "crm", "kind": "foreign-next", "times": 1 }),
    );
    let words = [
        "api",
        "GET",
        "/api/v4/contacts?limit=50",
        "--paginate",
        "--format",
        "json",
    ];
    let ended = shop.run(words);
    assert_eq!(ended.status, 1);
    // The page that came, then why there is no other.
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert_eq!((lines.len(), ended.stderr.as_str()), (2, ""), "{ended:?}");
    assert!(
        lines[1].starts_with("{\"error\":{\"code\":\"refused\"")
            && lines[1].contains("another host; it was not followed"),
        "{ended:?}"
    );
}

#[test]
fn a_body_is_sent_and_a_write_is_not_repeated() {
    let shop = Shop::open();
    shop.log_in();
    shop.room.file("lead.json", r#"[{"name":"A lead"}]"#);
    let words = ["api", "POST", "/api/v4/leads", "--body", "lead.json"];
    shop.run(words).done();
    assert_eq!(shop.counter("leads_created"), 1);
    let mut command = shop.command(["api", "POST", "/api/v4/leads", "--body", "-"]);
    command.env("NO_COLOR", "1");
    ended(command, br#"[{"name":"B"}]"#).done();
    assert_eq!(shop.counter("leads_created"), 2);
    shop.sandbox.order(
        "faults",
        &json!({ "on": "crm", "kind": "drop-after-commit", "times": 1 }),
    );
    let lost = shop.run(words);
    assert!(
        lost.failed(3).contains("may have been carried out"),
        "{lost:?}"
    );
    assert_eq!(shop.counter("leads_created"), 3);
}

// Rules L6, E4: whose turn it is decides the status.
#[test]
fn a_refusal_is_status_1_and_a_gateway_that_fails_tells_of_it() {
    let shop = Shop::open();
    shop.log_in();
    for (kind, wanted) in [
        ("payment-required", "not paid"),
        ("forbidden-json", "403"),
        ("forbidden-html", "blocked"),
        ("not-found-html", "404"),
        ("unknown-4xx", "418"),
    ] {
        shop.sandbox
            .order("faults", &json!({ "on": "crm", "kind": kind, "times": 1 }));
        let refused = shop.run(["api", "POST", "/api/v4/leads"]);
        assert_eq!(refused.status, 1, "{refused:?}");
        assert!(refused.stderr.contains(wanted), "{kind}: {refused:?}");
        assert!(!refused.stdout.is_empty(), "{kind}: {refused:?}");
        shop.assert_quiet(&refused);
    }
    let refused = shop.run(["api", "GET", "/api/v4/no-such-thing"]);
    assert_eq!(refused.status, 1, "{refused:?}");
    assert!(refused.stderr.contains("404"), "{refused:?}");
    assert!(refused.stdout.starts_with('{'), "{refused:?}");
}

// Rule L7: a 5xx does not say whether a write was done.
#[test]
fn a_write_that_met_a_5xx_is_in_doubt_and_a_read_is_not() {
    for (status, read_code) in [
        ("500 X", "server-error"),
        ("502 X", "server-error"),
        ("504 X", "server-error"),
        ("408 X", "refused"),
    ] {
        let account = Account::answering(vec![answer(status, JSON, b"{}")]);
        for method in ["POST", "PATCH", "PUT", "DELETE"] {
            let failed = account.api(&[method, "/api/v4/leads", "--format", "json"]);
            let error = failed.failed_json(3);
            assert_eq!(error["code"], "in-doubt", "{status} {failed:?}");
            assert_eq!(error["http_status"].to_string(), status[..3], "{failed:?}");
            let hint = error["hint"].as_str().unwrap();
            assert!(hint.starts_with("it may have been carried out"), "{hint}");
            assert_eq!(hint.contains("smaller batches"), status == "504 X");
        }
        let failed = account.api(&["/api/v4/leads", "--format", "json"]);
        assert_eq!(failed.failed_json(1)["code"], read_code, "{failed:?}");
    }
}

// Rule K12.
#[test]
fn a_call_to_a_renamed_account_goes_to_its_new_host_and_says_so() {
    let shop = Shop::open();
    shop.log_in();
    let order = json!({ "action": "rename-account", "account": ACCOUNT, "subdomain": "moved" });
    shop.sandbox.order("integration", &order);
    shop.room.file("lead.json", r#"[{"name":"A lead"}]"#);
    let created = shop.run(["api", "/api/v4/leads", "--body", "lead.json"]);
    assert_eq!(created.status, 0, "{created:?}");
    assert!(
        created.stderr.contains("it is at moved.kommo.com now"),
        "{created:?}"
    );
    assert_eq!(shop.counter("leads_created"), 1);
    let order = json!({ "action": "rename-account", "account": ACCOUNT, "subdomain": "moved-2" });
    shop.sandbox.order("integration", &order);
    let pages = shop.run(["api", "/api/v4/contacts?limit=50", "--paginate"]);
    assert_eq!(
        (pages.status, pages.stdout.lines().count()),
        (0, 3),
        "{pages:?}"
    );
    assert!(pages.stderr.contains("it is at moved-2.kommo.com now"));
    assert_eq!(shop.counter("refreshes"), 0);
}

#[test]
fn a_path_is_a_path_and_never_a_place() {
    let shop = Shop::open();
    shop.log_in();
    let before = shop.counter("requests");
    for words in [
        &["api"][..],
        &["api", "GET"],
        &["api", "GET", "api/v4/account"],
        &["api", "GET", "https://evil.example/api/v4/account"],
        &["api", "GET", "//evil.example/x"],
        &["api", "GET", "/a/../b"],
        &["api", "GET", "/a b"],
        &["api", "TRACE", "/api/v4/account"],
        &["api", "GET", "/api/v4/account", "--context-user", "0"],
    ] {
        shop.run(words).failed(2);
    }
    shop.run(["api", "GET", "/x", "--body", "missing"])
        .failed(3);
    assert_eq!(shop.counter("requests"), before);
}

// Rules M5, L10.
#[test]
fn a_token_that_has_ended_is_refreshed_and_the_call_goes_through() {
    let shop = Shop::open();
    shop.log_in();
    shop.sandbox
        .order("clock", &json!({ "advance_seconds": 86_500 }));
    let called = shop.run(["api", "GET", "/api/v4/account"]);
    assert_eq!(called.status, 0);
    // The answer of the token endpoint says what time it is there.
    assert!(
        called.stderr.contains("86500 s behind") || called.stderr.contains("86501 s behind"),
        "{called:?}"
    );
    assert_eq!(shop.counter("refreshes"), 1);
}

// Invariant I8.
#[test]
fn verbose_tells_the_attempts_without_a_token() {
    let shop = Shop::open();
    shop.log_in();
    let verbose = shop.run(["api", "GET", "/api/v4/account", "--verbose"]);
    assert_eq!(verbose.status, 0);
    assert!(verbose.stderr.contains("status=200"), "{verbose:?}");
    shop.assert_quiet(&verbose);
}
