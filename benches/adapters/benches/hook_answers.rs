//! How fast a mounted route answers chat hooks, beside routes that do less; over 32 connections.
//!
//! ```text
//! cargo bench -p kommo-bench-adapters --bench hook_answers
//! ```
//!
//! Without an inbox: a handler that takes a `ProvenChatHook`, beside a bare axum route that reads
//! the same body and answers 200. With one: `ChatHooks::router`, beside the same bare route whose
//! handler hands the body to one task and waits; that task inserts all that wait in one
//! transaction, into a table with a number and the bytes, by `sqlx`, as durable as the inbox
//! (SQLite: WAL, `synchronous = FULL`; PostgreSQL: `fsync` and `synchronous_commit` on). The same
//! loop without HTTP is shown too. Senders, server and database share one machine. In turn; medians
//! of the rounds.
//!
//! Then hooks come at half of the rate that was measured with the inbox, evenly; the time of an
//! answer is counted from when its hook was due.
//!
//! Prints a table and fails (status 1) if a goal is missed. With `--test` it sends fewer hooks and
//! judges nothing.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark without its inputs must stop, and its table is its result"
)]
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![allow(
    clippy::std_instead_of_alloc,
    reason = "a program of std, which has no `extern crate alloc`"
)]

use core::time::Duration;
use std::env;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use kommo_account::Realm;
use kommo_axum::{ChatHooks, ProvenChatHook};
use kommo_bench_adapters::{ChatRequests, Load};
use kommo_store::{Inbox, InboxName, InboxSettings, Store, StoreSettings};
use kommo_test_support::{postgres_server, with_database};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, SqliteConnection, query,
    raw_sql,
};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

const GOAL_WITHOUT_INBOX: f64 = 0.9;
const GOAL_WITH_INBOX: f64 = 0.8;
const GOAL_P99: Duration = Duration::from_millis(50);
const CONNECTIONS: usize = 32;
const PATH: &str = "/chat-hooks/{scope_id}";
/// As many as the inbox writes in one transaction.
const GROUP: usize = 128;

/// How much is done.
struct Size {
    answers: usize,
    kept: usize,
    steady: Duration,
    rounds: usize,
}

const WHOLE: Size = Size {
    answers: 16_000,
    kept: 4_000,
    steady: Duration::from_secs(10),
    rounds: 7,
};

const TRIAL: Size = Size {
    answers: 128,
    kept: 64,
    steady: Duration::from_millis(100),
    rounds: 1,
};

