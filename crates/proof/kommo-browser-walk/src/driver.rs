//! A chromedriver with one session: a Chromium of its own, with a new profile.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::json_exchange::exchange;
use crate::needed_programs::{CHROMEDRIVER, CHROMIUM, path_of};

const STARTED: &str = "was started successfully on port ";
/// How many drivers are started until one has a port.
const DRIVERS_AT_MOST: u32 = 5;
/// How long the driver looks for an element, or waits for a page or a script, before it says that
/// there is none, in milliseconds.
const PATIENCE_MS: u32 = 120_000;

/// What a browser does without in a test: its sandbox, which a container does not allow, and
/// everything that it would do by itself.
const FLAGS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--window-size=1200,900",
];

/// Why the driver did not do what it was told: the WebDriver error code, and its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DriverError {
    pub(crate) code: String,
    pub(crate) message: String,
}

/// A session. Dropping it ends the browser.
#[derive(Debug)]
pub(crate) struct Driver {
    process: Child,
    port: u16,
    session: String,
    profile: TempDir,
}

impl Driver {
    /// Starts a browser that knows these names, each `NAME ADDRESS`, and no others but loopback;
    /// and that takes the certificate with this key, and no other that it does not know.
    pub(crate) fn start(names: &[&str], trusted_key: &str) -> Self {
        let (process, port) = listening_driver();
        let profile = tempfile::tempdir().expect("a directory for the profile");
        let mut driver = Self {
            process,
            port,
            session: String::new(),
            profile,
        };
        let wish = driver.wish(names, trusted_key);
        let (status, answer) =
            exchange(port, "POST", "/session", Some(&wish)).expect("an answer of chromedriver");
        let id = answer["value"]["sessionId"].as_str();
        let Some(id) = id else {
            panic!("no session, {status}: {answer}");
        };
        driver.session = id.to_owned();
        driver
    }

    fn wish(&self, names: &[&str], trusted_key: &str) -> Value {
        let rules: Vec<String> = names.iter().map(|name| format!("MAP {name}")).collect();
        let mut flags: Vec<String> = FLAGS.iter().map(|&flag| flag.to_owned()).collect();
        flags.push(format!(
            "--host-resolver-rules={}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
            rules.join(", ")
        ));
        flags.push(format!(
            "--ignore-certificate-errors-spki-list={trusted_key}"
        ));
        flags.push(format!("--user-data-dir={}", self.profile.path().display()));
        json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "timeouts": {"implicit": PATIENCE_MS, "pageLoad": PATIENCE_MS, "script": PATIENCE_MS},
            // A dialog that nobody expects must not be closed silently.
            "unhandledPromptBehavior": "ignore",
            "goog:chromeOptions": {"binary": path_of(CHROMIUM).expect("chromium is there"), "args": flags},
        }}})
    }

    /// Carries a command out.
    pub(crate) fn tell(
        &self,
        method: &str,
        command: &str,
        parameters: Option<&Value>,
    ) -> Result<Value, DriverError> {
        let path = format!("/session/{}/{command}", self.session);
        let (status, mut answer) =
            exchange(self.port, method, &path, parameters).expect("an answer of chromedriver");
        let value = answer["value"].take();
        if status == 200 {
            return Ok(value);
        }
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        Err(DriverError {
            code: text("error"),
            message: text("message"),
        })
    }
}

impl Drop for Driver {
    /// The driver ends its browser when it is told to go; killed, it would leave it behind.
    fn drop(&mut self) {
        let _ = exchange(
            self.port,
            "DELETE",
            &format!("/session/{}", self.session),
            None,
        );
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A driver that listens. It looks for a port that is free both in IPv4 and in IPv6, and ends when
/// another program takes that port in between: then the next one tries.
fn listening_driver() -> (Child, u16) {
    let mut said = String::new();
    for _ in 0..DRIVERS_AT_MOST {
        let mut process = Command::new(CHROMEDRIVER)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        match port_of(&mut process) {
            Ok(port) => return (process, port),
            Err(instead) => said = instead,
        }
        let _ = process.wait();
    }
    panic!("{DRIVERS_AT_MOST} drivers ended without a port, the last with: {said}");
}

/// It says on which port it listens, and nothing that matters afterwards. The error is what it said
/// before it ended.
fn port_of(process: &mut Child) -> Result<u16, String> {
    let output = process.stdout.take().expect("standard output is piped");
    let mut lines = BufReader::new(output).lines();
    let mut said = Vec::new();
    for line in lines.by_ref().map_while(Result::ok) {
        let port = line
            .split_once(STARTED)
            .and_then(|(_, rest)| rest.trim_end_matches('.').parse().ok());
        if let Some(port) = port {
            std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
            return Ok(port);
        }
        said.push(line);
    }
    Err(said.join("; "))
}
