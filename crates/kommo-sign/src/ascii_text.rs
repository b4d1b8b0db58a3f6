//! A short ASCII text that lives in its own bytes: dates, digests and ids without a heap.

/// At most `CAPACITY` bytes of printable ASCII.
///
/// INVARIANT: only the constructors below write `bytes`, and each writes ASCII.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct AsciiText<const CAPACITY: usize> {
    bytes: [u8; CAPACITY],
    length: u8,
}

impl<const CAPACITY: usize> AsciiText<CAPACITY> {
    /// Copies `text`, or returns `None` if it is too long or has a byte outside `0x20..=0x7e`.
    pub(crate) fn new(text: &str) -> Option<Self> {
        if !text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
            return None;
        }
        let mut bytes = [0; CAPACITY];
        bytes
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        Some(Self {
            bytes,
            length: u8::try_from(text.len()).ok()?,
        })
    }

    /// Takes an array that is ASCII as a whole, such as the output of the hex encoder.
    pub(crate) const fn from_ascii_array(bytes: [u8; CAPACITY]) -> Self {
        const { assert!(CAPACITY < 256, "the length is one byte") };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "checked by the assertion above, when it is compiled"
        )]
        Self {
            bytes,
            length: CAPACITY as u8,
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }

    /// All bytes of the buffer, those after the text included: copying a known number is cheaper
    /// than copying a length.
    pub(crate) const fn padded(&self) -> &[u8; CAPACITY] {
        &self.bytes
    }

    pub(crate) fn as_str(&self) -> &str {
        // The default is out of reach, see the invariant; it is here so that nothing can panic
        // (I11).
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}
