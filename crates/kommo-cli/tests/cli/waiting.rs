//! What a person sees and can do while something is paused or takes its time.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::shop::{ACCOUNT, HOST, Shop, private};

#[test]
fn a_hold_whose_cause_was_mended_is_lifted_by_a_retry_and_told_in_words() {
    let shop = Shop::open();
    shop.log_in();
    let unpaid = json!({ "on": "token", "kind": "payment-required", "times": 1 });
    shop.sandbox.order("faults", &unpaid);
    shop.run(["auth", "refresh"]).failed(1);
    // Nothing is asked before the pause is over, and it is said in words until when.
    let paused = shop.run(["auth", "refresh"]);
    let said = paused.failed(1);
    assert!(
        said.contains("UTC (in ") && said.contains("auth retry"),
        "{said}"
    );
    let status = shop.run(["auth", "status"]);
    assert!(
        status.stdout.contains("paused until 20") && status.stdout.contains("UTC (in "),
        "{status:?}"
    );
    assert!(status.stdout.contains("`kommo auth retry`"), "{status:?}");
    let before = shop.counter("refresh_requests");
    let retried = shop.json(&["auth", "retry"]);
    assert_eq!(retried["generation"], 2);
    assert_eq!(retried["lifted"], json!(["payment-required"]));
    assert_eq!(shop.counter("refresh_requests"), before + 1);
    shop.run(["auth", "status"]).done();
    // Nothing is paused now: nothing is spent.
    let again = shop.json(&["auth", "retry"]);
    assert_eq!(
        (&again["generation"], &again["lifted"]),
        (&json!(2), &json!([]))
    );
    assert_eq!(shop.counter("refresh_requests"), before + 1);
}

#[test]
fn a_retry_with_the_right_secret_lifts_what_the_wrong_one_caused() {
    let shop = Shop::open();
    shop.log_in();
    private(&shop.room, "other.secret", "MARKER-another-client-secret");
    let wrong = ["auth", "retry", "--secret-file", "other.secret"];
    shop.run(["auth", "refresh", "--secret-file", "other.secret"])
        .failed(1);
    // The same mistake once more: one request, and the pause is back.
    let failed = shop.run(wrong);
    assert!(
        failed.failed(1).contains("client-misconfigured"),
        "{failed:?}"
    );
    assert_eq!(shop.json(&["auth", "retry"])["generation"], 2);
}

#[test]
fn a_person_does_not_wait_for_the_pause_of_a_doubt() {
    let shop = Shop::open();
    shop.log_in();
    // Two lost answers in one command: the pause after them is longer than that command waits.
    let fault = json!({ "on": "token", "kind": "bad-gateway", "times": 3 });
    shop.sandbox.order("faults", &fault);
    shop.run(["auth", "refresh"]).failed(3);
    let status = shop.json_whatever(&["auth", "status"]);
    assert_eq!(status["grants"][0]["state"], "in-doubt", "{status}");
    let refreshed = shop.json(&["auth", "refresh"]);
    assert_eq!(refreshed["generation"], 2);
}

#[test]
fn status_is_no_where_no_token_can_be_used() {
    let shop = Shop::with(
        "https://integration.example/kommo/redirect",
        &json!({ "access_lifetime_seconds": 1 }),
    );
    shop.log_in();
    while shop.json_whatever(&["auth", "status"])["grants"][0]["usable"] == true {
        std::thread::yield_now();
    }
    assert_eq!(shop.run(["auth", "status"]).status, 1);
    shop.run(["auth", "logout"]).done();
    assert_eq!(shop.run(["auth", "status"]).status, 1);
}

