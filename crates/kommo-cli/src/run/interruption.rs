//! SIGINT, SIGTERM and SIGHUP while grants are at work.
//!
//! ```text
//! first signal    what was sent is finished, saved, and the store closed; then the process ends by that signal
//! second signal   the process ends at once, in the signal handler itself, whatever the program is doing
//! ```
//!
//! A refresh token that was sent is spent. To die before its successor is saved would lose the
//! grant, so the first signal only asks. A signal that was ignored when the program started
//! (`nohup`, a job in the background of a script) stays ignored.

use core::sync::atomic::{AtomicI32, Ordering};
use core::time::Duration;

use tokio::sync::watch;

use crate::failure::error_code::ErrorCode;
use crate::failure::exit::Failure;

/// The first signal that came; 0 if none did.
static FIRST: AtomicI32 = AtomicI32::new(0);

/// The process ends at the latest this long after the first signal.
const ENDS_WITHIN: Duration = Duration::from_secs(50);

/// Listens for the signals, from [`Interruption::listen`] on until the end of the process. Cheap to
/// clone.
#[derive(Debug, Clone)]
pub(crate) struct Interruption {
    came: watch::Receiver<bool>,
}

impl Interruption {
    /// Begins to listen. Before this a signal ends the process at once.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let (sender, came) = watch::channel(false);
        platform::listen(sender).map_err(|error| {
            let message = format!("cannot listen for signals: {error}");
            Failure::new(ErrorCode::Internal, message)
        })?;
        Ok(Self { came })
    }

    /// Whether a signal came.
    pub(crate) fn has_come(&self) -> bool {
        *self.came.borrow()
    }

    /// Waits for the first signal, without end if none comes.
    pub(crate) async fn wait(&self) {
        let mut came = self.came.clone();
        if came.wait_for(|came| *came).await.is_err() {
            core::future::pending::<()>().await;
        }
    }
}

/// The name of the signal that came first, if one did.
pub(crate) fn signal_name() -> Option<&'static str> {
    match FIRST.load(Ordering::SeqCst) {
        0 => None,
        signal => Some(platform::name(signal)),
    }
}

/// Ends the process by the signal that came first, so that a shell or a service manager sees what
/// ended it. Returns if none did.
pub(crate) fn end_by_signal() {
    let signal = FIRST.load(Ordering::SeqCst);
    if signal != 0 {
        platform::end_by(signal);
    }
}

#[cfg(unix)]
mod platform {
    use alloc::sync::Arc;
    use core::ffi::c_int;
    use core::sync::atomic::{AtomicBool, Ordering};
    use std::io;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use signal_hook::{flag, low_level};
    use tokio::sync::watch;

    use super::{ENDS_WITHIN, FIRST};

    pub(super) fn listen(came: watch::Sender<bool>) -> io::Result<()> {
        let ignored = ignored_signals();
        let is_heard = |signal: &c_int| ignored >> (signal - 1) & 1 == 0;
        let heard: Vec<_> = [SIGINT, SIGTERM, SIGHUP]
            .into_iter()
            .filter(is_heard)
            .collect();
        let is_second = Arc::new(AtomicBool::new(false));
        let mut signals = Signals::new(&heard)?;
        for signal in heard {
            // In this order: the first signal finds the flag down and raises it.
            flag::register_conditional_default(signal, Arc::clone(&is_second))?;
            flag::register(signal, Arc::clone(&is_second))?;
        }
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                let Some(signal) = signals.forever().next() else {
                    return;
                };
                FIRST.store(signal, Ordering::SeqCst);
                came.send_replace(true);
                std::thread::sleep(ENDS_WITHIN);
                end_by(signal);
            })
            .map(|_| ())
    }

    pub(super) fn name(signal: c_int) -> &'static str {
        low_level::signal_name(signal).unwrap_or("a signal")
    }

    pub(super) fn end_by(signal: c_int) {
        let _ = low_level::emulate_default_handler(signal);
    }

    /// The signals that the process was started to ignore, as a mask. Known on Linux alone;
    /// elsewhere none is.
    fn ignored_signals() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .unwrap_or_default()
    }
}

#[cfg(not(unix))]
mod platform {
    use core::ffi::c_int;
    use std::io;

    use tokio::sync::watch;

    /// No signal of this kind: the sender is kept, and never sends.
    pub(super) fn listen(came: watch::Sender<bool>) -> io::Result<()> {
        let _ = Box::leak(Box::new(came));
        Ok(())
    }

    pub(super) fn name(_: c_int) -> &'static str {
        "a signal"
    }

    pub(super) fn end_by(_: c_int) {}
}
