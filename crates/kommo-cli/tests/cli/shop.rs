//! A sandbox that runs, an integration in a profile, and the program pointed at both.

use std::ffi::OsStr;
use std::process::Command;

use serde_json::{Value, json};

use crate::program::{Ended, Room, ended};
use crate::sandbox::Running;

pub(crate) const SECRET: &str = "MARKER-client-secret-0123456789abcdef0123456789abcdef";
pub(crate) const CLIENT: &str = "c11e0000-0000-4000-8000-000000000001";
pub(crate) const ACCOUNT: u64 = 10_000_001;
pub(crate) const USER: u64 = 20_000_001;
pub(crate) const HOST: &str = "sandbox-one.kommo.com";

pub(crate) struct Shop {
    pub(crate) room: Room,
    pub(crate) sandbox: Running,
    /// Where its grants are, if not in the file of its user.
    pub(crate) store: Option<String>,
}

impl Shop {
    pub(crate) fn open() -> Self {
        Self::with("https://integration.example/kommo/redirect", &json!({}))
    }

    /// With other switches of the token endpoint.
    pub(crate) fn with(redirect_uri: &str, oauth: &Value) -> Self {
        let room = Room::new();
        let config = json!({
            "client_secret": SECRET,
            "redirect_uri": redirect_uri,
            "oauth": oauth,
        });
        room.file("sandbox.json", config.to_string());
        private(&room, "client.secret", SECRET);
        let sandbox = Running::start(&room, &["--config", "sandbox.json"]);
        room.run([
            "init",
            "--no-input",
            "--quiet",
            "--platform",
            "kommo",
            "--client-id",
            CLIENT,
            "--redirect-uri",
            redirect_uri,
            "--client-secret-file",
            "client.secret",
        ])
        .done();
        Self {
            room,
            sandbox,
            store: None,
        }
    }

    pub(crate) fn command<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.room.command(words);
        command.env("KOMMO_SANDBOX_URL", self.sandbox.base_url());
        if let Some(store) = &self.store {
            command.env("KOMMO_STORE", store);
        }
        command
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = S>) -> Ended {
        ended(self.command(words), b"")
    }

    /// The same with `--format json`.
    #[track_caller]
    pub(crate) fn json(&self, words: &[&str]) -> Value {
        let ended = self.run(words.iter().chain(&["--format", "json"]));
        ended.done();
        ended.json()
    }

    /// The object, whatever the status.
    pub(crate) fn json_whatever(&self, words: &[&str]) -> Value {
        self.run(words.iter().chain(&["--format", "json"])).json()
    }

    pub(crate) fn code(&self, order: &Value) -> (String, String) {
        let issued = self.sandbox.order("codes", order);
        let text = |name: &str| issued[name].as_str().unwrap().to_owned();
        (text("code"), text("account_host"))
    }

    /// A grant of the first account.
    #[track_caller]
    pub(crate) fn log_in(&self) {
        let (code, host) = self.code(&json!({ "account": ACCOUNT }));
        let ended = self.run(["auth", "login", "--code", &code, "--account", &host]);
        ended.done();
    }

    /// The sandbox ends, and another one starts at its address.
    pub(crate) fn restart_sandbox(self) -> Self {
        let Self {
            room,
            sandbox,
            store,
        } = self;
        let address = sandbox
            .base_url()
            .strip_prefix("http://")
            .map(str::to_owned);
        let address = address.unwrap();
        drop(sandbox);
        let more = ["--config", "sandbox.json", "--listen", &address];
        let sandbox = Running::start(&room, &more);
        Self {
            room,
            sandbox,
            store,
        }
    }

    pub(crate) fn counter(&self, name: &str) -> u64 {
        self.sandbox.ask("counters")[name].as_u64().unwrap()
    }

    /// Every token and code that the sandbox has made is long and random; the pairs begin in known
    /// ways.
    #[track_caller]
    pub(crate) fn assert_quiet(&self, ended: &Ended) {
        for stream in [&ended.stdout, &ended.stderr] {
            for secret in ["MARKER", "def502", "eyJ", "Bearer"] {
                assert!(!stream.contains(secret), "{secret} in {ended:?}");
            }
        }
    }
}

/// A file that only its owner can read.
pub(crate) fn private(room: &Room, name: &str, text: &str) {
    let path = room.file(name, text);
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}
