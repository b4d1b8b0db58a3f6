//! What both hash functions look like to the scheduler: lanes that messages are put into and taken
//! from.

use crate::lanes::{Block, Lanes};
use crate::md5_lanes::{self, MAX_MESSAGES};
use crate::sha1_lanes;

use fearless_simd::prelude::*;
use zeroize::Zeroize;

/// Messages that run side by side, each with a state of words.
pub(crate) trait HashLanes<S: Lanes> {
    /// The words of one message.
    type State: Copy;

    /// How many messages run side by side.
    const MESSAGES: usize;

    /// From how many messages on a step of all lanes costs less than one block of each alone.
    /// Measured against the instruction set's own SHA-1; MD5 has none.
    const PROFITABLE: usize;

    /// Lanes that hold nothing.
    fn idle(simd: S) -> Self;

    /// Puts a message into a lane.
    fn put(&mut self, lane: usize, state: &Self::State);

    /// The state of a lane.
    fn state(&self, lane: usize) -> Self::State;

    /// Takes the next `blocks` blocks of every message.
    fn absorb(&mut self, simd: S, messages: &[&[Block]; MAX_MESSAGES], blocks: usize);

    /// The same for one message without lanes.
    fn absorb_alone(state: &mut Self::State, blocks: &[Block]);

    /// Overwrites all states.
    fn wipe(&mut self);
}

/// MD5 in lanes.
pub(crate) struct Md5Lanes<S: Lanes>(md5_lanes::States<S>);

impl<S: Lanes> HashLanes<S> for Md5Lanes<S> {
    type State = [u32; 4];

    const MESSAGES: usize = md5_lanes::CHAINS * S::LANES;
    const PROFITABLE: usize = 2;

    fn idle(simd: S) -> Self {
        Self([[S::u32s::splat(simd, 0); 4]; md5_lanes::CHAINS])
    }

    fn put(&mut self, lane: usize, state: &[u32; 4]) {
        if let Some(chain) = self.0.get_mut(lane / S::LANES) {
            put(chain, lane % S::LANES, state);
        }
    }

    fn state(&self, lane: usize) -> [u32; 4] {
        let chain = self.0.get(lane / S::LANES);
        chain.map_or([0; 4], |chain| state::<S, 4>(chain, lane % S::LANES))
    }

    fn absorb(&mut self, simd: S, messages: &[&[Block]; MAX_MESSAGES], blocks: usize) {
        md5_lanes::absorb(simd, &mut self.0, messages, blocks);
    }

    fn absorb_alone(state: &mut [u32; 4], blocks: &[Block]) {
        md5::block_api::compress(state, blocks);
    }

    fn wipe(&mut self) {
        self.0.iter_mut().for_each(|chain| wipe::<S>(chain));
    }
}

/// SHA-1 in lanes.
pub(crate) struct Sha1Lanes<S: Lanes>(pub(crate) sha1_lanes::States<S>);

impl<S: Lanes> HashLanes<S> for Sha1Lanes<S> {
    type State = [u32; 5];

    const MESSAGES: usize = S::LANES;
    const PROFITABLE: usize = 4;

    fn idle(simd: S) -> Self {
        Self([S::u32s::splat(simd, 0); 5])
    }

    fn put(&mut self, lane: usize, state: &[u32; 5]) {
        put(&mut self.0, lane, state);
    }

    fn state(&self, lane: usize) -> [u32; 5] {
        state::<S, 5>(&self.0, lane)
    }

    fn absorb(&mut self, simd: S, messages: &[&[Block]; MAX_MESSAGES], blocks: usize) {
        if let Some(messages) = messages.first_chunk() {
            sha1_lanes::absorb(simd, &mut self.0, messages, blocks);
        }
    }

    fn absorb_alone(state: &mut [u32; 5], blocks: &[Block]) {
        sha1::block_api::compress(state, blocks);
    }

    fn wipe(&mut self) {
        wipe::<S>(&mut self.0);
    }
}

/// Puts words into a lane of registers.
#[inline]
pub(crate) fn put<S: Lanes, V: SimdBase<S, Element = u32>>(
    registers: &mut [V],
    lane: usize,
    words: &[u32],
) {
    for (register, word) in registers.iter_mut().zip(words) {
        if let Some(place) = register.as_mut_slice().get_mut(lane) {
            *place = *word;
        }
    }
}

#[inline]
fn state<S: Lanes, const WORDS: usize>(registers: &[S::u32s; WORDS], lane: usize) -> [u32; WORDS] {
    registers
        .each_ref()
        .map(|register| register.as_slice().get(lane).copied().unwrap_or_default())
}

/// Overwrites registers where they stand in memory.
pub(crate) fn wipe<S: Lanes>(registers: &mut [S::u32s]) {
    for register in registers {
        register.as_mut_slice().zeroize();
    }
}
