//! Explains a chat hook.

use alloc::vec::Vec;

use kommo_sign::{ChannelSecret, ChatHookKey, SecretError};

use crate::answer::explanation::Explanation;
use crate::body::search::BodySearch;
use crate::body::variants::BodyVariants;
use crate::signature::secret_variants::key_variants;
use crate::signature::signature_search;
use crate::signature::signature_text::SignatureForm;
use crate::signature::wrong_mac::Hash;

const FORM: SignatureForm = SignatureForm {
    hash: Hash::Sha1,
    digits: 40,
    upper_case: true,
};

/// Whether a chat hook would be accepted, and if not, which rules it breaks.
///
/// `body` is the raw body, `signature` the text of its `X-Signature`, `secret` the text of the
/// channel secret. Never panics; computes at most [`MACS_MAX`](crate::MACS_MAX) MACs.
///
/// Source: rules H1 to H3 of `docs/protocol.md`.
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
pub fn explain_chat_hook(
    body: &[u8],
    signature: &str,
    secret: &str,
) -> Result<Explanation, SecretError> {
    let key = ChatHookKey::new(&ChannelSecret::new(secret)?);
    if key.verify(body, signature).is_ok() {
        return Ok(Explanation::new(true, Vec::new(), 0));
    }
    let text = without_line_end(body);
    let truncated = [text, body]
        .iter()
        .find_map(|bytes| signature_search::incomplete(signature, key.sign(bytes).as_str()));
    if let Some(finding) = truncated {
        return Ok(Explanation::new(false, Vec::from([finding]), 0));
    }
    let keys = key_variants(secret);
    let bodies = BodyVariants::with_readings(body, &[text]);
    let search = BodySearch {
        keys: &keys,
        bodies: &bodies,
        hash: FORM.hash,
    };
    Ok(search.explanation(signature, FORM))
}

/// Rule H2: one LF or one CR LF, and no more.
fn without_line_end(body: &[u8]) -> &[u8] {
    body.strip_suffix(b"\r\n")
        .or_else(|| body.strip_suffix(b"\n"))
        .unwrap_or(body)
}
