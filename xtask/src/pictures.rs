//! `cargo xtask pictures`: what the README shows of the program, made by running it.
//!
//! `docs/pictures/demo.svg` has the lines of `kommo demo`, `docs/pictures/dashboard.webp` the page
//! of a sandbox after a few requests. They need Chromium, and are looked at by a person before they
//! land.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::packages::{has, install_debian};
use crate::shell::{cargo, read, root, run};

const CLIENT_ID: &str = "c11e0000-0000-4000-8000-000000000001";
const CHANNEL_ID: &str = "c0ffee00-0000-4000-8000-000000000001";
const AMOJO_ID: &str = "acc00000-0000-4000-8000-000000000001";
const HOST: &str = "sandbox-one.kommo.com";
const REDIRECT_URI: &str = "http://127.0.0.1:4001/callback";
const CHANNEL_SECRET: &str = "5a44c5dff55f3c15a4cce8d7c4cc27e207c7e189";
const CLIENT_SECRET: &str = "only-for-trying-0123456789";

/// Makes both pictures.
pub(crate) fn take() -> Result<()> {
    run(&mut cargo(&["build", "--quiet", "--package", "kommo-cli"]))?;
    let room = Room::make()?;
    let pictures = root().join("docs/pictures");
    std::fs::create_dir_all(&pictures)?;
    let said = read(room.kommo().arg("demo"))?;
    std::fs::write(pictures.join("demo.svg"), terminal("kommo demo", &said))?;
    if !has("chromium", "--version") {
        install_debian(&["chromium"]);
    }
    dashboard(&room, &pictures.join("dashboard.webp"))
}

/// A directory that is the home of what runs in it; gone at the end.
struct Room(PathBuf);

impl Room {
    fn make() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("kommo-pictures-{}", std::process::id()));
        std::fs::create_dir(&path).context("cannot make a directory")?;
        Ok(Self(path))
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.0).env("HOME", &self.0);
        for name in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"] {
            command.env_remove(name);
        }
        command
    }

    /// The program that was just built: it stands beside this one.
    fn kommo(&self) -> Command {
        let own = std::env::current_exe().unwrap_or_default();
        self.command(own.with_file_name("kommo"))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The lines of a program in a terminal of 80 columns, as a drawing. The port of the first line is
/// another one in each run, and stands there as 4000.
fn terminal(command: &str, said: &str) -> String {
    const COLUMN: f32 = 8.4;
    const LINE: usize = 22;
    let lines: Vec<String> = core::iter::once(format!("$ {command}"))
        .chain(said.lines().map(with_a_fixed_port))
        .collect();
    let height = lines.len() * LINE + 26;
    let mut drawing = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 704 {height}\" role=\"img\" \
         aria-label=\"The output of {command}\">\n\
         <style>text {{ font: 14px ui-monospace, Menlo, Consolas, monospace; fill: #dfe5ec; white-space: pre }} \
         .ok {{ fill: #6fcf8e }} .step {{ fill: #7db8f5 }}</style>\n\
         <rect width=\"704\" height=\"{height}\" rx=\"10\" fill=\"#1c222b\"/>\n"
    );
    for (number, line) in lines.iter().enumerate() {
        let down = number * LINE + 30;
        // `ok     connect       signed and …`: three columns, each at its place whatever the font.
        let columns = match line.strip_prefix("ok ") {
            Some(_) => vec![(0, 7, "ok"), (7, 14, "step"), (21, 60, "line")],
            None => vec![(0, 80, "line")],
        };
        for (start, width, class) in columns {
            let text: String = line.chars().skip(start).take(width).collect();
            let text = text.trim_end();
            let (left, length) = (start as f32, text.chars().count() as f32);
            drawing.push_str(&format!(
                "<text x=\"{:.1}\" y=\"{down}\" textLength=\"{:.1}\" class=\"{class}\">{}</text>\n",
                16.0 + left * COLUMN,
                length * COLUMN,
                text.replace('&', "&amp;").replace('<', "&lt;")
            ));
        }
    }
    drawing.push_str("</svg>\n");
    drawing
}

fn with_a_fixed_port(line: &str) -> String {
    match line.split_once("http://127.0.0.1:") {
        Some((before, rest)) => {
            let rest = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
            format!("{before}http://127.0.0.1:4000{rest}")
        }
        None => line.to_owned(),
    }
}

