//! Checked ASCII text in a fixed buffer, so that hosts and identifiers are `Copy` and nothing is
//! allocated.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

/// At most `N` bytes of text.
///
/// INVARIANT: `bytes[..length]` is ASCII. Everything that fills one checked its bytes before, and
/// there is no way to change a byte later.
#[derive(Clone, Copy)]
pub(crate) struct InlineText<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> InlineText<N> {
    /// Joins pieces whose bytes and lengths the caller has checked: ASCII, at most `N` together.
    /// What would not fit is left out, so that nothing can panic.
    pub(crate) fn concat(pieces: &[&[u8]]) -> Self {
        let mut bytes = [0; N];
        let mut length = 0;
        for (place, byte) in bytes.iter_mut().zip(pieces.iter().copied().flatten()) {
            *place = *byte;
            length += 1;
        }
        Self { bytes, length }
    }

    /// The same with ASCII letters lowered.
    pub(crate) fn to_lower_case(mut self) -> Self {
        self.bytes.make_ascii_lowercase();
        self
    }

    /// The text. The fallback cannot be reached (see the invariant); it is there so that no path
    /// can panic.
    pub(crate) fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        core::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl<const N: usize> PartialEq for InlineText<N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl<const N: usize> Eq for InlineText<N> {}

impl<const N: usize> PartialOrd for InlineText<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<const N: usize> Ord for InlineText<N> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl<const N: usize> Hash for InlineText<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl<const N: usize> fmt::Debug for InlineText<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
