//! What strangers can take from others: an application with its routes mounted, calls of its grants
//! and consents of its users, without and with a stranger who sends install hooks, or who begins
//! consents and finishes them with codes that were never issued. Both halves are
//! measured in turn in one run, so that a busy machine is busy for both.
//!
//! ```text
//!   callers ──────────── CrmClient ──┐                      ┌── stranger, a rate of forged hooks or consents
//!   users ── start, callback ── axum ┼── one budget ── sandbox
//!                                    └── SQLite store ──────┘
//! ```

use alloc::sync::Arc;
use core::net::SocketAddr;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Instant;

use axum::Router;
use axum::http::header::{COOKIE, HeaderMap};
use kommo_account::{AccountHost, ClientId, Endpoints, Platform};
use kommo_axum::{Connect, InstallHooks, StateKey};
use kommo_http::{CrmClient, HttpTokenEndpoint, RequestBudget, TransportBuilder};
use kommo_keeper::{CodeOrigin, CodeOutcome, Counter, Keeper, PendingCode};
use kommo_oauth::UnixSeconds;
use kommo_oauth::grant::GrantKey;
use kommo_oauth::integration::{ClientSecret, Credentials, RedirectUri};
use kommo_oauth::token::AuthorizationCode;
use kommo_sandbox::{Sandbox, SandboxConfig, User};
use kommo_store::{EncryptionKey, EncryptionKeys, Store, StoreSettings};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::failure::{Result, failure};
use crate::hostile_report::{HostileReport, Phase, Stranger};
use crate::process_figures::Memory;

type AppKeeper = Keeper<Store>;

/// Grants that are called with, and callers of each: enough to use the budget up.
const GRANTS: u64 = 4;
const CALLERS: usize = 8;
const CONSENT_EVERY: Duration = Duration::from_secs(2);
const FIRST_USER: u64 = 30_000_000;

/// What to measure.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct HostileOrder {
    /// What the stranger does.
    pub stranger: Stranger,
    /// How often in a second.
    pub a_second: u32,
    /// How many of them the application takes in a minute; `None`: its default.
    pub taken_a_minute: Option<u32>,
    /// The length of a phase.
    pub phase: Duration,
    /// How often both phases come.
    pub rounds: u32,
}

impl HostileOrder {
    /// So many in a second.
    #[must_use]
    pub const fn new(stranger: Stranger, a_second: u32, phase: Duration, rounds: u32) -> Self {
        Self {
            stranger,
            a_second,
            taken_a_minute: None,
            phase,
            rounds,
        }
    }

    /// With an application that takes so many of them in a minute.
    #[must_use]
    pub const fn taken_a_minute(mut self, number: u32) -> Self {
        self.taken_a_minute = Some(number);
        self
    }
}

/// The application, and what it talks to.
struct World {
    sandbox: Sandbox,
    keeper: AppKeeper,
    connect: Connect<Store>,
    budget: RequestBudget,
    endpoints: Endpoints,
    address: SocketAddr,
    store: PathBuf,
    _directory: TempDir,
}

/// What happens in one phase.
#[derive(Default)]
struct Tally {
    stops: AtomicBool,
    calls: Mutex<Vec<Duration>>,
    failed_calls: AtomicU64,
    consents: Mutex<Vec<Duration>>,
    failed_consents: AtomicU64,
    taken: AtomicU64,
    turned_away: AtomicU64,
}

/// Measures.
///
/// # Errors
///
/// The world cannot be built, or a part of it does not answer.
pub async fn run(order: HostileOrder) -> Result<HostileReport> {
    let world = Arc::new(World::new(&order).await?);
    let grants = world.grants().await?;
    let mut report = HostileReport::new(order.stranger, order.a_second);
    let numbers = Arc::new(AtomicU64::new(0));
    for _ in 0..order.rounds {
        for is_hostile in [false, true] {
            let hostile = is_hostile.then_some(order);
            let phase = measure(&world, &grants, hostile, order.phase, &numbers).await?;
            report.add(is_hostile, phase);
        }
    }
    report.store_bytes = world.store_bytes();
    report.refused_codes = world.keeper.metrics().get(Counter::CodesRefused);
    Ok(report)
}

#[expect(clippy::disallowed_methods, reason = "real time is what is measured")]
async fn measure(
    world: &Arc<World>,
    grants: &[GrantKey],
    hostile: Option<HostileOrder>,
    length: Duration,
    numbers: &Arc<AtomicU64>,
) -> Result<Phase> {
    let tally = Arc::new(Tally::default());
    let mut work = JoinSet::new();
    for caller in 0..CALLERS {
        let key = grants.get(caller % grants.len()).copied();
        let key = key.ok_or_else(|| failure("no grants"))?;
        work.spawn(call(Arc::clone(world), key, Arc::clone(&tally)));
    }
    work.spawn(consent(
        Arc::clone(world),
        Arc::clone(&tally),
        Arc::clone(numbers),
    ));
    if let Some(order) = hostile {
        work.spawn(flood(
            Arc::clone(world),
            order,
            Arc::clone(&tally),
            Arc::clone(numbers),
        ));
    }
    let begun = Instant::now();
    tokio::time::sleep(length).await;
    tally.stops.store(true, Ordering::SeqCst);
    let elapsed = begun.elapsed();
    let calls = core::mem::take(&mut *tally.calls.lock().map_err(|_| failure("a task failed"))?);
    while let Some(done) = work.join_next().await {
        done??;
    }
    let consents = tally
        .consents
        .lock()
        .map_err(|_| failure("a task failed"))?
        .clone();
    Ok(Phase {
        elapsed,
        calls,
        failed_calls: tally.failed_calls.load(Ordering::SeqCst),
        consents,
        failed_consents: tally.failed_consents.load(Ordering::SeqCst),
        taken: tally.taken.load(Ordering::SeqCst),
        turned_away: tally.turned_away.load(Ordering::SeqCst),
        memory: Memory::of(std::process::id())?,
    })
}