/// On a terminal a wait that takes longer than a second is shown; a pipe stays silent, and so does
/// `--quiet`.
#[test]
fn a_refresh_that_takes_its_time_says_on_a_terminal_what_is_waited_for() {
    let shop = Shop::open();
    shop.log_in();
    let hold = json!({ "on": "token", "kind": "hold", "times": 1 });
    for (more, is_shown) in [("", true), (" --quiet", false)] {
        shop.sandbox.order("faults", &hold);
        let mut command = Command::new("script");
        let mut child = command
            .args([
                "-qefc",
                &format!("'{}' auth refresh{more}", env!("CARGO_BIN_EXE_kommo")),
                "/dev/null",
            ])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("TERM", "dumb")
            .env("HOME", shop.room.path())
            .env("KOMMO_SANDBOX_URL", shop.sandbox.base_url())
            .current_dir(shop.room.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        if is_shown {
            let mut said = String::new();
            while !said.contains("s so far") {
                said.push_str(&lines.next().unwrap().unwrap());
                said.push(' ');
            }
            assert!(
                said.contains(&format!("waiting for the answer of {HOST}")),
                "{said}"
            );
            assert!(said.contains("at most 20 s"), "{said}");
        } else {
            while shop.sandbox.ask("faults")["held"] != 1 {
                std::thread::yield_now();
            }
        }
        shop.sandbox.order("release", &json!({}));
        let rest: Vec<_> = lines.map(Result::unwrap).collect();
        assert!(
            rest.iter().any(|line| line.starts_with("refreshed: ")),
            "{rest:?}"
        );
        assert!(
            is_shown || !rest.iter().any(|line| line.contains("waiting")),
            "{rest:?}"
        );
        assert!(child.wait().unwrap().success());
    }
}

/// What a person sees who looks for the grant while its code waits.
#[test]
fn codes_that_wait_are_shown_with_their_reason_and_their_end_in_the_place_of_no_grant() {
    let shop = Shop::open();
    let (code, host) = shop.code(&json!({ "account": ACCOUNT }));
    let unpaid = json!({ "on": "token", "kind": "payment-required", "times": 1 });
    shop.sandbox.order("faults", &unpaid);
    let login = ["auth", "login", "--code", &code, "--account", &host];
    let waits = shop.run(login);
    assert!(waits.stderr.contains("the code is kept"), "{waits:?}");

    let status = shop.run(["auth", "status"]);
    assert_eq!(status.status, 1, "{status:?}");
    for part in [
        HOST,
        "a code waits for its exchange",
        "payment-required",
        "UTC (in ",
    ] {
        assert!(status.stdout.contains(part), "{part}: {status:?}");
    }
    assert!(
        status.stdout.lines().all(|line| line.chars().count() <= 80),
        "{status:?}"
    );
    let codes = shop.json_whatever(&["auth", "status"])["codes"].clone();
    assert_eq!(codes[0]["account_host"], HOST, "{codes}");
    assert_eq!(codes[0]["why"], "payment-required", "{codes}");
    assert!(codes[0]["until"].as_u64().is_some());

    for words in [
        &["auth", "refresh"][..],
        &["auth", "keep-alive"],
        &["auth", "token"],
        &["auth", "credential"],
        &["auth", "retry"],
        &["api", "GET", "/api/v4/account"],
    ] {
        let failed = shop.json_whatever(words);
        let error = &failed["error"];
        assert_eq!(error["code"], "no-grant", "{words:?}: {failed}");
        let said = error["message"].as_str().unwrap();
        assert!(
            said.contains(&format!("a code of {HOST} waits")),
            "{words:?}: {said}"
        );
        assert!(
            said.contains("payment-required") && said.contains("UTC (in "),
            "{said}"
        );
        assert!(
            !error["hint"].as_str().unwrap().contains("auth login"),
            "{failed}"
        );
        assert!(!failed.to_string().contains(&code));
    }
}

#[test]
fn a_code_that_was_given_with_the_wrong_account_is_not_spent() {
    let shop = Shop::open();
    let (code, host) = shop.code(&json!({ "account": ACCOUNT }));
    let other = "sandbox-two.amocrm.ru";
    assert_ne!(host, other);
    let wrong = shop.run(["auth", "login", "--code", &code, "--account", other]);
    let said = wrong.failed(1);
    assert!(
        said.contains("not spent") && said.contains("--account HOST"),
        "{said}"
    );
    shop.run(["auth", "login", "--code", &code, "--account", &host])
        .done();
    shop.run(["api", "GET", "/api/v4/account"]).done();
    // Once it became a grant, it is spent.
    let again = shop.run(["auth", "login", "--code", &code, "--account", &host]);
    assert!(again.failed(1).contains("given before"), "{again:?}");
}
