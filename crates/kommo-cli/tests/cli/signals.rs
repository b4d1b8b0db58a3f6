//! Signals while a refresh token is on its way, under the strictest reading: the old token dies
//! with the refresh.
//!
//! `KOMMO_SIGNALS_EACH=200 cargo test -p kommo-cli --test cli signals::no_signal -- --nocapture`
//! repeats each of them so often.

use core::time::Duration;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use kommo_oauth::grant::{Grant, GrantKey};
use kommo_oauth::token::{AccessToken, RefreshToken, TokenPair};
use serde_json::json;

use crate::on_postgres::Database;
use crate::shop::{ACCOUNT, CLIENT, Shop};
use crate::stored_grants::{keep, now};

const SIGNALS: [(&str, i32); 3] = [("INT", 2), ("TERM", 15), ("HUP", 1)];

/// Where the refresh is when the signal comes.
#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The request has arrived, and nothing has happened yet.
    Arrived,
    /// The old token is dead, and the answer is on its way.
    Committed,
    /// Anywhere between the start of the process and its end.
    Anywhere(Duration),
}

fn repeats() -> u32 {
    let each = std::env::var("KOMMO_SIGNALS_EACH").ok();
    each.map_or(2, |each| each.parse().unwrap())
}

fn strict(store: Option<String>) -> Shop {
    let mut shop = Shop::with(
        "https://integration.example/kommo/redirect",
        &json!({ "rotation": "strict" }),
    );
    shop.store = store;
    shop.log_in();
    shop
}

/// Signals do what they do by default, even if the tests run under `nohup` or in the background of
/// a script, where some are ignored.
fn start(command: &Command) -> Child {
    let mut child = Command::new("/usr/bin/env");
    child
        .arg("--default-signal=HUP,INT,TERM")
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            child.env(name, value);
        }
    }
    if let Some(directory) = command.get_current_dir() {
        child.current_dir(directory);
    }
    child
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn send(child: &Child, signal: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{signal}"), &child.id().to_string()])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    // A process that has just ended is still there until it is waited for.
    assert!(sent.success());
}

fn hold(shop: &Shop, commit: &str) {
    let fault = json!({ "on": "token", "kind": "hold", "times": 1, "commit": commit });
    shop.sandbox.order("faults", &fault);
}

/// Until the sandbox holds a request back.
fn until_held(shop: &Shop) {
    while shop.sandbox.ask("faults")["held"] != 1 {
        std::thread::yield_now();
    }
}

/// What a process that was stopped left behind.
#[derive(Debug)]
struct Stopped {
    signal: Option<i32>,
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Reads on behind what was read already.
fn stopped(mut child: Child, mut stderr: String) -> Stopped {
    let mut stdout = String::new();
    let mut rest = child.stderr.take().unwrap();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut stdout)
        .unwrap();
    rest.read_to_string(&mut stderr).unwrap();
    let ended = child.wait().unwrap();
    Stopped {
        signal: ended.signal(),
        status: ended.code(),
        stdout,
        stderr,
    }
}

/// The first line on standard error, byte by byte: what follows is read later.
fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::with_capacity(1, child.stderr.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    line
}

/// One refresh, and one signal in it. Whatever became of the process, the grant must be alive: only
/// its newest pair is.
#[track_caller]
fn interrupt(shop: &Shop, phase: Phase, (name, number): (&str, i32)) -> Stopped {
    let mut child;
    match phase {
        Phase::Arrived | Phase::Committed => {
            let is_committed = matches!(phase, Phase::Committed);
            hold(shop, if is_committed { "before" } else { "after" });
            child = start(&shop.command(["auth", "refresh"]));
            until_held(shop);
            send(&child, name);
            let said = first_line(&mut child);
            assert!(said.starts_with(&format!("SIG{name}: ")), "{said}");
            assert!(said.contains("a second signal ends at once"), "{said}");
            shop.sandbox.order("release", &json!({}));
            let ended = stopped(child, said);
            assert_eq!(ended.signal, Some(number), "{phase:?}: {ended:?}");
            assert!(ended.stdout.starts_with("refreshed: "), "{ended:?}");
            ended
        }
        Phase::Anywhere(delay) => {
            let slow = json!({ "on": "token", "kind": "slow", "times": 1, "delay_ms": 60 });
            shop.sandbox.order("faults", &slow);
            child = start(&shop.command(["auth", "refresh"]));
            std::thread::sleep(delay);
            send(&child, name);
            let ended = stopped(child, String::new());
            let is_by_signal = ended.signal == Some(number);
            assert!(
                is_by_signal || ended.status == Some(0),
                "{delay:?}: {ended:?}"
            );
            ended
        }
    }
}

