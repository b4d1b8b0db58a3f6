//! What is dropped is wiped: the place where a secret stood is read again afterwards, which only
//! `unsafe` code can do.
//!
//! This shows the values' own bytes. What moving a value or the compiler leaves elsewhere on the
//! stack is out of reach.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program of std, which has no `extern crate alloc`"
)]
#![allow(unsafe_code, reason = "what was dropped is read again")]

use std::mem::{MaybeUninit, size_of};

use kommo_sign::{AppSecret, ChannelSecret, ChatHookKey, ChatsSigner, ClientSecret};

const MARKER: &str = "PLANTED-MARKER-OF-A-SECRET";

/// The bytes of a value before and after it is dropped where it stands.
fn before_and_after<T>(value: T) -> (Vec<u8>, Vec<u8>) {
    let mut place = Box::new(MaybeUninit::new(value));
    let read = |place: &MaybeUninit<T>| {
        let start = place.as_ptr().cast::<u8>();
        // SAFETY: the box is `size_of::<T>()` bytes long and stays allocated; a volatile read does
        // not care what is there.
        (0..size_of::<T>())
            .map(|at| unsafe { start.add(at).read_volatile() })
            .collect::<Vec<u8>>()
    };
    let before = read(&place);
    // SAFETY: the value is there, and nothing uses it afterwards.
    unsafe { place.assume_init_drop() };
    let after = read(&place);
    (before, after)
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[track_caller]
fn is_wiped<T>(secret: T) {
    let (before, after) = before_and_after(secret);
    assert!(
        holds(&before, MARKER.as_bytes()),
        "the probe reads the place of the secret"
    );
    assert!(
        !holds(&after, &MARKER.as_bytes()[..4]),
        "a part of the secret is still there"
    );
}

#[test]
fn a_dropped_secret_is_wiped() {
    is_wiped(ChannelSecret::new(MARKER).unwrap());
    is_wiped(ClientSecret::new(MARKER).unwrap());
    is_wiped(AppSecret::new(MARKER).unwrap());
}

#[test]
fn a_dropped_key_schedule_is_wiped() {
    let secret = ChannelSecret::new(MARKER).unwrap();
    for (before, after) in [
        before_and_after(ChatsSigner::new(&secret)),
        before_and_after(ChatHookKey::new(&secret)),
        before_and_after(kommo_sign_bulk::BulkHookKey::with_level(
            &secret,
            kommo_sign_bulk::Level::ONE_AT_A_TIME,
        )),
    ] {
        assert!(
            before.iter().any(|byte| *byte != 0),
            "the probe reads the place of the key"
        );
        assert!(
            after.iter().all(|byte| *byte == 0),
            "a part of the key schedule is still there"
        );
    }
}

/// The probe itself must be able to fail.
#[test]
fn a_value_that_is_not_wiped_is_seen() {
    let (_, after) = before_and_after(*b"PLANTED-MARKER-OF-A-SECRET");
    assert!(holds(&after, MARKER.as_bytes()));
}