#[tokio::main]
async fn main() -> ExitCode {
    let is_trial = env::args().any(|argument| argument == "--test");
    let size = if is_trial { TRIAL } else { WHOLE };
    let mut requests = ChatRequests::new();
    println!("answers in a second         route     floor   ratio");
    let mut is_met = without_inbox(&size, &mut requests).await;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("store.db");
    let file = SqliteConnectOptions::new()
        .filename(directory.path().join("bare.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let inbox = inbox(&format!("sqlite:{}", path.display())).await;
    let connection = file.connect().await.expect("a connection");
    let bare = Bare::Sqlite(connection).grouped().await;
    is_met &= with_inbox("sqlite", &size, &mut requests, inbox, bare).await;
    if let Some(server) = postgres_server() {
        let name = format!("kommo_answers_{}", std::process::id());
        let options: PgConnectOptions = server.parse().expect("a URL");
        let mut first = options.connect().await.expect("a connection");
        raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut first)
            .await
            .expect("a database");
        let url = with_database(&server, &name);
        let inbox = self::inbox(&url).await;
        let options: PgConnectOptions = url.parse().expect("a URL");
        let connection = options.connect().await.expect("a connection");
        let bare = Bare::Postgres(connection).grouped().await;
        is_met &= with_inbox("postgres", &size, &mut requests, inbox, bare).await;
    }
    println!(
        "goals (>= {GOAL_WITHOUT_INBOX} without, >= {GOAL_WITH_INBOX} with an inbox, p99 < {GOAL_P99:?}): {is_met}"
    );
    match is_met || is_trial {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

async fn inbox(address: &str) -> Inbox {
    let store = Store::open(address, StoreSettings::new()).await;
    let store = Arc::new(store.expect("a store"));
    let mut settings = InboxSettings::new();
    settings.put_within = Duration::from_secs(60);
    let name = InboxName::parse("bench").expect("a name");
    Inbox::new(&store, Realm::Real, name, settings)
}

async fn without_inbox(size: &Size, requests: &mut ChatRequests) -> bool {
    let hooks = ChatHooks::new(requests.verifier());
    let proven = post(async |_: ProvenChatHook| StatusCode::OK);
    let proven = Router::new().route(PATH, proven).with_state(hooks);
    let bare = Router::new().route(PATH, post(async |_: Bytes| StatusCode::OK));
    let proven = Load::serve(proven, CONNECTIONS).await;
    let bare = Load::serve(bare, CONNECTIONS).await;
    let (mut of_proven, mut of_bare) = (Vec::new(), Vec::new());
    for _ in 0..size.rounds {
        let requests = requests.take(size.answers);
        of_proven.push(proven.as_fast_as_answered(&requests).await);
        of_bare.push(bare.as_fast_as_answered(&requests).await);
    }
    let (proven, bare) = (rate(size.answers, of_proven), rate(size.answers, of_bare));
    report("without inbox", proven, bare) >= GOAL_WITHOUT_INBOX
}

async fn with_inbox(
    name: &str,
    size: &Size,
    requests: &mut ChatRequests,
    inbox: Inbox,
    grouped: Grouped,
) -> bool {
    let routes = ChatHooks::new(requests.verifier()).router(inbox);
    let kept = Load::serve(routes, CONNECTIONS).await;
    let bare = post(async |State(grouped): State<Grouped>, body: Bytes| {
        grouped.put(body).await;
        StatusCode::OK
    });
    let bare = Router::new().route(PATH, bare).with_state(grouped.clone());
    let bare = Load::serve(bare, CONNECTIONS).await;
    let (mut of_kept, mut of_bare, mut of_loop) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..size.rounds {
        let these = requests.take(size.kept);
        of_kept.push(kept.as_fast_as_answered(&these).await);
        of_bare.push(bare.as_fast_as_answered(&these).await);
        of_loop.push(grouped.put_all(requests.bodies(size.kept)).await);
    }
    let [of_kept, of_bare, of_loop] = [of_kept, of_bare, of_loop].map(|it| rate(size.kept, it));
    let ratio = report(name, of_kept, of_bare);
    report(&format!("{name}, no HTTP"), of_kept, of_loop);
    let in_a_second = of_kept / 2.0;
    let count = (in_a_second * size.steady.as_secs_f64()).ceil();
    let count = format!("{count:.0}").parse().expect("a number");
    let times = kept.at_rate(&requests.take(count), in_a_second).await;
    let at = |part: usize| times.get(times.len() * part / 100).copied();
    let (median, p99) = (at(50).expect("answers"), at(99).expect("answers"));
    println!("  {name}, at {in_a_second:.0} a second: median {median:.1?}, p99 {p99:.1?}");
    ratio >= GOAL_WITH_INBOX && p99 < GOAL_P99
}

/// Answers in a second, in the round in the middle.
fn rate(count: usize, mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    count as f64 / middle.as_secs_f64()
}

fn report(name: &str, route: f64, floor: f64) -> f64 {
    let ratio = route / floor;
    println!("  {name:<20} {route:>10.0} {floor:>9.0} {ratio:>7.2}");
    ratio
}

/// The loop that anybody would write: one connection, one transaction for all that wait.
enum Bare {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// A body, and who waits for it to be durable.
type Waiting = (Bytes, oneshot::Sender<()>);

#[derive(Clone)]
struct Grouped(mpsc::Sender<Waiting>);

impl Grouped {
    async fn put(&self, body: Bytes) {
        let (done, waiting) = oneshot::channel();
        self.0.send((body, done)).await.expect("the loop runs");
        waiting.await.expect("inserted");
    }

    /// By as many tasks as there are connections.
    async fn put_all(&self, bodies: Vec<String>) -> Duration {
        let bodies: Vec<Bytes> = bodies.into_iter().map(Bytes::from).collect();
        let bodies = Arc::new(bodies);
        let begun = Instant::now();
        let mut putting = JoinSet::new();
        for first in 0..CONNECTIONS {
            let (own, bodies) = (self.clone(), Arc::clone(&bodies));
            putting.spawn(async move {
                for body in bodies.iter().skip(first).step_by(CONNECTIONS) {
                    own.put(body.clone()).await;
                }
            });
        }
        putting.join_all().await;
        begun.elapsed()
    }
}

impl Bare {
    /// Makes the table and begins the loop.
    async fn grouped(mut self) -> Grouped {
        match &mut self {
            Self::Sqlite(one) => {
                let table = "CREATE TABLE bare (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT";
                raw_sql(table).execute(one).await.map(|_| ())
            }
            Self::Postgres(one) => {
                let table = "CREATE TABLE bare (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body BYTEA NOT NULL)";
                raw_sql(table).execute(one).await.map(|_| ())
            }
        }
        .expect("a table");
        let (sender, mut receiver) = mpsc::channel::<Waiting>(1_024);
        tokio::spawn(async move {
            let mut group = Vec::with_capacity(GROUP);
            while receiver.recv_many(&mut group, GROUP).await > 0 {
                self.insert(&group).await.expect("inserted");
                for (_, done) in group.drain(..) {
                    done.send(()).expect("waited for");
                }
            }
        });
        Grouped(sender)
    }

    async fn insert(&mut self, group: &[Waiting]) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(one) => {
                let mut all = one.begin().await?;
                for (body, _) in group {
                    let insert = query("INSERT INTO bare (body) VALUES ($1)").bind(&**body);
                    insert.execute(&mut *all).await?;
                }
                all.commit().await
            }
            Self::Postgres(one) => {
                let bodies: Vec<&[u8]> = group.iter().map(|(body, _)| &**body).collect();
                let insert = "INSERT INTO bare (body) SELECT * FROM unnest(CAST($1 AS BYTEA[]))";
                query(insert).bind(bodies).execute(one).await.map(|_| ())
            }
        }
    }
}
