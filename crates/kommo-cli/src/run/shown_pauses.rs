//! The clock of this machine for the clients: a pause before another request is shown on a
//! terminal, with its reason and its length.

use core::time::Duration;

use kommo_http::{Pause, SigningClock, SystemSigningClock};
use kommo_keeper::{Clock, SystemClock};
use kommo_oauth::UnixSeconds;

use crate::terminal::progress::{Progress, Waiting};

/// A pause that a server asks for has this length at least; after a lost answer it is shorter.
const ASKED_AT_LEAST: Duration = Duration::from_secs(5);

/// The clock, and where its pauses are shown.
#[derive(Clone, Debug)]
pub(crate) struct ShownPauses {
    progress: Progress,
}

impl ShownPauses {
    pub(crate) const fn new(progress: Progress) -> Self {
        Self { progress }
    }

    fn show(&self, length: Duration) -> Waiting {
        let seconds = length.as_secs_f64().ceil();
        self.progress.wait_for(if length >= ASKED_AT_LEAST {
            format!(
                "the pause that the platform asks for after too many requests (429), {seconds} s"
            )
        } else {
            format!("a pause before the next request, {seconds} s")
        })
    }
}

impl Clock for ShownPauses {
    fn now(&self) -> UnixSeconds {
        SystemClock::new().now()
    }

    fn monotonic(&self) -> Duration {
        SystemClock::new().monotonic()
    }

    async fn pause(&self, length: Duration) {
        let _waiting = self.show(length);
        SystemClock::new().pause(length).await;
    }

    fn random_bytes(&self) -> [u8; 16] {
        SystemClock::new().random_bytes()
    }
}

impl SigningClock for ShownPauses {
    fn unix_seconds(&self) -> u64 {
        SystemSigningClock::new().unix_seconds()
    }

    fn pause(&self, length: Duration) -> Pause<'_> {
        let waiting = self.show(length);
        Box::pin(async move {
            let _waiting = waiting;
            tokio::time::sleep(length).await;
        })
    }

    fn random_up_to(&self, longest: Duration) -> Duration {
        SystemSigningClock::new().random_up_to(longest)
    }
}
