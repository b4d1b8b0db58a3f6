//! The same thousand hooks in the inbox and in job queues of other projects: kept one by one by 32
//! tasks, each waiting until its own is durable, then taken, handled and done.
//!
//! ```text
//! cargo xtask peers
//! ```
//!
//! The handler does nothing. The second phase ends when the database says that all are done. Each
//! queue is set up as its documentation says for many small jobs, 32 at a time; `README.md` beside
//! this crate has what each promises. In turn; medians of the rounds. Fails (status 1) if the inbox
//! completes fewer hooks in a second than a peer on the same database that is as durable. With
//! `--test` it takes fewer hooks and judges nothing.

mod handled;
mod inbox_queue;

mod apalis_queue;
mod graphile_queue;

use std::env;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use kommo_test_support::postgres_server;

use apalis_queue::{ApalisQueue, Synchronous};
use graphile_queue::GraphileQueue;
use inbox_queue::InboxQueue;

/// How many are kept, and handled, at the same time.
const AT_A_TIME: usize = 32;

/// Something that keeps hooks until they are handled.
trait Queue {
    /// Keeps all, [`AT_A_TIME`] at a time; each is durable before its task takes the next.
    async fn keep(&self, bodies: Vec<String>);

    /// Handles them all, and waits until the database says so.
    async fn complete(&self, count: u64);
}

/// The times of both phases, of each round.
struct Measured {
    name: &'static str,
    durability: &'static str,
    kept: Vec<Duration>,
    completed: Vec<Duration>,
}

impl Measured {
    const fn new(name: &'static str, durability: &'static str) -> Self {
        Self {
            name,
            durability,
            kept: Vec::new(),
            completed: Vec::new(),
        }
    }

    async fn run(&mut self, queue: &impl Queue, count: u64) {
        let bodies = (0..count).map(body).collect();
        let begun = Instant::now();
        queue.keep(bodies).await;
        self.kept.push(begun.elapsed());
        let begun = Instant::now();
        queue.complete(count).await;
        self.completed.push(begun.elapsed());
    }

    /// Hooks kept and completed in a second; prints them.
    fn report(&mut self, count: u64) -> f64 {
        let [kept, completed] = [&mut self.kept, &mut self.completed].map(|times| {
            times.sort_unstable();
            count as f64 / times[times.len() / 2].as_secs_f64()
        });
        println!(
            "  {:<28}{kept:>10.0}{completed:>12.0}   {}",
            self.name, self.durability
        );
        completed
    }
}

/// 640 bytes.
fn body(number: u64) -> String {
    format!("{{\"time\":{number:010},\"text\":\"{}\"}}", "x".repeat(610))
}

#[tokio::main]
async fn main() -> ExitCode {
    let is_trial = env::args().any(|argument| argument == "--test");
    let (count, rounds) = if is_trial { (50, 1) } else { (1_000, 5) };
    println!("hooks in a second             kept   completed   durable by");
    let is_met = sqlite(count, rounds).await & postgres(count, rounds).await;
    println!("goal (the inbox completes more than a peer as durable): {is_met}");
    match is_met || is_trial {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

async fn sqlite(count: u64, rounds: usize) -> bool {
    let full = "WAL, synchronous = FULL: each is on the disk";
    let mut inbox = Measured::new("sqlite, inbox", full);
    let mut apalis = Measured::new("sqlite, apalis", full);
    let off = "WAL, synchronous = OFF: lost with the power";
    let mut as_shipped = Measured::new("sqlite, apalis as set up", off);
    let directory = tempfile::tempdir().expect("a directory");
    let file = |name: &str| directory.path().join(name);
    let ours = InboxQueue::open(&format!("sqlite:{}", file("inbox.db").display())).await;
    let theirs = ApalisQueue::open(&file("apalis.db"), Synchronous::Full).await;
    let shipped = ApalisQueue::open(&file("shipped.db"), Synchronous::AsSetUp).await;
    for _ in 0..rounds {
        inbox.run(&ours, count).await;
        apalis.run(&theirs, count).await;
        as_shipped.run(&shipped, count).await;
    }
    as_shipped.report(count);
    let (inbox, apalis) = (inbox.report(count), apalis.report(count));
    inbox > apalis
}

async fn postgres(count: u64, rounds: usize) -> bool {
    let Some(server) = postgres_server() else {
        return true;
    };
    let on = "fsync and synchronous_commit on: each is on the disk";
    let mut inbox = Measured::new("postgres, inbox", on);
    let mut graphile = Measured::new("postgres, graphile_worker", on);
    let ours = InboxQueue::of_server(&server).await;
    let theirs = GraphileQueue::of_server(&server).await;
    for _ in 0..rounds {
        inbox.run(&ours, count).await;
        graphile.run(&theirs, count).await;
    }
    let (inbox, graphile) = (inbox.report(count), graphile.report(count));
    inbox > graphile
}
