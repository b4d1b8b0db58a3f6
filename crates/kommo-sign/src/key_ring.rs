//! Several secrets at once, while they change: the new one and, for a bounded time, the old.

use core::{error, fmt};

use crate::ascii_text::AsciiText;

/// The name of a key, to be logged: 1 to 32 bytes of printable ASCII. Never the secret or a part of
/// it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId {
    text: AsciiText<32>,
}

impl KeyId {
    /// Checks a name. Never panics, never allocates.
    ///
    /// # Errors
    ///
    /// [`ParseKeyIdError`] for `""`, 33 bytes, or a byte outside printable ASCII.
    pub fn parse(text: &str) -> Result<Self, ParseKeyIdError> {
        let text = AsciiText::new(text).filter(|text| !text.as_bytes().is_empty());
        text.map(|text| Self { text }).ok_or(ParseKeyIdError)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({:?})", self.as_str())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A key id is not 1 to 32 bytes of printable ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseKeyIdError;

impl fmt::Display for ParseKeyIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("key id is not 1 to 32 bytes of printable ascii")
    }
}

impl error::Error for ParseKeyIdError {}

/// Up to `CAPACITY` keys of one kind, each with a name and, if it is on its way out, a last second.
///
/// Times are Unix seconds; milliseconds would keep every retired key alive. Never panics, never
/// allocates.
///
/// Source: rule X6 of `docs/protocol.md`, and the same need for every other secret.
///
/// # Examples
///
/// ```
/// use kommo_sign::{ChannelSecret, ChatHookKey, KeyId, KeyRing};
///
/// let new = ChatHookKey::new(&ChannelSecret::new("new-secret")?);
/// let old = ChatHookKey::new(&ChannelSecret::new("old-secret")?);
/// let mut ring: KeyRing<ChatHookKey> = KeyRing::new();
/// ring.insert(KeyId::parse("2026-11")?, new, None)?;
/// ring.insert(KeyId::parse("2025-03")?, old.clone(), Some(1_700_000_000))?;
///
/// let body = b"{}";
/// let received = old.sign(body);
/// let check = |key: &ChatHookKey| key.verify(body, received.as_str()).map(|proven| proven.bytes().len());
/// assert_eq!(ring.verify(1_700_000_000, check)?.key_id.as_str(), "2025-03");
/// assert!(ring.verify(1_700_000_001, check).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct KeyRing<K, const CAPACITY: usize = 4> {
    entries: [Option<Entry<K>>; CAPACITY],
}

struct Entry<K> {
    id: KeyId,
    key: K,
    not_after: Option<u64>,
}

impl<K, const CAPACITY: usize> KeyRing<K, CAPACITY> {
    /// A ring without keys, which proves nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            entries: [const { None }; CAPACITY],
        }
    }

    /// Adds a key. `not_after_unix_seconds` is the last second at which it is tried; `None` is
    /// without end.
    ///
    /// # Errors
    ///
    /// - a second key of the same id: [`KeyRingError::DuplicateId`]; nothing is changed.
    /// - `CAPACITY` keys are there: [`KeyRingError::Full`].
    pub fn insert(
        &mut self,
        id: KeyId,
        key: K,
        not_after_unix_seconds: Option<u64>,
    ) -> Result<(), KeyRingError> {
        if self.entries.iter().flatten().any(|entry| entry.id == id) {
            return Err(KeyRingError::DuplicateId);
        }
        let free = self.entries.iter_mut().find(|entry| entry.is_none());
        *free.ok_or(KeyRingError::Full)? = Some(Entry {
            id,
            key,
            not_after: not_after_unix_seconds,
        });
        Ok(())
    }

    /// Sets the last second at which a key is tried: the start of its way out. An earlier end stays
    /// as it is. Returns whether there is such a key.
    pub fn retire(&mut self, id: &KeyId, not_after_unix_seconds: u64) -> bool {
        let entry = self
            .entries
            .iter_mut()
            .flatten()
            .find(|entry| entry.id == *id);
        entry.is_some_and(|entry| {
            let end = entry
                .not_after
                .unwrap_or(u64::MAX)
                .min(not_after_unix_seconds);
            entry.not_after = Some(end);
            true
        })
    }

    /// Drops a key at once, since it leaked: what it signed is refused from now on. Returns whether
    /// there was one.
    pub fn revoke(&mut self, id: &KeyId) -> bool {
        let is_meant = |slot: &Option<Entry<K>>| slot.as_ref().is_some_and(|entry| entry.id == *id);
        let Some(place) = self.entries.iter().position(is_meant) else {
            return false;
        };
        let Some(rest) = self.entries.get_mut(place..) else {
            return false;
        };
        // Later keys move up, so that the order stays that of adding.
        rest.rotate_left(1);
        if let Some(leaked) = rest.last_mut() {
            *leaked = None;
        }
        true
    }

    /// The keys that may be tried now, in the order in which they were added; the last second
    /// counts (rule X6).
    pub fn live(&self, now_unix_seconds: u64) -> impl Iterator<Item = (&KeyId, &K)> {
        self.entries
            .iter()
            .flatten()
            .filter(move |entry| entry.not_after.is_none_or(|last| now_unix_seconds <= last))
            .map(|entry| (&entry.id, &entry.key))
    }

    /// Asks `check` of each live key until one says yes, and names that key.
    ///
    /// # Errors
    ///
    /// - no key is live now: [`RingRefusal::NoLiveKey`].
    /// - every live key refuses: [`RingRefusal::Refused`], with the last refusal.
    pub fn verify<T, E>(
        &self,
        now_unix_seconds: u64,
        mut check: impl FnMut(&K) -> Result<T, E>,
    ) -> Result<RingMatch<T>, RingRefusal<E>> {
        let mut refusal = RingRefusal::NoLiveKey;
        for (key_id, key) in self.live(now_unix_seconds) {
            match check(key) {
                Ok(proven) => {
                    return Ok(RingMatch {
                        key_id: *key_id,
                        proven,
                    });
                }
                Err(error) => refusal = RingRefusal::Refused(error),
            }
        }
        Err(refusal)
    }
}

impl<K, const CAPACITY: usize> Default for KeyRing<K, CAPACITY> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, const CAPACITY: usize> fmt::Debug for KeyRing<K, CAPACITY> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.entries.iter().flatten().map(|entry| entry.id))
            .finish()
    }
}

/// Which key said yes, and to what.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RingMatch<T> {
    /// The name of the key.
    pub key_id: KeyId,
    /// What the check gave.
    pub proven: T,
}

/// Why a key was not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyRingError {
    /// Another key has that id.
    DuplicateId,
    /// The ring is full.
    Full,
}

impl fmt::Display for KeyRingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateId => f.write_str("a key with that id is already in the ring"),
            Self::Full => f.write_str("the key ring is full"),
        }
    }
}

impl error::Error for KeyRingError {}

/// Why no key of a ring said yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RingRefusal<E> {
    /// The ring is empty, or all its keys are past their last second.
    NoLiveKey,
    /// Every live key refused; this is the last refusal.
    Refused(E),
}

impl<E> fmt::Display for RingRefusal<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLiveKey => f.write_str("the key ring has no live key"),
            Self::Refused(_) => f.write_str("no key of the ring matches"),
        }
    }
}

impl<E: error::Error + 'static> error::Error for RingRefusal<E> {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::NoLiveKey => None,
            Self::Refused(cause) => Some(cause),
        }
    }
}
