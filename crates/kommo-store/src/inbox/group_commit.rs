//! Group commit: while one transaction is written, the hooks that come wait for the next one, which
//! takes them all. So the disk is waited for once for many.
//!
//! If the database does not confirm a group, the group goes to the spool, and so does what comes
//! until the spool is merged: else a later hook would overtake an earlier one. One task does all of
//! it, so the order in which hooks came is the order in which they are stored.
//!
//! Hooks do not wait for a merge that takes long: they are spooled meanwhile, behind the others. A
//! merge that the database does not take is tried again with half as many.

use alloc::sync::Arc;
use core::pin::pin;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;

use kommo_hooks::inbox::Put;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::{sleep, timeout};

use crate::error::{DatabaseFault, StoreFault};
use crate::records::rows::{HookRow, OfInbox};
use crate::spool::{Oldest, Seen, Spool, SpoolPlace};
use crate::store::Store;

use super::settings::InboxSettings;

/// How many hooks of the spool are merged in one transaction. It is more than come meanwhile, so
/// the spool becomes empty while hooks keep coming; and few enough that a small PostgreSQL has room
/// for a lock of each conversation.
const MERGED_AT_A_TIME: usize = 256;

/// How many bytes of the spool are merged in one transaction, or a hook more.
const BYTES_AT_A_TIME: u64 = 4 << 20;

/// How many times longer a merge may take than a transaction that hooks wait for.
const LONGER_FOR_A_MERGE: u32 = 10;

/// Hooks wait for this part of `put_within` for a merge, then they are spooled. A database that
/// works merges faster, so what comes is slowed down and the spool becomes empty.
const WAITING_FOR_A_MERGE: u32 = 10;

/// The longest pause between two attempts to merge.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A hook that waits for its transaction, and whoever waits for its end.
struct Waiting {
    row: HookRow,
    answer: oneshot::Sender<Result<Put, StoreFault>>,
}

/// The way to the task that writes. It ends with the last clone.
#[derive(Clone)]
pub(super) struct GroupCommit {
    waiting: mpsc::Sender<Waiting>,
    is_spooling: Arc<AtomicBool>,
    unreadable: Arc<AtomicUsize>,
    stored: Arc<Notify>,
}

impl GroupCommit {
    pub(super) fn start(
        store: Arc<Store>,
        of: OfInbox,
        settings: &InboxSettings,
        spool: Option<(SpoolPlace, Spool)>,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(settings.waiting_at_most.max(1));
        // What an earlier process left is merged before anything else.
        let is_spooling = Arc::new(AtomicBool::new(spool.is_some()));
        let unreadable = Arc::<AtomicUsize>::default();
        let stored = Arc::new(Notify::new());
        let writer = Writer {
            putting: Putting {
                store,
                of,
                settings: settings.clone(),
                stored: Arc::clone(&stored),
                is_named: Arc::default(),
            },
            disk: spool.map(|(place, spool)| Disk {
                place,
                spool: Some(spool),
            }),
            is_spooling: Arc::clone(&is_spooling),
            unreadable: Arc::clone(&unreadable),
            merged_at_a_time: MERGED_AT_A_TIME,
        };
        tokio::spawn(writer.run(receiver));
        Self {
            waiting: sender,
            is_spooling,
            unreadable,
            stored,
        }
    }

    /// Durable when this returns without an error.
    pub(super) async fn write(&self, row: HookRow) -> Result<Put, StoreFault> {
        let (answer, written) = oneshot::channel();
        let sent = self.waiting.send(Waiting { row, answer }).await;
        // The task ends only with its runtime.
        sent.map_err(|_| gone())?;
        written.await.unwrap_or_else(|_| Err(gone()))
    }

    pub(super) fn stored(&self) -> &Notify {
        &self.stored
    }

    pub(super) fn is_spooling(&self) -> bool {
        self.is_spooling.load(Ordering::Relaxed)
    }

