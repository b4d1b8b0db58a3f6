//! `kommo auth login`: pasted, given, and waited for.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::plain_http;
use crate::program::ended;
use crate::shop::{ACCOUNT, CLIENT, HOST, SECRET, Shop, USER, private};

/// The consent URL that a login prints, and the state in it.
fn state_of(url: &str) -> String {
    let (_, after) = url.split_once("state=").unwrap();
    after.split('&').next().unwrap().to_owned()
}

/// Begins a login and reads the address that it prints.
fn begin(shop: &Shop, more: &[&str]) -> (Child, String) {
    let mut command = shop.command(["auth", "login", "--quiet"].iter().chain(more));
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::with_capacity(1, child.stdout.as_mut().unwrap());
    stdout.read_line(&mut line).unwrap();
    (child, line.trim().to_owned())
}

/// Status and what was said after the address.
fn end(mut child: Child) -> (i32, String, String) {
    let (mut stdout, mut stderr) = (String::new(), String::new());
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut stdout)
        .unwrap();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    (child.wait().unwrap().code().unwrap(), stdout, stderr)
}

fn paste(mut child: Child, text: &str) -> (i32, String, String) {
    use std::io::Write;
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{text}").unwrap();
    drop(stdin);
    end(child)
}

#[test]
fn a_code_becomes_a_grant_that_is_told_without_its_tokens() {
    let shop = Shop::open();
    let (code, host) = shop.code(&json!({ "account": ACCOUNT }));
    let login = [
        "auth",
        "login",
        "--format",
        "json",
        "--code",
        &code,
        "--account",
        &host,
    ];
    let granted = shop.run(login);
    granted.done();
    shop.assert_quiet(&granted);
    let grant = granted.json();
    assert_eq!(grant["granted"], true);
    assert_eq!(grant["is_first"], true);
    assert_eq!(grant["account_id"], ACCOUNT);
    assert_eq!(grant["user_id"], USER);
    assert_eq!(grant["account_host"], HOST);
    assert_eq!(grant["state"], "active");
    assert_eq!(grant["generation"], 1);
    assert!(
        grant["realm"]
            .as_str()
            .unwrap()
            .starts_with("sandbox@127.0.0.1:")
    );
    // The same code again.
    let again = shop.run(["auth", "login", "--code", &code, "--account", &host]);
    assert!(again.failed(1).contains("given before"), "{again:?}");
    assert_eq!(shop.counter("codes_exchanged"), 1);
}

// Rules G1, G2, G6.
#[test]
fn the_address_of_the_browser_is_pasted_and_its_state_is_checked() {
    let shop = Shop::open();
    let (child, url) = begin(&shop, &[]);
    assert!(
        url.starts_with(&format!(
            "{}/oauth?client_id={CLIENT}&state=",
            shop.sandbox.base_url()
        )),
        "{url}"
    );
    let (code, _) = shop.code(&json!({ "account": ACCOUNT }));
    let address = |state: &str| {
        format!(
            "https://integration.example/kommo/redirect?code={code}&state={state}&referer={HOST}&client_id={CLIENT}"
        )
    };
    let (status, stdout, stderr) = paste(child, &address(&"A".repeat(43)));
    assert_eq!((status, stdout.as_str()), (1, ""), "{stderr}");
    assert!(
        stderr.contains("another state") && !stderr.contains("def502"),
        "{stderr}"
    );

    let (child, url) = begin(&shop, &[]);
    let (status, stdout, stderr) = paste(child, &address(&state_of(&url)));
    assert_eq!((status, stderr.as_str()), (0, ""));
    assert!(
        stdout.starts_with("granted: sandbox-one.kommo.com\n"),
        "{stdout}"
    );
    assert!(
        !stdout.contains("def502") && !stdout.contains("eyJ"),
        "{stdout}"
    );
}

#[test]
fn what_was_pasted_can_be_no_use_in_several_ways() {
    let shop = Shop::open();
    let refused = |text: &str, wanted: i32| {
        let (child, url) = begin(&shop, &[]);
        let text = text.replace("STATE", &state_of(&url));
        let (status, stdout, stderr) = paste(child, &text);
        assert_eq!((status, stdout.as_str()), (wanted, ""), "{text}: {stderr}");
        assert!(stderr.starts_with("error: "), "{stderr}");
    };
    refused("", 2);
    refused("not a code", 2);
    // A bare code does not say whose it is.
    refused("def5020a", 2);
    const ADDRESS: &str = "https://integration.example/kommo/redirect";
    refused(&format!("{ADDRESS}?error=access_denied&state=STATE"), 1);
    let code = "code=def5020a&state=STATE";
    refused(&format!("{ADDRESS}?{code}&referer=evil.example"), 2);
    refused(&format!("{ADDRESS}?{code}"), 2);
    assert_eq!(shop.counter("codes_exchanged"), 0);
}

