//! The thread that writes changes to the directory: those of many requests together, in the order
//! in which they were made.
//!
//! ```text
//! request: lock state ─ change ─ add the change ─ unlock ─ wait until it is kept ─ answer
//! thread:                               take all that were added ─ write ─ sync ─ wake who waits
//! ```
//!
//! A write that fails wakes those who wait with the error, and its changes stay at the front: they
//! are written before anything else, when the next request asks.

use alloc::sync::Arc;
use std::fs::File;
use std::io::{self, BufWriter};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::watch;

use crate::data::directory::DataDirectory;

/// How far the thread came.
#[derive(Debug, Clone, Default)]
struct Progress {
    /// How many additions are kept.
    kept: u64,
    /// Why the latest attempt failed.
    error: Option<Arc<str>>,
}

#[derive(Debug, Default)]
struct Queue {
    changes: Vec<u8>,
    /// How many additions there were.
    added: u64,
    /// Whether to try now.
    wanted: bool,
    closed: bool,
}

/// Locks are taken in this order: the state's, the directory's, the queue's.
#[derive(Debug)]
struct Shared {
    directory: Mutex<DataDirectory>,
    queue: Mutex<Queue>,
    wake: Condvar,
    progress: watch::Sender<Progress>,
}

/// The changes that are on their way to the directory.
#[derive(Debug)]
pub(crate) struct ChangeLog {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// A panic of another holder does not matter: both are whole between any two statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ChangeLog {
    /// `write_document` is called by the thread when the log became long, and must call
    /// [`replace`](Self::replace).
    pub(crate) fn start(
        directory: DataDirectory,
        write_document: impl Fn() + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            directory: Mutex::new(directory),
            queue: Mutex::default(),
            wake: Condvar::new(),
            progress: watch::Sender::default(),
        });
        let own = Arc::clone(&shared);
        let thread = thread::Builder::new().name("sandbox-data".into());
        let thread = thread.spawn(move || own.run(&write_document))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Adds changes; called under the lock of the state, so that their order is right.
    pub(crate) fn add(&self, changes: &[u8]) {
        if changes.is_empty() {
            return;
        }
        let mut queue = lock(&self.shared.queue);
        queue.changes.extend_from_slice(changes);
        queue.added += 1;
        queue.wanted = true;
        self.shared.wake.notify_all();
    }

    /// Waits until everything that was added is kept; the error of the attempt if it is not.
    pub(crate) async fn kept(&self) -> Result<(), Arc<str>> {
        let mut progress = self.shared.progress.subscribe();
        let added = {
            let mut queue = lock(&self.shared.queue);
            if progress.borrow_and_update().kept >= queue.added {
                return Ok(());
            }
            queue.wanted = true;
            self.shared.wake.notify_all();
            queue.added
        };
        loop {
            if progress.changed().await.is_err() {
                return Err("the sandbox ends".into());
            }
            let progress = progress.borrow_and_update();
            match &progress.error {
                _ if progress.kept >= added => return Ok(()),
                Some(error) => return Err(Arc::clone(error)),
                None => {}
            }
        }
    }

    /// Whether the latest attempt failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.shared.progress.borrow().error.is_some()
    }

    /// Writes a document of the whole state in the place of the old one and of all changes. Called
    /// under the lock of the state. After an error everything is as before.
    pub(crate) fn replace(
        &self,
        write: impl FnOnce(u64, &mut BufWriter<File>) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut directory = lock(&self.shared.directory);
        let generation = directory.next_generation();
        directory.write_document(|file| write(generation, file))?;
        let mut queue = lock(&self.shared.queue);
        queue.changes.clear();
        let added = queue.added;
        drop(queue);
        self.shared.publish(added, None);
        Ok(())
    }

    /// Whether there are changes that the document does not have.
    pub(crate) fn has_changes(&self) -> bool {
        lock(&self.shared.directory).has_changes()
    }
}

impl Drop for ChangeLog {
    /// What was added is written first, if it can be.
    fn drop(&mut self) {
        lock(&self.shared.queue).closed = true;
        self.shared.wake.notify_all();
        let thread = self.thread.take();
        // The thread itself may hold the platform for the last time.
        if let Some(thread) = thread.filter(|it| it.thread().id() != thread::current().id()) {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self, write_document: &dyn Fn()) {
        loop {
            let mut queue = lock(&self.queue);
            while !queue.wanted && !queue.closed {
                queue = self
                    .wake
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            let closed = queue.closed;
            queue.wanted = false;
            drop(queue);
            let wants_document = self.write_changes();
            if closed {
                return;
            }
            if wants_document {
                write_document();
            }
        }
    }

    /// The directory is held from before the changes are taken, so that a new document never comes
    /// between.
    fn write_changes(&self) -> bool {
        let mut directory = lock(&self.directory);
        let (changes, added) = {
            let mut queue = lock(&self.queue);
            (core::mem::take(&mut queue.changes), queue.added)
        };
        let appended = match changes.as_slice() {
            [] => Ok(()),
            changes => directory.append(changes),
        };
        match appended {
            Ok(()) => {
                self.publish(added, None);
                directory.wants_document()
            }
            Err(error) => {
                let mut queue = lock(&self.queue);
                let later = core::mem::replace(&mut queue.changes, changes);
                queue.changes.extend(later);
                drop(queue);
                self.publish(0, Some(error.to_string().into()));
                false
            }
        }
    }

    fn publish(&self, kept: u64, error: Option<Arc<str>>) {
        self.progress.send_modify(|progress| {
            progress.kept = progress.kept.max(kept);
            progress.error = error;
        });
    }
}