    pub(super) fn unreadable(&self) -> usize {
        self.unreadable.load(Ordering::Relaxed)
    }
}

fn gone() -> StoreFault {
    StoreFault::Database {
        doing: "keeping a hook",
        source: DatabaseFault::closed(),
    }
}

fn too_slow() -> StoreFault {
    StoreFault::Database {
        doing: "keeping hooks",
        source: DatabaseFault::too_slow(),
    }
}

/// The spool, for a task that must not wait for files itself.
struct Disk {
    place: SpoolPlace,
    /// `None`: the work with it panicked, so it is opened again.
    spool: Option<Spool>,
}

impl Disk {
    /// Files are written and read where nobody waits for them.
    async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Spool) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        let (spool, place) = (self.spool.take(), self.place.clone());
        let done = tokio::task::spawn_blocking(move || {
            let mut spool = match spool {
                Some(spool) => spool,
                None => Spool::at(&place)?,
            };
            let done = work(&mut spool);
            Ok::<_, StoreFault>((spool, done))
        });
        let (spool, done) = done.await.map_err(|_| gone())??;
        self.spool = Some(spool);
        done
    }

    /// Proven hooks only: of the others a stranger may send as many as he likes, and the platform
    /// repeats them.
    async fn write(&mut self, group: &mut Vec<Waiting>) {
        group.retain(|one| !one.answer.is_closed());
        let unsigned = group.extract_if(.., |one| one.row.is_unsigned);
        refuse(unsigned, &too_slow());
        if group.is_empty() {
            return;
        }
        let rows: Vec<HookRow> = group.iter().map(|one| one.row.clone()).collect();
        match self.run(move |spool| spool.write(&rows)).await {
            Ok(()) => {
                for one in group.drain(..) {
                    let _ = one.answer.send(Ok(Put::Spooled));
                }
            }
            Err(problem) => {
                tracing::error!(%problem, hooks = group.len(), "hooks were neither stored nor spooled");
                refuse(group.drain(..), &problem);
            }
        }
    }
}

/// The way to the database.
#[derive(Clone)]
struct Putting {
    store: Arc<Store>,
    of: OfInbox,
    settings: InboxSettings,
    /// Wakes a worker.
    stored: Arc<Notify>,
    /// Whether the store lists the inbox.
    is_named: Arc<AtomicBool>,
}

impl Putting {
    /// `None`: what was seen of the spool is not so any more, and nothing was put.
    async fn put(
        &self,
        rows: &[HookRow],
        seen: Option<&Seen>,
        within: Duration,
    ) -> Result<Option<Vec<Put>>, StoreFault> {
        let most = i64::from(self.settings.unsigned_at_most);
        let database = &self.store.database;
        let putting = async {
            if !self.is_named.load(Ordering::Relaxed) {
                database.name_inbox(&self.of).await?;
            }
            database.put_hooks(&self.of, rows, most, seen).await
        };
        let put = timeout(within, putting).await;
        let put = put.unwrap_or_else(|_| Err(too_slow()))?;
        self.is_named.store(true, Ordering::Relaxed);
        self.stored.notify_one();
        Ok(put)
    }

