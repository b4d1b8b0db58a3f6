//! What a person sees and can do while something is paused or takes its time.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::planted::{Account, Planted, answer};
use crate::program::Room;
use crate::shop::{ACCOUNT, HOST, Shop, USER, private};

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
        &["api", "GET", "/api/v4/account"],
    ] {
        let failed = shop.json_whatever(words);
        let error = &failed["error"];
        // A program waits, and asks nobody for a new consent.
        assert_eq!(error["code"], "payment-required", "{words:?}: {failed}");
        assert_eq!(error["reason"], "code-waits", "{words:?}: {failed}");
        assert_eq!(error["retry_at"], error["codes"][0]["next_try"], "{failed}");
        let said = error["message"].as_str().unwrap();
        assert!(
            said.contains(&format!("a code of {HOST} waits")),
            "{words:?}: {said}"
        );
        assert!(
            said.contains("payment-required") && said.contains("UTC (in "),
            "{said}"
        );
        let hint = error["hint"].as_str().unwrap();
        assert!(
            !hint.contains("auth login") && hint.contains("auth retry"),
            "{failed}"
        );
        assert!(!failed.to_string().contains(&code));
    }
    // It is no answer to a question about another account.
    for account in ["sandbox-two.amocrm.ru", "none.kommo.com"] {
        let failed = shop.json_whatever(&["auth", "refresh", "--account", account]);
        assert_eq!(failed["error"]["code"], "no-grant", "{failed}");
        assert!(!failed.to_string().contains(HOST), "{failed}");
    }
    // Given again, it is still the one that waits.
    let again = shop.json_whatever(&login);
    assert_eq!(again["error"]["reason"], "code-waits", "{again}");
    assert_eq!(again["error"]["code"], "payment-required", "{again}");
    let told = shop.json_whatever(&["doctor", "--offline"]);
    assert!(told.to_string().contains("code-waits"), "{told}");
}

/// A person has mended what the code waits for: its pause is not waited for, and no code of another
/// account is tried.
#[test]
fn a_code_that_waits_is_exchanged_at_once_by_a_retry() {
    let shop = Shop::open();
    let wait = |account: u64, kind: &str| {
        let (code, host) = shop.code(&json!({ "account": account }));
        let fault = json!({ "on": "token", "kind": kind, "times": 1 });
        shop.sandbox.order("faults", &fault);
        let login = ["auth", "login", "--code", &code, "--account", &host];
        assert_ne!(shop.run(login).status, 0);
        host
    };
    let host = wait(ACCOUNT, "forbidden-html");
    // Not mended: it still waits.
    let fault = json!({ "on": "token", "kind": "forbidden-html", "times": 1 });
    shop.sandbox.order("faults", &fault);
    let retried = shop.json_whatever(&["auth", "retry"]);
    assert_eq!(retried["error"]["reason"], "code-waits", "{retried}");
    let granted = shop.json(&["auth", "retry", "--account", &host]);
    assert_eq!(granted["granted"], true, "{granted}");
    assert_eq!(shop.counter("codes_exchanged"), 1);

    // The same beside a grant; what is not meant is told of, and waits on.
    let other = wait(10_000_002, "forbidden-html");
    for words in [
        &["auth", "retry", "--account", &host][..],
        &["auth", "keep-alive", "--all"],
        &["auth", "refresh", "--all"],
    ] {
        let ended = shop.run(words);
        assert_eq!(ended.status, 0, "{ended:?}");
        let is_told = ended.stderr.contains(&format!("a code of {other} waits"));
        assert_eq!(is_told, words.contains(&"--all"), "{words:?}: {ended:?}");
    }
    assert_eq!(shop.counter("codes_exchanged"), 1);
    shop.run(["auth", "retry", "--all"]).done();
    assert_eq!(shop.counter("codes_exchanged"), 2);
    shop.run(["auth", "refresh", "--account", &other]).done();
}

