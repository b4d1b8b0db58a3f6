//! A compressed text, as something on the way or a capture of it holds it.

use alloc::vec::Vec;

use miniz_oxide::inflate::{decompress_to_vec_with_limit, decompress_to_vec_zlib_with_limit};

/// What gzip or zlib holds, if it is no longer than `limit_bytes`.
pub(crate) fn undone(body: &[u8], limit_bytes: usize) -> Option<Vec<u8>> {
    match body {
        [0x1f, 0x8b, 8, flags, _, _, _, _, _, _, rest @ ..] => {
            decompress_to_vec_with_limit(behind_header(*flags, rest)?, limit_bytes).ok()
        }
        [0x78, ..] => decompress_to_vec_zlib_with_limit(body, limit_bytes).ok(),
        _ => None,
    }
}

/// What follows the optional fields of a gzip header. Source: RFC 1952, section 2.3.
fn behind_header(flags: u8, rest: &[u8]) -> Option<&[u8]> {
    let has = |bit: u8| flags & bit != 0;
    let mut rest = rest;
    if has(4) {
        let (length, behind) = rest.split_first_chunk::<2>()?;
        rest = behind.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for bit in [8, 16] {
        if has(bit) {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if has(2) { rest.get(2..) } else { Some(rest) }
}
