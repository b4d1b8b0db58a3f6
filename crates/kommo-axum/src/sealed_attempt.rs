//! An attempt under way, as a text that only we can have made: its state, its end, and what it carries.
//!
//! ```text
//!   state  = 12 random bytes | end | tag(12 random bytes | end)          32 bytes, base64url: 43 characters in the URL
//!   cookie = 1 | state | end | mode | account | carries? | carried | tag of all that
//! ```
//!
//! Whoever wants to guess a state has 12 random bytes and 16 bytes of a tag under our key against him. The state proves
//! itself because `secrets_uri` is called without a cookie; the cookie proves the rest and binds the browser. Nothing is kept
//! in memory, so a flood of starts costs none, and the consent may end at another process than it began at.
//!
//! Source: rule G2 of `docs/protocol.md`; the shape of the bytes is our choice.

use base64ct::{Base64UrlUnpadded, Encoding};
use kommo_account::{AccountId, Realm};
use kommo_oauth::{ConsentMode, ConsentState, STATE_RANDOM_BYTES, UnixSeconds};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::attempt::{Attempt, CARRIED_MAX_BYTES};
use crate::state_key::{SHORT_TAG_BYTES, Sealer, StateKey, TAG_BYTES};

/// How long a consent may take: as long as a code lives.
pub(crate) const ATTEMPT_SECONDS: u64 = 20 * 60;

const VERSION: u8 = 1;
const RANDOM_BYTES: usize = 12;
const HEAD_BYTES: usize = 1 + STATE_RANDOM_BYTES + 8 + 1 + 8 + 1;
const SEALED_MAX_BYTES: usize = HEAD_BYTES + CARRIED_MAX_BYTES + TAG_BYTES;

/// Names a state in the memory of used ones and in the name of its cookie. Says nothing that helps to guess it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StateDigest([u8; 16]);

impl StateDigest {
    pub(crate) fn of(state: &ConsentState) -> Self {
        let whole: [u8; 32] = Sha256::digest(state.expose().as_bytes()).into();
        let mut digest = [0; 16];
        for (to, from) in digest.iter_mut().zip(whole) {
            *to = from;
        }
        Self(digest)
    }

    /// 32 hex digits.
    pub(crate) fn whole_text(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.0))
    }

    /// Twelve hex digits.
    pub(crate) fn short_text(self) -> String {
        let [a, b, c, d, e, f, ..] = self.0;
        format!("{a:02x}{b:02x}{c:02x}{d:02x}{e:02x}{f:02x}")
    }
}

/// An attempt whose seal holds.
#[derive(Clone, Debug)]
pub(crate) struct LiveAttempt {
    pub(crate) state: ConsentState,
    pub(crate) ends_at: UnixSeconds,
    pub(crate) mode: ConsentMode,
    pub(crate) expected_account: Option<AccountId>,
    pub(crate) carried: Option<String>,
}

/// A state that we made.
#[derive(Clone, Debug)]
pub(crate) struct KnownState {
    pub(crate) digest: StateDigest,
    pub(crate) ends_at: UnixSeconds,
}

/// Makes and reads both.
#[derive(Clone)]
pub(crate) struct AttemptSealer {
    state: Sealer,
    cookie: Sealer,
}

impl AttemptSealer {
    pub(crate) fn new(key: &StateKey, realm: Realm, redirect_uri: &str) -> Self {
        Self {
            state: key.bound("kommo-axum state 1", realm, redirect_uri),
            cookie: key.bound("kommo-axum attempt 1", realm, redirect_uri),
        }
    }

