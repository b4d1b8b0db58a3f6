//! How many hooks a worker completes in a second (claim, handle, settle), beside a bare loop of the
//! same statements over one connection, on both databases.
//!
//! ```text
//! cargo bench -p kommo-bench-adapters --bench inbox_rates
//! ```
//!
//! So many hooks of 640 bytes wait, each of a conversation of its own; the handler does nothing.
//! The worker and the loop take 32 at a time, in turn, over the same tables; medians of the rounds.
//! The loop settles each hook by statements of its own, in one transaction. In PostgreSQL there is
//! a second loop, a harder floor: it settles what it took in two statements, as the inbox does.
//!
//! Prints a table and fails (status 1) if a goal is missed. With `--test` it takes fewer hooks and
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

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::env;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use kommo_account::Realm;
use kommo_hooks::inbox::{HandlingOutcome, HookFacts, NewHook};
use kommo_hooks::{ChatHookVerifier, ReceivedSignature};
use kommo_sign::{ChannelSecret, ChatHookKey, KeyId, KeyRing};
use kommo_store::{
    ClaimedHook, Inbox, InboxName, InboxSettings, InboxWorker, Store, StoreSettings, WorkerSettings,
};
use kommo_test_support::{postgres_server, with_database};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _, SqliteConnection,
    query, raw_sql,
};
use tokio::sync::Notify;

const GOAL: f64 = 0.7;
const AT_A_TIME: u32 = 32;
const BODY_BYTES: usize = 640;

/// How much is done.
struct Size {
    hooks: u64,
    rounds: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    let is_trial = env::args().any(|argument| argument == "--test");
    let size = match is_trial {
        true => Size {
            hooks: 64,
            rounds: 1,
        },
        false => Size {
            hooks: 4_096,
            rounds: 5,
        },
    };
    println!("hooks completed in a second           worker   bare loop   ratio");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("store.db");
    let file = SqliteConnectOptions::new()
        .filename(&path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let address = format!("sqlite:{}", path.display());
    let inbox = inbox(&address).await;
    let connection = file.connect().await.expect("a connection");
    let mut is_met = measure("sqlite", &size, &inbox, Bare::Sqlite(connection)).await;
    if let Some(server) = postgres_server() {
        let name = format!("kommo_rates_{}", std::process::id());
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
        is_met &= measure("postgres", &size, &inbox, Bare::Postgres(connection)).await;
    }
    println!("goal (>= {GOAL} of the loop): {is_met}");
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
    let inbox = Inbox::new(&store, Realm::Real, name, settings);
    put_one(&inbox).await;
    inbox
}

/// A hook of which the others are copies. It is far in the future, so nobody takes it.
async fn put_one(inbox: &Inbox) {
    let body = format!(
        "{{\"time\":1,\"text\":\"{}\"}}",
        "x".repeat(BODY_BYTES - 24)
    );
    let key = ChatHookKey::new(&ChannelSecret::new("channel-secret").expect("a secret"));
    let signature = key.sign(body.as_bytes());
    let mut keys: KeyRing<ChatHookKey> = KeyRing::new();
    let id = KeyId::parse("2026-11").expect("an id");
    keys.insert(id, key, None).expect("room");
    let signature = ReceivedSignature::from_text(signature.as_str());
    let proven = ChatHookVerifier::new(keys)
        .verify(body.as_bytes(), signature, 1_796_000_000)
        .expect("proven");
    let facts = HookFacts::new("message").in_conversation("first");
    let hook = NewHook::proven(&proven, facts);
    inbox.put(&hook).await.expect("stored");
}

async fn measure(name: &str, size: &Size, inbox: &Inbox, mut bare: Bare) -> bool {
    bare.run("UPDATE kommo_hooks SET due_at = 4000000000000")
        .await;
    let loops: &[Settling] = match &bare {
        Bare::Sqlite(_) => &[Settling::EachAlone],
        Bare::Postgres(_) => &[Settling::EachAlone, Settling::Together],
    };
    let mut worker = Vec::new();
    let mut looped: Vec<Vec<Duration>> = loops.iter().map(|_| Vec::new()).collect();
    for _ in 0..size.rounds {
        bare.fill(size.hooks).await;
        worker.push(by_worker(inbox, size.hooks).await);
        for (settling, times) in loops.iter().zip(&mut looped) {
            bare.fill(size.hooks).await;
            let begun = Instant::now();
            bare.complete_all(size.hooks, *settling).await;
            times.push(begun.elapsed());
        }
    }
    let rate = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        let middle = times.get(times.len() / 2).copied().unwrap_or_default();
        f64::from(u32::try_from(size.hooks).unwrap_or(u32::MAX)) / middle.as_secs_f64()
    };
    let worker = rate(&mut worker);
    let mut is_met = true;
    for (settling, times) in loops.iter().zip(&mut looped) {
        let looped = rate(times);
        let ratio = worker / looped;
        let name = format!("{name}, {}", settling.name());
        println!("  {name:<31} {worker:>10.0} {looped:>11.0} {ratio:>7.2}");
        is_met &= ratio >= GOAL;
    }
    is_met
}

