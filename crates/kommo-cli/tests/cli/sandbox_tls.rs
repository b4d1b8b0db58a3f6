//! The program's own commands beside a sandbox that speaks TLS: its certificate is named, and
//! checked.

use alloc::sync::Arc;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

use crate::program::{Ended, Room, ended};
use crate::sandbox::Running;
use crate::shop::{ACCOUNT, CLIENT, HOST, SECRET, private};

const REDIRECT: &str = "https://integration.example/kommo/redirect";

/// A sandbox with TLS, and a profile of its integration.
struct TlsShop {
    room: Room,
    sandbox: Running,
}

impl TlsShop {
    fn open() -> Self {
        let room = Room::new();
        let config = json!({
            "client_secret": SECRET,
            "channel_secret": SECRET,
            "redirect_uri": REDIRECT,
        });
        room.file("sandbox.json", config.to_string());
        private(&room, "client.secret", SECRET);
        let sandbox = Running::start(&room, &["--tls", "--config", "sandbox.json"]);
        let init = [
            "init",
            "--no-input",
            "--quiet",
            "--platform",
            "kommo",
            "--client-id",
            CLIENT,
            "--redirect-uri",
            REDIRECT,
            "--client-secret-file",
            "client.secret",
        ];
        room.run(init).done();
        Self { room, sandbox }
    }

    /// With the address of the sandbox, and with this certificate.
    fn run(&self, ca_file: &str, words: &[&str]) -> Ended {
        let place = [
            "--sandbox",
            self.sandbox.base_url(),
            "--sandbox-ca",
            ca_file,
        ];
        self.room.run(words.iter().chain(&place))
    }

    fn ca_file(&self) -> &str {
        self.sandbox.field("ca_file")
    }

    fn code(&self) -> String {
        let url = format!("{}/codes", self.sandbox.field("control_url"));
        let order = json!({ "account": ACCOUNT });
        let issued = post(Path::new(self.ca_file()), &url, &order);
        issued["code"].as_str().unwrap().to_owned()
    }
}

fn post(ca_file: &Path, url: &str, order: &Value) -> Value {
    exchange(ca_file, "POST", url, &order.to_string())
}

fn get(ca_file: &Path, url: &str) -> Value {
    exchange(ca_file, "GET", url, "")
}

/// One request to the control API, with none of the project's clients.
fn exchange(ca_file: &Path, method: &str, url: &str, body: &str) -> Value {
    let rest = url.strip_prefix("https://").unwrap();
    let (address, path) = rest.split_at(rest.find('/').unwrap());
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(ca_file).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (ip, _) = address.rsplit_once(':').unwrap();
    let name = ip.to_owned().try_into().unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{text}");
    serde_json::from_str(body).unwrap()
}

// Rule T1.
#[test]
fn a_grant_is_got_used_and_refreshed_over_tls() {
    let shop = TlsShop::open();
    let code = shop.code();
    let login = ["auth", "login", "--code", &code, "--account", HOST];
    shop.run(shop.ca_file(), &login).done();
    let account = shop.run(shop.ca_file(), &["api", "GET", "/api/v4/account"]);
    let account: Value = serde_json::from_str(account.done()).unwrap();
    assert_eq!(account["id"], ACCOUNT);
    shop.run(shop.ca_file(), &["auth", "refresh"]).done();
    let status = shop.run(shop.ca_file(), &["auth", "status"]);
    assert!(status.done().contains("active, generation 2"), "{status:?}");
    let doctor = shop.run(shop.ca_file(), &["doctor"]);
    assert!(
        doctor.done().contains("on this machine, with TLS")
            && doctor.stdout.contains("agrees with the server's"),
        "{doctor:?}"
    );
    let connect = [
        "chats",
        "connect",
        "--secret-file",
        "client.secret",
        "--channel",
        "c0ffee00-0000-4000-8000-000000000001",
        "--account-amojo-id",
        "acc00000-0000-4000-8000-000000000001",
    ];
    shop.run(shop.ca_file(), &connect).done();
}

#[test]
fn address_and_certificate_come_from_the_environment_too() {
    let shop = TlsShop::open();
    let mut command = shop.room.command(["doctor", "--format", "json"]);
    command
        .env("KOMMO_SANDBOX_URL", shop.sandbox.base_url())
        .env("KOMMO_SANDBOX_CA", shop.ca_file());
    let told = ended(command, b"");
    assert!(told.done().contains("\"clock-agrees\""), "{told:?}");
    // A variable that is there for other sandboxes stays out of the way of one without TLS.
    let plain = Running::start(&shop.room, &[]);
    let mut command = shop.room.command(["doctor", "--format", "json"]);
    command
        .env("KOMMO_SANDBOX_URL", plain.base_url())
        .env("KOMMO_SANDBOX_CA", "missing.pem");
    let told = ended(command, b"");
    assert!(told.done().contains("\"clock-agrees\""), "{told:?}");
}

// Rule T1, invariant I3.
#[test]
fn a_sandbox_of_another_authority_gets_neither_code_nor_secret() {
    let (shop, other) = (TlsShop::open(), TlsShop::open());
    let code = shop.code();
    let login = ["auth", "login", "--code", &code, "--account", HOST];
    let failed = shop.run(other.ca_file(), &login);
    assert!(failed.failed(3).contains("the code is kept"), "{failed:?}");
    let failed = shop.run(
        other.ca_file(),
        &[
            "chats",
            "connect",
            "--secret-file",
            "client.secret",
            "--channel",
            "c0ffee00-0000-4000-8000-000000000001",
            "--account-amojo-id",
            "acc00000-0000-4000-8000-000000000001",
        ],
    );
    assert!(failed.failed(3).contains("certificate"), "{failed:?}");
    let url = format!("{}/counters", shop.sandbox.field("control_url"));
    let counters = get(Path::new(shop.ca_file()), &url);
    assert_eq!(counters["requests"], 0);
}

#[test]
fn what_is_wrong_with_the_certificate_is_said_before_anything_is_sent() {
    let shop = TlsShop::open();
    let url = shop.sandbox.base_url();
    let status = ["auth", "status", "--sandbox", url];
    let failed = shop.room.run(status);
    assert!(failed.failed(2).contains("--sandbox-ca FILE"), "{failed:?}");
    shop.run("", &["auth", "refresh"]).failed(2);
    shop.run("missing.pem", &["doctor"]).failed(3);
    shop.room.file("no.pem", "no certificate");
    let failed = shop.run("no.pem", &["doctor"]);
    assert!(
        failed.failed(2).contains("not a certificate in pem"),
        "{failed:?}"
    );

    // It belongs to an https address: nothing goes to the real platform, or in the clear, by a
    // slip.
    let ca = ["--sandbox-ca", shop.ca_file()];
    let doctor = shop.room.run(["doctor"].iter().chain(&ca));
    assert!(
        doctor.failed(2).contains("--sandbox https://"),
        "{doctor:?}"
    );
    let plain = ["doctor", "--sandbox", "http://127.0.0.1:9"];
    shop.room.run(plain.iter().chain(&ca)).failed(2);
    // And only on this machine.
    let far = ["doctor", "--sandbox", "https://192.0.2.1:443"];
    shop.room.run(far.iter().chain(&ca)).failed(2);
}
