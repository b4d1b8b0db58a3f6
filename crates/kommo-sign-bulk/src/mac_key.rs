//! HMAC-SHA1 (RFC 2104) with its key schedule done, for one message and for many.

use fearless_simd::prelude::*;
use kommo_sign::ChannelSecret;
use sha1::Digest;
use sha1::block_api::compress;
use zeroize::Zeroize;

use crate::hash_lanes::wipe;
use crate::lanes::{Block, Lanes, NO_BLOCK};
use crate::sha1_lanes::{States, absorb_words};

/// FIPS 180-4, 5.3.1.
const START: [u32; 5] = [
    0x6745_2301,
    0xefcd_ab89,
    0x98ba_dcfe,
    0x1032_5476,
    0xc3d2_e1f0,
];

/// The bit that follows a text, as the first bit of a word.
const PADDING_BIT: u32 = 0x8000_0000;

/// The length in bits of what the outer hash takes: a block of the key, and a digest.
const OUTER_BITS: u32 = 8 * (64 + 20);

/// The words of a MAC.
pub(crate) type Mac = [u32; 5];

/// The two states that a key leaves, wiped on drop.
#[derive(Clone)]
pub(crate) struct MacKey {
    pub(crate) inner: [u32; 5],
    outer: [u32; 5],
}

impl MacKey {
    pub(crate) fn new(secret: &ChannelSecret) -> Self {
        let secret = secret.expose_bytes();
        let mut block = NO_BLOCK;
        if let Some(place) = block.get_mut(..secret.len()) {
            place.copy_from_slice(secret);
        } else {
            let mut digest: [u8; 20] = sha1::Sha1::digest(secret).into();
            for (place, byte) in block.iter_mut().zip(digest) {
                *place = byte;
            }
            digest.zeroize();
        }
        let state = |pad: u8| {
            let mut state = START;
            let mut padded = block.map(|byte| byte ^ pad);
            compress(&mut state, core::slice::from_ref(&padded));
            padded.zeroize();
            state
        };
        let key = Self {
            inner: state(0x36),
            outer: state(0x5c),
        };
        block.zeroize();
        key
    }

    /// The length in bits of a block of the key and a text, as SHA-1 writes it.
    pub(crate) const fn bits(text_bytes: usize) -> [u8; 8] {
        (text_bytes as u64)
            .wrapping_add(64)
            .wrapping_mul(8)
            .to_be_bytes()
    }

    /// The MAC of one message: its state so far, and its last blocks, padded.
    pub(crate) fn mac_alone(&self, mut state: [u32; 5], last: &[Block]) -> Mac {
        compress(&mut state, last);
        let mut block = NO_BLOCK;
        let words = state.iter().chain([&PADDING_BIT]);
        for (place, word) in block.as_chunks_mut().0.iter_mut().zip(words) {
            *place = word.to_be_bytes();
        }
        if let Some(place) = block.last_chunk_mut() {
            *place = OUTER_BITS.to_be_bytes();
        }
        let mut mac = self.outer;
        compress(&mut mac, core::slice::from_ref(&block));
        block.zeroize();
        state.zeroize();
        mac
    }

    /// The MACs of all lanes, from their inner digests.
    pub(crate) fn macs<S: Lanes>(&self, simd: S, mut inner: States<S>) -> States<S> {
        let mut words = [S::u32s::splat(simd, 0); 16];
        for (word, digest) in words.iter_mut().zip(&inner) {
            *word = *digest;
        }
        let [_, _, _, _, _, padding, .., length] = &mut words;
        *padding = S::u32s::splat(simd, PADDING_BIT);
        *length = S::u32s::splat(simd, OUTER_BITS);
        wipe::<S>(&mut inner);
        let mut macs = self.outer.map(|word| S::u32s::splat(simd, word));
        absorb_words(simd, &mut macs, words);
        wipe::<S>(&mut words);
        macs
    }
}

impl Drop for MacKey {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}
