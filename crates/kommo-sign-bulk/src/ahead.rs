//! Texts that come next, read before they are needed.
//!
//! A block of all lanes keeps the processor busy for hundreds of cycles, during which memory could
//! be at work, and safe Rust has no prefetch. So one byte of each cache line of what comes next is
//! read, a few lines a block and in the order of the texts, which is the order of memory in most
//! batches: the processor's own prefetcher then runs ahead of it.

use core::hint::black_box;

/// The bytes of a cache line.
const LINE: usize = 64;

/// What is to be read, and how many texts a time.
pub(crate) struct Ahead<'a> {
    texts: &'a [&'a [u8]],
    each_time: usize,
}

impl<'a> Ahead<'a> {
    /// Texts that are read in `times` parts.
    pub(crate) fn of(texts: &'a [&'a [u8]], times: usize) -> Self {
        Self {
            texts,
            each_time: texts.len().div_ceil(times.max(1)),
        }
    }

    /// Nothing.
    pub(crate) const NOTHING: Self = Self {
        texts: &[],
        each_time: 0,
    };

    /// Reads the next part.
    #[inline(always)]
    pub(crate) fn read(&mut self) {
        let now = self.each_time.min(self.texts.len());
        let (texts, later) = self.texts.split_at_checked(now).unwrap_or_default();
        let mut all = 0;
        for text in texts {
            for line in text.chunks(LINE) {
                all |= line.first().copied().unwrap_or_default();
            }
        }
        black_box(all);
        self.texts = later;
    }
}
