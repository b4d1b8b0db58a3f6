//! A window of messages, sorted by their number of blocks, and lanes that are refilled as messages
//! end.
//!
//! ```text
//! order: longest first     lanes                       states
//! 7 7 6 6 6 5 5 …    ──>   │7│7│6│6│  6 blocks   ──>   ended ones are handed over,
//!                          │1│1│5│5│  1 block          their lanes take the next of the order
//! ```
//!
//! All lanes step together until the first of them is through with its whole blocks or with its
//! ending. Longest first, so that at the end of a window the short ones remain; when fewer remain
//! than pay for a step of all lanes, each is ended alone.

use crate::ahead::Ahead;
use crate::ending::{self, Ending};
use crate::hash_lanes::HashLanes;
use crate::lanes::{Block, Lanes};
use crate::md5_lanes::MAX_MESSAGES;

/// Messages that are sorted together.
pub(crate) const WINDOW: usize = 512;

/// A message's place in its window.
pub(crate) type Place = u16;

/// Lengths from this number of blocks on are one bucket: what is that long fills its lane for a
/// long time anyhow.
const BUCKETS: usize = 256;

/// The places of a window's messages, those with the most blocks first.
pub(crate) struct Order {
    places: [Place; WINDOW],
    length: usize,
}

impl Order {
    /// Counting sort: no comparison, no allocation. What has no block is left out.
    pub(crate) fn longest_first(blocks: impl Iterator<Item = usize> + Clone) -> Self {
        let bucket = |blocks: usize| blocks.min(BUCKETS - 1);
        // `starts[b]`: first how many messages are of bucket b, then where that bucket begins.
        let mut starts = [0_u16; BUCKETS];
        for blocks in blocks.clone() {
            if let Some(count) = starts.get_mut(bucket(blocks)) {
                *count += 1;
            }
        }
        let mut next = 0;
        for start in starts.iter_mut().skip(1).rev() {
            next += core::mem::replace(start, next);
        }
        let mut order = Self {
            places: [0; WINDOW],
            length: usize::from(next),
        };
        for (place, blocks) in (0..).zip(blocks) {
            let start = starts.get_mut(bucket(blocks)).filter(|_| blocks > 0);
            if let Some(start) = start {
                if let Some(slot) = order.places.get_mut(usize::from(*start)) {
                    *slot = place;
                }
                *start += 1;
            }
        }
        order
    }

    fn places(&self) -> &[Place] {
        self.places.get(..self.length).unwrap_or_default()
    }
}

/// What is hashed in lanes, and what becomes of the states.
pub(crate) trait Messages<'a, H: HashLanes> {
    /// The whole text of a message, for reading ahead.
    fn text(&self, place: Place) -> &'a [u8];

    /// The state that a message begins with, and its whole blocks; writes its ending.
    fn begin(&self, place: Place, ending: &mut Ending) -> (H::State, &'a [Block]);

    /// The state after the whole blocks of a message.
    fn whole_blocks_done(&mut self, _place: Place, _state: &H::State) {}

    /// The state after the last block of a message.
    fn done(&mut self, place: Place, state: &H::State);
}

/// A message in its lane.
#[derive(Clone, Copy)]
struct Lane<'a> {
    place: Place,
    whole: &'a [Block],
    /// Blocks of the ending, first those that were taken, then all.
    ending: (usize, usize),
}

impl<'a> Lane<'a> {
    const IDLE: Self = Self {
        place: 0,
        whole: &[],
        ending: (0, 0),
    };

    const fn is_idle(&self) -> bool {
        self.ending.0 == self.ending.1
    }

    /// The blocks up to the next event.
    fn blocks<'b>(&self, ending: &'b Ending) -> &'b [Block]
    where
        'a: 'b,
    {
        if self.whole.is_empty() {
            let (from, to) = self.ending;
            ending.blocks().get(from..to).unwrap_or_default()
        } else {
            self.whole
        }
    }

    /// After `blocks` blocks.
    fn advance<H: HashLanes>(
        &mut self,
        blocks: usize,
        state: &H::State,
        messages: &mut impl Messages<'a, H>,
    ) {
        if self.whole.is_empty() {
            self.ending.0 += blocks;
            if self.is_idle() {
                messages.done(self.place, state);
            }
        } else {
            self.whole = self.whole.get(blocks..).unwrap_or_default();
            if self.whole.is_empty() {
                messages.whole_blocks_done(self.place, state);
            }
        }
    }
}

/// Hashes every message of an order, each from its first block to its last.
pub(crate) fn hash_all<'a, S: Lanes, H: HashLanes>(
    simd: S,
    order: &Order,
    messages: &mut impl Messages<'a, H>,
) {
    if order.places().is_empty() {
        return;
    }
    let mut lanes = [Lane::IDLE; MAX_MESSAGES];
    let lanes = lanes.get_mut(..H::CHAINS * S::LANES).unwrap_or_default();
    let mut endings = [const { Ending::EMPTY }; MAX_MESSAGES];
    let mut states = [H::State::default(); MAX_MESSAGES];
    let mut next = order.places();
    let mut unread = next;
    loop {
        let mut active = 0;
        for ((lane, ending), state) in lanes.iter_mut().zip(&mut endings).zip(&mut states) {
            if lane.is_idle()
                && let Some((place, later)) = next.split_first()
            {
                next = later;
                (*state, lane.whole) = messages.begin(*place, ending);
                lane.place = *place;
                lane.ending = (0, ending::blocks(messages.text(*place).len()));
            }
            active += usize::from(!lane.is_idle());
        }
        // Fewer than the profitable number: the order is used up.
        if active < H::PROFITABLE {
            break;
        }
        let mut blocks = usize::MAX;
        let mut now: [&[Block]; MAX_MESSAGES] = [&[]; MAX_MESSAGES];
        for ((lane, ending), now) in lanes.iter().zip(&endings).zip(&mut now) {
            if !lane.is_idle() {
                *now = lane.blocks(ending);
                blocks = blocks.min(now.len());
            }
        }
        // What fills the lanes after this is read meanwhile, each text once.
        let mut ahead: [&[u8]; MAX_MESSAGES] = [&[]; MAX_MESSAGES];
        let later = next.get(lanes.len()..).unwrap_or_default().len();
        let (read, later) = unread.split_at(unread.len().saturating_sub(later));
        unread = later;
        let mut count = 0;
        for (text, place) in ahead
            .iter_mut()
            .zip(read.iter().rev().take(lanes.len()).rev())
        {
            *text = messages.text(*place);
            count += 1;
        }
        let ahead = Ahead::of(ahead.get(..count).unwrap_or_default(), blocks);
        H::absorb(simd, &mut states, &now, blocks, ahead);
        for (lane, state) in lanes.iter_mut().zip(&states) {
            if !lane.is_idle() {
                lane.advance(blocks, state, messages);
            }
        }
    }
    for ((lane, ending), state) in lanes.iter_mut().zip(&endings).zip(&mut states) {
        while !lane.is_idle() {
            let blocks = lane.blocks(ending);
            H::absorb_alone(state, blocks);
            lane.advance(blocks.len(), state, messages);
        }
    }
    H::wipe(&mut states);
}
