//! What a command is waiting for, shown on a terminal as soon as it takes longer than a second.

use alloc::sync::Arc;
use core::convert::Infallible;
use core::time::Duration;
use std::io::{self, IsTerminal};
use std::sync::{Mutex, PoisonError};

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::terminal::output::Output;

/// A shorter wait ends before its text could be read.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

/// How often a wait that continues is shown again.
const SHOWN_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// How often it is looked for waits.
const LOOKED_FOR_EVERY: Duration = Duration::from_millis(200);

/// What is waited for at this moment. Cheap to clone; clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress(Arc<Mutex<Waits>>);

#[derive(Debug, Default)]
struct Waits {
    /// The innermost one last.
    now: Vec<Wait>,
    next_id: u64,
    /// Why there is a pause before another try.
    why: Option<String>,
}

#[derive(Clone, Debug)]
struct Wait {
    id: u64,
    what: String,
    since: Instant,
}

/// A wait; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Waiting {
    progress: Progress,
    id: u64,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.progress.change(|waits| {
            waits.now.retain(|wait| wait.id != self.id);
            // What was waited for outside of it is waited for anew.
            if let Some(outer) = waits.now.last_mut() {
                outer.since = Instant::now();
            }
        });
    }
}

impl Progress {
    fn change<T>(&self, change: impl FnOnce(&mut Waits) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins to wait for something: `the answer of shop.kommo.com`.
    pub(crate) fn wait_for(&self, what: impl Into<String>) -> Waiting {
        let id = self.change(|waits| {
            let id = waits.next_id;
            waits.next_id += 1;
            waits.now.push(Wait {
                id,
                what: what.into(),
                since: Instant::now(),
            });
            id
        });
        Waiting {
            progress: self.clone(),
            id,
        }
    }

    /// Sets the reason of a pause, or that there is no longer one.
    pub(crate) fn note_reason(&self, why: Option<String>) {
        self.change(|waits| waits.why = why);
    }

    /// The innermost wait, and the reason of the pause if there is one: as long as something is
    /// sent, that is waited for.
    fn latest(&self) -> Option<(u64, String, Duration)> {
        self.change(|waits| {
            let wait = waits.now.last()?;
            let what = match &waits.why {
                Some(why) if waits.now.len() == 1 => format!("another try, at most 30 s ({why})"),
                _ => wait.what.clone(),
            };
            Some((wait.id, what, wait.since.elapsed()))
        })
    }

    /// Shows what is waited for, without end.
    pub(crate) async fn show(&self, output: Output) -> Infallible {
        if !io::stderr().is_terminal() {
            return core::future::pending().await;
        }
        let mut ticks = interval(LOOKED_FOR_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut shown: Option<(u64, String, Duration)> = None;
        loop {
            ticks.tick().await;
            let Some((id, what, length)) = self.latest() else {
                continue;
            };
            let is_known = shown.as_ref().is_some_and(|(shown_id, shown_what, at)| {
                *shown_id == id && *shown_what == what && length < *at + SHOWN_AGAIN_AFTER
            });
            if length < SHOWN_AFTER || is_known {
                continue;
            }
            output.note(&format!(
                "waiting for {what}: {} s so far",
                length.as_secs()
            ));
            shown = Some((id, what, length));
        }
    }
}
