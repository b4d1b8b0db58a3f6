//! MD5 (RFC 1321), two registers of messages at a time.
//!
//! One step waits for the one before it, and for most of that time the processor could do something
//! else. A second chain of messages, interleaved with the first, fills the gaps.

#![allow(
    clippy::indexing_slicing,
    reason = "arrays of fixed size; every index is a constant or a loop bound below their length"
)]

use fearless_simd::{Simd, prelude::*, u32x4};

use crate::ahead::Ahead;
use crate::lanes::{Block, Lanes, MAX_LANES, NO_BLOCK, rotated};

/// Registers of messages that are interleaved.
pub(crate) const CHAINS: usize = 2;

/// The most messages at a time.
pub(crate) const MAX_MESSAGES: usize = CHAINS * MAX_LANES;

/// RFC 1321, 3.3.
pub(crate) const START: State = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// The integer part of 2³² · |sin(i + 1)|.
const SINES: [u32; 64] = [
    0xd76a_a478,
    0xe8c7_b756,
    0x2420_70db,
    0xc1bd_ceee,
    0xf57c_0faf,
    0x4787_c62a,
    0xa830_4613,
    0xfd46_9501,
    0x6980_98d8,
    0x8b44_f7af,
    0xffff_5bb1,
    0x895c_d7be,
    0x6b90_1122,
    0xfd98_7193,
    0xa679_438e,
    0x49b4_0821,
    0xf61e_2562,
    0xc040_b340,
    0x265e_5a51,
    0xe9b6_c7aa,
    0xd62f_105d,
    0x0244_1453,
    0xd8a1_e681,
    0xe7d3_fbc8,
    0x21e1_cde6,
    0xc337_07d6,
    0xf4d5_0d87,
    0x455a_14ed,
    0xa9e3_e905,
    0xfcef_a3f8,
    0x676f_02d9,
    0x8d2a_4c8a,
    0xfffa_3942,
    0x8771_f681,
    0x6d9d_6122,
    0xfde5_380c,
    0xa4be_ea44,
    0x4bde_cfa9,
    0xf6bb_4b60,
    0xbebf_bc70,
    0x289b_7ec6,
    0xeaa1_27fa,
    0xd4ef_3085,
    0x0488_1d05,
    0xd9d4_d039,
    0xe6db_99e5,
    0x1fa2_7cf8,
    0xc4ac_5665,
    0xf429_2244,
    0x432a_ff97,
    0xab94_23a7,
    0xfc93_a039,
    0x655b_59c3,
    0x8f0c_cc92,
    0xffef_f47d,
    0x8584_5dd1,
    0x6fa8_7e4f,
    0xfe2c_e6e0,
    0xa301_4314,
    0x4e08_11a1,
    0xf753_7e82,
    0xbd3a_f235,
    0x2ad7_d2bb,
    0xeb86_d391,
];

const ROTATIONS: [[u32; 4]; 4] = [
    [7, 12, 17, 22],
    [5, 9, 14, 20],
    [4, 11, 16, 23],
    [6, 10, 15, 21],
];

/// The word that a step takes.
const fn word_of(step: usize) -> usize {
    match step / 16 {
        0 => step,
        1 => (5 * step + 1) % 16,
        2 => (3 * step + 5) % 16,
        _ => (7 * step) % 16,
    }
}

/// The state of one message.
pub(crate) type State = [u32; 4];

/// The states of all messages: chain, then word.
type States<S> = [[<S as Simd>::u32s; 4]; CHAINS];

/// Takes the next `blocks` blocks of every message into its state. A message that has fewer is
/// idle: its state is void. `ahead` is read meanwhile.
#[inline(never)]
pub(crate) fn absorb<S: Lanes>(
    simd: S,
    states: &mut [State; MAX_MESSAGES],
    messages: &[&[Block]; MAX_MESSAGES],
    blocks: usize,
    mut ahead: Ahead<'_>,
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let mut now: States<S> = core::array::from_fn(
                #[inline(always)]
                |chain| {
                    simd.words_of_rows(
                        #[inline(always)]
                        |lane| u32x4::from_slice(simd, &states[chain * S::LANES + lane]),
                    )
                },
            );
            for block in 0..blocks {
                ahead.read();
                let words = core::array::from_fn(
                    #[inline(always)]
                    |chain| {
                        let rows = core::array::from_fn(
                            #[inline(always)]
                            |lane| {
                                let lane = lane % S::LANES;
                                let message = messages[chain * S::LANES + lane];
                                message.get(block).unwrap_or(&NO_BLOCK)
                            },
                        );
                        simd.words(&rows)
                    },
                );
                compress::<S>(&mut now, &words);
            }
            for (chain, now) in now.into_iter().enumerate() {
                simd.rows_of_words(
                    now,
                    #[inline(always)]
                    |lane, row| row.store_slice(&mut states[chain * S::LANES + lane]),
                );
            }
        },
    );
}

#[inline(always)]
fn compress<S: Lanes>(states: &mut States<S>, words: &[[S::u32s; 16]; CHAINS]) {
    let mut now = *states;
    macro_rules! steps {
        ($($step:literal)*) => { $(
            let constant = SINES[$step];
            let rotation = ROTATIONS[$step / 16][$step % 4];
            // The four words change places from step to step; the array stays and the indices turn.
            let [a, b, c, d] = [(64 - $step) % 4, (65 - $step) % 4, (66 - $step) % 4, (67 - $step) % 4];
            for chain in 0..CHAINS {
                let (in_b, in_c, in_d) = (now[chain][b], now[chain][c], now[chain][d]);
                let sum = now[chain][a] + (words[chain][word_of($step)] + constant);
                let sum = match $step / 16 {
                    0 => sum + (in_d ^ (in_b & (in_c ^ in_d))),
                    1 if S::TERNARY => sum + ((in_d & in_b) | (!in_d & in_c)),
                    // No bit is set in both halves, so they may be added one by one, b last: it
                    // comes last.
                    1 => sum + (!in_d & in_c) + (in_d & in_b),
                    2 => sum + ((in_c ^ in_d) ^ in_b),
                    _ => sum + (in_c ^ (in_b | !in_d)),
                };
                now[chain][a] = in_b + rotated::<S>(sum, rotation);
            }
        )* };
    }
    steps!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
    steps!(32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61);
    steps!(62 63);
    for (state, now) in states.iter_mut().zip(now) {
        for (word, now) in state.iter_mut().zip(now) {
            *word += now;
        }
    }
}
