//! How a worker works.

use core::time::Duration;

/// Settings of an [`InboxWorker`](crate::InboxWorker), with defaults. The defaults are choices.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkerSettings {
    /// How many hooks are handled at a time. Default: 16.
    pub at_once: u32,
    /// How long a worker without work waits before it asks the database again: for hooks of other
    /// processes, and for those that are due again. A hook that this process puts wakes it at once.
    /// Default: 1 second.
    pub poll: Duration,
    /// How long a handler may take for one hook; then the attempt has failed. The lease is renewed
    /// meanwhile. Default: 5 minutes.
    pub attempt_within: Duration,
    /// How long [`InboxWorker::stop`](crate::InboxWorker::stop) waits for the handlers that run.
    /// Default: 20 seconds.
    pub drain_within: Duration,
    /// How often the worker forgets what is old ([`Inbox::sweep`](crate::Inbox::sweep)), beside its
    /// other work; between a half and the whole of this passes from one sweep to the next. `None`:
    /// never. Default: 10 minutes.
    pub sweep_every: Option<Duration>,
}

impl WorkerSettings {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            at_once: 16,
            poll: Duration::from_secs(1),
            attempt_within: Duration::from_secs(300),
            drain_within: Duration::from_secs(20),
            sweep_every: Some(Duration::from_secs(600)),
        }
    }
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self::new()
    }
}
