//! A small application: a page with links, kommo-axum's routes, a keeper, an SQLite store, and the
//! token endpoint over HTTP.

use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use kommo_account::{ClientId, Endpoints, Platform};
use kommo_axum::{Attempt, Connect, LocalPath, StateKey};
use kommo_http::{HttpTokenEndpoint, TransportBuilder};
use kommo_keeper::{GrantStore, Keeper, NewGrant};
use kommo_oauth::consent::ConsentMode;
use kommo_oauth::grant::Grant;
use kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri};
use kommo_sandbox::Sandbox;
use kommo_store::{EncryptionKey, EncryptionKeys, Store, StoreSettings};

const HOME: &str = include_str!("pages/home.html");
const RECORDER: &str = include_str!("pages/recorder.js");
const DONE: &str = include_str!("pages/done.html");

/// What a page that mounts these routes can do with.
const HOME_POLICY: &str = "default-src 'none'; script-src 'self'; frame-ancestors 'none'";

type AppKeeper = Keeper<Store>;

/// How browsers call the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApplicationPlace {
    /// `https://app.example` with a port: cookies are `__Host-` ones.
    Tls,
    /// `http://localhost` with a port.
    Loopback,
}

impl ApplicationPlace {
    /// The name of the host.
    pub(crate) const fn host(self) -> &'static str {
        match self {
            Self::Tls => "app.example",
            Self::Loopback => "localhost",
        }
    }

    pub(crate) fn origin(self, port: u16) -> String {
        let scheme = match self {
            Self::Tls => "https",
            Self::Loopback => "http",
        };
        format!("{scheme}://{}:{port}", self.host())
    }
}

/// The application, as a test sees it from behind.
#[derive(Clone)]
pub struct Application {
    pub(crate) origin: String,
    connect: Connect<Store>,
    keeper: AppKeeper,
    told: Arc<Mutex<Vec<NewGrant>>>,
    called_back: Arc<Mutex<Vec<String>>>,
}

impl Application {
    pub(crate) async fn new(
        origin: &str,
        success_path: Option<&str>,
        sandbox: &Sandbox,
        directory: &Path,
    ) -> Self {
        let state = sandbox.state();
        let endpoints = Endpoints::loopback(sandbox.address()).expect("a loopback address");
        let credentials = Credentials::new(
            ClientId::parse(&state.client_id).expect("a client id"),
            ClientSecret::new(state.client_secret).expect("a client secret"),
            RedirectUri::parse(redirect_uri(origin)).expect("a redirect URI"),
        );
        let keys = EncryptionKeys::new(EncryptionKey::generate().expect("random bytes"));
        let settings = StoreSettings::new().encrypted(keys);
        let store = Store::open(directory.join("grants.sqlite"), settings)
            .await
            .expect("a store");
        let endpoint =
            HttpTokenEndpoint::new(TransportBuilder::new(), endpoints).expect("a token endpoint");
        let told: Arc<Mutex<Vec<NewGrant>>> = Arc::default();
        let listening = Arc::clone(&told);
        let keeper: AppKeeper = Keeper::builder(store, endpoint, endpoints)
            .credentials(credentials)
            .on_grant(move |grant| listening.lock().expect("no panic").push(grant.clone()))
            .build();
        Self {
            origin: origin.to_owned(),
            connect: connect(keeper.clone(), success_path),
            keeper,
            told,
            called_back: Arc::default(),
        }
    }

    /// Its pages. What comes to the callback is written down before the routes see it.
    pub(crate) fn router(&self) -> Router {
        let called_back = Arc::clone(&self.called_back);
        let origin = self.origin.clone();
        let write_down = move |request: Request, next: Next| {
            if request.uri().path() == "/kommo/callback" {
                let address = format!("{origin}{}", request.uri());
                called_back.lock().expect("no panic").push(address);
            }
            next.run(request)
        };
        Router::new()
            .route("/", get(home))
            .route("/recorder.js", get(recorder))
            .route("/done", get(|| async { Html(DONE) }))
            .nest("/kommo", self.connect.router())
            .layer(from_fn(write_down))
    }

    /// Where a path of it is.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// The grants that are told of: the number of the attempt that they carry, and their account.
    #[must_use]
    pub fn told(&self) -> Vec<(String, u64)> {
        let told = self.told.lock().expect("no panic");
        let pair = |grant: &NewGrant| {
            let carried = grant.carried.clone().unwrap_or_default();
            (carried, grant.key.account_id.get())
        };
        told.iter().map(pair).collect()
    }

    /// The addresses that browsers came to the callback with, codes and all.
    #[must_use]
    pub fn called_back(&self) -> Vec<String> {
        self.called_back.lock().expect("no panic").clone()
    }

    /// A consent that another browser begins: the address of its consent page. The cookie goes
    /// nowhere.
    #[must_use]
    pub fn begun_by_another_browser(&self, mode: ConsentMode) -> String {
        let begun = self.connect.begin(&HeaderMap::new(), &Attempt::new(), mode);
        begun.expect("a consent").text
    }

    /// The grants in the store.
    pub(crate) async fn grants(&self) -> Vec<Grant> {
        let store = self.keeper.store();
        let mut grants = Vec::new();
        for key in store.keys(None, 100).await.expect("the store's keys") {
            let grant = store.load(&key).await.expect("a grant");
            grants.push(grant.expect("a grant for each key"));
        }
        grants
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// Where the platform sends browsers back to.
pub(crate) fn redirect_uri(origin: &str) -> String {
    format!("{origin}/kommo/callback")
}

/// Each attempt carries its number, in the order of the starts.
fn connect(keeper: AppKeeper, success_path: Option<&str>) -> Connect<Store> {
    let attempts = AtomicU32::new(0);
    let key = StateKey::random().expect("random bytes");
    let mut builder = Connect::builder(keeper, Platform::Global, key).on_start(move |_| {
        let number = attempts.fetch_add(1, Ordering::Relaxed) + 1;
        let attempt = Attempt::new().carrying(format!("attempt {number}"));
        core::future::ready(Ok(attempt.expect("a short text")))
    });
    if let Some(path) = success_path {
        builder = builder.success_path(LocalPath::parse(path).expect("a path"));
    }
    builder.build().expect("routes")
}

async fn home() -> impl IntoResponse {
    ([(CONTENT_SECURITY_POLICY, HOME_POLICY)], Html(HOME))
}

async fn recorder() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], RECORDER)
}
