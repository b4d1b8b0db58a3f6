//! A frame of the log: `F`, the length and a digest of its bytes, and the bytes, so that what an
//! interrupted write left can be recognised.
//!
//! A frame is synced before the next one is begun. So only the last one can be incomplete, and an
//! incomplete one that a whole one follows is damage.

use core::ops::Range;

use sha2::{Digest, Sha256};

use crate::secrets::channel_key::lower_hex;

const MARK: &[u8] = b"F ";

/// The bytes of a frame.
pub(crate) fn framed(payload: &[u8]) -> Vec<u8> {
    let mut frame = format!("F {} {}\n", payload.len(), digest(payload)).into_bytes();
    frame.extend_from_slice(payload);
    frame.push(b'\n');
    frame
}

fn digest(payload: &[u8]) -> String {
    let digest = Sha256::digest(payload);
    lower_hex(digest.get(..8).unwrap_or_default())
}

/// Where the payload of the frame at `at` is, and where the frame ends; `None` for anything but a
/// whole frame.
fn frame_at(log: &[u8], at: usize) -> Option<(Range<usize>, usize)> {
    let rest = log.get(at..)?.strip_prefix(MARK)?;
    let head = rest.iter().take(40).position(|byte| *byte == b'\n')?;
    let head = core::str::from_utf8(rest.get(..head)?).ok()?;
    let (length, sum) = head.split_once(' ')?;
    let start = at + MARK.len() + head.len() + 1;
    let end = start.checked_add(length.parse().ok()?)?;
    let payload = log.get(start..end)?;
    let whole = log.get(end) == Some(&b'\n') && digest(payload) == sum;
    whole.then_some((start..end, end + 1))
}

/// The payloads of a log, and where the whole frames end; or where it is damaged.
pub(crate) fn frames(log: &[u8]) -> Result<(Vec<Range<usize>>, usize), usize> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some((payload, end)) = frame_at(log, at) {
        found.push(payload);
        at = end;
    }
    // What follows is what an interrupted write left, unless a whole frame is in it.
    let rest = log.get(at..).unwrap_or_default();
    let marks = rest.windows(MARK.len()).enumerate().skip(1);
    let mut later = marks
        .filter(|(_, bytes)| *bytes == MARK)
        .map(|(offset, _)| at + offset);
    match later.any(|at| frame_at(log, at).is_some()) {
        true => Err(at),
        false => Ok((found, at)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test fails by panicking"
    )]

    use super::{framed, frames};

    /// Payloads that look like frames themselves.
    fn log() -> (Vec<u8>, [usize; 3]) {
        let frames: [&[u8]; 3] = [b"[1]\n[2]\n", b"", b"F 3 0\nF 9"];
        let mut log = Vec::new();
        let ends = frames.map(|payload| {
            log.extend(framed(payload));
            log.len()
        });
        (log, ends)
    }

    #[test]
    fn a_log_that_was_cut_anywhere_opens_with_its_whole_frames() {
        let (log, ends) = log();
        for cut in 0..=log.len() {
            let (found, end) = frames(&log[..cut]).unwrap();
            let whole = ends.iter().filter(|end| **end <= cut).count();
            assert_eq!(found.len(), whole, "cut at {cut}");
            assert_eq!(end, whole.checked_sub(1).map_or(0, |last| ends[last]));
        }
        let (found, _) = frames(&log).unwrap();
        assert_eq!(&log[found[0].clone()], b"[1]\n[2]\n");
        assert_eq!(&log[found[2].clone()], b"F 3 0\nF 9");
    }

    #[test]
    fn zeroes_and_noise_after_the_last_frame_are_no_damage() {
        let (log, ends) = log();
        for tail in [&b"\0\0\0\0"[..], b"F 5 0123456789abcdef\nabc", b"F "] {
            let longer = [log.as_slice(), tail].concat();
            assert_eq!(frames(&longer).unwrap().1, ends[2]);
        }
    }

    #[test]
    fn a_changed_byte_before_a_whole_frame_is_damage_and_says_where() {
        let (log, ends) = log();
        for at in 0..ends[1] {
            let mut damaged = log.clone();
            damaged[at] ^= 1;
            let start = if at < ends[0] { 0 } else { ends[0] };
            assert_eq!(frames(&damaged), Err(start), "byte {at}");
        }
    }
}
