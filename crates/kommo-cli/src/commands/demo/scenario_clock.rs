//! The demo's clock: the sandbox's time, in which pauses pass ten times as fast.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use kommo_keeper::{Clock, SystemClock};
use kommo_oauth::UnixSeconds;
use kommo_sandbox::Platform;

/// How much faster.
const HASTE: u32 = 10;

/// The sandbox's clock, as the keeper reads it. Clones are the same clock.
#[derive(Clone)]
pub(super) struct ScenarioClock {
    platform: Platform,
    began_at: u64,
    /// What pauses added and the sandbox's clock, which has whole seconds, does not show yet.
    milliseconds: Arc<AtomicU64>,
}

impl ScenarioClock {
    pub(super) fn new(platform: &Platform) -> Self {
        Self {
            platform: platform.clone(),
            began_at: platform.now(),
            milliseconds: Arc::default(),
        }
    }
}

impl Clock for ScenarioClock {
    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(self.platform.now())
    }

    fn monotonic(&self) -> Duration {
        let seconds = self.platform.now().saturating_sub(self.began_at);
        let milliseconds = self.milliseconds.load(Ordering::Relaxed);
        Duration::from_secs(seconds).saturating_add(Duration::from_millis(milliseconds))
    }

    async fn pause(&self, length: Duration) {
        tokio::time::sleep(length / HASTE).await;
        let milliseconds = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        let added = self.milliseconds.fetch_add(milliseconds, Ordering::Relaxed);
        let seconds = added.saturating_add(milliseconds) / 1000;
        if seconds > 0 {
            self.milliseconds
                .fetch_sub(seconds.saturating_mul(1000), Ordering::Relaxed);
            self.platform.advance_seconds(seconds);
        }
    }

    fn random_bytes(&self) -> [u8; 16] {
        SystemClock::new().random_bytes()
    }
}
