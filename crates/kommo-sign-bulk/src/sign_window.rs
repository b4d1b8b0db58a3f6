//! Signs a window of requests in lanes.
//!
//! ```text
//! bodies ──> MD5 in lanes ──> digests ─┬─ tail shared ──> digits in lanes, block 0, shared blocks ─┬─> MACs ──> digits
//!                                      └─ own tail ─────> staged text by text, lanes by length ────┘
//!                                         too few, or too long: one at a time
//! ```

use fearless_simd::prelude::*;
use kommo_sign::{ChatsSigner, ContentMd5};
use zeroize::Zeroize;

use crate::content_digests::{Digest, content_digests};
use crate::hash_lanes::{HashLanes, Sha1Lanes, put, wipe};
use crate::hex_lanes::digits;
use crate::lanes::{Block, Lanes, MAX_LANES, NO_BLOCK};
use crate::mac_key::{Mac, MacKey};
use crate::md5_lanes::MAX_MESSAGES;
use crate::request::{BulkRequest, BulkSigned};
use crate::sha1_lanes::{States, absorb_shared, absorb_words};
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
    content_digests(
        simd,
        requests.iter().map(|request| request.body),
        |place| requests.get(place).map_or(&[][..], |request| request.body),
        digests,
    );
    let mut tails = Tails::of(requests);
    let mut group = Group::<S>::new(simd);
    for (tail, first, count) in tails.found() {
        let first = requests.get(usize::from(first));
        let first = first.filter(|_| count >= Sha1Lanes::<S>::PROFITABLE);
        let Some(template) = first.and_then(Template::of) else {
            tails.dissolve(tail);
            continue;
        };
        for place in tails.members(tail) {
            let digest = digests.get(usize::from(place));
            group.add(place, digest.unwrap_or(&[0; 4]));
            if group.count == S::LANES {
                group.sign(simd, key, &template, results);
            }
        }
        if group.count >= Sha1Lanes::<S>::PROFITABLE {
            group.sign(simd, key, &template, results);
        }
        for place in group.places.iter().take(group.count) {
            tails.separate(*place);
        }
        group.count = 0;
    }
    group.wipe();
    if tails.separate_ones(requests.len()).next().is_some() {
        separate_ones(simd, key, one, requests, digests, &tails, results);
    }
}

/// Requests with one tail, a lane each.
struct Group<S: Lanes> {
    places: [Place; MAX_LANES],
    digests: [S::u32s; 4],
    text: Text,
    count: usize,
}

/// Digits of all lanes, word by word.
#[derive(Clone, Copy)]
struct Text {
    content_md5: [[u32; MAX_LANES]; MD5_WORDS],
    signature: [[u32; MAX_LANES]; SIGNATURE_WORDS],
}

impl<S: Lanes> Group<S> {
    fn new(simd: S) -> Self {
        Self {
            places: [0; MAX_LANES],
            digests: [S::u32s::splat(simd, 0); 4],
            text: Text {
                content_md5: [[0; MAX_LANES]; MD5_WORDS],
                signature: [[0; MAX_LANES]; SIGNATURE_WORDS],
            },
            count: 0,
        }
    }

    #[inline]
    fn add(&mut self, place: Place, digest: &Digest) {
        put(&mut self.digests, self.count, digest);
        if let Some(slot) = self.places.get_mut(self.count) {
            *slot = place;
        }
        self.count += 1;
    }

    fn sign(&mut self, simd: S, key: &MacKey, template: &Template, results: &mut [BulkSigned]) {
        let words = first_words(simd, template, &self.digests, &mut self.text);
        let mut states = key.inner.map(|word| S::u32s::splat(simd, word));
        absorb_words(simd, &mut states, words);
        for schedule in template.behind() {
            absorb_shared(simd, &mut states, schedule);
        }
        let mut macs = key.macs(simd, states);
        signature_digits(simd, &macs, &mut self.text.signature);
        wipe::<S>(&mut states);
        wipe::<S>(&mut macs);
        for (lane, place) in self.places.iter().enumerate().take(self.count) {
            if let Some(result) = results.get_mut(usize::from(*place)) {
                take_lane(&self.text.content_md5, lane, &mut result.content_md5);
                take_lane(&self.text.signature, lane, &mut result.signature);
            }
        }
        self.count = 0;
    }

    fn wipe(&mut self) {
        self.text.signature.as_flattened_mut().zeroize();
    }
}

