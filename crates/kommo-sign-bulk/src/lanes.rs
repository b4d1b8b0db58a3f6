//! The words of each lane, word by word: the transposition that every block needs.
//!
//! ```text
//! block of lane 0:  a0 a1 a2 a3 …            word 0: a0 b0 c0 d0
//! block of lane 1:  b0 b1 b2 b3 …    ─────>  word 1: a1 b1 c1 d1
//! block of lane 2:  c0 c1 c2 c3 …            word 2: a2 b2 c2 d2
//! block of lane 3:  d0 d1 d2 d3 …            word 3: a3 b3 c3 d3
//! ```
//!
//! Four rows of 16 bytes are transposed at a time, with eight shuffles. A wider register holds the
//! rows of lanes 0, 4, 8, 12 side by side, so that the same eight shuffles do eight or sixteen
//! lanes and nothing crosses a boundary of 128 bits: the loads put the rows where they belong.
//! Full-width interleaving would take twice the shuffles. States and results take the same way,
//! in and out.

#![allow(
    clippy::indexing_slicing,
    reason = "arrays of MAX_LANES or 16 entries, indexed below these bounds"
)]

use fearless_simd::{Simd, prelude::*, u8x16, u32x4};

#[cfg(target_arch = "aarch64")]
use fearless_simd::aarch64::Neon;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use fearless_simd::wasm32::WasmSimd128;

/// The lanes of the widest register.
pub(crate) const MAX_LANES: usize = 16;

/// One block of either hash function.
pub(crate) type Block = [u8; 64];

/// What an idle lane reads.
pub(crate) const NO_BLOCK: Block = [0; 64];

/// Registers of words, one lane a message.
pub(crate) trait Lanes: Simd {
    /// The lanes of a register.
    const LANES: usize;

    /// Whether three registers are combined bit by bit in one instruction.
    const TERNARY: bool;

    /// Four words of each lane, given as a row a lane, as a register a word.
    fn words_of_rows(self, row: impl Fn(usize) -> u32x4<Self>) -> [Self::u32s; 4];

    /// The way back: a register a word, as a row a lane.
    fn rows_of_words(self, words: [Self::u32s; 4], put: impl FnMut(usize, u32x4<Self>));

    /// The words of the first [`LANES`](Self::LANES) blocks, as they stand in memory
    /// (little-endian).
    #[inline(always)]
    fn words(self, blocks: &[&Block; MAX_LANES]) -> [Self::u32s; 16] {
        let mut words = [Self::u32s::splat(self, 0); 16];
        for (quarter, words) in words.as_chunks_mut().0.iter_mut().enumerate() {
            *words = self.words_of_rows(
                #[inline(always)]
                |lane| row(self, blocks[lane], quarter),
            );
        }
        words
    }

    /// Each word with its bytes in the other order.
    fn swapped(self, words: Self::u32s) -> Self::u32s;
}

/// Each word rotated to the left.
#[inline(always)]
pub(crate) fn rotated<S: Simd>(words: S::u32s, bits: u32) -> S::u32s {
    (words << bits) | (words >> (32 - bits))
}

/// Sixteen bytes of a block as four words.
#[inline(always)]
fn row<S: Simd>(simd: S, block: &Block, quarter: usize) -> u32x4<S> {
    u8x16::from_slice(simd, &block[16 * quarter..16 * quarter + 16]).bitcast()
}

/// For swapping by one byte shuffle.
#[cfg(not(all(target_arch = "x86", not(target_feature = "sse2"))))]
const SWAP: [u8; 16] = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12];

/// Swapping by shifts, where no register of bytes can be shuffled.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
#[inline(always)]
fn swapped_by_shifts<S: Simd>(words: S::u32s) -> S::u32s {
    (rotated::<S>(words, 8) & 0x00ff_00ff) | (rotated::<S>(words, 24) & 0xff00_ff00)
}

macro_rules! four_lanes {
    ($registers:ty, $simd:ident, $words:ident => $swapped:expr) => {
        impl Lanes for $registers {
            const LANES: usize = 4;

            const TERNARY: bool = false;

            #[inline(always)]
            fn words_of_rows(self, row: impl Fn(usize) -> u32x4<Self>) -> [u32x4<Self>; 4] {
                let (a, b) = self.interleave_u32x4(row(0), row(2));
                let (c, d) = self.interleave_u32x4(row(1), row(3));
                let (first, second) = self.interleave_u32x4(a, c);
                let (third, fourth) = self.interleave_u32x4(b, d);
                [first, second, third, fourth]
            }

            #[inline(always)]
            fn rows_of_words(
                self,
                words: [u32x4<Self>; 4],
                mut put: impl FnMut(usize, u32x4<Self>),
            ) {
                // A square is transposed back by transposing it again.
                let rows = self.words_of_rows(
                    #[inline(always)]
                    |word| words[word],
                );
                for (lane, row) in rows.into_iter().enumerate() {
                    put(lane, row);
                }
            }

            #[inline(always)]
            fn swapped(self, $words: u32x4<Self>) -> u32x4<Self> {
                let $simd = self;
                $swapped
            }
        }
    };
}

