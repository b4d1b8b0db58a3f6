//! The name of a group. It says when the group was written, and which conversations may be in it:
//! that is known even if the file cannot be read.

use core::fmt;

/// How many numbers a conversation may have.
const NUMBERS: usize = 256;
const WORDS: usize = NUMBERS / 64;
/// Hex digits of a word.
const DIGITS: usize = 16;

/// A set of conversations: each has one of 256 numbers, so another one may seem to be in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Conversations([u64; WORDS]);

impl Conversations {
    pub(super) const NONE: Self = Self([0; WORDS]);

    pub(super) fn of<'a>(conversations: impl Iterator<Item = &'a str>) -> Self {
        let mut all = Self::NONE;
        for conversation in conversations {
            let (word, bit) = Self::place(conversation);
            if let Some(word) = all.0.get_mut(word) {
                *word |= bit;
            }
        }
        all
    }

    /// The texts are hashes, so their sums are spread evenly.
    fn place(conversation: &str) -> (usize, u64) {
        let add = |sum: u8, byte| sum.wrapping_mul(31).wrapping_add(byte);
        let number = usize::from(conversation.bytes().fold(0, add));
        (number / 64, 1 << (number % 64))
    }

    pub(super) fn is_empty(self) -> bool {
        self == Self::NONE
    }

    pub(super) fn may_have(self, conversation: &str) -> bool {
        let (word, bit) = Self::place(conversation);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    #[must_use]
    pub(super) fn with(mut self, others: Self) -> Self {
        for (word, other) in self.0.iter_mut().zip(others.0) {
            *word |= other;
        }
        self
    }

    fn parse(text: &str) -> Option<Self> {
        let mut all = Self::NONE;
        let words = text.as_bytes().chunks(DIGITS);
        for (word, digits) in all.0.iter_mut().zip(words) {
            let digits = core::str::from_utf8(digits).ok()?;
            *word = u64::from_str_radix(digits, 16).ok()?;
        }
        Some(all)
    }
}

impl fmt::Display for Conversations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|word| write!(f, "{word:016x}"))
    }
}

/// The name of a group, after the prefix. The order is that of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GroupName {
    pub(super) run: u32,
    pub(super) number: u32,
    pub(super) random: u64,
    pub(super) conversations: Conversations,
}

impl GroupName {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut next = |digits: usize| parts.next().filter(|part| part.len() == digits);
        let name = Self {
            run: u32::from_str_radix(next(8)?, 16).ok()?,
            number: u32::from_str_radix(next(8)?, 16).ok()?,
            random: u64::from_str_radix(next(16)?, 16).ok()?,
            conversations: Conversations::parse(next(WORDS * DIGITS)?)?,
        };
        // One way to write it, so that the name leads back to its file.
        (name.to_string() == text).then_some(name)
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            run,
            number,
            random,
            conversations,
        } = self;
        write!(f, "{run:08x}-{number:08x}-{random:016x}-{conversations}")
    }
}
