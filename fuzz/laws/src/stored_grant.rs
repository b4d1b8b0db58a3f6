//! Records of a store and files of a lifeboat.

use kommo_oauth::grant::{Grant, GrantKey, UnsavedPair};
use kommo_oauth::stored_grant::StoredGrantError;

use crate::fields::Fields;

const KEY: &str = "real/11111111-2222-3333-4444-555555555555/12345678/87654321";

/// Whatever the bytes: an error, or a grant that is written and read again as the same one. No
/// error tells what stood there.
///
/// One field. Choice 0: it is the file of a lifeboat, else the record of a store.
///
/// # Panics
///
/// If a law is broken.
pub fn stored_grant(data: &[u8]) {
    let mut fields = Fields::of(data);
    let is_lifeboat = fields.choice(0);
    let bytes = fields.bytes();
    if is_lifeboat {
        match UnsavedPair::from_stored(bytes) {
            Ok(unsaved) => assert_eq!(
                UnsavedPair::from_stored(&unsaved.to_stored()).as_ref(),
                Ok(&unsaved)
            ),
            Err(error) => short(error),
        }
        return;
    }
    let Ok(key) = GrantKey::parse(KEY) else {
        panic!("a key that is one");
    };
    match Grant::from_stored(&key, bytes) {
        Ok(grant) => {
            assert_eq!(grant.key, key);
            round_trip(&grant);
        }
        Err(error) => short(error),
    }
}

/// What was written is read as the same grant, and as no other grant's.
pub(crate) fn round_trip(grant: &Grant) {
    let stored = grant.to_stored();
    assert_eq!(Grant::from_stored(&grant.key, &stored).as_ref(), Ok(grant));
    assert_eq!(*grant.to_stored(), *stored, "the same grant, other bytes");
    let mut other = grant.key;
    other.realm = match GrantKey::parse(&KEY.replace("real", "sandbox@127.0.0.1:1")) {
        Ok(key) if key.realm != grant.key.realm => key.realm,
        _ => return,
    };
    assert_eq!(
        Grant::from_stored(&other, &stored),
        Err(StoredGrantError::OtherKey)
    );
}

fn short(error: StoredGrantError) {
    assert!(
        error.to_string().len() < 120,
        "an error that tells too much"
    );
}
