//! The last one or two blocks of a message: what is left of its text, the bit of the padding, its
//! length.

use crate::lanes::{Block, NO_BLOCK};
use crate::md5_lanes::MAX_MESSAGES;
use crate::window::Place;

/// The last blocks of a message, of which one or both are used.
pub(crate) type Ending = [Block; 2];

/// How many blocks an ending has whose text has that many bytes.
pub(crate) const fn blocks(text_bytes: usize) -> usize {
    if text_bytes + 9 <= 64 { 1 } else { 2 }
}

/// Writes `rest` (less than a block), `more` (at most two bytes), and the length in bits as its
/// hash function writes it.
#[inline]
pub(crate) fn write(ending: &mut Ending, rest: &[u8], more: &[u8], bits: [u8; 8]) {
    *ending = [NO_BLOCK; 2];
    let used = blocks(rest.len() + more.len());
    let text = ending.as_flattened_mut();
    if let Some((place, behind)) = text.split_at_mut_checked(rest.len()) {
        place.copy_from_slice(rest);
        for (place, byte) in behind.iter_mut().zip(more.iter().chain(&[0x80])) {
            *place = *byte;
        }
    }
    if let Some(place) = text.get_mut(64 * used - 8..64 * used) {
        place.copy_from_slice(&bits);
    }
}

/// Endings of one length that wait until there are enough of them for all lanes.
pub(crate) struct Waiting<J> {
    endings: [Ending; MAX_MESSAGES],
    jobs: [J; MAX_MESSAGES],
    count: usize,
    blocks: usize,
}

impl<J: Copy + Default> Waiting<J> {
    /// None so far, of `blocks` blocks each.
    pub(crate) fn of(blocks: usize) -> Self {
        Self {
            endings: [[NO_BLOCK; 2]; MAX_MESSAGES],
            jobs: [J::default(); MAX_MESSAGES],
            count: 0,
            blocks,
        }
    }

    /// The place for one more ending.
    pub(crate) fn add(&mut self, job: J) -> Option<&mut Ending> {
        let ending = self.endings.get_mut(self.count)?;
        *self.jobs.get_mut(self.count)? = job;
        self.count += 1;
        Some(ending)
    }

    pub(crate) const fn len(&self) -> usize {
        self.count
    }

    /// The jobs in the order of their lanes.
    pub(crate) fn jobs(&self) -> &[J] {
        self.jobs.get(..self.count).unwrap_or_default()
    }

    /// The endings, lane by lane; idle lanes have an empty one.
    pub(crate) fn messages(&self) -> [&[Block]; MAX_MESSAGES] {
        let mut messages: [&[Block]; MAX_MESSAGES] = [&[]; MAX_MESSAGES];
        for (message, ending) in messages.iter_mut().zip(&self.endings).take(self.count) {
            *message = ending.get(..self.blocks).unwrap_or_default();
        }
        messages
    }

    pub(crate) const fn blocks(&self) -> usize {
        self.blocks
    }

    /// Ready for the next.
    pub(crate) const fn clear(&mut self) {
        self.count = 0;
    }
}

/// A job that is a message's place alone.
pub(crate) type PlaceJob = Place;