/// Whoever talks a person into pasting an address has a code of an account of their own in it.
#[test]
fn an_address_that_does_not_answer_the_attempt_is_not_taken_however_it_looks() {
    let shop = Shop::open();
    let (code, host) = shop.code(&json!({ "account": 10_000_002 }));
    let query = format!("code={code}&referer={host}");
    for (address, said) in [
        ("https://evil.example/cb?QUERY", "redirect uri"),
        (
            "https://integration.example/kommo/redirect?QUERY",
            "no state",
        ),
        ("https://evil.example/cb?QUERY&state=STATE", "redirect uri"),
        (
            "https://integration.example/kommo/redirect/?QUERY&state=STATE",
            "redirect uri",
        ),
        (
            "http://integration.example/kommo/redirect?QUERY&state=STATE",
            "redirect uri",
        ),
        ("?QUERY&state=STATE", "redirect uri"),
    ] {
        let (child, url) = begin(&shop, &[]);
        let text = address.replace("QUERY", &query);
        let (status, stdout, stderr) = paste(child, &text.replace("STATE", &state_of(&url)));
        assert_eq!((status, stdout.as_str()), (1, ""), "{address}: {stderr}");
        assert!(stderr.contains(said), "{address}: {stderr}");
        assert!(!stderr.contains("def502"), "{stderr}");
    }
    assert_eq!(shop.counter("codes_exchanged"), 0);
    shop.run(["auth", "status"]).failed(1);
}

#[test]
fn a_bad_paste_does_not_end_the_attempt() {
    let shop = Shop::open();
    let (child, url) = begin(&shop, &[]);
    let (code, _) = shop.code(&json!({ "account": ACCOUNT }));
    let state = state_of(&url);
    let good = format!(
        "https://integration.example/kommo/redirect?code={code}&state={state}&referer={HOST}"
    );
    let bad = good.replace("integration.example", "evil.example");
    let (status, stdout, stderr) = paste(child, &format!("\nnot a code\n{bad}\n{good}"));
    assert_eq!((status, stderr.as_str()), (0, ""));
    assert!(stdout.starts_with("granted: "), "{stdout}");
}

/// Goes where the browser is sent: no page stands at the address with the code, so none of it stays
/// in its history.
#[track_caller]
fn follow(back: &str, redirect: &str) -> plain_http::Answer {
    assert_eq!(plain_http::get(redirect).status, 404);
    let answer = plain_http::get(back);
    assert_eq!((answer.status, answer.body.as_str()), (303, ""));
    assert_eq!(answer.header("location"), Some("./callback"));
    for header in ["cache-control: no-store", "referrer-policy: no-referrer"] {
        assert!(answer.head.contains(header), "{}", answer.head);
    }
    show(redirect)
}

