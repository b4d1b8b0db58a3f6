//! Prints hooks as they come, one line each, with how their first hand-over ended if that is known
//! soon.
//!
//! ```text
//! arrival ───┐
//!            ├─ both within a second: one line ── else the arrival, and later the hand-over
//! hand-over ─┘
//! ```
//!
//! Who sends hooks never waits for who prints them: what does not fit into the queue is counted,
//! and the count is printed.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::pin::pin;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use kommo_hooks::inbox::HandlingOutcome;
use kommo_store::{ClaimedHook, HookFilter, HookHandler};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::arrival::{Arrival, HandOver, Kept};
use super::inboxes::{Inboxes, KeptKind};
use crate::failure::exit::Failure;
use crate::terminal::output::{self, Output};
use crate::time::clock;

/// How many reports wait to be printed.
const WAITING_AT_MOST: usize = 1024;

/// How many lines wait for their other half.
const OPEN_AT_MOST: usize = 256;

/// How long the line of a hook waits for its hand-over.
const TOGETHER_WITHIN: Duration = Duration::from_secs(1);

/// Something to print.
#[derive(Debug)]
enum Report {
    Arrival(Arrival),
    HandOver(HandOver),
}

/// Where reports go. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Reports {
    queue: mpsc::Sender<Report>,
    /// What did not fit into the queue.
    skipped: Arc<AtomicU64>,
}

/// Prints them.
pub(super) struct Printer {
    queue: mpsc::Receiver<Report>,
    skipped: Arc<AtomicU64>,
    inboxes: Inboxes,
    hands_over: bool,
    as_text: bool,
    output: Output,
    open: VecDeque<OpenLine>,
}

/// A line that waits for its other half.
struct OpenLine {
    key: String,
    until: Instant,
    half: Report,
}

impl Reports {
    pub(super) fn new(inboxes: Inboxes, hands_over: bool, output: Output) -> (Self, Printer) {
        let (queue, reports) = mpsc::channel(WAITING_AT_MOST);
        let skipped = Arc::new(AtomicU64::new(0));
        let printer = Printer {
            queue: reports,
            skipped: Arc::clone(&skipped),
            inboxes,
            hands_over,
            as_text: !output.is_json() && output::is_on_terminal(),
            output,
            open: VecDeque::new(),
        };
        (Self { queue, skipped }, printer)
    }

    pub(super) fn arrived(&self, arrival: Arrival) {
        self.send(Report::Arrival(arrival));
    }

    fn send(&self, report: Report) {
        if self.queue.try_send(report).is_err() {
            self.skipped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Printer {
    /// Prints until `ended`, and then what was reported before.
    pub(super) async fn run(mut self, ended: impl Future<Output = ()>) -> Result<(), Failure> {
        let mut ended = pin!(ended);
        loop {
            let next = self.open.front().map(|line| line.until);
            let due = async {
                match next {
                    Some(until) => sleep_until(until).await,
                    None => core::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = &mut ended, if !self.queue.is_closed() => self.queue.close(),
                report = self.queue.recv() => match report {
                    Some(report) => self.take(report).await?,
                    None => break,
                },
                () = due => self.print_oldest().await?,
            }
            self.print_skipped()?;
        }
        while !self.open.is_empty() {
            self.print_oldest().await?;
        }
        self.print_skipped()
    }

    async fn take(&mut self, report: Report) -> Result<(), Failure> {
        let key = match &report {
            Report::Arrival(arrival) if !(self.hands_over && arrival.is_waiting()) => {
                return self.print(&report).await;
            }
            Report::Arrival(arrival) => arrival.key.clone().unwrap_or_default(),
            Report::HandOver(hand_over) => hand_over.key.clone(),
        };
        let other = self.open.iter().position(|line| {
            // Two halves of one kind are not one line.
            line.key == key
                && matches!(line.half, Report::Arrival(_)) != matches!(report, Report::Arrival(_))
        });
        match (other.and_then(|at| self.open.remove(at)), report) {
            (Some(line), report) => match (line.half, report) {
                (Report::Arrival(arrival), Report::HandOver(hand_over))
                | (Report::HandOver(hand_over), Report::Arrival(arrival)) => {
                    let text = arrival.line(Some(hand_over.id), Some(&hand_over));
                    self.out(&text, &arrival.object(Some(hand_over.id), Some(&hand_over)))
                }
                (first, second) => {
                    self.print(&first).await?;
                    self.print(&second).await
                }
            },
            // The second and later attempts have no line that waits.
            (None, Report::HandOver(hand_over)) if hand_over.attempt > 1 => {
                self.print(&Report::HandOver(hand_over)).await
            }
            (None, half) => {
                // Many at once are printed apart: each is looked for among those that wait.
                if self.open.len() == OPEN_AT_MOST {
                    self.print_oldest().await?;
                }
                self.open.push_back(OpenLine {
                    key,
                    until: Instant::now() + TOGETHER_WITHIN,
                    half,
                });
                Ok(())
            }
        }
    }

    async fn print_oldest(&mut self) -> Result<(), Failure> {
        match self.open.pop_front() {
            Some(line) => self.print(&line.half).await,
            None => Ok(()),
        }
    }

    async fn print(&self, report: &Report) -> Result<(), Failure> {
        match report {
            Report::Arrival(arrival) => {
                let id = self.number(arrival).await;
                self.out(&arrival.line(id, None), &arrival.object(id, None))
            }
            Report::HandOver(hand_over) => self.out(&hand_over.line(), &hand_over.object()),
        }
    }

    /// The number of the entry, for `kommo hooks inbox show`. Without an answer of the store the
    /// line is printed without it.
    async fn number(&self, arrival: &Arrival) -> Option<i64> {
        if !matches!(arrival.kept, Kept::Stored | Kept::Duplicate) {
            return None;
        }
        let inbox = self.inboxes.of(KeptKind::named(arrival.kind)?);
        let mut filter = HookFilter::new();
        filter.key = Some(arrival.key.clone()?);
        let found = inbox.list(&filter, 0, 1).await.ok()?;
        found.first().map(|line| line.id)
    }

    fn out(&self, text: &str, object: &Value) -> Result<(), Failure> {
        match self.as_text {
            true => self.output.result(text, object),
            false => self.output.json_line(object),
        }
    }

    fn print_skipped(&self) -> Result<(), Failure> {
        match self.skipped.swap(0, Ordering::Relaxed) {
            0 => Ok(()),
            number => self.out(
                &format!("         {number} more hooks not shown"),
                &json!({ "not_shown": number }),
            ),
        }
    }
}

/// A handler that reports how each attempt of another one ended.
#[derive(Clone)]
pub(super) struct Reported<H> {
    handler: H,
    reports: Reports,
}

impl<H> Reported<H> {
    pub(super) const fn new(handler: H, reports: Reports) -> Self {
        Self { handler, reports }
    }
}

impl<H: HookHandler> HookHandler for Reported<H> {
    async fn handle(&self, hook: Arc<ClaimedHook>) -> HandlingOutcome {
        let began = Instant::now();
        let outcome = self.handler.handle(Arc::clone(&hook)).await;
        self.reports.send(Report::HandOver(HandOver {
            id: hook.id(),
            key: hook.key().to_owned(),
            at: clock::unix_now().unwrap_or_default(),
            attempt: hook.attempt(),
            took: began.elapsed(),
            outcome: outcome.clone(),
        }));
        outcome
    }
}
