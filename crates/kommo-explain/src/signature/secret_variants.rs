//! The key as signers get it wrong.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use base64ct::{Base64, Encoding};
use md5::Md5;
use sha1::{Digest, Sha1};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::answer::finding::Finding;
use crate::answer::finding_code::FindingCode;
use crate::search::Variant;
use crate::signature::signature_text::{from_base64, from_hex};
use crate::text::NO_VALUES;

/// The bytes of a key, wiped when it goes: each of them is as good as the secret.
pub(crate) type Key = Zeroizing<Vec<u8>>;

/// What is cut off a secret: white space, and characters that are invisible.
const UNSEEN: [char; 4] = ['\u{feff}', '\u{200b}', '\u{200e}', '\u{0}'];

/// What stood around the signer's secret: before it, after it, and how to say so.
const SURROUNDINGS: [(&str, &str, &str, bool); 13] = [
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
    (
        "",
        "\u{a0}",
        "The key was the secret with a no-break space after it, as from a web page.",
        false,
    ),
    (
        "",
        "\u{200b}",
        "The key was the secret with a zero-width space after it, as from a web page.",
        false,
    ),
    (
        "",
        "\n\n",
        "The key was the secret with two line feeds after it.",
        false,
    ),
];

/// Texts that samples have instead of a secret.
const PLACEHOLDERS: [&str; 3] = ["secret", "your_secret", "YOUR_SECRET"];

/// The same, seen less often.
const MORE_PLACEHOLDERS: [&str; 19] = [
    "your_channel_secret",
    "YOUR_CHANNEL_SECRET",
    "channel_secret",
    "CHANNEL_SECRET",
    "client_secret",
    "CLIENT_SECRET",
    "SECRET",
    "$SECRET",
    "${SECRET}",
    "$CHANNEL_SECRET",
    "${CHANNEL_SECRET}",
    "{secret}",
    "{{secret}}",
    "%s",
    "{}",
    "nan",
    "NaN",
    "Nothing",
    "Optional.empty",
];

/// What languages print around a value that may be missing.
const OPTIONAL: [(&str, &str); 6] = [
    ("Optional(\"", "\")"),
    ("Optional(", ")"),
    ("Optional[", "]"),
    ("Some(\"", "\")"),
    ("Some(", ")"),
    ("Just \"", "\""),
];

/// What stands before a secret in the file that it was copied from.
const NAMES: [&str; 10] = [
    "CHANNEL_SECRET=",
    "KOMMO_CHANNEL_SECRET=",
    "AMO_CHANNEL_SECRET=",
    "AMOJO_CHANNEL_SECRET=",
    "AMOJO_SECRET=",
    "CLIENT_SECRET=",
    "SECRET_KEY=",
    "SECRET=",
    "channel_secret=",
    "secret=",
];

/// The secret as it is, then the keys that others made of it.
pub(crate) fn key_variants(secret: &str) -> Vec<Variant<Key>> {
    let mut keys = Keys {
        variants: Vec::from([Variant::right(key(secret.as_bytes()))]),
    };
    let bare = secret.trim_matches(|c: char| c.is_whitespace() || UNSEEN.contains(&c));
    keys.whitespace(bare);
    keys.decoded(bare);
    keys.quoted(bare);
    let message = "The key was empty: the signer had no secret.";
    keys.add(key(b""), FindingCode::SecretEmpty, message, false);
    keys.placeholders();
    keys.changed(bare);
    keys.encoded(bare);
    keys.unusual(bare);
    keys.variants
}

/// Collects keys, each bytes once.
struct Keys {
    variants: Vec<Variant<Key>>,
}

impl Keys {
    fn add(&mut self, key: Key, code: FindingCode, message: &'static str, common: bool) {
        if self.variants.iter().all(|known| known.value != key) {
            self.variants.push(Variant {
                value: key,
                findings: Vec::from([Finding::new(code, message)]),
                common,
            });
        }
    }

    fn whitespace(&mut self, bare: &str) {
        let code = FindingCode::SecretWhitespace;
        let message = "The given secret has white space or a byte-order mark around it, the signer's had none.";
        self.add(key(bare.as_bytes()), code, message, true);
        for (before, after, message, common) in SURROUNDINGS {
            self.add(joined(before, bare, after), code, message, common);
        }
    }

    fn decoded(&mut self, bare: &str) {
        if let Some(bytes) = from_hex(bare.as_bytes()).filter(|bytes| !bytes.is_empty()) {
            let message = "The key was the secret decoded from hex, not its text.";
            let code = FindingCode::KeyHexDecoded;
            self.add(Zeroizing::new(bytes), code, message, true);
        }
        if let Some(bytes) = from_base64(bare).filter(|bytes| !bytes.is_empty()) {
            let message = "The key was the secret decoded from base64, not its text.";
            let code = FindingCode::KeyBase64Decoded;
            self.add(Zeroizing::new(bytes), code, message, false);
        }
    }

