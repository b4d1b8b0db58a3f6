//! Limits that several processes count together: `SharedBucket`.

use core::time::Duration;

use kommo_keeper::{BucketSize, SharedBucket, Taken};

use crate::error::StoreFault;
use crate::records::rows::BucketRow;

use super::Store;

/// A bucket that claims to be full later than possible, by more than this, was written by another
/// clock: it counts as full now.
const CLOCK_JUMP: Duration = Duration::from_secs(60);

impl Store {
    /// Drops the buckets that are full, as an unused one is. Returns their number. One row stays
    /// for each account, integration and address that was called lately; call this now and then.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn forget_full_buckets(&self) -> Result<u64, StoreFault> {
        self.database.forget_full_buckets().await
    }
}

/// One row and one statement for each request, by the database's clock. `PostgreSQL` keeps the
/// buckets in a table without a log, since losing them does no harm; `SQLite` writes each to the
/// disk, so that a store shared that way allows some hundred requests a second.
impl SharedBucket for Store {
    type Error = StoreFault;

    async fn take(&self, name: &str, size: BucketSize) -> Result<Taken, StoreFault> {
        let columns = columns(name, size);
        let left = self.database.take_request(&columns).await?;
        Ok(match left {
            None => Taken::Now,
            // Another process took one in between, or the clock moved: then at once is right, and a
            // pause of zero would spin.
            Some(microseconds) => {
                let pause = u64::try_from(microseconds).unwrap_or(0).max(1_000);
                Taken::After(Duration::from_micros(pause))
            }
        })
    }
}

fn columns(name: &str, size: BucketSize) -> BucketRow<'_> {
    let interval = microseconds(size.interval).max(1);
    let earlier = i64::from(size.burst.get() - 1);
    let ahead = interval.saturating_mul(earlier).min(MOST);
    BucketRow {
        name,
        interval,
        ahead,
        jump: ahead + interval + microseconds(CLOCK_JUMP),
    }
}

/// A thousand years or so: sums of a few of these fit.
const MOST: i64 = i64::MAX / 256;

/// Rounded up, so that the rate is never exceeded.
fn microseconds(length: Duration) -> i64 {
    let whole = length.as_nanos().div_ceil(1_000);
    i64::try_from(whole).unwrap_or(MOST).min(MOST)
}
