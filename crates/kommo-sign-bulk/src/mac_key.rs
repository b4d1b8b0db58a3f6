//! HMAC-SHA1 (RFC 2104) with its key schedule done, for one message and for many.

use fearless_simd::prelude::*;
use kommo_sign::ChannelSecret;
use sha1::Digest;
use sha1::block_api::compress;
use zeroize::Zeroize;

use crate::hash_lanes::wipe;
use crate::lanes::{Lanes, NO_BLOCK};
use crate::sha1_lanes::{State, States, Words, absorb_words};

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
    inner: [u32; 5],
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

    /// The state of the inner hash after the key, as lanes take it.
    pub(crate) fn inner_state(&self) -> State {
        let mut state = State::default();
        for (place, word) in state.iter_mut().zip(self.inner) {
            *place = word;
        }
        state
    }

    /// The MAC of one message, from its inner digest.
    pub(crate) fn mac_alone(&self, inner: &State) -> Mac {
        let mut block = NO_BLOCK;
        let [a, b, c, d, e, ..] = *inner;
        let words = [a, b, c, d, e, PADDING_BIT];
        for (place, word) in block.as_chunks_mut().0.iter_mut().zip(words) {
            *place = word.to_be_bytes();
        }
        if let Some(place) = block.last_chunk_mut() {
            *place = OUTER_BITS.to_be_bytes();
        }
        let mut mac = self.outer;
        compress(&mut mac, core::slice::from_ref(&block));
        block.zeroize();
        mac
    }
}

/// The MACs of all lanes in the making. One is made for a window, so that its registers are
/// overwritten once.
pub(crate) struct MacLanes<S: Lanes> {
    /// The words of the next block.
    pub(crate) words: Words<S>,
    /// Inner digests, then MACs.
    pub(crate) states: States<S>,
}

impl<S: Lanes> MacLanes<S> {
    pub(crate) fn new(simd: S) -> Self {
        Self {
            words: [S::u32s::splat(simd, 0); 16],
            states: [S::u32s::splat(simd, 0); 5],
        }
    }

    /// The states of an inner hash that has taken the key and nothing else.
    #[inline(always)]
    pub(crate) fn begin(&mut self, simd: S, key: &MacKey) {
        self.states = key.inner.map(
            #[inline(always)]
            |word| S::u32s::splat(simd, word),
        );
    }

    /// From inner digests to MACs.
    #[inline(always)]
    pub(crate) fn finish(&mut self, simd: S, key: &MacKey) {
        self.words = [S::u32s::splat(simd, 0); 16];
        let [a, b, c, d, e, padding, .., length] = &mut self.words;
        [*a, *b, *c, *d, *e] = self.states;
        *padding = S::u32s::splat(simd, PADDING_BIT);
        *length = S::u32s::splat(simd, OUTER_BITS);
        self.states = key.outer.map(
            #[inline(always)]
            |word| S::u32s::splat(simd, word),
        );
        absorb_words(simd, &mut self.states, &mut self.words);
    }
}

impl<S: Lanes> Drop for MacLanes<S> {
    fn drop(&mut self) {
        wipe::<S>(&mut self.words);
        wipe::<S>(&mut self.states);
    }
}

impl Drop for MacKey {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}
