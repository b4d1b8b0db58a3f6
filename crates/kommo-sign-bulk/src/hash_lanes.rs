//! What both hash functions look like to the scheduler.

use fearless_simd::prelude::*;
use zeroize::Zeroize;

use crate::ahead::Ahead;
use crate::lanes::{Block, Lanes};
use crate::md5_lanes::{self, MAX_MESSAGES};
use crate::sha1_lanes;

/// A hash function whose messages run side by side, each with a state of words.
pub(crate) trait HashLanes {
    /// The words of one message.
    type State: Copy + Default;

    /// Registers of messages that run side by side.
    const CHAINS: usize;

    /// From how many messages on a step of all lanes costs less than one block of each alone.
    /// Measured against the instruction set's own SHA-1; MD5 has none.
    const PROFITABLE: usize;

    /// Takes the next `blocks` blocks of every message.
    fn absorb<S: Lanes>(
        simd: S,
        states: &mut [Self::State; MAX_MESSAGES],
        messages: &[&[Block]; MAX_MESSAGES],
        blocks: usize,
        ahead: Ahead<'_>,
    );

    /// The same for one message without lanes.
    fn absorb_alone(state: &mut Self::State, blocks: &[Block]);

    /// Overwrites states.
    fn wipe(states: &mut [Self::State]);
}

/// MD5 in lanes.
pub(crate) struct Md5;

impl HashLanes for Md5 {
    type State = md5_lanes::State;

    const CHAINS: usize = md5_lanes::CHAINS;
    const PROFITABLE: usize = 2;

    fn absorb<S: Lanes>(
        simd: S,
        states: &mut [Self::State; MAX_MESSAGES],
        messages: &[&[Block]; MAX_MESSAGES],
        blocks: usize,
        ahead: Ahead<'_>,
    ) {
        md5_lanes::absorb(simd, states, messages, blocks, ahead);
    }

    fn absorb_alone(state: &mut Self::State, blocks: &[Block]) {
        md5::block_api::compress(state, blocks);
    }

    fn wipe(states: &mut [Self::State]) {
        states.as_flattened_mut().zeroize();
    }
}

/// SHA-1 in lanes.
pub(crate) struct Sha1;

impl HashLanes for Sha1 {
    type State = sha1_lanes::State;

    const CHAINS: usize = 1;
    const PROFITABLE: usize = 4;

    fn absorb<S: Lanes>(
        simd: S,
        states: &mut [Self::State; MAX_MESSAGES],
        messages: &[&[Block]; MAX_MESSAGES],
        blocks: usize,
        ahead: Ahead<'_>,
    ) {
        if let (Some(states), Some(messages)) = (states.first_chunk_mut(), messages.first_chunk()) {
            sha1_lanes::absorb(simd, states, messages, blocks, ahead);
        }
    }

    fn absorb_alone(state: &mut Self::State, blocks: &[Block]) {
        if let Some(words) = state.first_chunk_mut() {
            sha1::block_api::compress(words, blocks);
        }
    }

    fn wipe(states: &mut [Self::State]) {
        states.as_flattened_mut().zeroize();
    }
}

/// Overwrites registers where they stand in memory.
pub(crate) fn wipe<S: Lanes>(registers: &mut [S::u32s]) {
    for register in registers {
        register.as_mut_slice().zeroize();
    }
}
