//! The `state` of a consent: proof that a redirect answers a consent that this browser began.
//!
//! Source: rule G2 of `docs/protocol.md`.

use alloc::string::String;
use core::{error, fmt};

use base64ct::{Base64UrlUnpadded, Encoding};
use ctutils::CtEq;
use zeroize::{Zeroize, Zeroizing};

/// Bytes of randomness in a state.
pub const STATE_RANDOM_BYTES: usize = 32;
/// Characters of a state.
pub const STATE_CHARACTERS: usize = 43;

/// The text is not a state that this crate made. The error holds nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotAState;

impl fmt::Display for NotAState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text is not a consent state")
    }
}

impl error::Error for NotAState {}

/// The `state` of one consent: 32 random bytes as 43 characters of base64url.
///
/// Make one per attempt, bind it to the browser that begins (a cookie), take it once. Wiped on
/// drop; no `Display`; `Debug` shows none of it. Compared in constant time.
///
/// Source: vendor page "OAuth" for the parameter, which it calls optional; that it has this form
/// and is required is our choice.
///
/// # Examples
///
/// ```
/// # use kommo_oauth::consent::ConsentState;
/// # let random = [7; 32];
/// let state = ConsentState::from_random(random); // 32 bytes of the operating system's randomness
/// assert_eq!(state.expose().len(), 43);
/// assert!(state.matches(state.expose()));
/// assert!(!state.matches(""));
/// ```
#[derive(Clone)]
pub struct ConsentState(Zeroizing<String>);

impl ConsentState {
    /// Makes a state of 32 random bytes. They must be unpredictable: an attacker who guesses a
    /// state can make another person's browser finish the attacker's consent.
    #[must_use]
    pub fn from_random(mut bytes: [u8; STATE_RANDOM_BYTES]) -> Self {
        let text = Base64UrlUnpadded::encode_string(&bytes);
        bytes.zeroize();
        Self(Zeroizing::new(text))
    }

    /// Takes back a state that was stored or came in a cookie. Never panics.
    ///
    /// # Errors
    ///
    /// Anything but 43 characters of base64url whose last one ends with two zero bits:
    /// [`NotAState`].
    pub fn parse(text: &str) -> Result<Self, NotAState> {
        let mut bytes = Zeroizing::new([0; STATE_RANDOM_BYTES]);
        if text.len() != STATE_CHARACTERS {
            return Err(NotAState);
        }
        // The decoder refuses other last characters too, so one state has one text.
        Base64UrlUnpadded::decode(text, bytes.as_mut_slice()).map_err(|_| NotAState)?;
        Ok(Self(Zeroizing::new(text.into())))
    }

    /// The text, for the consent URL and the cookie.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether a received text is this state, compared in constant time.
    #[must_use]
    pub fn matches(&self, received: &str) -> bool {
        self.0.as_bytes().ct_eq(received.as_bytes()).into()
    }
}

impl PartialEq for ConsentState {
    fn eq(&self, other: &Self) -> bool {
        self.matches(other.expose())
    }
}

impl Eq for ConsentState {}

impl fmt::Debug for ConsentState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConsentState(..)")
    }
}
