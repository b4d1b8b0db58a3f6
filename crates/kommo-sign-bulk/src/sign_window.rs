//! Signs a window of requests in lanes.
//!
//! ```text
//! bodies ──> MD5 in lanes ──> digests ─┬─ tail shared ──> digits in lanes, block 0, shared blocks ─┬─> MACs ──> digits
//!                                      └─ own tail ─────> staged text by text, lanes by length ────┘
//!                                         too few, or too long: one at a time
//! ```

use fearless_simd::{prelude::*, u8x16, u32x4};
use kommo_sign::{ChatsSigner, ContentMd5};
use zeroize::Zeroize;

use crate::ahead::Ahead;
use crate::content_digests::{Digest, content_digests};
use crate::hash_lanes::{HashLanes, Sha1};
use crate::hex_lanes::digits;
use crate::lanes::{Block, Lanes, MAX_LANES, NO_BLOCK};
use crate::mac_key::{Mac, MacKey, MacLanes};
use crate::md5_lanes::MAX_MESSAGES;
use crate::request::{BulkRequest, BulkSigned};
use crate::sha1_lanes::{States, Words, absorb_shared, absorb_words, states_of_rows};
use crate::tails::{STAGED_BLOCKS, Staged, Tails, Template, stage};
use crate::window::{Place, WINDOW};

/// The digits of a lane: eight words of `Content-MD5`, ten of the signature.
const MD5_WORDS: usize = 8;
const SIGNATURE_WORDS: usize = 10;