    /// One transaction after the other, each with so many hooks at most. `false`: the spool has
    /// changed meanwhile, so it is to be read again.
    async fn put_in_parts(
        self,
        hooks: Vec<HookRow>,
        seen: Seen,
        at_a_time: usize,
    ) -> Result<bool, StoreFault> {
        let within = self.settings.put_within * LONGER_FOR_A_MERGE;
        for rows in parts(&hooks, at_a_time) {
            if self.put(rows, Some(&seen), within).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Parts of so many hooks and bytes at most; a hook that is larger is one of its own.
fn parts(hooks: &[HookRow], at_a_time: usize) -> impl Iterator<Item = &[HookRow]> {
    let mut left = hooks;
    core::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |hook: &&HookRow| {
            bytes += hook.record.len() as u64;
            bytes <= BYTES_AT_A_TIME
        };
        let count = left.iter().take(at_a_time).take_while(fits).count().max(1);
        let (part, rest) = left.split_at_checked(count)?;
        left = rest;
        Some(part)
    })
}

/// How far a merge came.
enum Merged {
    /// Nothing is in the spool any more.
    All,
    /// All that was there when it began.
    Last,
    /// More is there.
    Some,
    /// More is there, and waits behind what cannot be read.
    Held,
    /// The database or the spool failed.
    Failed,
}

/// The task that writes.
struct Writer {
    putting: Putting,
    disk: Option<Disk>,
    is_spooling: Arc<AtomicBool>,
    /// How many groups cannot be read.
    unreadable: Arc<AtomicUsize>,
    merged_at_a_time: usize,
}

impl Writer {
    async fn run(mut self, mut waiting: mpsc::Receiver<Waiting>) {
        let settings = self.putting.settings.clone();
        let most = settings.group_at_most.max(1);
        let mut group = Vec::with_capacity(most);
        let mut pause = settings.spool_retry;
        let mut timer = pin!(sleep(pause));
        let mut is_due = true;
        let (mut is_listed, mut was_last) = (true, false);
        loop {
            if !self.is_spooling.load(Ordering::Relaxed) {
                if waiting.recv_many(&mut group, most).await == 0 {
                    return;
                }
                if !self.put_group(&mut group).await {
                    self.is_spooling.store(true, Ordering::Relaxed);
                    pause = settings.spool_retry;
                    timer.set(sleep(pause));
                    is_due = false;
                }
            } else if is_due {
                match self.merge(&mut waiting, is_listed).await {
                    Merged::All => {
                        was_last = false;
                        self.is_spooling.store(false, Ordering::Relaxed);
                    }
                    // What waits is not spooled: most likely that was all. If other processes keep
                    // writing, it is spooled the next time.
                    Merged::Last if !was_last => (is_listed, was_last) = (true, true),
                    Merged::Last | Merged::Some => {
                        (is_listed, was_last) = (true, false);
                        // Those that wait for this do not wait for the whole spool.
                        while group.len() < most
                            && let Ok(one) = waiting.try_recv()
                        {
                            group.push(one);
                        }
                        self.spool_group(&mut group).await;
                    }
                    Merged::Held => {
                        was_last = false;
                        pause = settings.spool_retry;
                        timer.set(sleep(pause));
                        is_due = false;
                    }
                    Merged::Failed => {
                        timer.set(sleep(pause));
                        pause = (pause * 2).min(LONGEST_PAUSE);
                        is_due = false;
                    }
                }
            } else {
                tokio::select! {
                    () = &mut timer => {
                        is_due = true;
                        // Other processes may have merged meanwhile, or ended.
                        is_listed = false;
                    }
                    count = waiting.recv_many(&mut group, most) => {
                        if count == 0 {
                            return;
                        }
                        self.spool_group(&mut group).await;
                    }
                }
            }
        }
    }

    /// `false`: some of it went to the spool.
    async fn put_group(&mut self, group: &mut Vec<Waiting>) -> bool {
        // Whoever gave up meanwhile has answered otherwise, or will be asked again.
        group.retain(|one| !one.answer.is_closed());
        if group.is_empty() {
            return true;
        }
        let rows: Vec<HookRow> = group.iter().map(|one| one.row.clone()).collect();
        let within = self.putting.settings.put_within;
        match self.putting.put(&rows, None, within).await {
            Ok(puts) => {
                let mut puts = puts.into_iter().flatten();
                for one in group.drain(..) {
                    let _ = one.answer.send(puts.next().ok_or_else(gone));
                }
                true
            }
            Err(problem) if self.disk.is_some() => {
                tracing::warn!(%problem, hooks = rows.len(), "hooks go to the spool");
                self.spool_group(group).await;
                false
            }
            Err(problem) => {
                tracing::warn!(%problem, hooks = rows.len(), "hooks were not kept");
                refuse(group.drain(..), &problem);
                true
            }
        }
    }

