//! The commands of the project's README, run as they are printed.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::auth_login::free_port;
use crate::plain_http;
use crate::program::{Room, ended};

const README: &str = include_str!("../../../../README.md");
const HEADING: &str = "## A grant that is never lost\n";
const CONVERSATION: &str = "## Hold a conversation";

/// The first block of commands under the heading.
fn block() -> &'static str {
    let (_, section) = README.split_once(HEADING).unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    block.split_once("```").unwrap().0
}

/// The text of the blocks of one language below a heading.
fn blocks(heading: &str, language: &str) -> String {
    let (_, section) = README.split_once(&format!("\n{heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let fence = format!("```{language}\n");
    section
        .split(&fence)
        .skip(1)
        .map(|block| block.split("```").next().unwrap())
        .collect()
}

#[test]
fn signing_and_explaining_print_what_the_readme_shows() {
    let headings = ["## Sign", "## Explain a refusal"];
    let script: String = headings.map(|heading| blocks(heading, "sh")).concat();
    let script: Vec<_> = script
        .lines()
        .filter(|line| !line.starts_with("cargo install"))
        .collect();
    let room = Room::new();
    let mut command = Command::new("bash");
    command
        .args(["-uc", &script.join("\n")])
        .env_clear()
        .env("PATH", path_with_kommo())
        .env("HOME", room.path())
        .current_dir(room.path());
    let ended = ended(command, b"");
    assert_eq!(
        ended.stdout,
        headings.map(|heading| blocks(heading, "text")).concat()
    );
    // The last one explains a refusal.
    assert_eq!((ended.status, ended.stderr.as_str()), (1, ""));
}

/// The program that is tested, found by its name.
fn path_with_kommo() -> std::ffi::OsString {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_kommo"));
    let here = program.parent().unwrap().as_os_str().to_owned();
    let path = std::env::var_os("PATH").unwrap();
    [here, path].join(std::ffi::OsStr::new(":"))
}

/// A shell with everything that it began; gone at the end.
struct Shell(Child);

impl Shell {
    fn run(room: &Room, script: &str) -> Self {
        let said = std::fs::File::create(room.path().join("stderr")).unwrap();
        let child = Command::new("bash")
            .args(["-euc", script])
            .env_clear()
            .env("PATH", path_with_kommo())
            .env("HOME", room.path())
            .current_dir(room.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(said)
            .process_group(0)
            .spawn()
            .unwrap();
        Self(child)
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
        let _ = self.0.wait();
    }
}

/// What a person does on the consent page, up to the last page that they see.
fn consent(url: &str) -> plain_http::Answer {
    let mut shown = plain_http::with_cookie(url, "", None);
    let mut cookie = cookie_of(&shown);
    for step in [
        "step=log-in&login=admin%40sandbox.example",
        "step=allow&account=10000001",
    ] {
        let (_, behind) = shown
            .body
            .split_once("name=\"form_token\" value=\"")
            .unwrap();
        let token = behind.split('"').next().unwrap();
        let form = format!("form_token={token}&{step}");
        let answer = plain_http::with_cookie(url, &cookie, Some(&form));
        assert_eq!(answer.status, 303, "{}", answer.body);
        let location = answer.header("location").unwrap().to_owned();
        if let Some((bare, _)) = location.split_once("?code=") {
            assert_eq!(plain_http::get(&location).status, 303);
            return plain_http::get(bare);
        }
        // The cookie of who has logged in; the page is asked for once more.
        cookie = cookie_of(&answer);
        shown = plain_http::with_cookie(url, &cookie, None);
    }
    panic!("the consent page led nowhere");
}

fn cookie_of(answer: &plain_http::Answer) -> String {
    let cookie = answer.header("set-cookie").unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

#[test]
fn the_oauth_block_of_the_readme_runs_as_it_is_printed() {
    let (sandbox, redirect) = (free_port(), free_port());
    let script = block()
        .replace("127.0.0.1:4000", &format!("127.0.0.1:{sandbox}"))
        .replace("127.0.0.1:4001", &format!("127.0.0.1:{redirect}"));
    assert!(!script.contains(":400"), "a port that is not replaced");
    let room = Room::new();
    let mut shell = Shell::run(&room, &script);
    let said = || std::fs::read_to_string(room.path().join("stderr")).unwrap();
    let mut stdout = BufReader::new(shell.0.stdout.take().unwrap()).lines();
    let url = stdout
        .by_ref()
        .map(Result::unwrap)
        .find(|line| line.contains("/oauth?"))
        .unwrap_or_else(|| panic!("no consent URL: {}", said()));
    // It was begun before, beside the shell.
    while TcpStream::connect(("127.0.0.1", sandbox)).is_err() {
        assert!(shell.0.try_wait().unwrap().is_none(), "{}", said());
        thread::yield_now();
    }
    let page = consent(&url);
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(
        page.body.contains("The account is connected"),
        "{}",
        page.body
    );
    let rest: Vec<_> = stdout.map(Result::unwrap).collect();
    let rest = rest.join("\n");
    assert!(shell.0.wait().unwrap().success(), "{rest}\n{}", said());
    for part in [
        "granted: sandbox-one.kommo.com",
        "\"id\":10000001",
        "\"subdomain\":\"sandbox-one\"",
        "active, generation 1",
        "\"account_host\":\"sandbox-one.kommo.com\"",
    ] {
        assert!(rest.contains(part), "{part} in {rest}");
    }
}

#[test]
fn the_conversation_of_the_readme_runs_as_it_is_printed() {
    let script = blocks(CONVERSATION, "sh");
    let script = script.replace("127.0.0.1:4000", &format!("127.0.0.1:{}", free_port()));
    assert!(!script.contains(":400"), "a port that is not replaced");
    let room = Room::new();
    let mut shell = Shell::run(&room, &script);
    let stdout = BufReader::new(shell.0.stdout.take().unwrap()).lines();
    // The sandbox of the block has its own file to write to, so this ends with the last command.
    let printed: Vec<_> = stdout.map(Result::unwrap).collect();
    let said = std::fs::read_to_string(room.path().join("stderr")).unwrap();
    assert!(shell.0.wait().unwrap().success(), "{printed:?}\n{said}");
    let of = |part: &str| printed.iter().position(|line| line.ends_with(part));
    let answer = of("out  Manager 1: It is on its way");
    let question = of("in  Ann: My order is here");
    assert!(answer.is_some() && answer < question, "{printed:?}");
    for part in ["shown", "set", "reacted", "disconnected"] {
        assert!(of(part).is_some(), "{part} in {printed:?}");
    }
}