/// Signs requests, at most [`WINDOW`], into as many results.
pub(crate) fn sign_window<S: Lanes>(
    simd: S,
    key: &MacKey,
    one: &ChatsSigner,
    requests: &[BulkRequest<'_>],
    results: &mut [BulkSigned],
) {
    let mut digests = [[0; 4]; WINDOW];
    let digests = digests.get_mut(..requests.len()).unwrap_or_default();
    content_digests(simd, requests, digests);
    let mut tails = Tails::of(requests);
    let mut lanes = MacLanes::new(simd);
    for (tail, first, count) in tails.found() {
        let first = requests.get(usize::from(first));
        let first = first.filter(|_| count >= Sha1::PROFITABLE);
        let Some(template) = first.and_then(Template::of) else {
            tails.dissolve(tail);
            continue;
        };
        let mut group = Group::EMPTY;
        for place in tails.members(tail) {
            group.add(place);
            if group.count == S::LANES {
                group.sign(simd, key, &template, digests, &mut lanes, results);
            }
        }
        if group.count >= Sha1::PROFITABLE {
            group.sign(simd, key, &template, digests, &mut lanes, results);
        }
        for place in group.places() {
            tails.separate(*place);
        }
    }
    if tails.separate_ones(requests.len()).next().is_some() {
        separate_ones(
            simd, key, one, requests, digests, &tails, &mut lanes, results,
        );
    }
}

/// Requests with one tail, a lane each.
struct Group {
    places: [Place; MAX_LANES],
    count: usize,
}

impl Group {
    const EMPTY: Self = Self {
        places: [0; MAX_LANES],
        count: 0,
    };

    #[inline]
    fn add(&mut self, place: Place) {
        if let Some(slot) = self.places.get_mut(self.count) {
            *slot = place;
        }
        self.count += 1;
    }

    fn places(&self) -> &[Place] {
        self.places.get(..self.count).unwrap_or_default()
    }

    fn sign<S: Lanes>(
        &mut self,
        simd: S,
        key: &MacKey,
        template: &Template,
        digests: &[Digest],
        lanes: &mut MacLanes<S>,
        results: &mut [BulkSigned],
    ) {
        let places = self.places();
        simd.vectorize(
            #[inline(always)]
            || {
                let content_md5 = content_md5_digits(simd, places, digests);
                write_content_md5(simd, &content_md5, places, results);
                lanes.words = first_words(simd, template, &content_md5);
                lanes.begin(simd, key);
                absorb_words(simd, &mut lanes.states, &mut lanes.words);
                for schedule in template.behind() {
                    absorb_shared(simd, &mut lanes.states, schedule);
                }
                lanes.finish(simd, key);
                write_signatures(simd, &lanes.states, places, results);
            },
        );
        self.count = 0;
    }
}

/// The digits of every lane, the first of each word in its highest byte.
#[inline(always)]
fn content_md5_digits<S: Lanes>(
    simd: S,
    places: &[Place],
    digests: &[Digest],
) -> [S::u32s; MD5_WORDS] {
    let words = simd.words_of_rows(
        #[inline(always)]
        |lane| {
            let place = places.get(lane).copied().unwrap_or_default();
            let digest = digests.get(usize::from(place));
            u32x4::from_slice(simd, digest.unwrap_or(&[0; 4]))
        },
    );
    let words = words.map(
        #[inline(always)]
        |word| simd.swapped(word),
    );
    let mut md5 = [S::u32s::splat(simd, 0); MD5_WORDS];
    digits::<S>(&words, &mut md5);
    md5
}

/// The words of the first block of every lane.
#[inline(always)]
fn first_words<S: Lanes>(
    simd: S,
    template: &Template,
    content_md5: &[S::u32s; MD5_WORDS],
) -> Words<S> {
    let zero = S::u32s::splat(simd, 0);
    let mut words = template.first.map(
        #[inline(always)]
        |word| S::u32s::splat(simd, word),
    );
    let (word, byte) = (template.digits_at / 4, template.digits_at % 4);
    let words_of_digits = words.iter_mut().skip(word);
    if byte == 0 {
        for (place, digits) in words_of_digits.zip(content_md5) {
            *place |= *digits;
        }
    } else {
        let right = 8 * u32::try_from(byte).unwrap_or_default();
        let mut before = zero;
        for (place, digits) in words_of_digits.zip(content_md5.iter().chain([&zero])) {
            *place |= (before << (32 - right)) | (*digits >> right);
            before = *digits;
        }
    }
    words
}

#[inline(always)]
fn write_content_md5<S: Lanes>(
    simd: S,
    digits: &[S::u32s; MD5_WORDS],
    places: &[Place],
    results: &mut [BulkSigned],
) {
    let [a, b, c, d, e, f, g, h] = *digits;
    write_rows(simd, [a, b, c, d], places, results, |result| {
        result.content_md5.first_chunk_mut()
    });
    write_rows(simd, [e, f, g, h], places, results, |result| {
        result.content_md5.last_chunk_mut()
    });
}

#[inline(always)]
fn write_signatures<S: Lanes>(
    simd: S,
    macs: &States<S>,
    places: &[Place],
    results: &mut [BulkSigned],
) {
    let mut text = [S::u32s::splat(simd, 0); SIGNATURE_WORDS];
    digits::<S>(macs, &mut text);
    let [a, b, c, d, e, f, g, h, i, j] = text;
    write_rows(simd, [a, b, c, d], places, results, |result| {
        result.signature.first_chunk_mut()
    });
    write_rows(simd, [e, f, g, h], places, results, |result| {
        result.signature.get_mut(16..)?.first_chunk_mut()
    });
    write_rows(simd, [g, h, i, j], places, results, |result| {
        result.signature.last_chunk_mut()
    });
}

/// Writes sixteen digits of every lane.
#[inline(always)]
fn write_rows<S: Lanes>(
    simd: S,
    words: [S::u32s; 4],
    places: &[Place],
    results: &mut [BulkSigned],
    at: impl Fn(&mut BulkSigned) -> Option<&mut [u8; 16]>,
) {
    let swapped = words.map(
        #[inline(always)]
        |word| simd.swapped(word),
    );
    simd.rows_of_words(
        swapped,
        #[inline(always)]
        |lane, row| {
            let place = places.get(lane);
            let result = place.and_then(|place| results.get_mut(usize::from(*place)));
            if let Some(text) = result.and_then(&at) {
                let bytes: u8x16<S> = row.bitcast();
                bytes.store_slice(text);
            }
        },
    );
}

/// Requests that share their tail with too few: each string to sign is written by itself; those of
/// one length go side by side.
#[inline(never)]
#[expect(
    clippy::too_many_arguments,
    reason = "a part of `sign_window`, of its own for its stack"
)]
fn separate_ones<S: Lanes>(
    simd: S,
    key: &MacKey,
    one: &ChatsSigner,
    requests: &[BulkRequest<'_>],
    digests: &[Digest],
    tails: &Tails,
    lanes: &mut MacLanes<S>,
    results: &mut [BulkSigned],
) {
    let mut waiting = [const { StagedGroup::new() }; STAGED_BLOCKS];
    for place in tails.separate_ones(requests.len()) {
        let (Some(request), Some(digest), Some(result)) = (
            requests.get(usize::from(place)),
            digests.get(usize::from(place)),
            results.get_mut(usize::from(place)),
        ) else {
            continue;
        };
        let content_md5 = content_md5_of(digest);
        let mut staged = [NO_BLOCK; STAGED_BLOCKS];
        let Some(blocks) = stage(request, content_md5, &mut staged) else {
            let canonical = request.canonical().with_content_md5(content_md5);
            let signature = one.sign_canonical(&canonical);
            write(signature.as_str(), &mut result.signature);
            write(content_md5.as_str(), &mut result.content_md5);
            continue;
        };
        write(content_md5.as_str(), &mut result.content_md5);
        if let Some(group) = waiting.get_mut(blocks - 1) {
            group.add(place, &staged);
            if group.group.count == S::LANES {
                group.sign(simd, key, blocks, lanes, results);
            }
        }
    }
    for (group, blocks) in waiting.iter_mut().zip(1..) {
        group.sign(simd, key, blocks, lanes, results);
    }
}

fn content_md5_of(digest: &Digest) -> ContentMd5 {
    let mut bytes = [0; 16];
    for (place, word) in bytes.as_chunks_mut().0.iter_mut().zip(digest) {
        *place = word.to_le_bytes();
    }
    ContentMd5::from_digest(bytes)
}

fn write(text: &str, place: &mut [u8]) {
    for (place, byte) in place.iter_mut().zip(text.bytes()) {
        *place = byte;
    }
}

/// Strings to sign of one number of blocks, a lane each.
struct StagedGroup {
    group: Group,
    staged: [Staged; MAX_LANES],
}

impl StagedGroup {
    const fn new() -> Self {
        Self {
            group: Group::EMPTY,
            staged: [[NO_BLOCK; STAGED_BLOCKS]; MAX_LANES],
        }
    }

    fn add(&mut self, place: Place, staged: &Staged) {
        if let Some(text) = self.staged.get_mut(self.group.count) {
            *text = *staged;
            self.group.add(place);
        }
    }

    fn sign<S: Lanes>(
        &mut self,
        simd: S,
        key: &MacKey,
        blocks: usize,
        lanes: &mut MacLanes<S>,
        results: &mut [BulkSigned],
    ) {
        let places = self.group.places();
        let mut states = [key.inner_state(); MAX_MESSAGES];
        let mut messages: [&[Block]; MAX_MESSAGES] = [&[]; MAX_MESSAGES];
        for ((message, staged), _) in messages.iter_mut().zip(&self.staged).zip(places) {
            *message = staged.get(..blocks).unwrap_or_default();
        }
        if places.len() < Sha1::PROFITABLE {
            for ((place, state), text) in places.iter().zip(&mut states).zip(messages) {
                Sha1::absorb_alone(state, text);
                if let Some(result) = results.get_mut(usize::from(*place)) {
                    write_mac(&key.mac_alone(state), &mut result.signature);
                }
            }
        } else {
            Sha1::absorb(simd, &mut states, &messages, blocks, Ahead::NOTHING);
            simd.vectorize(
                #[inline(always)]
                || {
                    lanes.states = states_of_rows(
                        simd,
                        #[inline(always)]
                        |lane| states.get(lane).unwrap_or(&[0; 8]),
                    );
                    lanes.finish(simd, key);
                    write_signatures(simd, &lanes.states, places, results);
                },
            );
        }
        Sha1::wipe(&mut states);
        self.group.count = 0;
    }
}

fn write_mac(mac: &Mac, signature: &mut [u8; 40]) {
    let mut bytes = [0; 20];
    for (place, word) in bytes.as_chunks_mut().0.iter_mut().zip(mac) {
        *place = word.to_be_bytes();
    }
    // Cannot fail: two digits a byte.
    let _ = base16ct::lower::encode(&bytes, signature);
    bytes.zeroize();
}