/// Opens the page as a browser does that shows it: with its image.
#[track_caller]
fn show(redirect: &str) -> plain_http::Answer {
    let page = plain_http::get(redirect);
    assert!(page.body.contains("src=\"?shown\""), "{}", page.body);
    assert_eq!(plain_http::get(&format!("{redirect}?shown")).status, 204);
    page
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn with_a_sandbox_it_waits_for_the_redirect_at_a_redirect_uri_of_this_machine() {
    let port = free_port();
    let redirect = format!("http://127.0.0.1:{port}/callback");
    let shop = Shop::with(&redirect, &json!({}));
    let (child, line) = begin(&shop, &["--format", "json"]);
    let url = serde_json::from_str::<Value>(&line).unwrap();
    let state = state_of(url["consent_url"].as_str().unwrap());
    let (code, _) = shop.code(&json!({ "account": ACCOUNT }));
    // Whoever comes without the state is told nothing, and the waiting goes on.
    for stray in [
        "favicon.ico".to_owned(),
        format!("callback?code={code}&referer={HOST}"),
        format!(
            "callback?code={code}&referer={HOST}&state={}",
            "B".repeat(43)
        ),
        format!("callback?code={code}&referer={HOST}&from_widget=1&state={state}"),
    ] {
        let mut answer = plain_http::get(&format!("http://127.0.0.1:{port}/{stray}"));
        if stray.contains("code=") {
            // No page is at an address with a code.
            assert_eq!((answer.status, answer.body.as_str()), (303, ""), "{stray}");
            assert_eq!(answer.header("location"), Some("./callback?other"));
            answer = plain_http::get(&format!("{redirect}?other"));
        }
        assert_eq!(answer.status, 404, "{stray}");
    }
    let back = format!("{redirect}?code={code}&state={state}&referer={HOST}&client_id={CLIENT}");
    let answer = follow(&back, &redirect);
    assert_eq!(answer.status, 200);
    for header in [
        "cache-control: no-store",
        "referrer-policy: no-referrer",
        "content-security-policy: default-src 'none'",
    ] {
        assert!(answer.head.contains(header), "{}", answer.head);
    }
    let (status, stdout, stderr) = end(child);
    assert_eq!((status, stderr.as_str()), (0, ""));
    let grant = serde_json::from_str::<Value>(stdout.trim()).unwrap();
    assert_eq!(
        (&grant["granted"], &grant["account_id"]),
        (&json!(true), &json!(ACCOUNT))
    );
}

// Rules G6, G7.
#[test]
fn a_redirect_that_refuses_or_names_a_foreign_host_ends_the_wait_without_a_grant() {
    let port = free_port();
    let redirect = format!("http://127.0.0.1:{port}/callback");
    let shop = Shop::with(&redirect, &json!({}));
    for (query, wanted) in [
        ("error=access_denied", "the user refused"),
        ("code=def5020a&referer=evil.example", "not an account host"),
        (
            "code=def5020a&referer=kommo.com.evil.example",
            "not an account host",
        ),
    ] {
        let (child, url) = begin(&shop, &["--listen", &format!("127.0.0.1:{port}")]);
        let back = format!("{redirect}?{query}&state={}", state_of(&url));
        let answer = follow(&back, &redirect);
        assert!(answer.body.contains("Not connected"), "{}", answer.body);
        let wanted_on_page = wanted.strip_prefix("the ").unwrap_or(wanted);
        assert!(answer.body.contains(wanted_on_page), "{}", answer.body);
        let (status, stdout, stderr) = end(child);
        assert_eq!((status, stdout.as_str()), (1, ""), "{stderr}");
        assert!(
            stderr.contains(wanted) && !stderr.contains("def502"),
            "{stderr}"
        );
    }
    assert_eq!(shop.counter("codes_exchanged"), 0);
}

#[test]
fn a_port_that_is_taken_is_io_and_nothing_is_printed() {
    let shop = Shop::open();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let failed = shop.run(["auth", "login", "--listen", &address]);
    assert!(failed.failed(3).contains("cannot listen"), "{failed:?}");
}

#[test]
fn a_code_of_another_account_than_the_one_that_was_meant_is_not_used() {
    let shop = Shop::open();
    let (child, url) = begin(&shop, &["--account", "sandbox-two.amocrm.ru"]);
    assert!(!url.is_empty());
    let (code, _) = shop.code(&json!({ "account": ACCOUNT }));
    let state = state_of(&url);
    let address = format!(
        "https://integration.example/kommo/redirect?code={code}&state={state}&referer={HOST}"
    );
    let (status, stdout, stderr) = paste(child, &address);
    assert_eq!((status, stdout.as_str()), (1, ""), "{stderr}");
    assert!(stderr.contains("not used"), "{stderr}");

    // A number says nothing before the exchange, unless a grant says where its account lives.
    let unknown = shop.run(["auth", "login", "--account", "10000002"]);
    assert!(unknown.failed(2).contains("give its host"), "{unknown:?}");
    let (other, host) = shop.code(&json!({ "account": 10_000_002 }));
    shop.run(["auth", "login", "--code", &other, "--account", &host])
        .done();
    let (child, url) = begin(&shop, &["--account", "10000002"]);
    let address = format!(
        "https://integration.example/kommo/redirect?code={code}&state={}&referer={HOST}",
        state_of(&url)
    );
    let (status, stdout, stderr) = paste(child, &address);
    assert_eq!((status, stdout.as_str()), (1, ""), "{stderr}");
    assert!(stderr.contains("not used"), "{stderr}");
    // The code is as good as ever.
    assert_eq!(shop.counter("codes_exchanged"), 1);
    shop.run(["auth", "login", "--code", &code, "--account", HOST])
        .done();
}

/// A prefetch, a second tab, a visit that was broken off, back: each sees what became of the one
/// code.
#[test]
fn the_same_redirect_twice_shows_the_result_of_the_first() {
    let port = free_port();
    let redirect = format!("http://127.0.0.1:{port}/callback");
    let shop = Shop::with(&redirect, &json!({}));
    let hold = json!({ "on": "token", "kind": "hold", "times": 1 });
    shop.sandbox.order("faults", &hold);
    let (child, url) = begin(&shop, &[]);
    let (code, _) = shop.code(&json!({ "account": ACCOUNT }));
    let back = format!(
        "{redirect}?code={code}&state={}&referer={HOST}",
        state_of(&url)
    );
    // Two at once, and one that goes away without reading its answer.
    let visits: Vec<_> = (0..2)
        .map(|_| {
            let back = back.clone();
            std::thread::spawn(move || plain_http::get(&back).status)
        })
        .collect();
    for visit in visits {
        assert_eq!(visit.join().unwrap(), 303);
    }
    drop(std::net::TcpStream::connect(("127.0.0.1", port)).unwrap());
    assert_eq!(plain_http::get(&back).status, 303);
    // The page comes after the exchange.
    let page = std::thread::spawn({
        let redirect = redirect.clone();
        move || plain_http::get(&redirect)
    });
    while shop.sandbox.ask("faults")["held"] != 1 {
        std::thread::yield_now();
    }
    assert!(!page.is_finished());
    shop.sandbox.order("release", &json!({}));
    let page = page.join().unwrap();
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("data-kommo-outcome=\"connected\""),
        "{}",
        page.body
    );
    assert!(!page.body.contains(&code));
    // Back, at once: the same result.
    assert_eq!(plain_http::get(&back).status, 303);
    assert_eq!(show(&redirect).body, page.body);
    // The same once it was shown.
    assert_eq!(plain_http::get(&back).status, 303);
    assert_eq!(plain_http::get(&redirect).body, page.body);
    let (status, _, stderr) = end(child);
    assert_eq!((status, stderr.as_str()), (0, ""));
    assert_eq!(shop.counter("codes_exchanged"), 1);
}

