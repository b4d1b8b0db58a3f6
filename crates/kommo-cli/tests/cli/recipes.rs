//! The recipes of `docs/recipes/` that need a program or a socket: calls with a token of the
//! program, and the receivers of hooks.

use std::ffi::{OsStr, OsString};
use std::fs;
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
    name: &'static str,
    /// Reads a call a line, sends it by the recipe, and prints a line with what came.
    caller: (&'static str, &'static str),
    /// The file of the receiver.
    receiver: &'static str,
    tools: Tools,
}

/// How a file of a language is made to run.
enum Tools {
    /// An interpreter, its options, and how it is told the port of a receiver.
    Interpreter(&'static str, &'static [&'static str], Serve),
    /// `go build` of the file with these recipes beside it.
    Go {
        caller: &'static str,
        receiver: &'static str,
    },
    /// `javac`, which finds the recipes itself, and then `java`.
    Java,
}

#[derive(Clone, Copy)]
enum Serve {
    /// `php -S 127.0.0.1:8080 file`
    BuiltIn,
    /// `file 8080`
    Argument,
}

const LANGUAGES: [Language; 5] = [
    Language {
        name: "php",
        caller: ("caller.php", PHP),
        receiver: "receive_hooks.php",
        tools: Tools::Interpreter("php", &["-n"], Serve::BuiltIn),
    },
    Language {
        name: "python",
        caller: ("caller.py", PYTHON),
        receiver: "receive_hooks.py",
        tools: Tools::Interpreter("python3", &["-B"], Serve::Argument),
    },
    Language {
        name: "node",
        caller: ("caller.mjs", NODE),
        receiver: "receive-hooks.mjs",
        tools: Tools::Interpreter("node", &[], Serve::Argument),
    },
    Language {
        name: "go",
        caller: ("caller.go", GO),
        receiver: "receivehooks.go",
        tools: Tools::Go {
            caller: "kommoapi.go",
            receiver: "kommosign.go",
        },
    },
    Language {
        name: "java",
        caller: ("Caller.java", JAVA),
        receiver: "ReceiveHooks.java",
        tools: Tools::Java,
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

const GO: &str = r#"
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

func main() {
	kommo := NewKommoAPI(os.Getenv("KOMMO"))
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := append(strings.SplitN(lines.Text(), " ", 3), "")
		var body []byte
		if words[2] != "" {
			body = []byte(words[2])
		}
		status, answer, err := kommo.Call(words[0], words[1], body)
		var missing *KommoCredentialError
		switch {
		case errors.As(err, &missing):
			fmt.Println(missing.Code)
		case errors.Is(err, ErrKommoPath):
			fmt.Println("no path")
		case err != nil:
			fmt.Println(err)
		default:
			found := struct{ ID json.Number `json:"id"` }{"-"}
			_ = json.Unmarshal(answer, &found)
			fmt.Println(status, found.ID)
		}
	}
}
"#;

const JAVA: &str = r#"
import java.io.*;
import java.util.regex.*;

public class Caller {
    public static void main(String[] arguments) throws Exception {
        KommoApi kommo = new KommoApi(System.getenv("KOMMO"));
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ", 3);
            try {
                byte[] body = words.length < 3 ? null : words[2].getBytes("UTF-8");
                KommoApi.Answer answer = kommo.call(words[0], words[1], body);
                Matcher id = Pattern.compile("\"id\":([0-9]+)").matcher(new String(answer.body(), "UTF-8"));
                System.out.println(answer.status() + " " + (id.find() ? id.group(1) : "-"));
            } catch (KommoApi.CredentialException error) {
                System.out.println(error.code);
            } catch (IllegalArgumentException error) {
                System.out.println("no path");
            }
        }
    }
}
"#;

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
        docs.join(self.name).canonicalize().unwrap()
    }

    fn caller(&self) -> Runnable {
        let room = Room::new();
        let (name, text) = self.caller;
        let file = room.file(name, text);
        match self.tools {
            Tools::Interpreter(..) => self.interpreted(room, file),
            Tools::Go { caller, .. } => {
                let recipe = room.path().join(caller);
                fs::copy(self.recipes().join(caller), &recipe).unwrap();
                self.built(room, &[file, recipe])
            }
            Tools::Java => self.built(room, &[file]),
        }
    }

