//! What a hook in the inbox costs PostgreSQL: bytes of its write-ahead log, and the time of a claim
//! while few or many hooks wait.
//!
//! ```text
//! cargo bench -p kommo-bench-adapters --bench inbox_costs
//! ```
//!
//! Two loads of hooks with bodies of 640 bytes. `alone`: each has a conversation of its own, and is
//! handled soon. `behind`: eight of each conversation wait before the first is handled, so most are
//! written once more when they become the first. The floor is a table with a number and the same
//! bytes, inserted and deleted in groups of the same size.
//!
//! A claim takes 10 hooks, of 1,000 that wait and of 1,000,000, in turn; medians of 41.
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

use core::time::Duration;
use std::env;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use kommo_account::{AmojoId, Realm};
use kommo_hooks::inbox::{HandlingOutcome, HookAccount, HookFacts, NewHook};
use kommo_hooks::{ChatHookVerifier, ReceivedSignature};
use kommo_sign::{ChannelSecret, ChatHookKey, KeyId, KeyRing};
use kommo_store::{Inbox, InboxName, InboxSettings, Store, StoreSettings};
use kommo_test_support::{postgres_server, with_database};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, PgConnection, Row as _, raw_sql};
use tokio::task::JoinSet;

const GOAL_WAL_BYTES: u64 = 2_048;
const GOAL_CLAIM: f64 = 1.3;
const BODY_BYTES: usize = 640;
const GROUP: u64 = 50;

/// How much is done.
struct Size {
    hooks: u64,
    few: u64,
    many: u64,
    claims: usize,
}

const WHOLE: Size = Size {
    hooks: 3_200,
    few: 1_000,
    many: 1_000_000,
    claims: 41,
};

const TRIAL: Size = Size {
    hooks: 100,
    few: 100,
    many: 1_000,
    claims: 3,
};

