//! Integrations made on the fly, whole: the sandbox's consent page makes one, its secret lies in a
//! real store, and the code is exchanged with it.

use core::net::SocketAddr;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use kommo_account::{ClientId, Endpoints, Platform};
use kommo_axum::{Connect, ConnectError, TlsProof};
use kommo_http::{HttpTokenEndpoint, TransportBuilder};
use kommo_keeper::{GrantStore as _, Keeper};
use kommo_oauth::integration::{
    ClientSecret, Credentials, NewIntegration, RedirectUri, Scope, SecretsUri,
};
use kommo_sandbox::{Sandbox, SandboxConfig};
use kommo_store::{EncryptionKey, EncryptionKeys, Store, StoreSettings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::app::key;

type Desk = Keeper<Arc<Store>>;

async fn encrypting_store(directory: &Path) -> (Arc<Store>, PathBuf) {
    let path = directory.join("grants.db");
    let keys = EncryptionKeys::new(EncryptionKey::generate().unwrap());
    let settings = StoreSettings::new().encrypted(keys);
    let store = Store::open(&path, settings).await.unwrap();
    (Arc::new(store), path)
}

fn desk(
    store: &Arc<Store>,
    endpoints: Endpoints,
    client_id: ClientId,
    secret: ClientSecret,
    origin: &str,
) -> Desk {
    let redirect = RedirectUri::parse(format!("{origin}/kommo/callback")).unwrap();
    let endpoint = HttpTokenEndpoint::new(TransportBuilder::new(), endpoints).unwrap();
    Keeper::builder(Arc::clone(store), endpoint, endpoints)
        .credentials(Credentials::new(client_id, secret, redirect))
        .build()
}

fn connect(
    store: &Arc<Store>,
    sandbox: &Sandbox,
    origin: &str,
) -> Result<Connect<Arc<Store>>, ConnectError> {
    let state = sandbox.state();
    let endpoints = Endpoints::loopback(sandbox.address()).unwrap();
    let own = desk(
        store,
        endpoints,
        ClientId::parse(&state.client_id).unwrap(),
        ClientSecret::new(state.client_secret).unwrap(),
        origin,
    );
    let integration = NewIntegration::new(
        "Shop",
        "Connects the shop",
        RedirectUri::parse(format!("{origin}/kommo/callback")).unwrap(),
        SecretsUri::parse(format!("{origin}/kommo/secrets")).unwrap(),
        &[Scope::Crm],
    )
    .unwrap();
    let (secrets, origin) = (Arc::clone(store), origin.to_owned());
    Connect::builder(own, Platform::Global, key())
        .on_the_fly(
            integration,
            Arc::clone(store),
            TlsProof::OwnListener,
            move |client_id, secret| {
                let made = desk(&secrets, endpoints, client_id, secret, &origin);
                async move { Some(made) }
            },
        )
        .proof_log(Arc::clone(store))
        .build()
}

async fn sandbox(origin: &str) -> Sandbox {
    let config = SandboxConfig {
        redirect_uri: format!("{origin}/kommo/callback"),
        follow_wall_clock: true,
        ..SandboxConfig::default()
    };
    Sandbox::builder().config(config).start().await.unwrap()
}

struct Answer {
    status: u16,
    location: String,
    text: String,
}

/// A browser over sockets, with a cookie jar for each host and port.
#[derive(Default)]
struct Wanderer {
    cookies: BTreeMap<(String, String), String>,
}

impl Wanderer {
    async fn get(&mut self, at: SocketAddr, url: &str) -> Answer {
        self.send(at, "GET", url, "").await
    }

    async fn send(&mut self, at: SocketAddr, method: &str, url: &str, body: &str) -> Answer {
        let rest = url.strip_prefix("http://").unwrap();
        let (host, path) = rest.split_at(rest.find('/').unwrap());
        let pairs = self.cookies.iter().filter(|((of, _), _)| of == host);
        let cookies: Vec<_> = pairs.map(|((_, k), v)| format!("{k}={v}")).collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncookie: {}\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            cookies.join("; "),
            body.len(),
        );
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        let mut location = String::new();
        for line in head.lines().skip(1) {
            let (name, value) = line.split_once(": ").unwrap();
            match &*name.to_ascii_lowercase() {
                "location" => value.clone_into(&mut location),
                "set-cookie" => self.keep(host, value),
                _ => {}
            }
        }
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            location,
            text: text.to_owned(),
        }
    }

    fn keep(&mut self, host: &str, line: &str) {
        let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
        let place = (host.to_owned(), name.to_owned());
        if line.contains("Max-Age=0") {
            self.cookies.remove(&place);
        } else {
            self.cookies.insert(place, value.to_owned());
        }
    }

    /// Fills in the form of a page of the sandbox.
    async fn fill_in(&mut self, at: SocketAddr, page: &Answer, url: &str, fields: &str) -> Answer {
        let (_, behind) = page
            .text
            .split_once("name=\"form_token\" value=\"")
            .expect(&page.text);
        let token = behind.split('"').next().unwrap();
        let body = format!("form_token={token}&{fields}");
        self.send(at, "POST", url, &body).await
    }
}