    fn receiver(&self) -> Runnable {
        let file = self.recipes().join(self.receiver);
        match self.tools {
            Tools::Interpreter(..) => self.interpreted(Room::new(), file),
            Tools::Go { receiver, .. } => {
                self.built(Room::new(), &[self.recipes().join(receiver), file])
            }
            Tools::Java => self.built(Room::new(), &[file]),
        }
    }

    fn interpreted(&self, room: Room, file: impl Into<PathBuf>) -> Runnable {
        let Tools::Interpreter(program, options, serve) = &self.tools else {
            panic!("{} is not interpreted", self.name);
        };
        Runnable {
            program: program.into(),
            options: options.iter().map(OsString::from).collect(),
            file: Some(file.into()),
            serve: *serve,
            _room: room,
        }
    }

    fn built(&self, room: Room, files: &[PathBuf]) -> Runnable {
        let program = room.path().join("program");
        let (mut compiler, runnable) = match &self.tools {
            Tools::Go { .. } => {
                let mut compiler = command("go", room.path());
                compiler.arg("build").arg("-o").arg(&program);
                (compiler, (program.into(), Vec::new()))
            }
            _ => {
                let mut compiler = command("javac", room.path());
                let sources = self.recipes();
                compiler
                    .arg("-d")
                    .arg(&program)
                    .arg("-sourcepath")
                    .arg(sources);
                let class = files[0].file_stem().unwrap().to_owned();
                let options = vec!["-cp".into(), program.into(), class];
                (compiler, (OsString::from("java"), options))
            }
        };
        let output = compiler.args(files).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}", self.name);
        Runnable {
            program: runnable.0,
            options: runnable.1,
            file: None,
            serve: Serve::Argument,
            _room: room,
        }
    }
}

/// A program, with no variable of the test's own environment.
fn command(program: impl AsRef<OsStr>, home: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home)
        .current_dir(home);
    command
}

/// A file of a language that can be run, while this value exists.
struct Runnable {
    program: OsString,
    options: Vec<OsString>,
    file: Option<PathBuf>,
    serve: Serve,
    _room: Room,
}

impl Runnable {
    fn command(&self, room: &Room) -> Command {
        let mut command = command(&self.program, room.path());
        command.args(&self.options);
        command
    }

    fn call(&self, room: &Room) -> Command {
        let mut command = self.command(room);
        command.args(&self.file);
        command
    }

    fn serve(&self, room: &Room, port: u16) -> Command {
        let mut command = self.command(room);
        match self.serve {
            Serve::BuiltIn => command
                .arg("-S")
                .arg(format!("127.0.0.1:{port}"))
                .args(&self.file),
            Serve::Argument => command.args(&self.file).arg(port.to_string()),
        };
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
    fn start(language: &Language, runnable: &Runnable, shop: &Shop) -> Self {
        let mut command = runnable.call(&shop.room);
        command
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
        let runnable = language.caller();
        let mut caller = Caller::start(language, &runnable, &shop);
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
        let runnable = language.caller();
        let mut caller = Caller::start(language, &runnable, &shop);
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
        let mut later = Caller::start(language, &runnable, &shop);
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
    fn start(runnable: &Runnable, client_id: &str) -> Self {
        let room = Room::new();
        let port = free_port();
        let mut command = runnable.serve(&room, port);
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
            assert!(ended.is_none(), "{:?}: {ended:?}", runnable.program);
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
        let text = fs::read_to_string(&file).unwrap_or_default();
        let _ = fs::remove_file(&file);
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

#[test]
fn the_receivers_keep_every_genuine_chat_hook_and_refuse_every_other_one() {
    let (mut accepted, mut refused) = (0, 0);
    for language in languages() {
        let runnable = language.receiver();
        let receiver = Receiver::start(&runnable, "");
        for case in chat_hooks() {
            receiver
                .room
                .file("channel.secret", format!("{}\n", case.secret));
            let name = format!("{}: {}", language.name, case.name);
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
        let runnable = language.receiver();
        let mut cases = disconnects();
        // A receiver keeps one secret; that several may be tried is shown by the recipe's own run.
        cases.retain(|case| case.secrets.len() == 1);
        cases.sort_by(|one, other| one.client_id.cmp(&other.client_id));
        for cases in cases.chunk_by(|one, other| one.client_id == other.client_id) {
            let receiver = Receiver::start(&runnable, &cases[0].client_id);
            for case in cases {
                receiver.room.file("client.secret", &case.secret);
                let name = format!("{}: {}", language.name, case.name);
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