/// How the loop ends the hooks that it took.
#[derive(Clone, Copy)]
enum Settling {
    EachAlone,
    Together,
}

impl Settling {
    const fn name(self) -> &'static str {
        match self {
            Self::EachAlone => "each settled alone",
            Self::Together => "settled together",
        }
    }
}

async fn by_worker(inbox: &Inbox, hooks: u64) -> Duration {
    let (handled, ended) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
    let handler = {
        let (handled, ended) = (Arc::clone(&handled), Arc::clone(&ended));
        move |_: Arc<ClaimedHook>| {
            if handled.fetch_add(1, Ordering::Relaxed) + 1 == hooks {
                ended.notify_one();
            }
            core::future::ready(HandlingOutcome::Done)
        }
    };
    let mut settings = WorkerSettings::new();
    settings.at_once = AT_A_TIME;
    settings.sweep_every = None;
    let begun = Instant::now();
    let worker = InboxWorker::start(inbox.clone(), settings, handler);
    ended.notified().await;
    // Until the last is settled.
    assert_eq!(worker.stop().await, 0);
    begun.elapsed()
}

/// The loop that anybody would write: one connection, the statements of the inbox.
enum Bare {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

const SQLITE_NOW: &str = "CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)";
const POSTGRES_NOW: &str = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";
const TOKEN: &[u8] = b"0123456789abcdef";

impl Bare {
    async fn run(&mut self, statement: &str) {
        let statement = raw_sql(AssertSqlSafe(statement.to_owned()));
        match self {
            Self::Sqlite(one) => statement.execute(one).await.map(|_| ()),
            Self::Postgres(one) => statement.execute(one).await.map(|_| ()),
        }
        .expect("done");
    }

    /// Lets so many wait, and removes those of the round before.
    async fn fill(&mut self, hooks: u64) {
        self.run("DELETE FROM kommo_hooks WHERE state = 'done'")
            .await;
        let (numbers, key, conversation) = match self {
            Self::Sqlite(_) => (
                format!(
                    "(WITH RECURSIVE given (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM given WHERE n < {hooks}) SELECT n FROM given)"
                ),
                "randomblob(16)",
                "randomblob(16)",
            ),
            Self::Postgres(_) => (
                format!("(SELECT n FROM generate_series(1, {hooks}) AS made (n))"),
                "gen_random_uuid()",
                "gen_random_uuid()",
            ),
        };
        self.run(&format!(
            "INSERT INTO kommo_hooks (key, inbox, kind, event, conversation, is_unsigned, state, due_at, stored_at, record) \
             SELECT {key}, one.inbox, one.kind, one.event, {conversation}, one.is_unsigned, 'waiting', n, n, one.record \
             FROM {numbers} AS given, (SELECT * FROM kommo_hooks WHERE due_at = 4000000000000) AS one"
        ))
        .await;
        if let Self::Postgres(_) = self {
            self.run("VACUUM ANALYZE kommo_hooks").await;
        }
    }

