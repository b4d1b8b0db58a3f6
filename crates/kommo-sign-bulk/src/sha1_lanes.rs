//! SHA-1 (FIPS 180-4), one register of messages at a time.
//!
//! Two forms: each lane with a block of its own, and all lanes with the same block. The second
//! needs no message schedule in the lanes: the eighty words are expanded once ([`schedule`]) and
//! broadcast.

#![allow(
    clippy::indexing_slicing,
    reason = "arrays of fixed size; every index is a constant or a loop bound below their length"
)]

use fearless_simd::{Simd, prelude::*, u32x4};

use crate::ahead::Ahead;
use crate::lanes::{Block, Lanes, MAX_LANES, NO_BLOCK, rotated};

/// FIPS 180-4, 4.2.1.
const CONSTANTS: [u32; 4] = [0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xca62_c1d6];

/// The state of one message: five words, and three that say nothing, so that it is two rows.
pub(crate) type State = [u32; 8];

/// The states of all messages, word by word.
pub(crate) type States<S> = [<S as Simd>::u32s; 5];

/// Sixteen words of all messages, word by word.
pub(crate) type Words<S> = [<S as Simd>::u32s; 16];

/// The words of a block that all lanes share, expanded, with the constants of the rounds added.
pub(crate) type Schedule = [u32; 80];

/// Expands a block that all lanes share.
pub(crate) fn schedule(block: &Block) -> Schedule {
    let mut words = [0; 80];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    for step in 16..80 {
        let mixed = words[step - 3] ^ words[step - 8] ^ words[step - 14] ^ words[step - 16];
        words[step] = mixed.rotate_left(1);
    }
    for (step, word) in words.iter_mut().enumerate() {
        *word = word.wrapping_add(CONSTANTS[step / 20]);
    }
    words
}

/// The states of the lanes, word by word.
#[inline(always)]
pub(crate) fn states_of_rows<'a, S: Lanes>(
    simd: S,
    state: impl Fn(usize) -> &'a State,
) -> States<S> {
    let [a, b, c, d] = simd.words_of_rows(
        #[inline(always)]
        |lane| u32x4::from_slice(simd, &state(lane).as_chunks::<4>().0[0]),
    );
    let [e, ..] = simd.words_of_rows(
        #[inline(always)]
        |lane| u32x4::from_slice(simd, &state(lane).as_chunks::<4>().0[1]),
    );
    [a, b, c, d, e]
}

/// Takes the next `blocks` blocks of every message into its state. A message that has fewer is
/// idle: its state is void. `ahead` is read meanwhile.
#[inline(never)]
pub(crate) fn absorb<S: Lanes>(
    simd: S,
    states: &mut [State; MAX_LANES],
    messages: &[&[Block]; MAX_LANES],
    blocks: usize,
    mut ahead: Ahead<'_>,
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let mut now = states_of_rows(
                simd,
                #[inline(always)]
                |lane| &states[lane],
            );
            for block in 0..blocks {
                ahead.read();
                let rows = core::array::from_fn(
                    #[inline(always)]
                    |lane| messages[lane].get(block).unwrap_or(&NO_BLOCK),
                );
                let mut words = simd.words(&rows).map(
                    #[inline(always)]
                    |word| simd.swapped(word),
                );
                absorb_words(simd, &mut now, &mut words);
            }
            let [a, b, c, d, e] = now;
            for (half, words) in [[a, b, c, d], [e; 4]].into_iter().enumerate() {
                simd.rows_of_words(
                    words,
                    #[inline(always)]
                    |lane, row| row.store_slice(&mut states[lane].as_chunks_mut::<4>().0[half]),
                );
            }
        },
    );
}

macro_rules! step {
    ($states:ident, $step:literal, $word:expr) => {{
        let [a, b, c, d, e] = [
            (80 - $step) % 5,
            (81 - $step) % 5,
            (82 - $step) % 5,
            (83 - $step) % 5,
            (84 - $step) % 5,
        ];
        let (in_b, in_c, in_d) = ($states[b], $states[c], $states[d]);
        let sum = $states[e] + $word;
        let sum = match $step / 20 {
            0 => sum + (in_d ^ (in_b & (in_c ^ in_d))),
            2 => sum + ((in_b & in_c) | (in_d & (in_b | in_c))),
            _ => sum + (in_b ^ in_c ^ in_d),
        };
        $states[e] = sum + rotated::<S>($states[a], 5);
        $states[b] = rotated::<S>(in_b, 30);
    }};
}

macro_rules! eighty {
    ($one:ident) => {
        eighty!(@ $one 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
        eighty!(@ $one 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59);
        eighty!(@ $one 60 61 62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79);
    };
    (@ $one:ident $($step:literal)*) => { $( $one!($step); )* };
}

/// Takes a block of each lane's own, given as its sixteen words, which are void then.
#[inline(never)]
pub(crate) fn absorb_words<S: Lanes>(simd: S, states: &mut States<S>, words: &mut Words<S>) {
    simd.vectorize(
        #[inline(always)]
        || {
            let mut now = *states;
            macro_rules! one {
                ($step:literal) => {
                    if $step >= 16 {
                        let mixed = words[($step + 13) % 16]
                            ^ words[($step + 8) % 16]
                            ^ words[($step + 2) % 16]
                            ^ words[$step % 16];
                        words[$step % 16] = rotated::<S>(mixed, 1);
                    }
                    step!(now, $step, words[$step % 16] + CONSTANTS[$step / 20]);
                };
            }
            eighty!(one);
            for (word, now) in states.iter_mut().zip(now) {
                *word += now;
            }
        },
    );
}

/// Takes a block that is the same in all lanes.
#[inline(never)]
pub(crate) fn absorb_shared<S: Lanes>(simd: S, states: &mut States<S>, schedule: &Schedule) {
    simd.vectorize(
        #[inline(always)]
        || {
            let mut now = *states;
            macro_rules! one {
                ($step:literal) => {
                    step!(now, $step, schedule[$step]);
                };
            }
            eighty!(one);
            for (word, now) in states.iter_mut().zip(now) {
                *word += now;
            }
        },
    );
}
