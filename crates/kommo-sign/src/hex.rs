//! Base16 both ways, on arrays. Written in constant time (base16ct), since what is written may come
//! from a secret; read in time that may depend on the text, since the text came from outside.

use crate::ascii_text::AsciiText;

/// Writes `bytes` as lower-case hex into the caller's array. `TEXT` is twice `BYTES`, which the
/// compiler checks.
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

/// Which letters a verifier admits.
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

/// Reads exactly `2 * BYTES` hex digits; `BYTES` is a multiple of four. The time taken depends on
/// the length and, if it fails, on where: what is read came from outside, and the secret is what it
/// is compared with.
#[inline]
pub(crate) fn decode<const BYTES: usize>(
    text: &[u8],
    case: HexCase,
) -> Result<[u8; BYTES], DecodeError> {
    const { assert!(BYTES.is_multiple_of(4), "eight digits at a time") };
    if text.len() != 2 * BYTES {
        return Err(DecodeError::Length { found: text.len() });
    }
    // Every byte is looked at: a loop without an exit is done sixteen bytes at a time.
    if !text.iter().fold(true, |all, byte| all & case.admits(*byte)) {
        let offset = text.iter().position(|byte| !case.admits(*byte));
        return Err(DecodeError::Digit {
            offset: offset.unwrap_or_default(),
        });
    }
    let mut bytes = [0; BYTES];
    let (digits, _none) = text.as_chunks();
    for (place, digits) in bytes.as_chunks_mut().0.iter_mut().zip(digits) {
        *place = eight_digits(*digits);
    }
    Ok(bytes)
}

impl HexCase {
    const fn admits(self, byte: u8) -> bool {
        match self {
            Self::LowerOnly => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Either => byte.is_ascii_hexdigit(),
        }
    }
}

/// The values of eight digits. Bit 6 is set in letters alone, whose low bits count from 1.
#[inline]
const fn eight_digits(digits: [u8; 8]) -> [u8; 4] {
    let word = u64::from_be_bytes(digits);
    let letters = (word >> 6) & 0x0101_0101_0101_0101;
    let values = (word & 0x0f0f_0f0f_0f0f_0f0f) + letters * 9;
    // Two, four, then eight values move together.
    let pairs = (values | values >> 4) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    let eight = fours | fours >> 16;
    let [.., a, b, c, d] = eight.to_be_bytes();
    [a, b, c, d]
}