#[test]
fn a_redirect_of_another_account_is_told_so_and_the_wait_continues() {
    let port = free_port();
    let redirect = format!("http://127.0.0.1:{port}/callback");
    let shop = Shop::with(&redirect, &json!({}));
    let (child, url) = begin(&shop, &["--account", HOST]);
    let state = state_of(&url);
    let (other, host) = shop.code(&json!({ "account": 10_000_002 }));
    let page = follow(
        &format!("{redirect}?code={other}&state={state}&referer={host}"),
        &redirect,
    );
    assert_eq!(page.status, 409);
    assert!(page.body.contains("it was not used"), "{}", page.body);
    let (code, _) = shop.code(&json!({ "account": ACCOUNT }));
    let back = format!("{redirect}?code={code}&state={state}&referer={HOST}");
    let answer = plain_http::get(&back);
    assert_eq!((answer.status, answer.body.as_str()), (303, ""));
    let page = show(&redirect);
    assert!(page.body.contains("Connected"), "{}", page.body);
    assert_eq!(end(child).0, 0);
    assert_eq!(shop.counter("codes_exchanged"), 1);
}

#[test]
fn a_refused_code_is_told_to_the_browser_as_to_the_terminal() {
    let port = free_port();
    let redirect = format!("http://127.0.0.1:{port}/callback");
    let shop = Shop::with(&redirect, &json!({}));
    let (child, url) = begin(&shop, &[]);
    let back = format!(
        "{redirect}?code=MARKER-none&state={}&referer={HOST}",
        state_of(&url)
    );
    let page = follow(&back, &redirect);
    assert_eq!(page.status, 200);
    assert!(page.body.contains("The code was refused"), "{}", page.body);
    assert!(!page.body.contains("MARKER"), "{}", page.body);
    let (status, _, stderr) = end(child);
    assert_eq!(status, 1);
    assert!(stderr.contains("the code was refused"), "{stderr}");
}

