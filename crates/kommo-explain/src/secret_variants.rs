//! The key as signers get it wrong.

use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::finding::Finding;
use crate::finding_code::FindingCode;
use crate::search::Variant;
use crate::signature_text::{from_base64, from_hex};

/// The bytes of a key, wiped when it goes: each of them is as good as the secret.
pub(crate) type Key = Zeroizing<Vec<u8>>;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// What stood around the signer's secret: before it, after it, and how to say so.
const SURROUNDINGS: [(&str, &str, &str, bool); 10] = [
    (
        "",
        "\n",
        "The key was the secret with a line feed after it, as from its file.",
        true,
    ),
    (
        "",
        "\r\n",
        "The key was the secret with CR LF after it, as from its file.",
        true,
    ),
    (
        "",
        " ",
        "The key was the secret with a space after it.",
        true,
    ),
    (
        " ",
        "",
        "The key was the secret with a space before it.",
        true,
    ),
    (
        "\u{feff}",
        "",
        "The key was the secret with a byte-order mark before it.",
        true,
    ),
    (
        "\u{feff}",
        "\n",
        "The key was the secret with a byte-order mark before it and a line feed after it.",
        false,
    ),
    (
        "\u{feff}",
        "\r\n",
        "The key was the secret with a byte-order mark before it and CR LF after it.",
        false,
    ),
    (
        "",
        "\r",
        "The key was the secret with a CR after it.",
        false,
    ),
    (
        "",
        "\t",
        "The key was the secret with a tab after it.",
        false,
    ),
    (
        " ",
        " ",
        "The key was the secret with a space on either side.",
        false,
    ),
];

/// The secret as it is, then the keys that others made of it.
pub(crate) fn key_variants(secret: &str) -> Vec<Variant<Key>> {
    let mut variants = Vec::from([Variant::right(key(secret.as_bytes()))]);
    let bare = secret.trim_matches(|c: char| c.is_whitespace() || c == BYTE_ORDER_MARK);
    let whitespace = |message: &'static str| Finding::new(FindingCode::SecretWhitespace, message);
    if bare.len() != secret.len() {
        let message = "The given secret has white space or a byte-order mark around it, the signer's had none.";
        variants.push(Variant::common(key(bare.as_bytes()), whitespace(message)));
    }
    for (before, after, message, common) in SURROUNDINGS {
        let key = joined(before, bare, after);
        if key.as_slice() != secret.as_bytes() {
            variants.push(Variant {
                value: key,
                findings: Vec::from([whitespace(message)]),
                common,
            });
        }
    }
    if let Some(bytes) = from_hex(bare.as_bytes()).filter(|bytes| !bytes.is_empty()) {
        let message = "The key was the secret decoded from hex, not its text.";
        let finding = Finding::new(FindingCode::KeyHexDecoded, message);
        variants.push(Variant::common(Zeroizing::new(bytes), finding));
    }
    if let Some(bytes) = from_base64(bare).filter(|bytes| !bytes.is_empty()) {
        let message = "The key was the secret decoded from base64, not its text.";
        let finding = Finding::new(FindingCode::KeyBase64Decoded, message);
        variants.push(Variant::rare(Zeroizing::new(bytes), finding));
    }
    quoted(bare, &mut variants);
    let message = "The key was empty: the signer had no secret.";
    let finding = Finding::new(FindingCode::SecretEmpty, message);
    variants.push(Variant::rare(key(b""), finding));
    variants
}

/// Quotes on the signer's side, and on ours.
fn quoted(bare: &str, variants: &mut Vec<Variant<Key>>) {
    for quote in ["\"", "'"] {
        let message = "The key was the secret with quotes around it.";
        let finding = Finding::new(FindingCode::SecretQuoted, message);
        variants.push(Variant::rare(joined(quote, bare, quote), finding));
        let inner = bare
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner {
            let message = "The given secret has quotes around it, the signer's had none.";
            let finding = Finding::new(FindingCode::SecretQuoted, message);
            variants.push(Variant::rare(key(inner.as_bytes()), finding));
        }
    }
}

fn key(bytes: &[u8]) -> Key {
    Zeroizing::new(bytes.to_vec())
}

fn joined(before: &str, bare: &str, after: &str) -> Key {
    // With the whole room from the start: a vector that grows would leave a copy of the secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(before.len() + bare.len() + after.len()));
    for part in [before, bare, after] {
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}
