//! The same commands with their grants in PostgreSQL, named by the environment.

use std::net::TcpListener;

use kommo_test_support::{postgres_server, with_database};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, query, query_as};
use tokio::runtime::{Builder, Runtime};

use crate::program::{Ended, ended};
use crate::shop::{ACCOUNT, HOST, Shop};

/// A database of one test; gone at the end.
pub(crate) struct Database {
    runtime: Runtime,
    server: String,
    name: String,
    url: String,
}

impl Database {
    pub(crate) fn make(test: &str) -> Option<Self> {
        let server = postgres_server()?;
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let name = format!("kommo_cli_{test}_{}", std::process::id());
        let url = with_database(&server, &name);
        let database = Self {
            runtime,
            server,
            name,
            url,
        };
        database.on_server(&format!("CREATE DATABASE {}", database.name));
        Some(database)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where the server listens: `127.0.0.1:5432`.
    pub(crate) fn address(&self) -> String {
        let (_, rest) = self.url.split_once("://").unwrap();
        let (authority, _) = rest.split_once('/').unwrap();
        let address = authority.rsplit('@').next().unwrap();
        match address.contains(':') {
            true => address.to_owned(),
            false => format!("{address}:5432"),
        }
    }

    /// The URL with another port of this machine in place of the server's address.
    pub(crate) fn url_through(&self, port: u16) -> String {
        let (scheme, rest) = self.url.split_once("://").unwrap();
        let (authority, path) = rest.split_once('/').unwrap();
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        format!("{scheme}://{user}@127.0.0.1:{port}/{path}")
    }

    fn on_server(&self, statement: &str) {
        self.runtime.block_on(async {
            let mut connection = PgConnection::connect(&self.server).await.unwrap();
            // Digits and letters of our own making.
            let statement = AssertSqlSafe(statement.to_owned());
            query(statement).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
    }

    fn run(&self, shop: &Shop, words: &[&str]) -> Ended {
        let mut command = shop.command(words);
        command.env("KOMMO_STORE", &self.url);
        ended(command, b"")
    }

    fn json(&self, shop: &Shop, words: &[&str]) -> Value {
        let words: Vec<_> = words.iter().copied().chain(["--format", "json"]).collect();
        let ended = self.run(shop, &words);
        ended.done();
        ended.json()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.on_server(&format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

fn log_in(database: &Database, shop: &Shop) {
    let (code, host) = shop.code(&json!({ "account": ACCOUNT }));
    let login = ["auth", "login", "--code", &code, "--account", &host];
    database.run(shop, &login).done();
}

#[test]
fn a_grant_in_postgres_is_got_used_refreshed_and_ended() {
    let Some(database) = Database::make("life") else {
        return;
    };
    let shop = Shop::open();
    log_in(&database, &shop);
    let token = database.run(&shop, &["auth", "token"]);
    let token = token.done().trim().to_owned();
    assert_eq!(token.split('.').count(), 3);
    let account = database.json(&shop, &["api", "GET", "/api/v4/account"]);
    assert_eq!(account["id"], ACCOUNT);

    let refreshed = database.json(&shop, &["auth", "refresh"]);
    assert_eq!(refreshed["generation"], 2);
    let credential = database.json(&shop, &["auth", "credential"]);
    assert_eq!(credential["generation"], 2);
    assert_ne!(credential["access_token"], Value::from(token));
    assert_eq!(shop.counter("refreshes"), 1);
    assert_eq!(shop.counter("double_refreshes"), 0);

    let status = database.json(&shop, &["auth", "status"]);
    assert_eq!(status["grants"][0]["account_host"], HOST);
    let doctor = database.json(&shop, &["doctor"]);
    assert_eq!(doctor["ok"], true);
    database.run(&shop, &["auth", "logout"]).done();
    database.run(&shop, &["auth", "token"]).failed(1);
    // All of it lay in the database.
    let file = shop.room.path().join(".local/share/kommo/grants.db");
    assert!(!file.exists());
}

#[test]
fn a_doctor_leaves_an_empty_database_empty() {
    let Some(database) = Database::make("doctor") else {
        return;
    };
    let shop = Shop::open();
    let doctor = database.json(&shop, &["doctor"]);
    let findings = doctor["findings"].as_array().unwrap();
    let store: Vec<_> = findings
        .iter()
        .filter(|finding| finding["area"] == "store")
        .map(|finding| &finding["code"])
        .collect();
    assert_eq!(store, [&json!("store-missing")]);
    let tables = database.runtime.block_on(async {
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        let counted: (i64,) =
            query_as("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
                .fetch_one(&mut connection)
                .await
                .unwrap();
        connection.close().await.unwrap();
        counted.0
    });
    assert_eq!(tables, 0);
    // The sandbox of the test writes down its own address, beside what the doctor must not make.
    assert!(!shop.room.path().join(".local/share").exists());
    let kept = std::fs::read_dir(shop.room.path().join(".local/state/kommo")).unwrap();
    let kept = kept.map(|entry| entry.unwrap().file_name());
    assert_eq!(kept.collect::<Vec<_>>(), ["sandboxes"]);
}

#[test]
fn the_list_of_secrets_reads_what_routes_noted_in_a_database() {
    let Some(database) = Database::make("secrets") else {
        return;
    };
    let shop = Shop::open();
    log_in(&database, &shop);
    let listed = |database: &Database| {
        let told = database.json(&shop, &["secret", "list"]);
        let secret = &told["secrets"][0];
        assert_eq!(secret["kind"], "client");
        (secret["id"].clone(), secret["matched_at"].clone())
    };
    let (id, matched_at) = listed(&database);
    assert_eq!(matched_at, Value::Null);
    let note = format!(
        "INSERT INTO kommo_key_uses (purpose, key_id, used_at) VALUES ('disconnect', '{}', 1700000000)",
        id.as_str().unwrap()
    );
    database.runtime.block_on(async {
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        query(AssertSqlSafe(note))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    });
    assert_eq!(listed(&database), (id, json!(1_700_000_000)));
}

#[test]
fn a_server_that_is_gone_takes_nothing_from_the_list_of_secrets() {
    let shop = Shop::open();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let mut command = shop.command(["secret", "list", "--format", "json"]);
    command.env(
        "KOMMO_STORE",
        format!("postgres://127.0.0.1:{port}/nowhere"),
    );
    let listed = ended(command, b"");
    assert_eq!(listed.status, 0, "{listed:?}");
    assert!(
        listed
            .stderr
            .starts_with("not known which secret matched last"),
        "{listed:?}"
    );
    assert_eq!(listed.json()["secrets"][0]["matched_at"], Value::Null);
}

// Invariant I5.
#[test]
fn processes_that_share_a_database_refresh_once() {
    let Some(database) = Database::make("flight") else {
        return;
    };
    let shop = Shop::open();
    log_in(&database, &shop);
    let rejected = ["auth", "credential", "--rejected-generation", "1"];
    let order = json!({ "on": "crm", "kind": "unauthorized" });
    shop.sandbox.order("faults", &order);
    let children: Vec<_> = (0..6)
        .map(|_| {
            let mut command = shop.command(rejected);
            command
                .env("KOMMO_STORE", &database.url)
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let credential: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(credential["generation"], 2);
    }
    assert_eq!(shop.counter("refreshes"), 1);
    assert_eq!(shop.counter("double_refreshes"), 0);
}

#[test]
fn without_a_home_the_lifeboat_needs_a_directory() {
    let Some(database) = Database::make("homeless") else {
        return;
    };
    let shop = Shop::open();
    log_in(&database, &shop);
    let profile = shop.room.path().join(".config/kommo/profiles/default.toml");
    let homeless = |words: &[&str]| {
        let mut command = shop.command(words);
        command
            .env("KOMMO_STORE", &database.url)
            .env("KOMMO_PROFILE", &profile)
            .env_remove("HOME");
        command
    };
    let words = ["auth", "credential", "--format", "json"];
    let error = ended(homeless(&words), b"").failed_json(2);
    assert_eq!(error["code"], "setting-missing");
    for (part, text) in [("message", "lifeboat"), ("hint", "set XDG_DATA_HOME")] {
        assert!(error[part].as_str().unwrap().contains(text), "{error}");
    }
    let mut placed = homeless(&words);
    placed.env("XDG_DATA_HOME", shop.room.path().join("data"));
    ended(placed, b"").done();
}

#[test]
fn a_database_that_is_not_there_is_a_mistake_of_the_operator() {
    let Some(database) = Database::make("gone") else {
        return;
    };
    let shop = Shop::open();
    let mut command = shop.command(["auth", "status"]);
    let missing = database.url.replace("kommo_cli_gone", "kommo_cli_missing");
    command.env("KOMMO_STORE", missing);
    let failed = ended(command, b"");
    assert!(failed.failed(2).contains("does not exist"), "{failed:?}");
}

// Invariant I8.
#[test]
fn a_server_that_is_gone_is_io_and_its_password_is_not_repeated() {
    let shop = Shop::open();
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = port.local_addr().unwrap().port();
    let url = format!("postgres://kommo:MARKER@127.0.0.1:{port}/kommo");
    for words in [&["auth", "status", "--verbose"][..], &["auth", "token"]] {
        let mut command = shop.command(words);
        command.env("KOMMO_STORE", &url);
        let failed = ended(command, b"");
        assert_eq!(
            (failed.status, failed.stdout.as_str()),
            (3, ""),
            "{failed:?}"
        );
        shop.assert_quiet(&failed);
    }
    // In an argument it is refused before anybody is called.
    let refused = shop.run(["auth", "status", "--store", &url]);
    assert!(!refused.failed(2).contains("MARKER"), "{refused:?}");
}
