//! The worker: hands the hooks of an inbox to a handler.
//!
//! ```text
//!   put in this process ──┐
//!   poll ─────────────────┼─> claim ──> a task each: handler, lease ──> settle what has ended, at once
//!   a handler has ended ──┘
//! ```
//!
//! One task claims and settles, so what ends at the same time is settled in one transaction.

mod handler;
mod settings;
mod sweeping;
mod attempt;

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use kommo_hooks::inbox::HandlingOutcome;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle, JoinSet, yield_now};
use tokio::time::{Instant, sleep, timeout};

use crate::inbox::{ClaimedHook, Inbox};

use attempt::attempt;
use sweeping::sweep_now_and_then;

pub use handler::HookHandler;
pub use settings::WorkerSettings;

/// The longest pause after errors of the database.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A worker that runs: it claims hooks of an [`Inbox`], hands them to a [`HookHandler`], renews
/// their leases and settles them. Any number of workers, in any number of processes, share an
/// inbox.
///
/// Stop it with [`stop`](Self::stop), which lets the running handlers end. When it is dropped, they
/// are dropped too; another attempt begins when their leases end.
///
/// # Examples
///
/// ```no_run
/// # use std::sync::Arc;
/// # use kommo_hooks::inbox::HandlingOutcome;
/// # use kommo_store::{ClaimedHook, Inbox, InboxWorker, WorkerSettings};
/// # async fn example(inbox: Inbox) {
/// let worker = InboxWorker::start(inbox, WorkerSettings::new(), async |hook: Arc<ClaimedHook>| {
///     match hook.proven() {
///         Some(proven) => println!("{} bytes", proven.get().len()),
///         None => println!("not proven"),
///     }
///     HandlingOutcome::Done
/// });
/// // … until the process is asked to end:
/// assert_eq!(worker.stop().await, 0);
/// # }
/// ```
pub struct InboxWorker {
    stop: oneshot::Sender<()>,
    task: StoppedOnDrop<usize>,
    _sweeping: Option<StoppedOnDrop<()>>,
}

struct StoppedOnDrop<T>(JoinHandle<T>);

impl<T> Drop for StoppedOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl InboxWorker {
    /// Starts a worker, in a task of the current tokio runtime.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[must_use = "a worker that is dropped stops"]
    pub fn start(inbox: Inbox, settings: WorkerSettings, handler: impl HookHandler) -> Self {
        let (stop, stopped) = oneshot::channel();
        let sweeping = settings.sweep_every.map(|every| {
            let sweeping = sweep_now_and_then(inbox.clone(), every);
            StoppedOnDrop(tokio::spawn(sweeping))
        });
        let working = Working {
            inbox,
            settings,
            handler: Arc::new(handler),
            running: JoinSet::new(),
            ended: Vec::new(),
        };
        Self {
            stop,
            task: StoppedOnDrop(tokio::spawn(working.run(stopped))),
            _sweeping: sweeping,
        }
    }

    /// Claims nothing more, and waits until the running handlers have ended and are settled, at
    /// most [`drain_within`](WorkerSettings::drain_within). Returns how many were not: other
    /// attempts at these begin when their leases end.
    pub async fn stop(mut self) -> usize {
        let _ = self.stop.send(());
        (&mut self.task.0).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the worker of an inbox ended before it was stopped");
            0
        })
    }
}

impl fmt::Debug for InboxWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboxWorker").finish_non_exhaustive()
    }
}

/// A hook whose attempt has ended. `None`: there is nothing to settle.
type Ended = (Arc<ClaimedHook>, Option<HandlingOutcome>);

/// The task of a worker.
struct Working<H> {
    inbox: Inbox,
    settings: WorkerSettings,
    handler: Arc<H>,
    running: JoinSet<Ended>,
    /// What has ended and is not settled yet.
    ended: Vec<(Arc<ClaimedHook>, HandlingOutcome)>,
}

