//! Hex digits of every lane at once. Without a table and without a branch: what is written may come
//! from a secret.

use fearless_simd::Simd;

/// The four digits of the sixteen low bits of each word, the first of them in the highest byte.
#[inline(always)]
pub(crate) fn four_digits<S: Simd>(words: S::u32s) -> S::u32s {
    let bytes = (words | (words << 8)) & 0x00ff_00ff;
    let values = (bytes | (bytes << 4)) & 0x0f0f_0f0f;
    // A carry into bit 4 shows a letter, which stands 39 places further than a digit would.
    let letters = ((values + 0x0606_0606) >> 4) & 0x0101_0101;
    values + 0x3030_3030 + (((letters << 5) | (letters << 3)) - letters)
}

/// The digits of words whose highest byte comes first, two words of text for each.
#[inline(always)]
pub(crate) fn digits<S: Simd>(words: &[S::u32s], text: &mut [S::u32s]) {
    for (word, pair) in words.iter().zip(text.as_chunks_mut().0) {
        let [first, second] = pair;
        *first = four_digits::<S>(*word >> 16);
        *second = four_digits::<S>(*word & 0xffff);
    }
}