    /// Begins an attempt. `None` if the operating system gives no random bytes.
    pub(crate) fn begin(
        &self,
        attempt: &Attempt,
        mode: ConsentMode,
        now: UnixSeconds,
    ) -> Option<LiveAttempt> {
        let ends_at = u32::try_from(now.get().saturating_add(ATTEMPT_SECONDS)).ok()?;
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random).ok()?;
        let body = [&random[..], &ends_at.to_be_bytes()].concat();
        let tag = self.state.tag(&body);
        let mut bytes = [0; STATE_RANDOM_BYTES];
        for (to, from) in bytes.iter_mut().zip(body.iter().chain(&tag)) {
            *to = *from;
        }
        Some(LiveAttempt {
            state: ConsentState::from_random(bytes),
            ends_at: UnixSeconds::new(u64::from(ends_at)),
            mode,
            expected_account: attempt.expected_account(),
            carried: attempt.carried().map(String::from),
        })
    }

    /// Whether a received text is a state that we made, at whatever time.
    pub(crate) fn known_state(&self, text: &str) -> Option<KnownState> {
        let state = ConsentState::parse(text).ok()?;
        let mut bytes = Zeroizing::new([0; STATE_RANDOM_BYTES]);
        Base64UrlUnpadded::decode(text, bytes.as_mut_slice()).ok()?;
        let (body, tag) = bytes.split_last_chunk::<SHORT_TAG_BYTES>()?;
        if !self.state.holds_short(body, tag) {
            return None;
        }
        let (_, end) = body.split_last_chunk::<4>()?;
        Some(KnownState {
            digest: StateDigest::of(&state),
            ends_at: UnixSeconds::new(u64::from(u32::from_be_bytes(*end))),
        })
    }

    /// The text of the cookie.
    pub(crate) fn seal(&self, attempt: &LiveAttempt) -> String {
        let mut bytes = Zeroizing::new(Vec::with_capacity(SEALED_MAX_BYTES));
        let mut state = Zeroizing::new([0; STATE_RANDOM_BYTES]);
        // INVARIANT: a `ConsentState` is base64url of exactly these bytes. Were it not, the zeros would match no redirect.
        let _ = Base64UrlUnpadded::decode(attempt.state.expose(), state.as_mut_slice());
        bytes.push(VERSION);
        bytes.extend_from_slice(state.as_slice());
        bytes.extend_from_slice(&attempt.ends_at.get().to_be_bytes());
        bytes.push(u8::from(attempt.mode == ConsentMode::PostMessage));
        let account = attempt.expected_account.map_or(0, AccountId::get);
        bytes.extend_from_slice(&account.to_be_bytes());
        bytes.push(u8::from(attempt.carried.is_some()));
        bytes.extend_from_slice(attempt.carried.as_deref().unwrap_or_default().as_bytes());
        let tag = self.cookie.tag(&bytes);
        bytes.extend_from_slice(&tag);
        Base64UrlUnpadded::encode_string(&bytes)
    }

    /// Reads a cookie. `None` if we did not make it; its end is for the caller to judge.
    pub(crate) fn unseal(&self, text: &str) -> Option<LiveAttempt> {
        if text.len() > SEALED_MAX_BYTES.div_ceil(3) * 4 {
            return None;
        }
        let bytes = Zeroizing::new(Base64UrlUnpadded::decode_vec(text).ok()?);
        let (body, tag) = bytes.split_last_chunk::<TAG_BYTES>()?;
        if !self.cookie.holds(body, tag) {
            return None;
        }
        let (&[VERSION], rest) = body.split_first_chunk::<1>()? else {
            return None;
        };
        let (state, rest) = rest.split_first_chunk::<STATE_RANDOM_BYTES>()?;
        let (ends_at, rest) = rest.split_first_chunk::<8>()?;
        let (&[mode], rest) = rest.split_first_chunk::<1>()?;
        let (account, rest) = rest.split_first_chunk::<8>()?;
        let (&[carries], carried) = rest.split_first_chunk::<1>()?;
        let carried = core::str::from_utf8(carried).ok()?;
        Some(LiveAttempt {
            state: ConsentState::from_random(*state),
            ends_at: UnixSeconds::new(u64::from_be_bytes(*ends_at)),
            mode: match mode {
                0 => ConsentMode::Popup,
                _ => ConsentMode::PostMessage,
            },
            expected_account: AccountId::from_number(u64::from_be_bytes(*account)).ok(),
            carried: (carries == 1).then(|| carried.into()),
        })
    }
}
