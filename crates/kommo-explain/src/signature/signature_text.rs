//! Reads the text of a signature as senders write it: hex, upper-case hex, base64, with a prefix,
//! with spaces.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use base64ct::{Base64, Base64Unpadded, Base64Url, Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use crate::answer::finding::Finding;
use crate::answer::finding_code::FindingCode;
use crate::signature::wrong_mac::Hash;

/// Longer texts are not a signature in any form: SHA-512 as base64 of its hex digits has 172 bytes.
const TEXT_MAX_BYTES: usize = 256;

/// What a verifier admits.
#[derive(Clone, Copy)]
pub(crate) struct SignatureForm {
    /// The hash function of the right signature.
    pub(crate) hash: Hash,
    /// Its hex digits.
    pub(crate) digits: usize,
    /// Whether upper-case digits are lowered first.
    pub(crate) upper_case: bool,
}

/// One reading of the text: the bytes of a MAC, and what is wrong with the way they are written.
pub(crate) struct Reading {
    pub(crate) hash: Hash,
    pub(crate) bytes: Vec<u8>,
    pub(crate) findings: Vec<Finding>,
}

/// Every reading of the text that has the length of a known hash function; those of the right
/// come first.
pub(crate) fn readings(text: &str, form: SignatureForm) -> Vec<Reading> {
    let mut readings = Vec::new();
    if text.len() > TEXT_MAX_BYTES {
        return readings;
    }
    let mut around = Vec::new();
    let trimmed = text.trim();
    if trimmed.len() != text.len() {
        let message = "White space surrounds the signature.";
        around.push(Finding::new(FindingCode::SignatureWhitespace, message));
    }
    let (trimmed, quotes) = without_quotes(trimmed);
    around.extend(quotes);
    read_bare(trimmed, form, &around, &mut readings);
    if let Some(bare) = without_prefix(trimmed) {
        let message = format!(
            "A prefix of {} bytes precedes the signature.",
            trimmed.len() - bare.len()
        );
        around.push(Finding::new(FindingCode::SignaturePrefixed, message));
        read_bare(bare, form, &around, &mut readings);
    }
    readings.sort_by_key(|reading| reading.hash != form.hash);
    readings
}

/// Takes one pair of quotes off, and the `b` that Python writes before them.
fn without_quotes(text: &str) -> (&str, Option<Finding>) {
    let quoted = text.strip_prefix('b').unwrap_or(text);
    let inner = ["\"", "'"].iter().find_map(|quote| {
        let inner = quoted.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.is_empty()).then_some(inner)
    });
    match inner {
        Some(inner) => {
            let message = "Quotes surround the signature.";
            (
                inner,
                Some(Finding::new(FindingCode::SignatureQuoted, message)),
            )
        }
        None => (text, None),
    }
}

/// Cuts `sha1=`, `sha256:`, `HMAC ` and the like off.
fn without_prefix(text: &str) -> Option<&str> {
    if let Some(bare) = text.strip_prefix("0x") {
        return Some(bare);
    }
    let end = text.find(['=', ':', ' '])?;
    let (name, rest) = text.split_at_checked(end)?;
    let known = [
        "sha1",
        "sha-1",
        "sha256",
        "sha-256",
        "sha512",
        "md5",
        "hmac",
        "hmac-sha1",
        "hmac-sha256",
        "signature",
        "x-signature",
        "v1",
        "bearer",
    ];
    let is_known = known.iter().any(|known| known.eq_ignore_ascii_case(name));
    is_known.then(|| rest.trim_start_matches(['=', ':', ' ']))
}

