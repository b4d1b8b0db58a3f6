//! A buffer that leaves no copy of its bytes in memory when it grows: an answer may have tokens in
//! it.

use alloc::vec::Vec;

use zeroize::Zeroizing;

/// The first allocation; most answers fit.
const FIRST_BYTES: usize = 4 * 1024;

/// Appends; what the buffer outgrows is wiped.
pub(crate) fn append(buffer: &mut Zeroizing<Vec<u8>>, piece: &[u8]) {
    let needed = buffer.len().saturating_add(piece.len());
    if needed > buffer.capacity() {
        let room = needed.max(buffer.capacity().saturating_mul(2));
        let mut larger = Zeroizing::new(Vec::with_capacity(room.max(FIRST_BYTES)));
        larger.extend_from_slice(buffer);
        *buffer = larger;
    }
    buffer.extend_from_slice(piece);
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use zeroize::Zeroizing;

    use super::append;

    #[test]
    fn pieces_stand_one_after_the_other_whatever_their_length() {
        let mut buffer = Zeroizing::new(Vec::new());
        let mut wanted = Vec::new();
        for length in [0, 1, 4_095, 1, 10_000, 3] {
            let piece = alloc::vec![b'a'; length];
            append(&mut buffer, &piece);
            wanted.extend(piece);
            assert_eq!(*buffer, wanted);
        }
    }
}
