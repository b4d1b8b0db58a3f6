//! A clock that only pauses move, pauses that take no time, jitter at its upper bound.

use std::sync::Mutex;
use std::time::Duration;

use kommo_http::{Pause, SigningClock};
use kommo_sandbox::{Platform, SandboxConfig};

/// The instant that tests without a sandbox begin at: `Wed, 23 Nov 2022 19:25:21 +0000`.
pub(crate) const START: u64 = 1_669_231_521;

/// Lives by the clock of a platform; its own clock may be wrong against it.
pub(crate) struct TestEnvironment {
    platform: Platform,
    skew_seconds: i64,
    pauses: Mutex<Vec<Duration>>,
}

impl TestEnvironment {
    pub(crate) fn of(platform: &Platform) -> Self {
        Self::skewed(platform, 0)
    }

    /// Our clock is ahead of the platform's by so many seconds.
    pub(crate) fn skewed(platform: &Platform, skew_seconds: i64) -> Self {
        Self {
            platform: platform.clone(),
            skew_seconds,
            pauses: Mutex::default(),
        }
    }

    /// A clock alone.
    pub(crate) fn standing() -> Self {
        let config = SandboxConfig {
            now: Some(START),
            ..SandboxConfig::default()
        };
        Self::of(&Platform::new(config).unwrap())
    }

    pub(crate) fn pauses(&self) -> Vec<Duration> {
        self.pauses.lock().unwrap().clone()
    }
}

impl SigningClock for TestEnvironment {
    fn unix_seconds(&self) -> u64 {
        self.platform
            .now()
            .checked_add_signed(self.skew_seconds)
            .unwrap()
    }

    fn pause(&self, length: Duration) -> Pause<'_> {
        self.pauses.lock().unwrap().push(length);
        self.platform.advance_seconds(length.as_secs().max(1));
        Box::pin(std::future::ready(()))
    }

    fn random_up_to(&self, longest: Duration) -> Duration {
        longest
    }
}