impl<H: HookHandler> Working<H> {
    async fn run(mut self, mut stopped: oneshot::Receiver<()>) -> usize {
        let inbox = self.inbox.clone();
        let mut pause = self.settings.poll;
        loop {
            pause = match self.step().await {
                true => self.settings.poll,
                false => (pause * 2).clamp(self.settings.poll, LONGEST_PAUSE),
            };
            let has_room = self.room() > 0;
            tokio::select! {
                biased;
                // The end of the sender too: the worker was dropped.
                _ = &mut stopped => break,
                Some(ended) = self.running.join_next() => self.take_in(ended),
                () = inbox.stored().notified(), if has_room => {}
                () = sleep(pause) => {}
            }
        }
        // A cut-off loses nothing: what is not settled is attempted again.
        let _ = timeout(self.settings.drain_within, self.drain()).await;
        self.running.len() + self.ended.len()
    }

    /// Settles what has ended, and claims as many as there is room for. `false`: the database
    /// failed.
    async fn step(&mut self) -> bool {
        self.gather().await;
        self.settle().await && self.claim().await
    }

    /// Handlers that end in the same moment are settled in one transaction: the others that are
    /// ready run first, until none of them ends any more.
    async fn gather(&mut self) {
        let mut before = 0;
        while before < self.ended.len() {
            before = self.ended.len();
            yield_now().await;
            while let Some(ended) = self.running.try_join_next() {
                self.take_in(ended);
            }
        }
    }

    fn room(&self) -> u32 {
        let taken = u32::try_from(self.running.len() + self.ended.len()).unwrap_or(u32::MAX);
        self.settings.at_once.max(1).saturating_sub(taken)
    }

    fn take_in(&mut self, ended: Result<Ended, JoinError>) {
        // The tasks catch panics of the handler, and are never aborted alone.
        if let Ok((hook, Some(outcome))) = ended {
            self.ended.push((hook, outcome));
        }
    }

    async fn settle(&mut self) -> bool {
        if self.ended.is_empty() {
            return true;
        }
        let outcomes: Vec<_> = self
            .ended
            .iter()
            .map(|(hook, outcome)| (&**hook, outcome.clone()))
            .collect();
        match self.inbox.settle_all(&outcomes).await {
            Ok(settled) => {
                for ((hook, _), _) in self.ended.drain(..).zip(settled).filter(|(_, is)| !is) {
                    tracing::warn!(
                        id = hook.id(),
                        "the lease of a hook was lost; it is handled again"
                    );
                }
                true
            }
            Err(problem) => {
                tracing::warn!(%problem, hooks = self.ended.len(), "hooks were not settled yet");
                false
            }
        }
    }

    async fn claim(&mut self) -> bool {
        let room = self.room();
        if room == 0 {
            return true;
        }
        let asked = Instant::now();
        let hooks = match self.inbox.claim(room).await {
            Ok(hooks) => hooks,
            Err(problem) => {
                tracing::warn!(%problem, "no hooks were claimed");
                return false;
            }
        };
        if u32::try_from(hooks.len()).is_ok_and(|claimed| claimed == room) {
            // There may be more: for another worker of this process.
            self.inbox.stored().notify_one();
        }
        for hook in hooks {
            self.begin(Arc::new(hook), asked);
        }
        true
    }

    /// `asked`: when the claim was sent, so the lease ends no earlier than its length after that.
    fn begin(&mut self, hook: Arc<ClaimedHook>, asked: Instant) {
        let (inbox, handler) = (self.inbox.clone(), Arc::clone(&self.handler));
        let within = self.settings.attempt_within;
        self.running.spawn(async move {
            // This process may have been stopped meanwhile, and another have the hook.
            if asked.elapsed() >= inbox.lease() {
                tracing::warn!(
                    id = hook.id(),
                    "the lease of a hook ended before its handler began"
                );
                return (hook, None);
            }
            let outcome = attempt(&inbox, &*handler, Arc::clone(&hook), within).await;
            (hook, outcome)
        });
    }

    async fn drain(&mut self) {
        loop {
            while let Some(ended) = self.running.try_join_next() {
                self.take_in(ended);
            }
            if !self.settle().await {
                sleep(self.settings.poll).await;
            } else if let Some(ended) = self.running.join_next().await {
                self.take_in(ended);
            } else {
                return;
            }
        }
    }
}
