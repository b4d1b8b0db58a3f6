//! MD5 of all bodies of a window.

use crate::ending::{self, PlaceJob, Waiting};
use crate::hash_lanes::{HashLanes, Md5Lanes};
use crate::lanes::Lanes;
use crate::md5_lanes::START;
use crate::window::{Order, absorb_whole_blocks};

/// The words of an MD5.
pub(crate) type Digest = [u32; 4];

/// The digests of `bodies`, one a place.
pub(crate) fn content_digests<'a, S: Lanes>(
    simd: S,
    bodies: impl Iterator<Item = &'a [u8]> + Clone,
    body: impl Fn(usize) -> &'a [u8],
    digests: &mut [Digest],
) {
    digests.fill(START);
    let order = Order::longest_first(bodies.clone().map(|body| body.len() / 64));
    absorb_whole_blocks::<S, Md5Lanes<S>>(
        simd,
        &order,
        |place| body(usize::from(place)).as_chunks().0,
        digests,
    );
    let mut waiting = [Waiting::<PlaceJob>::of(1), Waiting::of(2)];
    for (place, body) in (0..).zip(bodies) {
        let rest = body.as_chunks::<64>().1;
        let bits = (body.len() as u64).wrapping_mul(8).to_le_bytes();
        let Some(waiting) = waiting.get_mut(ending::blocks(rest.len()) - 1) else {
            continue;
        };
        if let Some(ending) = waiting.add(place) {
            ending::write(ending, rest, b"", bits);
        }
        if waiting.len() == Md5Lanes::<S>::MESSAGES {
            end(simd, waiting, digests);
        }
    }
    for waiting in &mut waiting {
        end(simd, waiting, digests);
    }
}

fn end<S: Lanes>(simd: S, waiting: &mut Waiting<PlaceJob>, digests: &mut [Digest]) {
    let messages = waiting.messages();
    let alone = waiting.len() < Md5Lanes::<S>::PROFITABLE;
    let mut lanes = Md5Lanes::idle(simd);
    if !alone {
        for (lane, place) in waiting.jobs().iter().enumerate() {
            if let Some(digest) = digests.get(usize::from(*place)) {
                lanes.put(lane, digest);
            }
        }
        lanes.absorb(simd, &messages, waiting.blocks());
    }
    for (lane, (place, message)) in waiting.jobs().iter().zip(messages).enumerate() {
        let Some(digest) = digests.get_mut(usize::from(*place)) else {
            continue;
        };
        if alone {
            Md5Lanes::<S>::absorb_alone(digest, message);
        } else {
            *digest = lanes.state(lane);
        }
    }
    waiting.clear();
}