#[tokio::main]
async fn main() -> ExitCode {
    let is_trial = env::args().any(|argument| argument == "--test");
    let size = if is_trial { TRIAL } else { WHOLE };
    let Some(url) = postgres_server() else {
        return ExitCode::SUCCESS;
    };
    let mut few = Measured::new(&url, "few").await;
    let mut many = Measured::new(&url, "many").await;
    let floor = few.floor(size.hooks).await;
    let alone = few.load(size.hooks, size.hooks).await;
    let behind = few.load(size.hooks, size.hooks / 8).await;
    println!("wal, bytes a hook     put + handle");
    for (name, bytes) in [("floor", floor), ("alone", alone), ("behind", behind)] {
        println!(
            "  {name:<8} {:>10} + {:<6} = {}",
            bytes.0,
            bytes.1,
            bytes.0 + bytes.1
        );
    }
    few.fill(size.few).await;
    many.fill(size.many).await;
    // In turn, since a shared machine drifts.
    let (mut of_few, mut of_many) = (Vec::new(), Vec::new());
    for _ in 0..size.claims {
        of_few.push(few.claim().await);
        of_many.push(many.claim().await);
    }
    let (few, many) = (median(of_few), median(of_many));
    let ratio = many.as_secs_f64() / few.as_secs_f64();
    println!(
        "claim of 10: {few:?} of {}, {many:?} of {}: {ratio:.2} x",
        size.few, size.many
    );
    let is_met = alone.0 + alone.1 <= GOAL_WAL_BYTES && ratio <= GOAL_CLAIM;
    println!("goals (alone <= {GOAL_WAL_BYTES} bytes, claim <= {GOAL_CLAIM} x): {is_met}");
    match is_met || is_trial {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// A server, an inbox, and a connection beside it.
struct Measured {
    inbox: Inbox,
    sql: PgConnection,
    keys: ChatHookKey,
    next: u64,
}

impl Measured {
    /// In a database of its own.
    async fn new(server: &str, name: &str) -> Self {
        let name = format!("kommo_bench_{}_{name}", std::process::id());
        let options: PgConnectOptions = server.parse().expect("a URL");
        let mut first = options.connect().await.expect("a connection");
        raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut first)
            .await
            .expect("a database");
        let url = &with_database(server, &name);
        let options: PgConnectOptions = url.parse().expect("a URL");
        let store = Store::open(url, StoreSettings::new())
            .await
            .expect("a store");
        let mut settings = InboxSettings::new();
        settings.put_within = Duration::from_secs(60);
        let name = InboxName::parse("bench").expect("a name");
        let secret = ChannelSecret::new("channel-secret").expect("a secret");
        Self {
            inbox: Inbox::new(&Arc::new(store), Realm::Real, name, settings),
            sql: options.connect().await.expect("a connection"),
            keys: ChatHookKey::new(&secret),
            next: 0,
        }
    }

    async fn run(&mut self, statement: &str) {
        raw_sql(AssertSqlSafe(statement.to_owned()))
            .execute(&mut self.sql)
            .await
            .expect(statement);
    }

    /// Bytes of the log so far.
    async fn log(&mut self) -> u64 {
        let row = raw_sql("SELECT CAST(pg_current_wal_lsn() - '0/0' AS BIGINT)")
            .fetch_one(&mut self.sql)
            .await
            .expect("a position");
        u64::try_from(row.get::<i64, _>(0)).expect("a position")
    }

    async fn floor(&mut self, hooks: u64) -> (u64, u64) {
        self.run("CREATE TABLE IF NOT EXISTS floor (id BIGINT PRIMARY KEY, body BYTEA NOT NULL)")
            .await;
        self.run("TRUNCATE floor").await;
        let groups = || (0..hooks).step_by(usize::try_from(GROUP).expect("a size"));
        let before = self.log().await;
        for from in groups() {
            let to = from + GROUP - 1;
            self.run(&format!(
                "INSERT INTO floor SELECT n, convert_to(repeat('x', {BODY_BYTES}), 'UTF8') FROM generate_series({from}, {to}) AS given (n)"
            ))
            .await;
        }
        let between = self.log().await;
        for from in groups() {
            let to = from + GROUP - 1;
            self.run(&format!(
                "DELETE FROM floor WHERE id BETWEEN {from} AND {to}"
            ))
            .await;
        }
        let after = self.log().await;
        ((between - before) / hooks, (after - between) / hooks)
    }

    /// Puts and handles hooks of so many conversations.
    async fn load(&mut self, hooks: u64, conversations: u64) -> (u64, u64) {
        let is_alone = hooks == conversations;
        let (mut put, mut handled) = (0, 0);
        let step = if is_alone { GROUP } else { hooks };
        for _ in 0..hooks.div_ceil(step) {
            let before = self.log().await;
            self.put(step, conversations).await;
            let between = self.log().await;
            self.handle_all().await;
            put += between - before;
            handled += self.log().await - between;
        }
        (put / hooks, handled / hooks)
    }

    async fn put(&mut self, hooks: u64, conversations: u64) {
        let from = self.next;
        self.next += hooks;
        let mut numbers = from..self.next;
        while !numbers.is_empty() {
            let mut putting = JoinSet::new();
            for number in numbers
                .by_ref()
                .take(usize::try_from(GROUP).expect("a size"))
            {
                let (inbox, key) = (self.inbox.clone(), self.keys.clone());
                let conversation = (number % conversations).to_string();
                putting.spawn(async move { put_one(&inbox, &key, number, &conversation).await });
            }
            putting.join_all().await;
        }
    }

    async fn handle_all(&mut self) {
        loop {
            let hooks = self.inbox.claim(50).await.expect("a claim");
            if hooks.is_empty() {
                return;
            }
            let done: Vec<_> = hooks
                .iter()
                .map(|hook| (hook, HandlingOutcome::Done))
                .collect();
            self.inbox.settle_all(&done).await.expect("settled");
        }
    }

    /// Lets so many wait: copies of one that is put.
    async fn fill(&mut self, waiting: u64) {
        self.put(1, 1).await;
        self.run(&format!(
            "INSERT INTO kommo_hooks (key, inbox, kind, event, account, conversation, is_unsigned, state, due_at, stored_at, record) \
             SELECT CAST(md5(CAST(n AS TEXT)) AS UUID), one.inbox, one.kind, one.event, one.account, CAST(md5('of ' || n) AS UUID), false, \
             'waiting', n, n, one.record FROM generate_series(1, {waiting} - 1) AS given (n), \
             (SELECT * FROM kommo_hooks WHERE length(record) > 0 LIMIT 1) AS one"
        ))
        .await;
        self.run("VACUUM ANALYZE kommo_hooks").await;
        self.run("CHECKPOINT").await;
    }

    async fn claim(&self) -> Duration {
        let begun = Instant::now();
        let hooks = self.inbox.claim(10).await.expect("a claim");
        let took = begun.elapsed();
        assert_eq!(hooks.len(), 10);
        took
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

async fn put_one(inbox: &Inbox, key: &ChatHookKey, number: u64, conversation: &str) {
    let body = format!(
        "{{\"time\":{number},\"text\":\"{}\"}}",
        "x".repeat(BODY_BYTES - 30)
    );
    let mut keys: KeyRing<ChatHookKey> = KeyRing::new();
    let id = KeyId::parse("2026-11").expect("an id");
    keys.insert(id, key.clone(), None).expect("room");
    let signature = key.sign(body.as_bytes());
    let signature = ReceivedSignature::from_text(signature.as_str());
    let proven = ChatHookVerifier::new(keys)
        .verify(body.as_bytes(), signature, 1_796_000_000)
        .expect("proven");
    let account = AmojoId::parse("52e591f7-c98f-4255-8495-827210138c81").expect("an id");
    let id = number.to_string();
    let facts = HookFacts::new("message")
        .of_account(Some(HookAccount::Chats(account)))
        .in_conversation(conversation)
        .with_id(&id);
    let hook = NewHook::proven(&proven, facts);
    inbox.put(&hook).await.expect("stored");
}
