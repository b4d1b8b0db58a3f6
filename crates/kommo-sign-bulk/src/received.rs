//! The text of a received signature: 40 hex digits of either case, as words.

use kommo_sign::ParseSignatureError;

use crate::sha1_lanes::State;

const DIGITS: usize = 40;

/// Reads a signature.
///
/// # Errors
///
/// As `ChatHookKey::verify` says it: another length, or the offset of the first byte that is no hex
/// digit.
pub(crate) fn parse(text: &str) -> Result<State, ParseSignatureError> {
    let Ok(digits) = <&[u8; DIGITS]>::try_from(text.as_bytes()) else {
        return Err(ParseSignatureError::Length {
            found: text.len(),
            expected: DIGITS,
        });
    };
    // Every byte is looked at: a loop without an exit is done many bytes at a time.
    if !digits
        .iter()
        .fold(true, |all, digit| all & digit.is_ascii_hexdigit())
    {
        let offset = digits.iter().position(|digit| !digit.is_ascii_hexdigit());
        return Err(ParseSignatureError::NotHex {
            offset: offset.unwrap_or_default(),
        });
    }
    let mut words = State::default();
    for (word, digits) in words.iter_mut().zip(digits.as_chunks().0) {
        *word = eight_digits(*digits);
    }
    Ok(words)
}

/// The value of eight digits. Bit 6 is set in letters alone, whose low bits count from 1.
const fn eight_digits(digits: [u8; 8]) -> u32 {
    let word = u64::from_be_bytes(digits);
    let letters = (word >> 6) & 0x0101_0101_0101_0101;
    let values = (word & 0x0f0f_0f0f_0f0f_0f0f) + letters * 9;
    // Two, four, then eight values move together.
    let pairs = (values | values >> 4) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    let [.., a, b, c, d] = (fours | fours >> 16).to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}