    async fn spool_group(&mut self, group: &mut Vec<Waiting>) {
        if let Some(disk) = &mut self.disk {
            disk.write(group).await;
        }
    }

    /// The oldest groups first, so that none overtakes another.
    async fn merge(&mut self, waiting: &mut mpsc::Receiver<Waiting>, is_listed: bool) -> Merged {
        let Some(disk) = &mut self.disk else {
            return Merged::All;
        };
        let at_a_time = self.merged_at_a_time;
        let oldest = disk.run(move |spool| {
            if !is_listed {
                spool.refresh()?;
            }
            let oldest = spool.oldest(at_a_time, BYTES_AT_A_TIME)?;
            Ok((oldest, spool.unreadable()))
        });
        let oldest = oldest.await.map(|(oldest, unreadable)| {
            self.unreadable.store(unreadable, Ordering::Relaxed);
            (oldest, unreadable > 0)
        });
        let mut is_last = false;
        let merged = match oldest {
            Ok((None, is_held)) => {
                return match is_held {
                    true => Merged::Held,
                    false => Merged::All,
                };
            }
            Ok((Some(mut oldest), _)) => {
                is_last = oldest.is_all;
                let (groups, parts) = (
                    core::mem::take(&mut oldest.groups),
                    core::mem::take(&mut oldest.parts),
                );
                let putting = self.putting.clone();
                match put_beside(putting, disk, oldest, at_a_time, waiting).await {
                    Ok(true) => {
                        disk.run(move |spool| {
                            spool.forget_merged(groups, parts);
                            Ok(())
                        })
                        .await
                    }
                    Ok(false) => {
                        is_last = false;
                        disk.run(Spool::refresh).await
                    }
                    Err(problem) => {
                        // Whatever it was: fewer are taken sooner.
                        self.merged_at_a_time = (at_a_time / 2).max(1);
                        Err(problem)
                    }
                }
            }
            Err(problem) => Err(problem),
        };
        match merged {
            Ok(()) => {
                self.merged_at_a_time = (at_a_time * 2).min(MERGED_AT_A_TIME);
                match is_last {
                    true => Merged::Last,
                    false => Merged::Some,
                }
            }
            Err(problem) => {
                tracing::warn!(%problem, "the spool waits to be merged");
                Merged::Failed
            }
        }
    }
}

/// Puts what is to be merged, and spools what comes if that takes long. The last of the spool is
/// waited for as for any transaction: else there would always be something in the spool.
async fn put_beside(
    putting: Putting,
    disk: &mut Disk,
    oldest: Oldest,
    at_a_time: usize,
    waiting: &mut mpsc::Receiver<Waiting>,
) -> Result<bool, StoreFault> {
    let most = putting.settings.group_at_most.max(1);
    let patience = match oldest.is_all {
        true => putting.settings.put_within,
        false => putting.settings.put_within / WAITING_FOR_A_MERGE,
    };
    // A task of its own, so that it does not stand still while a file is written.
    let mut put = tokio::spawn(putting.put_in_parts(oldest.hooks, oldest.seen, at_a_time));
    let mut patience = pin!(sleep(patience));
    let (mut is_slow, mut is_open) = (false, true);
    let mut group = Vec::new();
    loop {
        tokio::select! {
            biased;
            put = &mut put => return put.unwrap_or_else(|_| Err(gone())),
            () = &mut patience, if !is_slow => is_slow = true,
            count = waiting.recv_many(&mut group, most), if is_slow && is_open => {
                is_open = count > 0;
                disk.write(&mut group).await;
            }
        }
    }
}

fn refuse(group: impl IntoIterator<Item = Waiting>, problem: &StoreFault) {
    for one in group {
        let _ = one.answer.send(Err(problem.repeated()));
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests;
