//! Percent-encoding both ways, for bodies, paths and parameters that were encoded once too often or
//! too seldom.

use alloc::vec::Vec;

/// Decodes `%xx`, and `+` as a space if asked. None if that changes nothing or an escape is broken.
pub(crate) fn decode(text: &[u8], plus_is_space: bool) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let high = char::from(rest.next()?).to_digit(16)?;
                let low = char::from(rest.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            b'+' if plus_is_space => b' ',
            byte => byte,
        });
    }
    (bytes != text).then_some(bytes)
}

/// Encodes all but letters, digits, `-`, `.`, `_` and `~`.
pub(crate) fn encode(text: &[u8], space_is_plus: bool) -> Vec<u8> {
    const DIGITS: [u8; 16] = *b"0123456789ABCDEF";
    let digit = |value: u8| DIGITS.get(usize::from(value & 15)).copied().unwrap_or(b'0');
    let mut bytes = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b' ' if space_is_plus => bytes.push(b'+'),
            b'-' | b'.' | b'_' | b'~' => bytes.push(*byte),
            byte if byte.is_ascii_alphanumeric() => bytes.push(*byte),
            byte => bytes.extend_from_slice(&[b'%', digit(byte >> 4), digit(*byte)]),
        }
    }
    bytes
}