/// A sandbox that runs; killed at the end.
struct Sandbox {
    child: Child,
    urls: Value,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Sandbox {
    fn start(room: &Room) -> Result<Self> {
        let mut command = room.kommo();
        command.args(["sandbox", "--config", "sandbox.json"]);
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the sandbox")?;
        let output = child.stdout.as_mut().context("no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let urls = serde_json::from_str(&line).context("the sandbox did not name its address")?;
        Ok(Self { child, urls })
    }

    fn url(&self, name: &str) -> Result<&str> {
        self.urls[name].as_str().context("an address is missing")
    }

    /// A code of the first account.
    fn code(&self) -> Result<String> {
        let answer = self.control("codes", "{\"account\":10000001}")?;
        Ok(answer["code"].as_str().context("no code")?.to_owned())
    }

    /// What the control API answers.
    fn control(&self, call: &str, body: &str) -> Result<Value> {
        let url = format!("{}/{call}", self.url("control_url")?);
        let rest = url.strip_prefix("http://").context("not http")?;
        let (address, path) = rest.split_once('/').context("no path")?;
        let mut stream = TcpStream::connect(address)?;
        write!(
            stream,
            "POST /{path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").context("no body")?;
        Ok(serde_json::from_str(body)?)
    }
}

/// The page after refusals, a connection, a consent, a call, a refresh and a conversation. It shows
/// the second refusal, of a date that is too old.
fn dashboard(room: &Room, picture: &Path) -> Result<()> {
    let config = format!(
        "{{\"client_secret\":\"{CLIENT_SECRET}\",\"channel_secret\":\"{CHANNEL_SECRET}\",\"redirect_uri\":\"{REDIRECT_URI}\"}}"
    );
    for (name, text) in [
        ("sandbox.json", config.as_str()),
        ("client.secret", CLIENT_SECRET),
        ("channel.secret", CHANNEL_SECRET),
        ("other.secret", &CHANNEL_SECRET.to_uppercase()),
    ] {
        private(&room.0.join(name), text)?;
    }
    let sandbox = Sandbox::start(room)?;
    let base_url = sandbox.url("base_url")?;
    let kommo = |words: &[&str]| {
        let mut command = room.kommo();
        command.args(words).env("KOMMO_SANDBOX_URL", base_url);
        command
    };
    let init = [
        "init",
        "--no-input",
        "--platform",
        "kommo",
        "--client-id",
        CLIENT_ID,
        "--redirect-uri",
        REDIRECT_URI,
        "--client-secret-file",
        "client.secret",
    ];
    read(&mut kommo(&init))?;
    let mut connect = [
        "chats",
        "connect",
        "--channel",
        CHANNEL_ID,
        "--account-amojo-id",
        AMOJO_ID,
        "--account",
        HOST,
        "--secret-file",
        "other.secret",
    ];
    if run(&mut kommo(&connect)).is_ok() {
        bail!("a wrong secret was let in");
    }
    connect[9] = "channel.secret";
    // The client learns the offset and comes again; then the clock is right, and its date is not.
    let stale_clock = "{\"on\":\"chats\",\"kind\":\"stale-clock\",\"seconds\":3600,\"times\":1}";
    sandbox.control("faults", stale_clock)?;
    let _ = run(&mut kommo(&connect));
    read(&mut kommo(&connect))?;
    let code = sandbox.code()?;
    read(&mut kommo(&[
        "auth",
        "login",
        "--code",
        &code,
        "--account",
        HOST,
    ]))?;
    read(&mut kommo(&["api", "/api/v4/account"]))?;
    read(&mut kommo(&["auth", "refresh"]))?;
    let hello = "{\"text\":\"Hello, is the blue one still there?\",\"name\":\"Ann\"}";
    sandbox.control("customer-messages", hello)?;
    let sink = format!("{}/hook-sink", sandbox.url("control_url")?);
    let answer = serde_json::json!({"text": "It is! Shall I keep it for you?", "to": sink});
    sandbox.control("messages", &answer.to_string())?;
    let mut browser = room.command("chromium");
    browser.args(["--headless", "--no-sandbox", "--hide-scrollbars"]);
    // The time that the page has for its first questions, in milliseconds of the page's own clock.
    browser.args(["--virtual-time-budget=4000", "--window-size=1280,860"]);
    browser.arg(format!("--screenshot={}", picture.display()));
    run(browser
        .arg(format!("{}#2", sandbox.url("dashboard_url")?))
        .stderr(Stdio::null()))
}

/// A file for its owner alone, as the program wants the file of a secret.
fn private(path: &Path, text: &str) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    Ok(file.write_all(text.as_bytes())?)
}