#[test]
fn a_wait_that_is_over_says_how_long_it_was() {
    let shop = Shop::open();
    let (child, url) = begin(&shop, &["--listen", "127.0.0.1:0", "--wait", "0"]);
    assert!(!url.is_empty());
    let (status, _, stderr) = end(child);
    assert_eq!(
        (status, stderr.as_str()),
        (1, "error: no redirect came in 0 seconds\n")
    );
}

#[test]
fn a_refused_integration_is_told_with_its_remedy_and_the_code_is_kept() {
    let shop = Shop::open();
    private(&shop.room, "other.secret", "MARKER-not-the-secret");
    let (code, host) = shop.code(&json!({ "account": ACCOUNT }));
    let login = |more: &[&str]| {
        let base = ["auth", "login", "--code", &code, "--account", &host];
        shop.run(base.iter().chain(more))
    };
    let refused = login(&["--secret-file", "other.secret"]);
    let said = refused.failed(1);
    assert!(
        said.contains("client secret is wrong (status 401, no hint that is known)"),
        "{refused:?}"
    );
    shop.assert_quiet(&refused);
    assert_eq!(shop.counter("codes_exchanged"), 0);

    let uri = "https://integration.example/kommo/redirect/";
    let (code, host) = shop.code(&json!({ "account": 10_000_002 }));
    let base = [
        "auth",
        "login",
        "--code",
        &code,
        "--account",
        &host,
        "--redirect-uri",
        uri,
    ];
    let refused = shop.run(base);
    let said = refused.failed(1);
    assert!(
        said.contains("redirect uri is not the one of the settings (status 400, hint \"Redirect URI is not associated with client\")"),
        "{refused:?}"
    );
}

// Rule K6.
#[test]
fn a_refused_code_is_told_with_the_status_and_the_hint_that_came() {
    let shop = Shop::open();
    let login = |code: &str| {
        let base = ["auth", "login", "--code", code, "--account", HOST];
        shop.run(base)
    };
    let refused = login("MARKER-none-of-the-platforms");
    let said = refused.failed(1);
    assert!(
        said.starts_with("error: the code was refused: ")
            && said.contains("(status 400, hint \"Cannot decrypt the authorization code\")"),
        "{said}"
    );
    shop.assert_quiet(&refused);

    // Neither of the two: it passes, and the code is good for another try.
    let (code, _) = shop.code(&json!({ "account": ACCOUNT }));
    let fault = json!({ "on": "token", "kind": "too-many-requests", "times": 1 });
    shop.sandbox.order("faults", &fault);
    let refused = login(&code);
    let said = refused.failed(1);
    assert!(
        said.contains("too many requests (status 429, no hint that is known); the code is kept"),
        "{said}"
    );
    assert_eq!(shop.counter("codes_exchanged"), 0);
}

/// What a program does about a code that is kept depends on why, and on when it is tried again.
#[test]
fn a_login_whose_code_is_kept_says_what_came_and_when_it_is_tried_again() {
    let shop = Shop::open();
    for (kind, code, said) in [
        ("bad-gateway", "server-error", "failed (status 502)"),
        ("cut", "in-doubt", "ended before the answer was whole"),
        ("non-json", "in-doubt", "cannot be read"),
        ("unknown-4xx", "held", "(status 4"),
        ("not-found-html", "code-refused", "no such account"),
        ("payment-required", "payment-required", "not paid for"),
        ("too-many-requests", "throttled", "too many requests"),
        ("forbidden-html", "blocked", "blocked"),
    ] {
        let fault = json!({ "on": "token", "kind": kind, "times": 1 });
        shop.sandbox.order("faults", &fault);
        let (given, host) = shop.code(&json!({ "account": ACCOUNT }));
        let login = ["auth", "login", "--code", &given, "--account", &host];
        let failed = shop.json_whatever(&login);
        let error = &failed["error"];
        assert_eq!(error["code"], code, "{kind}: {failed}");
        assert!(
            error["message"].as_str().unwrap().contains(said),
            "{kind}: {failed}"
        );
        if code == "code-refused" {
            assert_eq!(error["reason"], "wrong-account", "{failed}");
            continue;
        }
        assert_eq!(error["reason"], "code-waits", "{kind}: {failed}");
        let until = error["codes"][0]["until"].as_u64().unwrap();
        match error["retry_at"].as_u64() {
            Some(retry_at) => assert!(retry_at < until, "{kind}: {failed}"),
            // After a block nothing is sent for hours; the code has ended by then.
            None => assert_eq!(code, "blocked", "{failed}"),
        }
        // What the others wait for must not stop this one: each is tried alone.
        shop.run(["auth", "retry"]).done();
    }
}

