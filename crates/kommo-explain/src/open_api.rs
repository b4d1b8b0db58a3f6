//! Explains an Open API body.

use alloc::vec::Vec;

use kommo_sign::{AppSecret, OpenApiKey, SecretError};

use crate::answer::explanation::Explanation;
use crate::body::search::BodySearch;
use crate::body::variants::BodyVariants;
use crate::signature::secret_variants::key_variants;
use crate::signature::signature_search;
use crate::signature::signature_text::SignatureForm;
use crate::signature::wrong_mac::Hash;

const FORM: SignatureForm = SignatureForm {
    hash: Hash::Sha256,
    digits: 64,
    upper_case: false,
};

/// Whether an Open API body, of a request or a webhook, would be accepted, and if not, which rules
/// it breaks.
///
/// `body` is the raw body, `signature` the text of its `x-chat-signature`, `secret` the text of the
/// AppSecret. Never panics; computes at most [`MACS_MAX`](crate::MACS_MAX) MACs.
///
/// Source: rules O1 to O5 of `docs/protocol.md`.
///
/// # Errors
///
/// - `secret` is `""`: [`SecretError::Empty`]; `"\n"`: [`SecretError::Blank`].
/// - `secret` has 257 bytes: [`SecretError::TooLong`].
///
/// # Security
///
/// The answer is for the owner of the secret. It would show a peer how close a forged signature
/// came.
pub fn explain_open_api(
    body: &[u8],
    signature: &str,
    secret: &str,
) -> Result<Explanation, SecretError> {
    let key = OpenApiKey::new(&AppSecret::new(secret)?);
    if key.verify(body, signature).is_ok() {
        return Ok(Explanation::new(true, Vec::new(), 0));
    }
    if let Some(finding) = signature_search::incomplete(signature, key.sign(body).as_str()) {
        return Ok(Explanation::new(false, Vec::from([finding]), 0));
    }
    let keys = key_variants(secret);
    let bodies = BodyVariants::of(body);
    let search = BodySearch {
        keys: &keys,
        bodies: &bodies,
        hash: FORM.hash,
    };
    Ok(search.explanation(signature, FORM))
}