#[track_caller]
fn assert_alive(shop: &Shop, what: &str) {
    let refreshed = shop.run(["auth", "refresh"]);
    assert_eq!(refreshed.status, 0, "lost after {what}: {refreshed:?}");
    assert_eq!(shop.counter("lost_grants"), 0, "{what}");
}

#[allow(clippy::print_stdout, reason = "the figures of a drive")]
fn at_every_phase(shop: &Shop) {
    for _ in 0..repeats() {
        for signal in SIGNALS {
            for phase in [Phase::Arrived, Phase::Committed] {
                interrupt(shop, phase, signal);
                assert_alive(shop, &format!("{signal:?} at {phase:?}"));
            }
        }
    }
    println!("{} signals at two phases, 0 grants lost", 6 * repeats());
}

#[test]
fn no_signal_at_any_phase_of_a_refresh_loses_a_strict_grant() {
    at_every_phase(&strict(None));
}

#[test]
fn no_signal_at_any_phase_of_a_refresh_loses_a_strict_grant_in_postgres() {
    if let Some(database) = Database::make("signals") {
        at_every_phase(&strict(Some(database.url().to_owned())));
    }
}

#[test]
fn no_signal_at_any_moment_of_a_refresh_loses_a_strict_grant() {
    let shop = strict(None);
    let mut by_signal = 0;
    for turn in 0..2 * repeats() {
        for (index, signal) in (0_u32..).zip(SIGNALS) {
            // Spread over what a start, a request and an answer take; no moment is waited for.
            let step = turn.wrapping_mul(37).wrapping_add(index * 13) % 120;
            let phase = Phase::Anywhere(Duration::from_millis(2 * u64::from(step)));
            let ended = interrupt(&shop, phase, signal);
            by_signal += u32::from(ended.signal.is_some());
            assert_alive(&shop, &format!("{signal:?} at {phase:?}"));
        }
    }
    assert!(by_signal > 0, "no signal met a process");
    println!(
        "{} signals at any moment, {by_signal} met the process, 0 grants lost",
        6 * repeats()
    );
}

#[test]
fn the_second_signal_ends_the_process_at_once() {
    let shop = Shop::open();
    shop.log_in();
    for (first, second) in [(0, 0), (1, 2), (2, 1)] {
        hold(&shop, "before");
        let mut child = start(&shop.command(["auth", "refresh"]));
        until_held(&shop);
        send(&child, SIGNALS[first].0);
        let said = first_line(&mut child);
        send(&child, SIGNALS[second].0);
        // The answer is still held back: nothing else could end it.
        let ended = stopped(child, said);
        assert_eq!(ended.signal, Some(SIGNALS[second].1), "{ended:?}");
        assert_eq!(ended.stdout, "", "{ended:?}");
        shop.sandbox.order("release", &json!({}));
        assert_alive(&shop, "a second signal");
    }
}

/// The access token has ended: each of these refreshes first, and is stopped while its answer is on
/// its way.
#[test]
fn every_command_that_refreshes_finishes_it_before_a_signal_ends_it() {
    let shop = Shop::with(
        "https://integration.example/kommo/redirect",
        &json!({ "rotation": "strict", "access_lifetime_seconds": 30 }),
    );
    shop.log_in();
    for (index, words) in [
        &["auth", "refresh", "--all"][..],
        &["auth", "token"],
        &["auth", "credential"],
        &["api", "GET", "/api/v4/account"],
    ]
    .into_iter()
    .enumerate()
    {
        let before = shop.counter("refreshes");
        let (name, number) = SIGNALS[index % SIGNALS.len()];
        hold(&shop, "before");
        let mut child = start(&shop.command(words));
        until_held(&shop);
        send(&child, name);
        let said = first_line(&mut child);
        shop.sandbox.order("release", &json!({}));
        let ended = stopped(child, said);
        assert_eq!(ended.signal, Some(number), "{words:?}: {ended:?}");
        assert_eq!(shop.counter("refreshes"), before + 1, "{words:?}");
        assert_alive(&shop, &format!("{words:?}"));
    }
}