/// One call after another.
#[expect(clippy::disallowed_methods, reason = "real time is what is measured")]
async fn call(world: Arc<World>, key: GrantKey, tally: Arc<Tally>) -> Result<()> {
    let transport = TransportBuilder::new().build()?;
    let tokens = Arc::new(world.keeper.grant(&key)?);
    let crm =
        CrmClient::new(transport, world.endpoints, key, tokens)?.with_budget(world.budget.clone());
    while !tally.stops.load(Ordering::SeqCst) {
        let begun = Instant::now();
        let answer = crm.get::<serde_json::Value>("/api/v4/account").await;
        match answer {
            Ok(_) => {
                let mut calls = tally.calls.lock().map_err(|_| failure("a task failed"))?;
                calls.push(begun.elapsed());
            }
            Err(_) => {
                tally.failed_calls.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
    Ok(())
}

/// One user after another connects, signed in to the application.
#[expect(clippy::disallowed_methods, reason = "real time is what is measured")]
async fn consent(world: Arc<World>, tally: Arc<Tally>, numbers: Arc<AtomicU64>) -> Result<()> {
    while !tally.stops.load(Ordering::SeqCst) {
        let user = FIRST_USER + 1_000 + numbers.fetch_add(1, Ordering::SeqCst);
        let (code, host) = world.code_of(user)?;
        let begun = Instant::now();
        let session = format!("session={user}");
        let shown = whole_consent(world.address, &code, &host, &session).await?;
        if shown.contains("data-kommo-code=\"connected\"") {
            let mut consents = tally
                .consents
                .lock()
                .map_err(|_| failure("a task failed"))?;
            consents.push(begun.elapsed());
        } else {
            tally.failed_consents.fetch_add(1, Ordering::SeqCst);
        }
        let left = CONSENT_EVERY.saturating_sub(begun.elapsed());
        tokio::time::sleep(left).await;
    }
    Ok(())
}

/// Begins a consent and comes back with this code; the page that says how it ended.
async fn whole_consent(
    address: SocketAddr,
    code: &str,
    host: &str,
    session: &str,
) -> Result<String> {
    let started = get(address, "/kommo/start?mode=popup", session).await?;
    let state = started.location.split("state=").nth(1);
    let state = state
        .and_then(|rest| rest.split('&').next())
        .unwrap_or_default();
    let path = format!("/kommo/callback?code={code}&state={state}&referer={host}");
    let cookies = format!("{session}; {}", started.cookies);
    let ended = get(address, &path, &cookies).await?;
    Ok(get(address, &ended.location, &ended.cookies).await?.text)
}

/// Whether it was taken: the code of a hook or a consent of no session.
async fn strangers_work(
    stranger: Stranger,
    address: SocketAddr,
    code: &str,
    host: &str,
) -> Result<bool> {
    match stranger {
        Stranger::Hooks => {
            let path = format!("/kommo/callback?code={code}&referer={host}&from_widget=1");
            Ok(get(address, &path, "").await?.status == 200)
        }
        _ => {
            let shown = whole_consent(address, code, host, "").await?;
            Ok(!shown.contains("data-kommo-code=\"too-many\""))
        }
    }
}

/// Codes that were never issued: half of them for accounts that there are, half for names that the
/// stranger made up.
async fn flood(
    world: Arc<World>,
    order: HostileOrder,
    tally: Arc<Tally>,
    numbers: Arc<AtomicU64>,
) -> Result<()> {
    let mut beat = tokio::time::interval(Duration::from_secs(1) / order.a_second.max(1));
    let hosts: Vec<String> = world
        .sandbox
        .state()
        .accounts
        .into_iter()
        .map(|one| one.host)
        .collect();
    let real = hosts.first().cloned().unwrap_or_default();
    let mut works = JoinSet::new();
    while !tally.stops.load(Ordering::SeqCst) {
        beat.tick().await;
        let number = numbers.fetch_add(1, Ordering::SeqCst);
        let host = if number.is_multiple_of(2) {
            real.clone()
        } else {
            format!("evil-{number}.kommo.com")
        };
        let code = format!("def502{number:040}");
        let (address, tally) = (world.address, Arc::clone(&tally));
        works.spawn(async move {
            let is_taken = strangers_work(order.stranger, address, &code, &host)
                .await
                .unwrap_or_default();
            let count = if is_taken {
                &tally.taken
            } else {
                &tally.turned_away
            };
            count.fetch_add(1, Ordering::SeqCst);
        });
        while works.try_join_next().is_some() {}
    }
    while works.join_next().await.is_some() {}
    Ok(())
}

impl World {
    async fn new(order: &HostileOrder) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let redirect_uri = format!("http://{address}/kommo/callback");
        let config = SandboxConfig {
            redirect_uri: redirect_uri.clone(),
            follow_wall_clock: true,
            ..SandboxConfig::default()
        };
        let sandbox = Sandbox::builder().config(config).start().await?;
        let state = sandbox.state();
        let endpoints = Endpoints::loopback_url(sandbox.base_url())?;
        let credentials = Credentials::new(
            ClientId::parse(&state.client_id)?,
            ClientSecret::new(state.client_secret)?,
            RedirectUri::parse(redirect_uri)?,
        );
        let directory = tempfile::Builder::new().prefix("kommo-hooks").tempdir()?;
        let store = directory.path().join("store.sqlite");
        let keys = EncryptionKeys::new(EncryptionKey::generate()?);
        let opened = Store::open(&store, StoreSettings::new().encrypted(keys)).await?;
        let budget = RequestBudget::default();
        let endpoint = HttpTokenEndpoint::new(TransportBuilder::new(), endpoints)?
            .with_budget(budget.clone(), credentials.client_id);
        let keeper: AppKeeper = Keeper::builder(opened, endpoint, endpoints)
            .credentials(credentials)
            .build();
        let mut builder = Connect::builder(keeper.clone(), Platform::Global, StateKey::random()?)
            .install_hooks(InstallHooks::Callback)
            .session_of(|parts| async move { session_of(&parts.headers) });
        builder = match (order.taken_a_minute, order.stranger) {
            (None, _) => builder,
            (Some(number), Stranger::Hooks) => builder.install_hooks_a_minute(number),
            (Some(number), _) => builder.unbound_consents_a_minute(number),
        };
        let connect = builder.build()?;
        let router = Router::new().nest("/kommo", connect.router());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self {
            sandbox,
            keeper,
            connect,
            budget,
            endpoints,
            address,
            store,
            _directory: directory,
        })
    }

    /// A code of a new user of the first account, and that account's host.
    fn code_of(&self, user: u64) -> Result<(String, String)> {
        let account = self.sandbox.state().accounts.into_iter().next();
        let account = account.ok_or_else(|| failure("the sandbox has no account"))?;
        let added = User::new(user, format!("User {user}"), true);
        self.sandbox.add_user(account.id, added)?;
        let issued = self.sandbox.issue_code(account.id, Some(user))?;
        Ok((issued.code, account.host))
    }

    /// Grants to call with.
    async fn grants(&self) -> Result<Vec<GrantKey>> {
        let mut keys = Vec::new();
        for number in 0..GRANTS {
            let (code, host) = self.code_of(FIRST_USER + number)?;
            let pending = PendingCode::new(
                self.endpoints.realm(),
                ClientId::parse(&self.sandbox.state().client_id)?,
                AccountHost::parse(&host)?,
                AuthorizationCode::new(code)?,
                CodeOrigin::Pasted,
                UnixSeconds::new(self.sandbox.now()),
            );
            self.keeper.accept_code(&pending).await?;
            match self.keeper.exchange_codes(1).await?.as_slice() {
                [CodeOutcome::Granted(granted)] => keys.push(granted.key),
                other => return Err(failure(format!("a code became {other:?}"))),
            }
        }
        // As an application does when it starts.
        self.connect.exchange_waiting();
        Ok(keys)
    }

    /// The database with its log.
    fn store_bytes(&self) -> u64 {
        let log = self.store.with_extension("sqlite-wal");
        let sizes =
            [self.store.clone(), log].map(|path| std::fs::metadata(path).map(|file| file.len()));
        sizes.into_iter().filter_map(core::result::Result::ok).sum()
    }
}

/// The user whose session cookie it is.
fn session_of(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get(COOKIE)?.to_str().ok()?;
    let mut pairs = cookies.split("; ");
    pairs.find_map(|pair| pair.strip_prefix("session=").map(String::from))
}

struct Answer {
    status: u16,
    location: String,
    cookies: String,
    text: String,
}

/// One request on a connection of its own, as strangers and browsers make them.
async fn get(address: SocketAddr, path: &str, cookies: &str) -> Result<Answer> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookies}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, text) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let mut location = String::new();
    let mut cookies = Vec::new();
    for line in lines {
        match line.split_once(": ") {
            Some(("location", value)) => value.clone_into(&mut location),
            Some(("set-cookie", value)) if !value.contains("Max-Age=0") => {
                cookies.extend(value.split(';').next());
            }
            _ => {}
        }
    }
    Ok(Answer {
        status: status.ok_or_else(|| failure("an answer without a status"))?,
        location,
        cookies: cookies.join("; "),
        text: text.to_owned(),
    })
}