#[test]
fn what_is_missing_is_said_before_anything_is_sent() {
    let shop = Shop::open();
    let (code, _) = shop.code(&json!({ "account": ACCOUNT }));
    shop.run(["auth", "login", "--code", &code]).failed(2);
    shop.run(["auth", "login", "--code", &code, "--account", "10000001"])
        .failed(2);
    shop.run(["auth", "login", "--code", "a b", "--account", HOST])
        .failed(2);
    shop.run([
        "auth",
        "login",
        "--code",
        &code,
        "--account",
        "evil.example",
    ])
    .failed(2);
    shop.run([
        "auth",
        "login",
        "--secret-env",
        "UNSET",
        "--code",
        &code,
        "--account",
        HOST,
    ])
    .failed(2);
    shop.run([
        "auth",
        "login",
        "--secret-file",
        "missing",
        "--code",
        &code,
        "--account",
        HOST,
    ])
    .failed(3);
    let mut command = shop.command(["auth", "login", "--secret-env", "EMPTY"]);
    command.env("EMPTY", "");
    ended(command, b"").failed(2);
    // Standard input is where the code is pasted.
    shop.run(["auth", "login", "--secret-file", "-"]).failed(2);
    // No profile, nothing typed.
    let mut command = shop.command(["auth", "login"]);
    command.env("XDG_CONFIG_HOME", shop.room.path().join("nowhere"));
    ended(command, b"").failed(2);
    assert_eq!(shop.counter("requests"), 0);
    // Its sandbox alone has written down where it is.
    assert!(!shop.room.path().join(".local/share").exists());
}

/// The platform says "400" and no more to a redirect URI that differs by a slash.
#[test]
fn a_generic_refusal_names_its_commonest_causes_with_the_redirect_uri_that_was_sent() {
    let shop = Shop::with(
        "https://integration.example/kommo/redirect",
        &json!({ "redirect_uri_hint": "none" }),
    );
    let (code, host) = shop.code(&json!({ "account": ACCOUNT }));
    let sent = "https://integration.example/kommo/redirect/";
    let login = [
        "auth",
        "login",
        "--redirect-uri",
        sent,
        "--code",
        &code,
        "--account",
        &host,
    ];
    let refused = shop.run(login);
    let said = &refused.stderr;
    assert_ne!(refused.status, 0, "{said}");
    assert!(
        said.contains(&format!(
            "hint: most often the redirect URI that was sent, {sent}, "
        )),
        "{said}"
    );
    assert!(said.contains("final slash"), "{said}");
    shop.assert_quiet(&refused);
}

// Invariant I3.
#[test]
fn a_sandbox_that_is_not_on_this_machine_is_refused_before_a_secret_is_read() {
    let shop = Shop::open();
    for url in [
        "http://192.0.2.1:80",
        "https://127.0.0.1:80",
        "http://sandbox.example:80",
        "x",
        "",
    ] {
        for verb in [
            "login",
            "status",
            "refresh",
            "keep-alive",
            "logout",
            "token",
            "credential",
        ] {
            let base = ["auth", verb, "--sandbox", url, "--secret-file", "missing"];
            shop.run(base).failed(2);
        }
        shop.run(["api", "GET", "/x", "--sandbox", url]).failed(2);
        shop.run(["doctor", "--sandbox", url]).failed(2);
    }
}

#[test]
fn a_sandbox_that_is_gone_is_network_and_the_code_is_kept() {
    let shop = Shop::open();
    let (code, host) = shop.code(&json!({ "account": ACCOUNT }));
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let base = [
        "auth",
        "login",
        "--sandbox",
        &nobody,
        "--code",
        &code,
        "--account",
        &host,
    ];
    let failed = shop.run(base);
    let said = failed.failed(3);
    assert!(
        said.contains(&format!("no connection to {host}; the code is kept"))
            && said.contains("is the sandbox running"),
        "{failed:?}"
    );
    shop.assert_quiet(&failed);
    assert!(!failed.stderr.contains(SECRET));
}