/// A pair of last week, which the sandbox made.
fn keep_an_old_grant(shop: &Shop) {
    let made = shop.sandbox.order("grants", &json!({ "count": 1 }));
    let made = &made["grants"][0];
    let text = |name: &str| made[name].as_str().unwrap();
    let realm = shop.sandbox.base_url().replace("http://", "sandbox@");
    let (account, user) = (&made["account"], &made["user"]);
    let key = GrantKey::parse(&format!("{realm}/{CLIENT}/{account}/{user}")).unwrap();
    let pair = TokenPair::new(
        AccessToken::new(text("access_token")).unwrap(),
        RefreshToken::new(text("refresh_token")).unwrap(),
        now().minus(Duration::from_secs(8 * 86_400)),
        now().minus(Duration::from_secs(7 * 86_400)),
    );
    let host = text("account_host").parse().unwrap();
    keep(
        &shop.room,
        &[Grant::consent(None, key, host, Some(true), pair)],
    );
}

#[test]
fn a_keep_alive_finishes_what_it_sent_and_begins_nothing_more() {
    let shop = Shop::with(
        "https://integration.example/kommo/redirect",
        &json!({ "rotation": "strict" }),
    );
    keep_an_old_grant(&shop);
    hold(&shop, "before");
    let mut child = start(&shop.command(["auth", "keep-alive", "--all"]));
    until_held(&shop);
    send(&child, "TERM");
    let said = first_line(&mut child);
    shop.sandbox.order("release", &json!({}));
    let ended = stopped(child, said);
    assert_eq!(ended.signal, Some(15), "{ended:?}");
    assert_alive(&shop, "keep-alive");
}

#[test]
fn a_login_finishes_its_exchange_before_a_signal_ends_it() {
    let shop = Shop::open();
    let (code, host) = shop.code(&json!({ "account": ACCOUNT }));
    hold(&shop, "before");
    let login = ["auth", "login", "--code", &code, "--account", &host];
    let mut child = start(&shop.command(login));
    until_held(&shop);
    send(&child, "TERM");
    let said = first_line(&mut child);
    shop.sandbox.order("release", &json!({}));
    let ended = stopped(child, said);
    assert_eq!(ended.signal, Some(15), "{ended:?}");
    let status = shop.json(&["auth", "status"]);
    assert_eq!(status["grants"][0]["generation"], 1, "{status}");
}

#[test]
fn a_command_that_waits_for_a_person_ends_at_once_and_a_signal_that_was_ignored_stays_so() {
    let shop = Shop::open();
    let command = shop.command(["auth", "login", "--listen", "127.0.0.1:0"]);
    let mut child = start(&command);
    let said = first_line(&mut child);
    assert!(said.starts_with("waiting for the redirect"), "{said}");
    send(&child, "INT");
    let ended = stopped(child, said);
    assert_eq!(ended.signal, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("stopped by SIGINT"), "{ended:?}");

    shop.log_in();
    hold(&shop, "before");
    let program = env!("CARGO_BIN_EXE_kommo");
    let mut command = shop.command::<&str>([]);
    let envs: Vec<_> = command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    command = Command::new("/bin/sh");
    command
        .env_clear()
        .envs(envs)
        .current_dir(shop.room.path())
        .args(["-c", "trap '' HUP; exec \"$0\" auth refresh", program]);
    let child = start(&command);
    until_held(&shop);
    send(&child, "HUP");
    shop.sandbox.order("release", &json!({}));
    let ended = stopped(child, String::new());
    assert_eq!(
        (ended.status, ended.stderr.as_str()),
        (Some(0), ""),
        "{ended:?}"
    );
}
