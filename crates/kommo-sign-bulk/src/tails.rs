//! Requests that differ in their bodies alone, as those of a broadcast do.
//!
//! Of the string to sign, only the 32 digits of the body's MD5 change from one to the next, and
//! they stand in the first block:
//!
//! ```text
//! POST\n  5eb63bbbe01eeed093cb22bb8f5acdc3  \napplication/js │ on\nWed, 23 Nov … +0000\n/v2/origin/custom/… │ …
//!         └──────── of each lane ────────┘                 │ └───── the same in all lanes: expanded once ─────┘
//! └────────────────────── block 0 ───────────────────────┘
//! ```
//!
//! So it is formatted once, the blocks behind the first are expanded once, and nothing is
//! transposed.

use kommo_sign::ContentMd5;

use crate::lanes::{Block, NO_BLOCK};
use crate::mac_key::MacKey;
use crate::request::BulkRequest;
use crate::sha1_lanes::{Schedule, schedule};
use crate::window::{Place, WINDOW};

/// Strings to sign of up to this number of blocks are signed in lanes; the longest path in use
/// needs four.
pub(crate) const STAGED_BLOCKS: usize = 4;

/// A string to sign as the blocks that SHA-1 takes.
pub(crate) type Staged = [Block; STAGED_BLOCKS];

/// How many tails of a window are told apart; requests with another one are signed each with its
/// own.
const TAILS: usize = 16;

/// A request that shares its tail with too few.
const OF_ITS_OWN: u8 = u8::MAX;

/// Which requests of a window differ in their bodies alone.
pub(crate) struct Tails {
    of: [u8; WINDOW],
    counts: [u16; TAILS],
    firsts: [Place; TAILS],
    found: usize,
}

impl Tails {
    pub(crate) fn of(requests: &[BulkRequest<'_>]) -> Self {
        let mut tails = Self {
            of: [OF_ITS_OWN; WINDOW],
            counts: [0; TAILS],
            firsts: [0; TAILS],
            found: 0,
        };
        let mut last = 0;
        for (place, request) in (0..).zip(requests) {
            let known = |tail: &usize| {
                let first = tails.firsts.get(..tails.found).and_then(|f| f.get(*tail));
                let first = first.and_then(|first| requests.get(usize::from(*first)));
                first.is_some_and(|first| first.same_but_body(request))
            };
            let tail = Some(last)
                .filter(known)
                .or_else(|| (0..tails.found).find(known))
                .unwrap_or(tails.found);
            if let (Some(count), Some(first), Some(of)) = (
                tails.counts.get_mut(tail),
                tails.firsts.get_mut(tail),
                tails.of.get_mut(usize::from(place)),
            ) {
                if *count == 0 {
                    *first = place;
                    tails.found += 1;
                }
                *count += 1;
                *of = u8::try_from(tail).unwrap_or(OF_ITS_OWN);
                last = tail;
            }
        }
        tails
    }

    /// Each tail with the first of its requests, and how many share it.
    pub(crate) fn found(&self) -> impl Iterator<Item = (u8, Place, usize)> + use<> {
        let tails = (0..).zip(self.firsts).zip(self.counts);
        let tails = tails.map(|((tail, first), count)| (tail, first, usize::from(count)));
        tails.take(self.found)
    }

    /// The requests of a tail.
    pub(crate) fn members(&self, tail: u8) -> impl Iterator<Item = Place> {
        (0..)
            .zip(&self.of)
            .filter_map(move |(place, of)| (*of == tail).then_some(place))
    }

    /// Makes a request one of those that are signed each with its own tail.
    pub(crate) fn separate(&mut self, place: Place) {
        if let Some(of) = self.of.get_mut(usize::from(place)) {
            *of = OF_ITS_OWN;
        }
    }

    /// The requests that are signed each with its own tail.
    pub(crate) fn separate_ones(&self, requests: usize) -> impl Iterator<Item = Place> {
        self.members(OF_ITS_OWN)
            .take_while(move |place| usize::from(*place) < requests)
    }

    /// Makes all requests of a tail those that are signed each with its own.
    pub(crate) fn dissolve(&mut self, tail: u8) {
        for of in &mut self.of {
            if *of == tail {
                *of = OF_ITS_OWN;
            }
        }
    }
}

/// Writes the string to sign with its padding. `None` if it is too long; else the number of blocks.
pub(crate) fn stage(
    request: &BulkRequest<'_>,
    content_md5: ContentMd5,
    staged: &mut Staged,
) -> Option<usize> {
    *staged = [NO_BLOCK; STAGED_BLOCKS];
    let text = staged.as_flattened_mut();
    let canonical = request.canonical().with_content_md5(content_md5);
    let length = canonical.write_to(text).ok()?.as_bytes().len();
    *text.get_mut(length)? = 0x80;
    let blocks = (length + 9).div_ceil(64);
    text.get_mut(64 * blocks - 8..64 * blocks)?
        .copy_from_slice(&MacKey::bits(length));
    Some(blocks)
}

/// A tail made ready for all lanes.
pub(crate) struct Template {
    /// The words of the first block, without the digits.
    pub(crate) first: [u32; 16],
    /// Where the digits begin, in bytes.
    pub(crate) digits_at: usize,
    /// The blocks behind the first.
    schedules: [Schedule; STAGED_BLOCKS - 1],
    blocks: usize,
}

impl Template {
    /// `None` if the string to sign is too long for lanes.
    pub(crate) fn of(request: &BulkRequest<'_>) -> Option<Self> {
        let mut staged = [NO_BLOCK; STAGED_BLOCKS];
        let blocks = stage(request, ContentMd5::EMPTY, &mut staged)?;
        let digits_at = request.method.as_str().len() + 1;
        let [first, behind @ ..] = &mut staged;
        first.get_mut(digits_at..digits_at + 32)?.fill(0);
        let mut template = Self {
            first: [0; 16],
            digits_at,
            schedules: [[0; 80]; STAGED_BLOCKS - 1],
            blocks,
        };
        for (word, bytes) in template.first.iter_mut().zip(first.as_chunks().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        for (place, block) in template.schedules.iter_mut().zip(behind).take(blocks - 1) {
            *place = schedule(block);
        }
        Some(template)
    }

    /// The blocks behind the first, expanded.
    pub(crate) fn behind(&self) -> &[Schedule] {
        self.schedules.get(..self.blocks - 1).unwrap_or_default()
    }
}
