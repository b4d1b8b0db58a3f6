//! The last one or two blocks of a message: what is left of its text, the bit of the padding, its
//! length.

use crate::lanes::Block;

/// The last blocks of a message, of which one or both are used. In front of them is room for the
/// rest of a block, so that the last 64 bytes of a text are copied as they are, whatever part of
/// them belongs to the ending: a copy of a length that varies costs more.
///
/// ```text
/// text:    … whole block │ rest             ending:  . . . . whole │ rest 80 00 …  length
///                └── 64 bytes ──┘     ─────>                └── 64 bytes ──┘
///                                                    0             64
/// ```
pub(crate) struct Ending([u8; ROOM + 2 * 64]);

const ROOM: usize = 64;

/// How many blocks an ending has whose text has that many bytes.
pub(crate) const fn blocks(text_bytes: usize) -> usize {
    if text_bytes % 64 + 9 <= 64 { 1 } else { 2 }
}

impl Ending {
    pub(crate) const EMPTY: Self = Self([0; ROOM + 2 * 64]);

    /// Writes the end of `text` that fills no block, and the length in bits as its hash function
    /// writes it.
    #[inline]
    pub(crate) fn write(&mut self, text: &[u8], bits: [u8; 8]) {
        let rest = text.len() % 64;
        self.0.split_at_mut(ROOM).1.fill(0);
        if let Some(last) = text.last_chunk::<64>() {
            if let Some(place) = self.0.get_mut(rest..rest + 64) {
                place.copy_from_slice(last);
            }
        } else if let Some(place) = self.0.get_mut(ROOM..ROOM + rest) {
            place.copy_from_slice(text);
        }
        if let Some(place) = self.0.get_mut(ROOM + rest) {
            *place = 0x80;
        }
        let end = ROOM + 64 * blocks(rest);
        if let Some(place) = self.0.get_mut(end - 8..end) {
            place.copy_from_slice(&bits);
        }
    }

    /// Both blocks.
    pub(crate) fn blocks(&self) -> &[Block] {
        self.0.split_at(ROOM).1.as_chunks().0
    }
}
