//! The suite notices each mistake of a broken store, by the promise that it breaks.

use kommo_keeper::testing::conformance::{Promise, buckets, codes, due, grants};

use crate::broken_store::{Broken, BrokenPlace, Mistake};

/// The names of the promises that a store does not keep.
async fn broken(promises: Vec<Promise>) -> Vec<&'static str> {
    let mut names = Vec::new();
    for promise in promises {
        // A panic is the failure of a check.
        if tokio::spawn(async move { promise.check().await })
            .await
            .is_err()
        {
            names.push(promise.name());
        }
    }
    names
}

/// All groups. The names that are expected, and maybe others: one mistake may break several
/// promises.
async fn assert_breaks<B: Broken>(expected: &[&str]) {
    let all = [
        grants::promises::<BrokenPlace<B>>(),
        due::promises::<BrokenPlace<B>>(),
        codes::promises::<BrokenPlace<B>>(),
        buckets::promises::<BrokenPlace<B>>(),
    ];
    let names = broken(all.concat()).await;
    for expected in expected {
        assert!(
            names.contains(expected),
            "{expected} holds, but not {names:?}"
        );
    }
}

macro_rules! mistakes {
    ($($name:ident: $mistake:ident breaks $($promise:ident)+;)+) => {
        $(
            #[tokio::test(start_paused = true)]
            async fn $name() {
                struct This;
                impl Broken for This {
                    const MISTAKE: Mistake = Mistake::$mistake;
                }
                assert_breaks::<This>(&[$(stringify!($promise)),+]).await;
            }
        )+
    };
}

mistakes! {
    a_store_that_forgets_the_last_write: ForgetsLastWrite breaks
        what_was_written_is_read_by_another_process
        every_state_is_read_as_it_was_written;
    a_store_that_ignores_the_revision: IgnoresRevision breaks
        a_write_from_an_older_revision_is_a_conflict_and_changes_nothing
        a_first_write_over_a_record_is_a_conflict
        a_write_under_a_lock_is_compared_too;
    a_store_that_grants_every_lock: GrantsEveryLock breaks
        one_lock_has_one_holder_and_is_free_after_it;
    a_store_that_drops_spares: DropsSpares breaks
        a_replaced_pair_stays_as_a_spare;
    a_store_that_drops_holds: DropsHolds breaks
        what_was_written_is_read_by_another_process
        every_state_is_read_as_it_was_written;
    a_store_to_which_an_unknown_grant_is_an_error: UnknownGrantIsError breaks
        an_unknown_grant_is_none_and_not_an_error;
    a_store_that_writes_the_event_of_a_conflict: WritesEventOfConflict breaks
        every_write_adds_one_event_and_a_conflict_adds_none;
    a_store_that_repeats_the_first_page: RepeatsFirstPage breaks
        keys_come_in_a_stable_order_by_pages;
    a_store_that_mixes_realms: MixesRealms breaks
        keys_of_an_account_are_those_of_its_realm_and_client
        a_grant_of_another_realm_or_client_is_not_claimed;
    a_store_that_forgets_leases: ForgetsLease breaks
        a_grant_is_claimed_when_it_is_due_and_by_one_worker
        a_code_is_stored_and_claimed_once_and_its_second_delivery_is_a_duplicate;
    a_store_that_hides_a_lease_that_has_ended: HidesExpiredLease breaks
        a_lease_that_ended_is_claimed_again_and_its_old_claim_does_nothing
        a_code_that_was_not_settled_is_claimed_again_and_counted;
    a_store_that_settles_the_claims_of_others: SettlesForeignClaim breaks
        a_lease_that_ended_is_claimed_again_and_its_old_claim_does_nothing;
    a_store_that_stores_a_code_twice: StoresCodeTwice breaks
        a_code_is_stored_and_claimed_once_and_its_second_delivery_is_a_duplicate;
    a_store_that_counts_every_claim: CountsEveryClaim breaks
        a_claim_without_an_exchange_does_not_count;
    a_store_that_replaces_a_pair: ReplacesPair breaks
        a_second_pair_does_not_replace_the_first;
    a_store_that_claims_the_oldest_code_first: OldestCodeFirst breaks
        the_newest_code_is_claimed_first
        consents_are_claimed_before_hooks_and_without_them;
    a_store_that_believes_the_clock_of_its_caller: BelievesCallersClock breaks
        a_clock_that_is_ahead_ends_no_code;
    a_store_that_lifts_pauses_of_every_host: LiftsPausesOfEveryHost breaks
        a_person_ends_the_pauses_of_codes_and_takes_none_from_a_worker;
    a_bucket_without_a_bottom: BucketWithoutBottom breaks
        a_bucket_returns_its_burst_and_then_how_long_to_wait
        stores_and_tasks_together_take_what_is_there_and_no_more;
    a_bucket_that_never_fills: BucketThatNeverFills breaks
        a_bucket_gains_one_request_in_every_interval_up_to_its_size;
}
