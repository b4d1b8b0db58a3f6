//! What every store promises, as tests: one function for each promise.
//!
//! Implement [`StoreFixture`] for your store, and let [`store_tests!`](crate::store_tests) make a
//! test of each promise. A promise that is not kept fails by panicking, with the values that
//! differ.

pub mod grants;
pub mod due;
pub mod codes;
pub mod buckets;

use alloc::boxed::Box;
use core::fmt;
use core::future::{Future, ready};
use core::pin::Pin;
use core::time::Duration;

use kommo_oauth::grant::GrantKey;

/// Where the stores of one test keep their data: a file, a database, a name space.
pub trait StoreFixture: Sized + Send + Sync + 'static {
    /// The store.
    type Store: Send + Sync + 'static;

    /// A new and empty place. `None`: it cannot be had here, and the promise is not checked.
    fn create() -> impl Future<Output = Option<Self>> + Send;

    /// Opens a store at this place, as another process would.
    fn open(&self) -> impl Future<Output = Self::Store> + Send;

    /// Lets time pass by the store's own clock: leases end, codes grow old, buckets fill. Move the
    /// clock, or change the stored instants.
    fn pass_time(&self, length: Duration) -> impl Future<Output = ()> + Send;

    /// How many events the history of a grant has. `None`, the default: the history is not
    /// checked.
    fn history_length(&self, key: &GrantKey) -> impl Future<Output = Option<u64>> + Send {
        let _ = key;
        ready(None)
    }
}

type Check = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One promise of a store.
#[derive(Clone, Copy)]
pub struct Promise {
    name: &'static str,
    check: fn() -> Check,
}

impl Promise {
    #[doc(hidden)]
    #[must_use]
    pub const fn new(name: &'static str, check: fn() -> Check) -> Self {
        Self { name, check }
    }

    /// The name of its function.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Checks it, at a place of its own.
    ///
    /// # Panics
    ///
    /// The store does not keep it.
    pub async fn check(&self) {
        (self.check)().await;
    }
}

impl fmt::Debug for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Promise").field(&self.name).finish()
    }
}