#[cfg(target_arch = "aarch64")]
four_lanes!(Neon, simd, words => {
    let bytes: u8x16<Self> = words.bitcast();
    bytes.swizzle_dyn_within_blocks(u8x16::from_slice(simd, &SWAP)).bitcast()
});

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
four_lanes!(WasmSimd128, simd, words => {
    let bytes: u8x16<Self> = words.bitcast();
    bytes.swizzle_dyn_within_blocks(u8x16::from_slice(simd, &SWAP)).bitcast()
});

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
mod x86 {
    //! The registers of x86. SSE2 has no byte shuffle; the wider ones need the shuffles that stay
    //! within 128 bits.

    #[cfg(target_arch = "x86")]
    use core::arch::x86::{
        __m256i, __m512i, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32,
        _mm256_unpacklo_epi64, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32,
        _mm512_unpacklo_epi64,
    };
    #[cfg(target_arch = "x86_64")]
    use core::arch::x86_64::{
        __m256i, __m512i, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32,
        _mm256_unpacklo_epi64, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32,
        _mm512_unpacklo_epi64,
    };

    use fearless_simd::x86::{Avx2, Avx512, Sse2};
    use fearless_simd::{kernel, prelude::*, u8x16, u8x32, u8x64, u32x4, u32x8, u32x16};

    use super::{Lanes, SWAP, swapped_by_shifts};

    four_lanes!(Sse2, _simd, words => swapped_by_shifts::<Self>(words));

    kernel!(
        #[inline]
        fn transposed_8(
            avx2: Avx2,
            a: __m256i,
            b: __m256i,
            c: __m256i,
            d: __m256i,
        ) -> [__m256i; 4] {
            let _ = avx2;
            let (ab, ab_high) = (_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
            let (cd, cd_high) = (_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
            [
                _mm256_unpacklo_epi64(ab, cd),
                _mm256_unpackhi_epi64(ab, cd),
                _mm256_unpacklo_epi64(ab_high, cd_high),
                _mm256_unpackhi_epi64(ab_high, cd_high),
            ]
        }
    );

    kernel!(
        #[inline]
        fn transposed_16(
            avx512: Avx512,
            a: __m512i,
            b: __m512i,
            c: __m512i,
            d: __m512i,
        ) -> [__m512i; 4] {
            let _ = avx512;
            let (ab, ab_high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
            let (cd, cd_high) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
            [
                _mm512_unpacklo_epi64(ab, cd),
                _mm512_unpackhi_epi64(ab, cd),
                _mm512_unpacklo_epi64(ab_high, cd_high),
                _mm512_unpackhi_epi64(ab_high, cd_high),
            ]
        }
    );

    impl Lanes for Avx2 {
        const LANES: usize = 8;

        const TERNARY: bool = false;

        #[inline(always)]
        fn words_of_rows(self, row: impl Fn(usize) -> u32x4<Self>) -> [u32x8<Self>; 4] {
            let rows = |lane| self.combine_u32x4(row(lane), row(lane + 4)).into();
            let four = transposed_8(self, rows(0), rows(1), rows(2), rows(3));
            four.map(
                #[inline(always)]
                |words| words.simd_into(self),
            )
        }

        #[inline(always)]
        fn rows_of_words(self, words: [u32x8<Self>; 4], mut put: impl FnMut(usize, u32x4<Self>)) {
            let [a, b, c, d] = words;
            let four = transposed_8(self, a.into(), b.into(), c.into(), d.into());
            for (lane, rows) in four.into_iter().enumerate() {
                let (low, high) = self.split_u32x8(rows.simd_into(self));
                put(lane, low);
                put(lane + 4, high);
            }
        }

        #[inline(always)]
        fn swapped(self, words: u32x8<Self>) -> u32x8<Self> {
            let bytes: u8x32<Self> = words.bitcast();
            let swap = u8x16::from_slice(self, &SWAP);
            bytes
                .swizzle_dyn_within_blocks(u8x32::block_splat(swap))
                .bitcast()
        }
    }

    impl Lanes for Avx512 {
        const LANES: usize = 16;

        const TERNARY: bool = true;

        #[inline(always)]
        fn words_of_rows(self, row: impl Fn(usize) -> u32x4<Self>) -> [u32x16<Self>; 4] {
            let pair = |lane| self.combine_u32x4(row(lane), row(lane + 4));
            let rows = |lane| self.combine_u32x8(pair(lane), pair(lane + 8)).into();
            let four = transposed_16(self, rows(0), rows(1), rows(2), rows(3));
            four.map(
                #[inline(always)]
                |words| words.simd_into(self),
            )
        }

        #[inline(always)]
        fn rows_of_words(self, words: [u32x16<Self>; 4], mut put: impl FnMut(usize, u32x4<Self>)) {
            let [a, b, c, d] = words;
            let four = transposed_16(self, a.into(), b.into(), c.into(), d.into());
            for (lane, rows) in four.into_iter().enumerate() {
                let (low, high) = self.split_u32x16(rows.simd_into(self));
                let ((first, second), (third, fourth)) =
                    (self.split_u32x8(low), self.split_u32x8(high));
                put(lane, first);
                put(lane + 4, second);
                put(lane + 8, third);
                put(lane + 12, fourth);
            }
        }

        #[inline(always)]
        fn swapped(self, words: u32x16<Self>) -> u32x16<Self> {
            let bytes: u8x64<Self> = words.bitcast();
            let swap = u8x16::from_slice(self, &SWAP);
            bytes
                .swizzle_dyn_within_blocks(u8x64::block_splat(swap))
                .bitcast()
        }
    }
}
