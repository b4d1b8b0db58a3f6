//! The hash function and the way the key enters, as signers get them wrong.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::answer::finding::Finding;
use crate::answer::finding_code::FindingCode;
use crate::search::Variant;
use crate::signature::wrong_mac::{Hash, Keying};

/// The ways to come to a MAC of the length that was received. `right` is the hash function of the
/// right recipe.
pub(crate) fn hash_variants(right: Hash, received: Hash) -> Vec<Variant<Keying>> {
    let name = received.name();
    let other = |message: String| Finding::new(FindingCode::OtherHash, message);
    let hmac = if received == right {
        Variant::right(Keying::Hmac)
    } else {
        let message = format!("The signature is HMAC-{name}, not HMAC-{}.", right.name());
        Variant::common(Keying::Hmac, other(message))
    };
    let plain = format!("The signature is {name} of the message, without a key.");
    let before =
        format!("The signature is {name} of the secret followed by the message, not HMAC.");
    let after = format!("The signature is {name} of the message followed by the secret, not HMAC.");
    let swapped = Finding::new(
        FindingCode::ArgumentsSwapped,
        "The message was taken as the key and the secret as the message.",
    );
    let twice =
        || other("The signature was signed once more: it is the HMAC of an HMAC.".to_string());
    let cut = format!("The signature is HMAC-SHA256, cut to the length of {name}.");
    Vec::from([
        hmac,
        Variant::common(Keying::None, other(plain)),
        Variant::common(Keying::Before, other(before)),
        Variant::common(Keying::After, other(after)),
        Variant::rare(Keying::Swapped, swapped),
        Variant::rare(Keying::Cut, other(cut)),
        Variant::rare(Keying::Twice, twice()),
        Variant::rare(Keying::TwiceAsText, twice()),
    ])
}