/// Asks again and again, for half a minute at most: what a server learns a moment later.
async fn until_some<T, F>(mut ask: impl FnMut() -> F + Send) -> T
where
    F: Future<Output = Option<T>> + Send,
{
    for _ in 0..3_000 {
        if let Some(found) = ask().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen in half a minute");
}

/// A new place, or the end of the check.
macro_rules! fixture {
    ($fixture:ident) => {
        match <$fixture as $crate::testing::conformance::StoreFixture>::create().await {
            Some(fixture) => fixture,
            None => return,
        }
    };
}

use fixture;

/// Makes a test of each promise of a group: `grants`, `due`, `codes`, `buckets`. The second
/// argument is a [`StoreFixture`](crate::testing::conformance::StoreFixture).
///
/// Each is a `#[tokio::test(flavor = "multi_thread")]`: your crate needs `tokio` with `macros` and
/// `rt-multi-thread` among its dev-dependencies. A module for each group keeps their names apart.
///
/// ```
/// use core::time::Duration;
///
/// use kommo_keeper::testing::conformance::StoreFixture;
/// use kommo_keeper::testing::{MemoryStore, START, VirtualClock};
///
/// /// Instead of `MemoryStore`: your store, and what it needs.
/// struct Place {
///     store: MemoryStore,
///     clock: VirtualClock,
/// }
///
/// impl StoreFixture for Place {
///     type Store = MemoryStore;
///
///     async fn create() -> Option<Self> {
///         let clock = VirtualClock::standing_at(START);
///         let store = MemoryStore::new(clock.clone());
///         Some(Self { store, clock })
///     }
///
///     async fn open(&self) -> MemoryStore {
///         self.store.clone()
///     }
///
///     async fn pass_time(&self, length: Duration) {
///         self.clock.advance(length);
///     }
/// }
///
/// mod grants {
///     kommo_keeper::store_tests!(grants, super::Place);
/// }
/// mod codes {
///     kommo_keeper::store_tests!(codes, super::Place);
/// }
/// ```
#[macro_export]
macro_rules! store_tests {
    ($group:ident, $fixture:ty) => {
        $crate::__promises!($group, tests $fixture);
    };
}

/// The names of all promises, and what is made of them.
#[doc(hidden)]
#[macro_export]
macro_rules! __promises {
    (grants, $($what:tt)*) => {
        $crate::__promises! { @ grants [
            what_was_written_is_read_by_another_process
            an_unknown_grant_is_none_and_not_an_error
            every_state_is_read_as_it_was_written
            a_replaced_pair_stays_as_a_spare
            a_write_from_an_older_revision_is_a_conflict_and_changes_nothing
            a_first_write_over_a_record_is_a_conflict
            two_first_writes_are_one_grant_and_one_conflict
            a_write_under_a_lock_is_compared_too
            many_writers_of_one_grant_lose_no_write
            a_dropped_write_happened_completely_or_not_at_all
            every_write_adds_one_event_and_a_conflict_adds_none
            one_lock_has_one_holder_and_is_free_after_it
            a_dropped_lock_is_free
            locks_of_different_grants_are_independent
            a_holder_can_ask_whether_it_has_its_lock
            keys_come_in_a_stable_order_by_pages
            keys_of_an_account_are_those_of_its_realm_and_client
        ] $($what)* }
    };
    (due, $($what:tt)*) => {
        $crate::__promises! { @ due [
            a_grant_is_claimed_when_it_is_due_and_by_one_worker
            a_lease_that_ended_is_claimed_again_and_its_old_claim_does_nothing
            a_settled_claim_comes_back_at_the_instant_that_it_named
            a_record_that_was_written_meanwhile_decides_when_it_is_due
            a_claim_that_was_settled_without_an_instant_is_not_claimed_at_once
            an_ended_grant_is_never_due
            a_grant_of_another_realm_or_client_is_not_claimed
            workers_never_share_a_grant
            a_pair_of_a_clock_that_was_ahead_is_claimed
            what_a_clock_that_was_ahead_wrote_is_claimed
            a_claim_that_a_clock_ahead_deferred_is_claimed
        ] $($what)* }
    };
    (codes, $($what:tt)*) => {
        $crate::__promises! { @ codes [
            a_code_is_stored_and_claimed_once_and_its_second_delivery_is_a_duplicate
            a_code_for_the_wrong_account_may_be_stored_again
            a_code_that_is_done_is_not_claimed_and_is_forgotten_after_twenty_minutes
            a_code_that_was_not_settled_is_claimed_again_and_counted
            a_claim_without_an_exchange_does_not_count
            a_deferred_code_is_not_claimed_before_its_pause_is_over
            a_person_ends_the_pauses_of_codes_and_takes_none_from_a_worker
            a_code_that_is_too_old_is_not_claimed
            codes_that_grew_too_old_are_ended_and_counted_once
            the_pair_of_a_code_is_returned_to_the_next_claim_until_it_is_a_grant
            a_second_pair_does_not_replace_the_first
            the_newest_code_is_claimed_first
            consents_are_claimed_before_hooks_and_without_them
            every_claim_is_a_try
            codes_of_a_sandbox_and_real_ones_are_apart
            a_clock_that_is_ahead_ends_no_code
        ] $($what)* }
    };
    (buckets, $($what:tt)*) => {
        $crate::__promises! { @ buckets [
            a_bucket_returns_its_burst_and_then_how_long_to_wait
            a_bucket_gains_one_request_in_every_interval_up_to_its_size
            buckets_are_independent
            stores_and_tasks_together_take_what_is_there_and_no_more
            extreme_sizes_work
        ] $($what)* }
    };
    (@ $group:ident [$($name:ident)*] tests $fixture:ty) => {
        $(
            #[::tokio::test(flavor = "multi_thread")]
            async fn $name() {
                $crate::testing::conformance::$group::$name::<$fixture>().await;
            }
        )*
    };
    (@ $group:ident [$($name:ident)*] list $fixture:ty) => {
        alloc::vec![$(
            $crate::testing::conformance::Promise::new(stringify!($name), || {
                alloc::boxed::Box::pin($crate::testing::conformance::$group::$name::<$fixture>())
            }),
        )*]
    };
}