// Rule G14.
#[tokio::test(flavor = "multi_thread")]
async fn the_secret_that_the_consent_page_sends_is_kept_and_exchanges_the_code() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ours = listener.local_addr().unwrap();
    let origin = format!("http://{ours}");
    let sandbox = sandbox(&origin).await;
    let theirs = sandbox.address();
    let directory = tempfile::tempdir().unwrap();
    let (store, path) = encrypting_store(directory.path()).await;
    let connect = connect(&store, &sandbox, &origin).unwrap();
    let router = Router::new().nest("/kommo", connect.router());
    tokio::spawn(async move { axum::serve(listener, router).await });

    let mut browser = Wanderer::default();
    let start = format!("{origin}/kommo/start?mode=popup");
    let consent = browser.get(ours, &start).await.location;
    let page = browser.get(theirs, &consent).await;
    let fields = "step=log-in&login=admin%40sandbox.example";
    let answer = browser.fill_in(theirs, &page, &consent, fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let page = browser.get(theirs, &consent).await;
    let fields = "step=allow&account=10000001";
    let answer = browser.fill_in(theirs, &page, &consent, fields).await;
    // The page's script takes the window there.
    let (_, behind) = answer.text.split_once("data-address=\"").unwrap();
    let callback = behind.split('"').next().unwrap().replace("&amp;", "&");
    assert!(callback.starts_with(&origin), "{}", answer.text);

    // The call with the secret was taken before the browser was sent back.
    let (_, made) = callback.split_once("client_id=").unwrap();
    let made = ClientId::parse(made.split('&').next().unwrap()).unwrap();
    let secret = store.integration_secret(&made).await.unwrap().unwrap();
    let answer = browser.get(ours, &callback).await;
    let result = format!("{origin}{}", answer.location);
    let page = browser.get(ours, &result).await.text;
    assert!(page.contains("data-kommo-code=\"connected\""), "{page}");
    let keys = store.keys(None, 10).await.unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0].client_id, made);

    store.close().await;
    let bytes = std::fs::read(path).unwrap();
    let has = |text: &str| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(has(made.as_str()), "the search finds what is there");
    assert!(!has(secret.expose_secret()), "it lies there in the clear");
}

#[tokio::test]
async fn a_store_without_a_key_is_not_mounted() {
    let origin = "http://127.0.0.1:9";
    let sandbox = sandbox(origin).await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("grants.db");
    let plain = Store::open(path, StoreSettings::new()).await.unwrap();
    let error = connect(&Arc::new(plain), &sandbox, origin).unwrap_err();
    assert_eq!(error, ConnectError::SinkDoesNotEncrypt);
}

#[tokio::test]
async fn a_proof_is_noted_where_the_program_reads_it() {
    use kommo_axum::{ProofLog as _, SecretProof};
    let directory = tempfile::tempdir().unwrap();
    let (store, _) = encrypting_store(directory.path()).await;
    let at = kommo_oauth::UnixSeconds::new(crate::app::START);
    let proof = SecretProof::new("disconnect", "0123abcd", at);
    store.note(proof).await;
    let uses = store.key_uses().await.unwrap();
    let told: Vec<_> = uses
        .iter()
        .map(|one| (&*one.purpose, &*one.key_id, one.used_at))
        .collect();
    assert_eq!(told, [("disconnect", "0123abcd", at)]);
}
