//! A PostgreSQL server that goes silent: connections stay open, and nothing comes any more. No
//! command stays without an answer.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use serde_json::{Value, json};

use crate::on_postgres::Database;
use crate::program::{Ended, finished};
use crate::shop::{ACCOUNT, Shop};

/// The measure, and what a busy machine needs beside it.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);

/// Passes bytes between its clients and a server, until it is silenced.
struct Proxy {
    port: u16,
    is_silent: Arc<AtomicBool>,
}

impl Proxy {
    fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let is_silent = Arc::new(AtomicBool::new(false));
        let silent = Arc::clone(&is_silent);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                let Ok(server) = TcpStream::connect(&server) else {
                    return;
                };
                pass(
                    client.try_clone().unwrap(),
                    server.try_clone().unwrap(),
                    &silent,
                );
                pass(server, client, &silent);
            }
        });
        Self { port, is_silent }
    }

    fn set_silent(&self, is_silent: bool) {
        self.is_silent.store(is_silent, Ordering::SeqCst);
    }
}

/// Bytes that come while it is silent are lost, and the connection is of no use any more, though it
/// stays open.
fn pass(mut from: TcpStream, mut to: TcpStream, silent: &Arc<AtomicBool>) {
    let silent = Arc::clone(silent);
    std::thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        let mut is_dead = false;
        while let Ok(length) = from.read(&mut buffer) {
            is_dead |= silent.load(Ordering::SeqCst);
            if is_dead && length > 0 {
                continue;
            }
            if length == 0 || to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
    });
}

struct Silence {
    database: Database,
    proxy: Proxy,
    shop: Shop,
}

impl Silence {
    fn prepared(test: &str) -> Option<Self> {
        let database = Database::make(test)?;
        let proxy = Proxy::before(database.address());
        let shop = Shop::with(
            "https://integration.example/kommo/redirect",
            &json!({ "rotation": "strict" }),
        );
        let silence = Self {
            database,
            proxy,
            shop,
        };
        let (code, host) = silence.shop.code(&json!({ "account": ACCOUNT }));
        let login = ["auth", "login", "--code", &code, "--account", &host];
        finished(silence.command(&login)).done();
        Some(silence)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.shop.command(words);
        command.env("KOMMO_STORE", self.database.url_through(self.proxy.port));
        command
    }

    /// Runs it to its end, and fails if that does not come in time.
    #[track_caller]
    fn answered(&self, words: &[&str]) -> Ended {
        let mut command = self.command(words);
        command.stdin(Stdio::null());
        let (done, waited) = mpsc::channel();
        std::thread::spawn(move || done.send(finished(command)));
        waited
            .recv_timeout(ANSWERED_WITHIN)
            .unwrap_or_else(|_| panic!("{words:?}: no answer"))
    }
}

#[test]
fn no_command_stays_without_an_answer_before_a_silent_server() {
    let Some(silence) = Silence::prepared("silent") else {
        return;
    };
    silence.proxy.set_silent(true);
    let commands = [
        &["auth", "status"][..],
        &["auth", "token"],
        &["auth", "credential"],
        &["auth", "refresh", "--all"],
        &["auth", "keep-alive", "--all"],
        &["auth", "retry"],
        &["auth", "logout"],
        &["api", "GET", "/api/v4/account"],
        &["doctor", "--offline"],
    ];
    std::thread::scope(|scope| {
        for words in commands {
            let silence = &silence;
            scope.spawn(move || {
                let ended = silence.answered(words);
                assert_ne!(ended.status, 0, "{words:?}: {ended:?}");
                let said = format!("{}{}", ended.stdout, ended.stderr);
                assert!(!said.is_empty(), "{words:?}");
            });
        }
    });
    silence.proxy.set_silent(false);
    let status = finished(silence.command(&["auth", "status", "--format", "json"])).json();
    assert_eq!(status["grants"][0]["generation"], 1);
}

/// The server goes silent while the answer to a refresh is on its way: the result comes, and the
/// pair is not lost.
#[test]
fn a_server_that_goes_silent_in_a_refresh_costs_no_grant_and_no_answer() {
    let Some(silence) = Silence::prepared("silent_refresh") else {
        return;
    };
    let hold = json!({ "on": "token", "kind": "hold", "times": 1 });
    silence.shop.sandbox.order("faults", &hold);
    std::thread::scope(|scope| {
        let refresh = scope.spawn(|| silence.answered(&["auth", "refresh"]));
        while silence.shop.sandbox.ask("faults")["held"] != 1 {
            std::thread::yield_now();
        }
        silence.proxy.set_silent(true);
        silence.shop.sandbox.order("release", &json!({}));
        let refreshed = refresh.join().unwrap();
        assert!(!format!("{}{}", refreshed.stdout, refreshed.stderr).is_empty());
    });
    silence.proxy.set_silent(false);
    // Strict: the old token is dead, so only the pair that was kept can be refreshed. Its lock may
    // last a little.
    let alive = loop {
        let ended = silence.answered(&["auth", "refresh", "--format", "json"]);
        let said: Value = ended.json();
        if said["error"]["code"] != "busy" {
            break said;
        }
    };
    assert!(
        alive["generation"]
            .as_u64()
            .is_some_and(|generation| generation >= 2),
        "{alive}"
    );
    assert_eq!(silence.shop.counter("lost_grants"), 0);
}