/// Its access token may still be good: that is not what was to be mended.
#[test]
fn a_dead_grant_cannot_be_retried_or_kept_alive() {
    let shop = Shop::open();
    shop.log_in();
    let revoke = json!({ "action": "revoke-grant", "account": ACCOUNT, "user": USER });
    shop.sandbox.order("integration", &revoke);
    shop.run(["auth", "refresh"]).failed(1);
    for verb in ["retry", "keep-alive"] {
        for more in [&[][..], &["--all"]] {
            let words = ["auth", verb, "--format", "json"];
            let ended = shop.run(words.iter().chain(more));
            assert_eq!(ended.status, 1, "{ended:?}");
            let error = &ended.json()["error"];
            assert_eq!(error["code"], "reauth-required", "{ended:?}");
            assert_eq!(error["reason"], "revoked", "{ended:?}");
        }
    }
}

#[test]
fn a_code_that_was_given_with_the_wrong_account_is_not_spent() {
    let shop = Shop::open();
    let (code, host) = shop.code(&json!({ "account": ACCOUNT }));
    // Another one, and one that there is not.
    for other in ["sandbox-two.amocrm.ru", "sandbox-onne.kommo.com"] {
        assert_ne!(host, other);
        let login = ["auth", "login", "--code", &code, "--account", other];
        let wrong = shop.run(login);
        let said = wrong.failed(1);
        assert!(
            said.contains("not spent") && said.contains("--account HOST"),
            "{said}"
        );
        let error = shop.json_whatever(&login)["error"].clone();
        assert_eq!(error["code"], "code-refused", "{error}");
        assert_eq!(error["reason"], "wrong-account", "{error}");
    }
    shop.run(["auth", "login", "--code", &code, "--account", &host])
        .done();
    shop.run(["api", "GET", "/api/v4/account"]).done();
    // Once it became a grant, it is spent.
    let again = shop.run(["auth", "login", "--code", &code, "--account", &host]);
    assert!(again.failed(1).contains("given before"), "{again:?}");
}

/// What a command has written to its terminal as soon as that has this text in it; then the command
/// is ended. On a terminal of 80 columns a sentence has several lines, which are joined here.
#[track_caller]
fn said_on_a_terminal(room: &Room, url: &str, words: &str, text: &str) -> String {
    let mut command = Command::new("script");
    let mut child = command
        .args([
            "-qefc",
            &format!("exec '{}' {words}", env!("CARGO_BIN_EXE_kommo")),
            "/dev/null",
        ])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("TERM", "dumb")
        .env("HOME", room.path())
        .env("S", "MARKER-channel-secret")
        .env("KOMMO_SANDBOX_URL", url)
        .current_dir(room.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said = String::new();
    for line in lines.map_while(Result::ok) {
        said.push_str(line.trim_end());
        said.push(' ');
        if said.contains(text) {
            break;
        }
    }
    let _ = child.kill();
    child.wait().unwrap();
    assert!(said.contains(text), "not said: {said}");
    said
}

#[test]
fn a_pause_after_a_429_is_shown_with_its_reason_and_its_length() {
    let throttled = answer("429 X", "Retry-After: 7\r\n", b"{}");
    let account = Account::answering(vec![throttled.clone()]);
    let said = said_on_a_terminal(&account.room, &account.server.url, "api /a", "s so far");
    let wanted =
        "waiting for the pause that the platform asks for after too many requests (429), 7 s: ";
    let longer = wanted.replace("7 s", "8 s");
    assert!(said.contains(wanted) || said.contains(&longer), "{said}");
    let server = Planted::start(vec![throttled]);
    let words = "chats connect --secret-env S --channel c0ffee00-0000-4000-8000-000000000001 \
                 --account-amojo-id acc00000-0000-4000-8000-000000000001";
    let said = said_on_a_terminal(&Room::new(), &server.url, words, "s so far");
    assert!(said.contains(wanted) || said.contains(&longer), "{said}");
}

#[test]
fn a_server_that_takes_its_time_is_named() {
    // Connections wait in its queue, and none is answered.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let room = Room::new();
    private(&room, "token.txt", "eyJ0.planted-token-0123456789.sig");
    for (words, text) in [
        (
            "chats connect --secret-env S --channel c0ffee00-0000-4000-8000-000000000001 \
             --account-amojo-id acc00000-0000-4000-8000-000000000001",
            "waiting for the answer of amojo.kommo.com: ",
        ),
        (
            "auth import --token-file token.txt --account sandbox-one.kommo.com --client-id \
             c11e0000-0000-4000-8000-000000000001",
            "waiting for the answer of sandbox-one.kommo.com to the question whose the token is: ",
        ),
    ] {
        said_on_a_terminal(&room, &url, words, text);
    }
}
