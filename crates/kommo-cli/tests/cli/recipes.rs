//! The recipes of `docs/recipes/` that need a program or a socket: calls with a token of the
//! program, and the receivers of hooks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use kommo_test_vectors::{chat_hooks, disconnects};
use serde_json::{Value, json};

use crate::auth_login::free_port;
use crate::program::Room;
use crate::shop::{ACCOUNT, Shop};

/// A language with its recipes.
struct Language {
    interpreter: &'static str,
    options: &'static [&'static str],
    folder: &'static str,
    /// Reads a call a line, sends it by the recipe, and prints a line with what came.
    caller: (&'static str, &'static str),
    /// The file of the receiver, and how the interpreter is told its port.
    receiver: &'static str,
    serve: fn(&mut Command, &Path, u16),
}

const LANGUAGES: [Language; 3] = [
    Language {
        interpreter: "php",
        options: &["-n"],
        folder: "php",
        caller: ("caller.php", PHP),
        receiver: "receive_hooks.php",
        serve: |command, file, port| {
            command.arg("-S").arg(format!("127.0.0.1:{port}")).arg(file);
        },
    },
    Language {
        interpreter: "python3",
        options: &["-B"],
        folder: "python",
        caller: ("caller.py", PYTHON),
        receiver: "receive_hooks.py",
        serve: file_and_port,
    },
    Language {
        interpreter: "node",
        options: &[],
        folder: "node",
        caller: ("caller.mjs", NODE),
        receiver: "receive-hooks.mjs",
        serve: file_and_port,
    },
];

const PHP: &str = r#"<?php
require getenv('RECIPES') . '/kommo_api.php';
$kommo = new KommoApi([], getenv('KOMMO'));
while (($line = fgets(STDIN)) !== false) {
    [$method, $path, $body] = explode(' ', trim($line)) + [2 => null];
    try {
        ['status' => $status, 'body' => $answer] = $kommo->call($method, $path, $body);
        echo $status, ' ', json_decode($answer, true)['id'] ?? '-', "\n";
    } catch (KommoCredentialError $error) {
        echo $error->errorCode, "\n";
    } catch (InvalidArgumentException) {
        echo "no path\n";
    }
}
"#;

const PYTHON: &str = r#"
import json, os, sys
sys.path.insert(0, os.environ["RECIPES"])
from kommo_api import KommoApi, KommoCredentialError
kommo = KommoApi(program=os.environ["KOMMO"])
for line in sys.stdin:
    method, path, *body = line.split()
    try:
        status, answer = kommo.call(method, path, body[0].encode() if body else None)
        print(status, json.loads(answer).get("id", "-"), flush=True)
    except KommoCredentialError as error:
        print(error.code, flush=True)
    except ValueError:
        print("no path", flush=True)
"#;

const NODE: &str = r#"
import { createInterface } from "node:readline";
const { KommoApi, KommoCredentialError } = await import(`${process.env.RECIPES}/kommo-api.mjs`);
const kommo = new KommoApi([], process.env.KOMMO);
for await (const line of createInterface({ input: process.stdin })) {
  try {
    const { status, body } = await kommo.call(...line.split(" "));
    console.log(status, JSON.parse(body).id ?? "-");
  } catch (error) {
    if (error instanceof KommoCredentialError) console.log(error.code);
    else if (error instanceof RangeError) console.log("no path");
    else throw error;
  }
}
"#;

fn file_and_port(command: &mut Command, file: &Path, port: u16) {
    command.arg(file).arg(port.to_string());
}

/// The languages, unless they are to be left out, which is said.
#[allow(
    clippy::print_stderr,
    reason = "what is left out is said where the test command reads it"
)]
fn languages() -> &'static [Language] {
    let left_out = std::env::var("KOMMO_TEST_WITHOUT").unwrap_or_default();
    if left_out.split(',').any(|word| word.trim() == "languages") {
        eprintln!("left out: recipes");
        return &[];
    }
    &LANGUAGES
}

impl Language {
    fn recipes(&self) -> PathBuf {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/recipes");
        docs.join(self.folder).canonicalize().unwrap()
    }

