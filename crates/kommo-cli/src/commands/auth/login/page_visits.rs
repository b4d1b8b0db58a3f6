//! Who has seen the page with the end of the login, and how long others are waited for.
//!
//! The command has printed its result by then, and a shell or script waits for it: so not longer
//! than a person needs. A page that a browser shows loads its image; what only looks ahead (a
//! prefetch that does not say so, a link scanner) does not, and the person is still to come.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;

use tokio::sync::Notify;

/// How long a person may take to come: for the first time, or after a visit that showed nothing.
const COMES_WITHIN: Duration = Duration::from_secs(15);

/// How long after it was shown the page can be seen again: a second tab, back, reload.
const SHOWN_AGAIN_WITHIN: Duration = Duration::from_secs(3);

/// However often it is visited.
const AT_MOST: Duration = Duration::from_secs(60);

/// The visits to the page.
#[derive(Debug, Default)]
pub(super) struct PageVisits {
    came: Notify,
    is_shown: AtomicBool,
}

impl PageVisits {
    /// The page was sent.
    pub(super) fn sent(&self) {
        self.came.notify_one();
    }

    /// A browser loaded the image of the page, so it shows it.
    pub(super) fn shown(&self) {
        self.is_shown.store(true, Ordering::Relaxed);
        self.came.notify_one();
    }

    /// Until nobody is waited for.
    pub(super) async fn end(&self) {
        let visits = async {
            let wait = || match self.is_shown.load(Ordering::Relaxed) {
                true => SHOWN_AGAIN_WITHIN,
                false => COMES_WITHIN,
            };
            while tokio::time::timeout(wait(), self.came.notified())
                .await
                .is_ok()
            {}
        };
        let _ = tokio::time::timeout(AT_MOST, visits).await;
    }
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;
    use core::time::Duration;

    use tokio::task::{JoinHandle, yield_now};
    use tokio::time::advance;

    use super::PageVisits;

    fn begin() -> (Arc<PageVisits>, JoinHandle<()>) {
        let visits = Arc::new(PageVisits::default());
        let waited_for = Arc::clone(&visits);
        (visits, tokio::spawn(async move { waited_for.end().await }))
    }

    async fn pass(seconds: u64) {
        yield_now().await;
        advance(Duration::from_secs(seconds)).await;
        yield_now().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_person_may_come_long_after_a_program_that_only_looked() {
        let (visits, end) = begin();
        for seconds in [5, 14, 14] {
            pass(seconds).await;
            assert!(!end.is_finished());
            visits.sent();
        }
        pass(14).await;
        assert!(!end.is_finished());
        pass(2).await;
        assert!(end.is_finished());
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_that_was_shown_can_be_seen_again_for_a_moment() {
        let (visits, end) = begin();
        visits.sent();
        visits.shown();
        for _ in 0..2 {
            pass(2).await;
            assert!(!end.is_finished());
            visits.sent();
        }
        pass(4).await;
        assert!(end.is_finished());
    }

    #[tokio::test(start_paused = true)]
    async fn visits_without_end_do_not_keep_the_command() {
        let (visits, end) = begin();
        for _ in 0..6 {
            assert!(!end.is_finished());
            visits.sent();
            pass(11).await;
        }
        assert!(end.is_finished());
    }
}
