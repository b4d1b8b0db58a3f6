//! HMAC-SHA1 over the compression function of `sha1`, for the two uses that are measured: requests
//! and chat hooks.
//!
//! The key schedule of RFC 2104 leaves two states of 20 bytes. The `hmac` crate clones both with a
//! block buffer for every message and wipes all of it afterwards, which costs as much as two
//! blocks; a chat hook is finished twice. Here a message takes one state and one block, and
//! finishing does not consume it: a hook is finished with and without its line end.
//!
//! ```text
//! key ─ inner state ── text … text ──┬── finish("")     first reading
//!                                    └── finish("\n")   second reading
//! ```
//!
//! A test compares it with the `hmac` crate, and the fuzzer with the textbook.

use sha1::block_api::compress;
use zeroize::Zeroize;

const BLOCK_BYTES: usize = 64;

/// FIPS 180-4, 5.3.1.
const START: [u32; 5] = [
    0x6745_2301,
    0xefcd_ab89,
    0x98ba_dcfe,
    0x1032_5476,
    0xc3d2_e1f0,
];

/// What follows the 20 bytes of the inner digest, but for the length.
const OUTER_PADDING: [u8; BLOCK_BYTES] = {
    let mut block = [0; BLOCK_BYTES];
    block[20] = 0x80;
    block
};

/// The two states that a key leaves, wiped on drop.
#[derive(Clone)]
pub(crate) struct HmacSha1Key {
    inner: [u32; 5],
    outer: [u32; 5],
}

impl HmacSha1Key {
    pub(crate) fn new(key: &[u8]) -> Self {
        let mut block = [0; BLOCK_BYTES];
        if let Some(place) = block.get_mut(..key.len()) {
            place.copy_from_slice(key);
        } else {
            let digest = <sha1::Sha1 as sha1::Digest>::digest(key);
            for (place, byte) in block.iter_mut().zip(digest) {
                *place = byte;
            }
        }
        let state = |pad: u8, block: &[u8; BLOCK_BYTES]| {
            let mut state = START;
            let mut padded = block.map(|byte| byte ^ pad);
            compress(&mut state, core::slice::from_ref(&padded));
            padded.zeroize();
            state
        };
        let key = Self {
            inner: state(0x36, &block),
            outer: state(0x5c, &block),
        };
        block.zeroize();
        key
    }

    /// Begins a message.
    #[inline]
    pub(crate) fn begin(&self) -> HmacSha1 {
        HmacSha1 {
            key: self.clone(),
            block: [0; BLOCK_BYTES],
            length: 0,
        }
    }
}

impl Drop for HmacSha1Key {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

/// A message on its way: `key.inner` has taken its whole blocks.
#[derive(Clone)]
pub(crate) struct HmacSha1 {
    key: HmacSha1Key,
    /// INVARIANT: the first `length % 64` bytes are the message's last, not yet compressed.
    block: [u8; BLOCK_BYTES],
    length: u64,
}

impl HmacSha1 {
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "less than 64")]
    fn filled(&self) -> usize {
        (self.length % BLOCK_BYTES as u64) as usize
    }

    /// Adds bytes to the message.
    #[inline]
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let filled = self.filled();
        self.length = self.length.wrapping_add(bytes.len() as u64);
        let mut rest = bytes;
        if filled > 0 {
            let free = self.block.get_mut(filled..).unwrap_or_default();
            let taken = free.len().min(bytes.len());
            let (now, later) = bytes.split_at_checked(taken).unwrap_or_default();
            free.get_mut(..taken)
                .unwrap_or_default()
                .copy_from_slice(now);
            if filled + taken < BLOCK_BYTES {
                return;
            }
            compress(&mut self.key.inner, core::slice::from_ref(&self.block));
            rest = later;
        }
        let (blocks, rest) = rest.as_chunks();
        compress(&mut self.key.inner, blocks);
        if let Some(place) = self.block.get_mut(..rest.len()) {
            place.copy_from_slice(rest);
        }
    }

    /// The MAC of the message with at most two more bytes, which may be different ones the next
    /// time.
    #[inline]
    pub(crate) fn finish(&self, more: &[u8]) -> [u8; 20] {
        let filled = self.filled();
        let length = self.length.wrapping_add(more.len() as u64);
        let mut blocks = [[0; BLOCK_BYTES]; 2];
        let places = blocks.as_flattened_mut();
        let text = self.block.get(..filled).unwrap_or_default();
        if let Some(place) = places.get_mut(..filled) {
            place.copy_from_slice(text);
        }
        let behind = places.get_mut(filled..).unwrap_or_default();
        for (place, byte) in behind.iter_mut().zip(more.iter().chain(&[0x80])) {
            *place = *byte;
        }
        let used = if filled + more.len() + 9 <= BLOCK_BYTES {
            1
        } else {
            2
        };
        let blocks = blocks.get_mut(..used).unwrap_or_default();
        if let Some([.., end]) = blocks.last_mut().map(|block| block.as_chunks_mut::<8>().0) {
            *end = bits_behind_pad(length).to_be_bytes();
        }
        let mut inner = self.key.inner;
        compress(&mut inner, blocks);

        let mut block = OUTER_PADDING;
        for (place, word) in block.as_chunks_mut().0.iter_mut().zip(inner) {
            *place = word.to_be_bytes();
        }
        if let [.., end] = block.as_chunks_mut().0 {
            *end = bits_behind_pad(20).to_be_bytes();
        }
        let mut outer = self.key.outer;
        compress(&mut outer, core::slice::from_ref(&block));
        to_bytes(&outer)
    }
}

/// The length in bits of a pad block and that many bytes. SHA-1 counts modulo 2⁶⁴.
const fn bits_behind_pad(bytes: u64) -> u64 {
    bytes.wrapping_add(BLOCK_BYTES as u64).wrapping_mul(8)
}

#[inline]
fn to_bytes(state: &[u32; 5]) -> [u8; 20] {
    let mut bytes = [0; 20];
    for (place, word) in bytes.as_chunks_mut().0.iter_mut().zip(state) {
        *place = word.to_be_bytes();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use sha1::Sha1;

    use super::HmacSha1Key;

    #[track_caller]
    fn judged(key: &[u8], text: &[u8]) -> [u8; 20] {
        let mac = Hmac::<Sha1>::new_from_slice(key).unwrap();
        mac.chain_update(text).finalize().into_bytes().into()
    }

    #[test]
    fn equals_the_hmac_crate_for_every_length_cut_and_end() {
        let text = [0xa5; 200];
        for key_bytes in [1, 40, 63, 64, 65, 128, 256] {
            let key_text = &[0x5a; 256][..key_bytes];
            let key = HmacSha1Key::new(key_text);
            // Miri looks for undefined behaviour and is a thousand times slower: every 61st length
            // is enough for it.
            for length in (0..text.len()).step_by(if cfg!(miri) { 61 } else { 1 }) {
                let mut mac = key.begin();
                for piece in text[..length].chunks(1 + length % 70) {
                    mac.update(piece);
                }
                assert_eq!(mac.finish(b""), judged(key_text, &text[..length]));
                for more in [&b"\n"[..], b"\r\n"] {
                    let whole = [&text[..length], more].concat();
                    assert_eq!(mac.finish(more), judged(key_text, &whole), "{length}");
                }
            }
        }
    }
}
