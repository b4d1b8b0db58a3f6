//! Due grants with a damaged record.

use kommo_account::Realm;
use kommo_keeper::{DueGrants as _, GrantStore as _};

use crate::conformance::{on_both, place};
use crate::log_lines::LogLines;
use crate::place::Place;
use crate::samples::{LEASE, at, client, consented, key};

/// An hour before the first token of the samples ends.
const DUE: u64 = 86_400 - 3_600;

on_both! {
    a_grant_whose_key_is_damaged_keeps_no_other_from_its_sweep_and_is_logged
}

async fn a_grant_whose_key_is_damaged_keeps_no_other_from_its_sweep_and_is_logged<P: Place>() {
    let place = place!(P);
    let client = client();
    let store = place.open().await;
    for user in [1, 2] {
        store.write(None, &consented(user), at(1)).await.unwrap();
    }
    place
        .sql("UPDATE kommo_grants SET key = 'no key at all' WHERE user_id = '1'")
        .await;
    let (log, _listening) = LogLines::listen();
    let claims = store.claim_due(Realm::Real, &client, at(DUE + 2), 10, LEASE);
    let keys: Vec<_> = claims
        .await
        .unwrap()
        .iter()
        .map(|claim| claim.key)
        .collect();
    assert_eq!(keys, [key(2)]);
    let text = log.text();
    assert!(text.contains("record no key at all is damaged"), "{text}");
}