/// The words of the first block of every lane; the digits go to `text` too.
fn first_words<S: Lanes>(
    simd: S,
    template: &Template,
    digests: &[S::u32s; 4],
    text: &mut Text,
) -> [S::u32s; 16] {
    simd.vectorize(
        #[inline(always)]
        || {
            let zero = S::u32s::splat(simd, 0);
            let swapped = digests.map(
                #[inline(always)]
                |word| simd.swapped(word),
            );
            let mut md5 = [zero; MD5_WORDS];
            digits::<S>(&swapped, &mut md5);
            store::<S>(&md5, &mut text.content_md5);
            let mut words = template.first.map(
                #[inline(always)]
                |word| S::u32s::splat(simd, word),
            );
            let (word, byte) = (template.digits_at / 4, template.digits_at % 4);
            let words_of_digits = words.iter_mut().skip(word);
            if byte == 0 {
                for (place, digits) in words_of_digits.zip(md5) {
                    *place |= digits;
                }
            } else {
                let right = 8 * u32::try_from(byte).unwrap_or_default();
                let mut before = zero;
                for (place, digits) in words_of_digits.zip(md5.into_iter().chain([zero])) {
                    *place |= (before << (32 - right)) | (digits >> right);
                    before = digits;
                }
            }
            words
        },
    )
}

fn signature_digits<S: Lanes>(
    simd: S,
    macs: &States<S>,
    text: &mut [[u32; MAX_LANES]; SIGNATURE_WORDS],
) {
    simd.vectorize(
        #[inline(always)]
        || {
            let mut words = [S::u32s::splat(simd, 0); SIGNATURE_WORDS];
            digits::<S>(macs, &mut words);
            store::<S>(&words, text);
        },
    );
}

#[inline(always)]
fn store<S: Lanes>(words: &[S::u32s], rows: &mut [[u32; MAX_LANES]]) {
    for (word, row) in words.iter().zip(rows) {
        if let Some(row) = row.get_mut(..S::LANES) {
            word.store_slice(row);
        }
    }
}

/// The digits of one lane.
#[inline]
fn take_lane<const WORDS: usize, const BYTES: usize>(
    rows: &[[u32; MAX_LANES]; WORDS],
    lane: usize,
    text: &mut [u8; BYTES],
) {
    for (row, place) in rows.iter().zip(text.as_chunks_mut().0) {
        if let Some(word) = row.get(lane) {
            *place = word.to_be_bytes();
        }
    }
}

/// Requests that share their tail with too few: each string to sign is written by itself; those of
/// one length go side by side.
#[inline(never)]
fn separate_ones<S: Lanes>(
    simd: S,
    key: &MacKey,
    one: &ChatsSigner,
    requests: &[BulkRequest<'_>],
    digests: &[Digest],
    tails: &Tails,
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
            if group.count == S::LANES {
                group.sign(simd, key, blocks, results);
            }
        }
    }
    for (group, blocks) in waiting.iter_mut().zip(1..) {
        group.sign(simd, key, blocks, results);
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
    places: [Place; MAX_LANES],
    staged: [Staged; MAX_LANES],
    count: usize,
}

impl StagedGroup {
    const fn new() -> Self {
        Self {
            places: [0; MAX_LANES],
            staged: [[NO_BLOCK; STAGED_BLOCKS]; MAX_LANES],
            count: 0,
        }
    }

    fn add(&mut self, place: Place, staged: &Staged) {
        if let (Some(slot), Some(text)) = (
            self.places.get_mut(self.count),
            self.staged.get_mut(self.count),
        ) {
            *slot = place;
            *text = *staged;
            self.count += 1;
        }
    }

    fn sign<S: Lanes>(&mut self, simd: S, key: &MacKey, blocks: usize, results: &mut [BulkSigned]) {
        let count = core::mem::take(&mut self.count);
        let texts = self.staged.iter().take(count);
        let texts = texts.map(|staged| staged.get(..blocks).unwrap_or_default());
        let mut macs = [[0; 5]; MAX_LANES];
        if count < Sha1Lanes::<S>::PROFITABLE {
            for (mac, text) in macs.iter_mut().zip(texts) {
                *mac = key.mac_alone(key.inner, text);
            }
        } else {
            let mut messages: [&[Block]; MAX_MESSAGES] = [&[]; MAX_MESSAGES];
            for (message, text) in messages.iter_mut().zip(texts) {
                *message = text;
            }
            let mut lanes = Sha1Lanes(key.inner.map(|word| S::u32s::splat(simd, word)));
            lanes.absorb(simd, &messages, blocks);
            lanes.0 = key.macs(simd, lanes.0);
            for (lane, mac) in macs.iter_mut().enumerate().take(S::LANES) {
                *mac = lanes.state(lane);
            }
            lanes.wipe();
        }
        for (place, mac) in self.places.iter().zip(&macs).take(count) {
            if let Some(result) = results.get_mut(usize::from(*place)) {
                write_mac(mac, &mut result.signature);
            }
        }
        macs.as_flattened_mut().zeroize();
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
