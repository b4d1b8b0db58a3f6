//! An application whose users connect their accounts: it runs without further setup, against a
//! sandbox of its own.
//!
//! ```text
//! cargo run -p kommo-axum --example connect
//! ```
//!
//! Settings, all of them optional, from the environment:
//!
//! | name | what | default |
//! | --- | --- | --- |
//! | `LISTEN` | where the application listens | `127.0.0.1:8010` |
//! | `APP_ORIGIN` | how browsers call it; a loopback host unless it is `https` | `http://localhost:` and the port |
//! | `STORE`, `STORE_KEY_FILE` | the file of the SQLite store, in a directory of yours, and its key: 64 hex digits | new ones that go at the end |
//! | `LIFEBOAT` | a directory for pairs that the store did not take; better on another disk than the store | beside the store |
//! | `KOMMO_SANDBOX_URL` | a sandbox that runs already; its Redirect URI must be `APP_ORIGIN/kommo/callback` | one is started |
//! | `KOMMO_CLIENT_ID`, `KOMMO_CLIENT_SECRET` | the integration in that sandbox | of the sandbox that is started |
//!
//! The links, the list and the log have `data-kommo` attributes, so that a test can drive the page.

#![allow(clippy::print_stdout, reason = "a program that says where to click")]
#![allow(
    clippy::std_instead_of_alloc,
    reason = "a program of std, which has no `extern crate alloc`"
)]

use core::error::Error;
use core::time::Duration;
use std::env;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use kommo_account::{ClientId, Endpoints, Platform};
use kommo_axum::{Attempt, Connect, LocalPath, StateKey};
use kommo_http::{HttpTokenEndpoint, RequestBudget, TransportBuilder};
use kommo_keeper::{GrantStore, Keeper};
use kommo_oauth::grant::GrantKey;
use kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri};
use kommo_sandbox::{Sandbox, SandboxConfig};
use kommo_store::{EncryptionKey, EncryptionKeys, Lifeboat, Store, StoreSettings};
use tokio::net::TcpListener;

type AppKeeper = Keeper<Store>;

const PAGE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("app.js");

#[derive(Clone)]
struct App {
    keeper: AppKeeper,
    links: Arc<str>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8010".into());
    let listener = TcpListener::bind(&listen).await?;
    let port = listener.local_addr()?.port();
    let origin = env::var("APP_ORIGIN").unwrap_or_else(|_| format!("http://localhost:{port}"));
    let redirect_uri = RedirectUri::parse(format!("{origin}/kommo/callback"))?;

    // The sandbox, and the integration in it. Its own ends with this value.
    let (endpoints, client_id, client_secret, _sandbox) = match env::var("KOMMO_SANDBOX_URL") {
        Ok(url) => {
            let (id, secret) = (
                env::var("KOMMO_CLIENT_ID")?,
                env::var("KOMMO_CLIENT_SECRET")?,
            );
            (Endpoints::loopback_url(&url)?, id, secret, None)
        }
        Err(_) => {
            let config = SandboxConfig {
                redirect_uri: redirect_uri.as_str().into(),
                follow_wall_clock: true,
                ..SandboxConfig::default()
            };
            let sandbox = Sandbox::builder().config(config).start().await?;
            println!("sandbox:     {}", sandbox.dashboard_url());
            let state = sandbox.state();
            let endpoints = Endpoints::loopback_url(sandbox.base_url())?;
            (
                endpoints,
                state.client_id,
                state.client_secret,
                Some(sandbox),
            )
        }
    };
    let credentials = Credentials::new(
        ClientId::parse(&client_id)?,
        ClientSecret::new(client_secret)?,
        redirect_uri,
    );

    // The store. A real application has its key from a vault; by itself this one forgets it, and
    // the store with it.
    let (path, key, _directory) = match env::var("STORE") {
        Ok(path) => {
            let key = std::fs::read_to_string(env::var("STORE_KEY_FILE")?)?;
            (PathBuf::from(path), EncryptionKey::parse(&key)?, None)
        }
        Err(_) => {
            let directory = tempfile::tempdir()?;
            let path = directory.path().join("grants.sqlite");
            (path, EncryptionKey::generate()?, Some(directory))
        }
    };
    let keys = EncryptionKeys::new(key);
    let lifeboat = match env::var("LIFEBOAT") {
        Ok(path) => PathBuf::from(path),
        Err(_) => path.with_extension("lifeboat"),
    };
    let lifeboat = Lifeboat::in_directory(lifeboat, Some(keys.clone()))?;
    let store = Store::open(path, StoreSettings::new().encrypted(keys)).await?;

    let endpoint = HttpTokenEndpoint::new(TransportBuilder::new(), endpoints)?
        .with_budget(RequestBudget::default(), credentials.client_id);
    let keeper: AppKeeper = Keeper::builder(store, endpoint, endpoints)
        .lifeboat(lifeboat)
        .credentials(credentials)
        // Here a real application binds the grant to its user, by what the attempt carried.
        .on_grant(|grant| {
            let whose = grant
                .carried
                .as_deref()
                .unwrap_or("no user of this session");
            println!("connected:   {} for {whose}", grant.key);
        })
        .build();

    // Before anything uses a grant: pairs that an earlier run could not save.
    match keeper.recover_unsaved().await {
        Ok(0) => {}
        Ok(grants) => println!("recovered:   pairs of {grants} grants"),
        Err(trouble) => println!("lifeboat:    cannot be read: {trouble:?}"),
    }

    // One process, so it can draw a key of its own.
    let connect = Connect::builder(keeper.clone(), Platform::Global, StateKey::random()?)
        .success_path(LocalPath::parse("/")?)
        .on_start(|_| async { Ok(Attempt::new().carrying("user=1").unwrap_or_default()) })
        .metrics()
        .build()?;
    let links = connect.link_html("/kommo", "Connect");
    tokio::spawn(exchange_what_waits(connect.clone()));

    let app = App {
        keeper,
        links: links.into(),
    };
    let router = Router::new()
        .route("/", get(page))
        .route("/app.js", get(script))
        .with_state(app)
        .nest("/kommo", connect.router());
    println!("application: {origin}/");
    println!(
        "Open the application, click on a link, log in to the sandbox (the login is shown there), and allow."
    );
    axum::serve(listener, router).await?;
    Ok(())
}

/// Codes from before a restart, and those whose exchange failed.
async fn exchange_what_waits(connect: Connect<Store>) {
    loop {
        connect.exchange_waiting();
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
}

async fn page(State(app): State<App>) -> impl IntoResponse {
    let keys = app.keeper.store().keys(None, 50).await.unwrap_or_default();
    let rows: String = keys.iter().map(row).collect();
    let page = PAGE
        .replace("<!-- links -->", &app.links)
        .replace("<!-- grants -->", &rows);
    let policy =
        "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'";
    ([(CONTENT_SECURITY_POLICY, policy)], Html(page))
}

fn row(key: &GrantKey) -> String {
    let (account, user) = (key.account_id, key.user_id);
    format!(
        "<li data-kommo=\"grant\" data-kommo-account=\"{account}\">account {account}, user {user}</li>\n"
    )
}

async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT)
}