fn read_bare(text: &str, form: SignatureForm, around: &[Finding], readings: &mut Vec<Reading>) {
    let mut add = |bytes: Vec<u8>, finding: Option<Finding>| {
        if let Some(hash) = Hash::of_length(bytes.len()) {
            readings.push(Reading {
                hash,
                bytes,
                findings: around.iter().cloned().chain(finding).collect(),
            });
        }
    };
    if let Some(bytes) = from_hex(text.as_bytes()) {
        let is_upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
        let message = "The signature has upper-case hex digits.";
        let finding = (is_upper && !form.upper_case)
            .then(|| Finding::new(FindingCode::SignatureUpperCase, message));
        add(bytes, finding);
    }
    // Each byte apart, as C# writes it; the digits of a hash never have such a form by chance.
    let pairs = text.split(['-', ':', ' ']);
    if text.contains(['-', ':', ' ']) && pairs.clone().all(|pair| pair.len() == 2) {
        let digits: String = pairs.collect();
        if let Some(bytes) = from_hex(digits.as_bytes()) {
            let message = "Something separates the bytes of the signature.";
            add(
                bytes,
                Some(Finding::new(FindingCode::SignatureSeparated, message)),
            );
        }
    }
    if let Some(inner) = from_hex(text.as_bytes()).and_then(|digits| from_hex(&digits)) {
        let message = "The signature is the hex digits of its hex digits: it was encoded twice.";
        add(
            inner,
            Some(Finding::new(FindingCode::SignatureMalformed, message)),
        );
    }
    if let Some(bytes) = from_base64(text) {
        let base64 = |message| Some(Finding::new(FindingCode::SignatureBase64, message));
        if let Some(inner) = from_hex(&bytes) {
            add(
                inner,
                base64("The signature is the base64 of its hex digits."),
            );
        }
        add(bytes, base64("The signature came as base64, not as hex."));
    }
}

/// Pairs of hex digits in any case.
pub(crate) fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    // With the whole room from the start, since the text may be a secret: a vector that grows
    // leaves copies in memory.
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut digits = text.iter();
    while let (Some(high), Some(low)) = (digits.next(), digits.next()) {
        bytes.push(u8::try_from(digit(high)? * 16 + digit(low)?).ok()?);
    }
    Some(bytes)
}

/// Base64 in either alphabet, with padding or without.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    // The text may be a secret: one buffer for all attempts, wiped in the end.
    let mut buffer = Zeroizing::new(vec![0; text.len()]);
    let length = Base64::decode(text, &mut buffer)
        .map(<[u8]>::len)
        .or_else(|_| Base64Unpadded::decode(text, &mut buffer).map(<[u8]>::len))
        .or_else(|_| Base64Url::decode(text, &mut buffer).map(<[u8]>::len))
        .or_else(|_| Base64UrlUnpadded::decode(text, &mut buffer).map(<[u8]>::len));
    buffer.get(..length.ok()?).map(<[u8]>::to_vec)
}

/// What is wrong with a text that is not the hex text that the verifier admits, if nothing better
/// is known.
pub(crate) fn malformed(text: &str, form: SignatureForm) -> Option<Finding> {
    let expected = form.digits;
    let found = text.len();
    let message = if found == 0 {
        "The signature is empty.".into()
    } else if found != expected {
        format!("The signature has {found} bytes instead of {expected} hex digits.")
    } else {
        let offset = text.bytes().position(|byte| !byte.is_ascii_hexdigit())?;
        format!("Byte {offset} of the signature is not a hex digit.")
    };
    Some(Finding::new(FindingCode::SignatureMalformed, message))
}

/// How many digits must be there before a text is called a truncated signature.
///
/// Whoever gets this answer for a text of his own making learns that its digits are right. With
/// fewer, he could find the whole signature digit by digit; with 32 he would first have to guess
/// 128 bits.
const TRUNCATED_DIGITS_MIN: usize = 32;

/// Whether `text` is the right signature without zeros: the first ones of the whole, or those of
/// each byte.
///
/// It says nothing to a peer: a text that has all other digits right is as good as the signature.
pub(crate) fn lacks_zeros(text: &str, right: &str) -> bool {
    let text = text.trim();
    if text.len() < TRUNCATED_DIGITS_MIN || text.len() >= right.len() {
        return false;
    }
    let mut unpadded = String::with_capacity(right.len());
    for pair in right.as_bytes().chunks(2) {
        let pair = core::str::from_utf8(pair).unwrap_or_default();
        unpadded.push_str(pair.strip_prefix('0').unwrap_or(pair));
    }
    let forms = [right.trim_start_matches('0'), &unpadded];
    forms.iter().any(|form| form.eq_ignore_ascii_case(text))
}

/// Whether `text` is the beginning of the right signature's digits, and long enough to say so.
pub(crate) fn is_beginning(text: &str, right: &str) -> bool {
    let text = text.trim();
    text.len() >= TRUNCATED_DIGITS_MIN
        && text.len() < right.len()
        && right
            .get(..text.len())
            .is_some_and(|beginning| beginning.eq_ignore_ascii_case(text))
}
