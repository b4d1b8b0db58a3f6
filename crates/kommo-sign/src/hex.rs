//! Base16 both ways, on arrays, in constant time (base16ct).

use crate::ascii_text::AsciiText;

/// Writes `bytes` as lower-case hex into the caller's array. `TEXT` is twice `BYTES`, which the compiler checks.
pub(crate) fn write_lower<const BYTES: usize, const TEXT: usize>(
    bytes: &[u8; BYTES],
    text: &mut [u8; TEXT],
) {
    const { assert!(TEXT == 2 * BYTES, "two digits a byte") };
    // Cannot fail: the assertion above is the encoder's only condition.
    let _ = base16ct::lower::encode(bytes, text);
}

/// The same as a text of its own.
pub(crate) fn encode_lower<const BYTES: usize, const TEXT: usize>(
    bytes: &[u8; BYTES],
) -> AsciiText<TEXT> {
    let mut text = [b'0'; TEXT];
    write_lower(bytes, &mut text);
    AsciiText::from_ascii_array(text)
}

/// Which letters a door admits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum HexCase {
    LowerOnly,
    Either,
}

/// Why a text is not `BYTES` bytes of hex.
pub(crate) enum DecodeError {
    Length { found: usize },
    Digit { offset: usize },
}

/// Reads exactly `2 * BYTES` hex digits. The time taken depends on the length and, if it fails, on where.
pub(crate) fn decode<const BYTES: usize>(
    text: &[u8],
    case: HexCase,
) -> Result<[u8; BYTES], DecodeError> {
    if text.len() != 2 * BYTES {
        return Err(DecodeError::Length { found: text.len() });
    }
    let mut bytes = [0; BYTES];
    let decoded = match case {
        HexCase::LowerOnly => base16ct::lower::decode(text, &mut bytes).is_ok(),
        HexCase::Either => base16ct::mixed::decode(text, &mut bytes).is_ok(),
    };
    if decoded {
        return Ok(bytes);
    }
    let admitted = |byte: &u8| match case {
        HexCase::LowerOnly => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        HexCase::Either => byte.is_ascii_hexdigit(),
    };
    let offset = text
        .iter()
        .position(|byte| !admitted(byte))
        .unwrap_or_default();
    Err(DecodeError::Digit { offset })
}