    /// The interpreter, with no variable of the test's own environment.
    fn command(&self, room: &Room) -> Command {
        let mut command = Command::new(self.interpreter);
        command
            .args(self.options)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", room.path())
            .current_dir(room.path());
        command
    }
}

/// A process of another language that lives through a test; killed at the end.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program that sends calls by the recipe, and keeps its token between them.
struct Caller {
    said: BufReader<ChildStdout>,
    told: ChildStdin,
    _process: Process,
}

impl Caller {
    fn start(language: &Language, shop: &Shop) -> Self {
        let (name, text) = language.caller;
        let mut command = language.command(&shop.room);
        command
            .arg(shop.room.file(name, text))
            .env("RECIPES", language.recipes())
            .env("KOMMO", env!("CARGO_BIN_EXE_kommo"))
            .env("KOMMO_SANDBOX_URL", shop.sandbox.base_url())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        Self {
            said: BufReader::new(child.stdout.take().unwrap()),
            told: child.stdin.take().unwrap(),
            _process: Process(child),
        }
    }

    fn call(&mut self, line: &str) -> String {
        writeln!(self.told, "{line}").unwrap();
        let mut said = String::new();
        self.said.read_line(&mut said).unwrap();
        said.trim_end().to_owned()
    }
}

/// The statuses with which the sandbox answered this request line, in their order.
fn answered(shop: &Shop, method: &str, path: &str) -> Vec<u64> {
    let journal = shop.sandbox.ask("journal?after=0");
    let entries = journal["entries"].as_array().unwrap().iter();
    let ours = entries.filter(|entry| entry["method"] == method && entry["target"] == path);
    ours.map(|entry| entry["status"].as_u64().unwrap())
        .collect()
}

