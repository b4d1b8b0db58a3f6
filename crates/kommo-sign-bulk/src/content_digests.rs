//! MD5 of all bodies of a window.

use crate::ending::Ending;
use crate::hash_lanes::Md5;
use crate::lanes::{Block, Lanes};
use crate::md5_lanes::{START, State};
use crate::request::BulkRequest;
use crate::window::{Messages, Order, Place, hash_all};

/// The words of an MD5.
pub(crate) type Digest = State;

/// The digests of the bodies of `requests`, one a place.
pub(crate) fn content_digests<S: Lanes>(
    simd: S,
    requests: &[BulkRequest<'_>],
    digests: &mut [Digest],
) {
    let blocks = requests
        .iter()
        .map(|request| (request.body.len() + 9).div_ceil(64));
    let order = Order::longest_first(blocks);
    hash_all(simd, &order, &mut Bodies { requests, digests });
}

struct Bodies<'a, 'd> {
    requests: &'a [BulkRequest<'a>],
    digests: &'d mut [Digest],
}

impl<'a> Messages<'a, Md5> for Bodies<'a, '_> {
    fn text(&self, place: Place) -> &'a [u8] {
        self.requests
            .get(usize::from(place))
            .map_or(&[], |request| request.body)
    }

    fn begin(&self, place: Place, ending: &mut Ending) -> (State, &'a [Block]) {
        let body = self.text(place);
        ending.write(body, (body.len() as u64).wrapping_mul(8).to_le_bytes());
        (START, body.as_chunks().0)
    }

    fn done(&mut self, place: Place, state: &State) {
        if let Some(digest) = self.digests.get_mut(usize::from(place)) {
            *digest = *state;
        }
    }
}