    async fn complete_all(&mut self, hooks: u64, settling: Settling) {
        let mut done = 0;
        while done < hooks {
            done += match self {
                Self::Sqlite(one) => some_of_sqlite(one).await,
                Self::Postgres(one) => some_of_postgres(one, settling).await,
            }
            .expect("completed");
        }
        assert_eq!(done, hooks);
    }
}

/// The statement that takes those that are due for the longest time.
fn claim(now: &str, many: &str, skip: &str, end: &str) -> String {
    format!(
        "UPDATE kommo_hooks SET lease_token = $1, attempts = attempts + 1, leased_until = {now} + 60000 WHERE id {many} \
         SELECT id FROM kommo_hooks WHERE due_at IS NOT NULL AND due_at <= (SELECT {now}) \
         AND (leased_until IS NULL OR leased_until <= (SELECT {now})) ORDER BY due_at LIMIT {AT_A_TIME} {skip} {end} \
         RETURNING id, key, kind, event, account, conversation, stored_at, record"
    )
}

macro_rules! settle_each {
    ($name:ident, $connection:ty, $now:ident) => {
        async fn $name(connection: &mut $connection, ids: &[i64]) -> sqlx::Result<()> {
            let settle = format!(
                "UPDATE kommo_hooks SET state = 'done', due_at = NULL, lease_token = NULL, leased_until = NULL, ended_at = {}, \
                 record = $3 WHERE id = $1 AND lease_token = $2",
                $now
            );
            let promote = format!(
                "UPDATE kommo_hooks SET due_at = {} WHERE id = (SELECT id FROM kommo_hooks WHERE conversation = \
                 (SELECT conversation FROM kommo_hooks WHERE id = $1) AND state = 'waiting' AND due_at IS NULL ORDER BY id LIMIT 1)",
                $now
            );
            for id in ids {
                let settled = query(AssertSqlSafe(settle.clone())).bind(id).bind(TOKEN).bind(&b""[..]);
                assert_eq!(settled.execute(&mut *connection).await?.rows_affected(), 1);
                query(AssertSqlSafe(promote.clone())).bind(id).execute(&mut *connection).await?;
            }
            Ok(())
        }
    };
}

settle_each!(settle_each_of_sqlite, SqliteConnection, SQLITE_NOW);
settle_each!(settle_each_of_postgres, PgConnection, POSTGRES_NOW);

async fn some_of_sqlite(connection: &mut SqliteConnection) -> sqlx::Result<u64> {
    let claim = claim(SQLITE_NOW, "IN (", "", ")");
    let claim = query(AssertSqlSafe(claim)).bind(TOKEN);
    let rows = claim.fetch_all(&mut *connection).await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.get("id")).collect();
    let mut all = connection.begin().await?;
    settle_each_of_sqlite(&mut all, &ids).await?;
    all.commit().await?;
    Ok(ids.len() as u64)
}

async fn some_of_postgres(connection: &mut PgConnection, settling: Settling) -> sqlx::Result<u64> {
    let claim = claim(
        POSTGRES_NOW,
        "= ANY (ARRAY(",
        "FOR UPDATE SKIP LOCKED",
        "))",
    );
    let claim = query(AssertSqlSafe(claim)).bind(TOKEN);
    let rows = claim.fetch_all(&mut *connection).await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.get("id")).collect();
    let mut all = connection.begin().await?;
    raw_sql("SELECT pg_advisory_xact_lock(1, 1)")
        .execute(&mut *all)
        .await?;
    match settling {
        Settling::EachAlone => settle_each_of_postgres(&mut all, &ids).await?,
        Settling::Together => settle_together(&mut all, &ids).await?,
    }
    all.commit().await?;
    Ok(ids.len() as u64)
}

async fn settle_together(connection: &mut PgConnection, ids: &[i64]) -> sqlx::Result<()> {
    let settle = format!(
        "UPDATE kommo_hooks SET state = 'done', due_at = NULL, lease_token = NULL, leased_until = NULL, ended_at = {POSTGRES_NOW}, \
         record = ''::bytea WHERE id = ANY ($1) AND lease_token = $2"
    );
    let promote = format!(
        "UPDATE kommo_hooks SET due_at = {POSTGRES_NOW} WHERE id = ANY (ARRAY(SELECT (SELECT next.id FROM kommo_hooks AS next \
         WHERE next.conversation = ended.conversation AND next.state = 'waiting' AND next.due_at IS NULL ORDER BY next.id LIMIT 1) \
         FROM kommo_hooks AS ended WHERE ended.id = ANY ($1)))"
    );
    let settled = query(AssertSqlSafe(settle)).bind(ids).bind(TOKEN);
    let settled = settled.execute(&mut *connection).await?.rows_affected();
    assert_eq!(settled, ids.len() as u64);
    let promoted = query(AssertSqlSafe(promote)).bind(ids);
    promoted.execute(connection).await.map(|_| ())
}