    /// Quotes on the signer's side, and on ours.
    fn quoted(&mut self, bare: &str) {
        let code = FindingCode::SecretQuoted;
        for (open, close) in [("\"", "\""), ("'", "'"), ("`", "`"), ("“", "”"), ("«", "»")] {
            let message = "The key was the secret with quotes around it.";
            self.add(joined(open, bare, close), code, message, false);
            let inner = bare
                .strip_prefix(open)
                .and_then(|rest| rest.strip_suffix(close));
            if let Some(inner) = inner {
                let message = "The given secret has quotes around it, the signer's had none.";
                self.add(key(inner.as_bytes()), code, message, false);
            }
        }
        let message = "The key was the text of Python's bytes, `b'…'`, and not the bytes.";
        self.add(joined("b'", bare, "'"), code, message, false);
        for end in [";", ",", "\";", "';", "\","] {
            let message = "The key was the secret with punctuation after it, as copied from code.";
            self.add(joined("", bare, end), code, message, false);
        }
    }

    fn placeholders(&mut self) {
        let code = FindingCode::SecretPlaceholder;
        for text in NO_VALUES.into_iter().chain(PLACEHOLDERS) {
            let message = "The key was a text that names no secret, such as `undefined` or `None`: its variable was not set.";
            self.add(key(text.as_bytes()), code, message, false);
        }
    }

    /// Last: they are not tried with long bodies.
    fn unusual(&mut self, bare: &str) {
        let code = FindingCode::SecretQuoted;
        for (open, close) in OPTIONAL {
            let message = "The key was the secret with what a language prints around an optional value, such as `Some(\"…\")`.";
            self.add(joined(open, bare, close), code, message, false);
        }
        for name in NAMES {
            let message = "The key was the secret with the name of its variable before it, as in an environment file.";
            self.add(joined(name, bare, ""), code, message, false);
        }
        let code = FindingCode::SecretPlaceholder;
        let message =
            "The key was a text that names no secret, such as a variable that was not replaced.";
        for text in MORE_PLACEHOLDERS {
            self.add(key(text.as_bytes()), code, message, false);
        }
        let placeholders = NO_VALUES.into_iter().chain(PLACEHOLDERS);
        for text in placeholders.chain(MORE_PLACEHOLDERS) {
            self.add(joined("", text, "\n"), code, message, false);
        }
    }

    fn changed(&mut self, bare: &str) {
        // The letter case of hex digits alone is changed by mistake.
        if bare.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let code = FindingCode::SecretCase;
            let message = "The key was the secret in upper-case letters.";
            let upper = Zeroizing::new(bare.to_ascii_uppercase().into_bytes());
            self.add(upper, code, message, false);
            let message = "The key was the secret in lower-case letters.";
            let lower = Zeroizing::new(bare.to_ascii_lowercase().into_bytes());
            self.add(lower, code, message, false);
        }
        let code = FindingCode::SecretTruncated;
        let mut characters = bare.chars();
        characters.next_back();
        let message = "The key was the secret without its last character.";
        self.add(key(characters.as_str().as_bytes()), code, message, false);
        let mut characters = bare.chars();
        characters.next();
        let message = "The key was the secret without its first character.";
        self.add(key(characters.as_str().as_bytes()), code, message, false);
    }

    fn encoded(&mut self, bare: &str) {
        let code = FindingCode::KeyEncoded;
        let bytes = bare.as_bytes();
        let hex = |digest: &[u8]| {
            let mut text = Zeroizing::new(String::with_capacity(digest.len() * 2));
            for byte in digest {
                text.push_str(&Zeroizing::new(format!("{byte:02x}")));
            }
            key(text.as_bytes())
        };
        let message = "The key was the secret encoded as base64.";
        let text = Zeroizing::new(Base64::encode_string(bytes));
        self.add(key(text.as_bytes()), code, message, false);
        let message = "The key was the text of the secret written as hex digits.";
        self.add(hex(bytes), code, message, false);
        let message = "The key was a hash of the secret, as hex digits.";
        for digest in [
            Md5::digest(bytes).as_slice(),
            Sha1::digest(bytes).as_slice(),
            Sha256::digest(bytes).as_slice(),
        ] {
            self.add(hex(digest), code, message, false);
        }
        let message = "The key was the secret as UTF-16.";
        let units = bare.encode_utf16().flat_map(u16::to_le_bytes);
        let mut utf_16 = Zeroizing::new(Vec::with_capacity(bytes.len() * 2));
        utf_16.extend(units);
        self.add(utf_16, code, message, false);
        let message = "The key was the secret with an ampersand after it, as in OAuth 1.";
        self.add(joined("", bare, "&"), code, message, false);
    }
}

fn key(bytes: &[u8]) -> Key {
    Zeroizing::new(bytes.to_vec())
}

fn joined(before: &str, bare: &str, after: &str) -> Key {
    // With the whole room from the start: a vector that grows would leave a copy of the secret
    // behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(before.len() + bare.len() + after.len()));
    for part in [before, bare, after] {
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}