#[test]
fn a_call_is_sent_once_more_after_a_401_with_the_token_that_is_current_then() {
    for language in languages() {
        let shop = Shop::open();
        shop.log_in();
        let mut caller = Caller::start(language, &shop);
        let account = format!("200 {ACCOUNT}");
        assert_eq!(caller.call("GET /api/v4/account"), account);
        // Another process refreshes: the token that the caller holds is dead, and the new one is
        // taken over.
        shop.run(["auth", "refresh"]).done();
        let path = "/api/v4/account?with=amojo_id";
        assert_eq!(caller.call(&format!("GET {path}")), account);
        assert_eq!(answered(&shop, "GET", path), [401, 200]);
        assert_eq!(shop.counter("refreshes"), 1);
        // A day later at the sandbox, while our clock stands: a real refresh, and the same body
        // again.
        shop.sandbox
            .order("clock", &json!({ "advance_seconds": 86_500 }));
        let said = caller.call(r#"POST /api/v4/leads [{"name":"One"}]"#);
        assert!(said.starts_with("200 "), "{said}");
        assert_eq!(answered(&shop, "POST", "/api/v4/leads"), [401, 200]);
        let counted = ["refreshes", "leads_created", "double_refreshes"];
        assert_eq!(counted.map(|name| shop.counter(name)), [2, 1, 0]);
    }
}

#[test]
fn a_refusal_is_an_answer_and_an_end_of_the_grant_is_an_error_with_its_code() {
    for language in languages() {
        let shop = Shop::open();
        shop.log_in();
        let mut caller = Caller::start(language, &shop);
        shop.sandbox.order(
            "faults",
            &json!({ "on": "crm", "kind": "payment-required", "times": 1 }),
        );
        let said = caller.call("GET /api/v4/account");
        assert!(said.starts_with("402 "), "{said}");
        // Neither leads the token to another host.
        for path in ["@attacker.example/", "https://attacker.example/"] {
            assert_eq!(caller.call(&format!("GET {path}")), "no path");
        }
        shop.run(["auth", "logout"]).done();
        let mut later = Caller::start(language, &shop);
        assert_eq!(later.call("GET /api/v4/account"), "reauth-required");
    }
}

/// A receiver of hooks that runs, with the files that it reads and writes.
struct Receiver {
    port: u16,
    room: Room,
    _process: Process,
}

impl Receiver {
    fn start(language: &Language, client_id: &str) -> Self {
        let room = Room::new();
        let port = free_port();
        let mut command = language.command(&room);
        (language.serve)(
            &mut command,
            &language.recipes().join(language.receiver),
            port,
        );
        command
            .env(
                "KOMMO_CHANNEL_SECRET_FILE",
                room.path().join("channel.secret"),
            )
            .env(
                "KOMMO_CLIENT_SECRET_FILE",
                room.path().join("client.secret"),
            )
            .env("KOMMO_CLIENT_ID", client_id)
            .env("HOOK_FILE", room.path().join("hooks.jsonl"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut process = Process(command.spawn().unwrap());
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = process.0.try_wait().unwrap();
            assert!(ended.is_none(), "{}: {ended:?}", language.interpreter);
            thread::yield_now();
        }
        Self {
            port,
            room,
            _process: process,
        }
    }

    /// The status of its answer to these bytes.
    fn send(&self, head: &str, body: &[u8]) -> u16 {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let mut request =
            format!("{head}Host: hooks.example\r\nConnection: close\r\n\r\n").into_bytes();
        request.extend_from_slice(body);
        stream.write_all(&request).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn post(&self, signature: Option<&str>, body: &[u8]) -> u16 {
        let signature = signature.map(|text| format!("X-Signature: {text}\r\n"));
        let head = format!(
            "POST /hooks/scope HTTP/1.1\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n",
            signature.unwrap_or_default(),
            body.len()
        );
        self.send(&head, body)
    }

    fn get(&self, query: &str) -> u16 {
        self.send(&format!("GET /hooks/disconnect?{query} HTTP/1.1\r\n"), b"")
    }

    /// What was kept since the last time.
    fn kept(&self) -> Vec<Value> {
        let file = self.room.path().join("hooks.jsonl");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let _ = std::fs::remove_file(&file);
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

#[test]
fn the_receivers_keep_every_genuine_chat_hook_and_refuse_every_other_one() {
    let (mut accepted, mut refused) = (0, 0);
    for language in languages() {
        let receiver = Receiver::start(language, "");
        for case in chat_hooks() {
            receiver
                .room
                .file("channel.secret", format!("{}\n", case.secret));
            let name = format!("{}: {}", language.interpreter, case.name);
            let status = receiver.post(Some(&case.signature), &case.body);
            let kept = receiver.kept();
            if case.is_valid() {
                let body = String::from_utf8(case.body.clone()).unwrap();
                assert_eq!(status, 200, "{name}");
                assert_eq!(kept, [json!({ "kind": "chat", "hook": body })], "{name}");
                assert_eq!(receiver.post(None, &case.body), 401, "{name} unsigned");
                accepted += 1;
            } else {
                assert_eq!((status, kept), (401, Vec::new()), "{name}");
                refused += 1;
            }
        }
        assert!(receiver.kept().is_empty());
    }
    assert!(languages().is_empty() || (accepted > 50 && refused > 50));
}

#[test]
fn the_receivers_take_a_disconnect_hook_of_the_own_integration_alone() {
    for language in languages() {
        let mut cases = disconnects();
        // A receiver keeps one secret; that several may be tried is shown by the recipe's own run.
        cases.retain(|case| case.secrets.len() == 1);
        cases.sort_by(|one, other| one.client_id.cmp(&other.client_id));
        for cases in cases.chunk_by(|one, other| one.client_id == other.client_id) {
            let receiver = Receiver::start(language, &cases[0].client_id);
            for case in cases {
                receiver.room.file("client.secret", &case.secret);
                let name = format!("{}: {}", language.interpreter, case.name);
                let status = receiver.get(&case.query);
                let hooks = receiver.kept();
                if case.is_valid() {
                    let account = case.account_id.unwrap().to_string();
                    let kept = json!({ "kind": "disconnect", "hook": account });
                    assert_eq!((status, hooks), (200, vec![kept]), "{name}");
                } else {
                    assert_eq!((status, hooks), (401, Vec::new()), "{name}");
                }
            }
        }
    }
}
