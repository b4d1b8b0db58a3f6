//! A window of messages, sorted by their number of whole blocks, and lanes that are refilled as
//! messages end.
//!
//! ```text
//! order: longest first     lanes                       states
//! 7 7 6 6 6 5 5 …    ──>   │7│7│6│6│  6 blocks   ──>   ended ones are written back,
//!                          │1│1│5│5│  1 block          their lanes take the next of the order
//! ```
//!
//! All lanes step together until the first of them ends. Longest first, so that at the end of a
//! window the short ones remain; when fewer remain than pay for a step of all lanes, each is ended
//! alone.

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

/// The places of a window's messages that have a whole block, those with the most first.
pub(crate) struct Order {
    places: [Place; WINDOW],
    length: usize,
}

impl Order {
    /// Counting sort: no comparison, no allocation.
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

/// Takes the whole blocks of every message of a window into its state.
pub(crate) fn absorb_whole_blocks<'a, S: Lanes, H: HashLanes<S>>(
    simd: S,
    order: &Order,
    message: impl Fn(Place) -> &'a [Block],
    states: &mut [H::State],
) {
    let mut next = order.places().iter();
    let mut lanes = H::idle(simd);
    let mut messages: [&[Block]; MAX_MESSAGES] = [&[]; MAX_MESSAGES];
    let mut owners: [Place; MAX_MESSAGES] = [0; MAX_MESSAGES];
    loop {
        let mut active = 0;
        let mut blocks = usize::MAX;
        for (lane, (text, owner)) in messages.iter_mut().zip(&mut owners).enumerate() {
            if lane >= H::MESSAGES {
                break;
            }
            if text.is_empty()
                && let Some(place) = next.next()
                && let Some(state) = states.get(usize::from(*place))
            {
                lanes.put(lane, state);
                (*text, *owner) = (message(*place), *place);
            }
            if !text.is_empty() {
                active += 1;
                blocks = blocks.min(text.len());
            }
        }
        let alone = active < H::PROFITABLE;
        if !alone {
            lanes.absorb(simd, &messages, blocks);
        }
        for (lane, (text, owner)) in messages.iter_mut().zip(&owners).enumerate() {
            let Some(state) = states.get_mut(usize::from(*owner)) else {
                continue;
            };
            if text.is_empty() {
                continue;
            }
            if alone {
                *state = lanes.state(lane);
                H::absorb_alone(state, text);
            } else {
                *text = text.get(blocks..).unwrap_or_default();
                if text.is_empty() {
                    *state = lanes.state(lane);
                }
            }
        }
        // Fewer than the profitable number: the order is used up.
        if alone {
            lanes.wipe();
            return;
        }
    }
}
