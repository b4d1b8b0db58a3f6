//! What a command has open: it is drained and closed once, at the end, after the result was
//! printed.

use alloc::rc::Rc;
use core::cell::RefCell;
use core::fmt;
use core::pin::Pin;
use core::time::Duration;

use tokio::time::timeout;

/// How long a refresh that is on its way is waited for: the answer may take 20 seconds, and saving
/// it a few more.
const DRAINED_WITHIN: Duration = Duration::from_secs(35);

/// How long closing the connections may take.
const CLOSED_WITHIN: Duration = Duration::from_secs(5);

/// A future of this thread.
pub(crate) type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Something that must be closed.
pub(crate) trait Open {
    /// Begins no new work, and waits for what was begun.
    fn drain(&self) -> Local<'_, ()>;

    /// Closes the connections.
    fn close(&self) -> Local<'_, ()>;

    /// How long a command may still work with it after a signal, besides what is drained.
    fn grace(&self) -> Duration;
}

/// Everything that a command has opened.
#[derive(Default)]
pub(crate) struct Opened {
    all: RefCell<Vec<Rc<dyn Open>>>,
}

impl Opened {
    pub(crate) fn add(&self, open: impl Open + 'static) {
        self.all.borrow_mut().push(Rc::new(open));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.borrow().is_empty()
    }

    /// The longest grace of all.
    pub(crate) fn grace(&self) -> Duration {
        let graces = self.all().into_iter().map(|open| open.grace());
        graces.max().unwrap_or_default()
    }

    /// Waits for what is on its way. `false`: it did not come to its end in time.
    pub(crate) async fn drain(&self) -> bool {
        let all = async {
            for open in self.all() {
                open.drain().await;
            }
        };
        timeout(DRAINED_WITHIN, all).await.is_ok()
    }

    /// Closes everything. `false`: that takes too long, and the end of the process does it.
    pub(crate) async fn close(&self) -> bool {
        let all = async {
            for open in self.all() {
                open.close().await;
            }
        };
        timeout(CLOSED_WITHIN, all).await.is_ok()
    }

    fn all(&self) -> Vec<Rc<dyn Open>> {
        self.all.borrow().clone()
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("count", &self.all.borrow().len())
            .finish()
    }
}
