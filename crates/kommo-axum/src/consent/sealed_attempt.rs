//! An attempt under way, as a text that only we can have made: its state, its end, and what it
//! carries.
//!
//! ```text
//!   state  = 8 random bytes | owner | end | tag of all that               32 bytes, base64url: 43 characters in the URL
//!   cookie = 2 | state | end | mode | account | bound? | tag(session) | carries? | carried | tag of all that
//! ```
//!
//! An attacker who wants to guess a state has 8 random bytes and 16 bytes of a tag under our key
//! against him. The state proves itself because `secrets_uri` is called without a cookie, and names
//! whose it is there; the cookie proves the rest and binds the browser. No state is kept in memory,
//! so a flood of starts costs no memory, and the consent may end at another process than it began
//! at.
//!
//! Source: rule G2 of `docs/protocol.md`; the shape of the bytes is our choice.

use base64ct::{Base64UrlUnpadded, Encoding};
use kommo_account::{AccountId, Realm};
use kommo_oauth::UnixSeconds;
use kommo_oauth::consent::{ConsentMode, ConsentState, STATE_RANDOM_BYTES};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::consent::attempt::{Attempt, CARRIED_MAX_BYTES, SessionDigest};
use crate::consent::state_key::{SHORT_TAG_BYTES, Sealer, StateKey, TAG_BYTES};

/// How long a consent may take: as long as a code is valid.
pub(crate) const ATTEMPT_SECONDS: u64 = 20 * 60;

const VERSION: u8 = 2;
const RANDOM_BYTES: usize = 8;
const OWNER_BYTES: usize = 4;
const HEAD_BYTES: usize = 1 + STATE_RANDOM_BYTES + 8 + 1 + 8 + 1 + SHORT_TAG_BYTES + 1;
const SEALED_MAX_BYTES: usize = HEAD_BYTES + CARRIED_MAX_BYTES + TAG_BYTES;

/// Names a state in the memory of used ones and in the name of its cookie. Says nothing that helps
/// to guess it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StateDigest([u8; STATE_DIGEST_BYTES]);

pub(crate) const STATE_DIGEST_BYTES: usize = 16;

impl StateDigest {
    pub(crate) const fn from_bytes(bytes: [u8; STATE_DIGEST_BYTES]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn of(state: &ConsentState) -> Self {
        let whole: [u8; 32] = Sha256::digest(state.expose().as_bytes()).into();
        let mut digest = [0; STATE_DIGEST_BYTES];
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
    pub(crate) session: Option<SessionTag>,
    pub(crate) carried: Option<String>,
}

/// A keyed hash of the application's session: it identifies the session to us, and reveals nothing
/// to a reader of the cookie.
pub(crate) type SessionTag = [u8; SHORT_TAG_BYTES];

/// A state that we made.
#[derive(Clone, Debug)]
pub(crate) struct KnownState {
    pub(crate) digest: StateDigest,
    /// Who began it; `None` if the application did not say.
    pub(crate) owner: Option<OwnerTag>,
    pub(crate) ends_at: UnixSeconds,
}

/// Who began an attempt, under our key: by the session that it is bound to, and what it carries.
pub(crate) type OwnerTag = [u8; OWNER_BYTES];

/// Makes and reads both.
#[derive(Clone)]
pub(crate) struct AttemptSealer {
    state: Sealer,
    cookie: Sealer,
    session: Sealer,
}

impl AttemptSealer {
    pub(crate) fn new(key: &StateKey, realm: Realm, redirect_uri: &str) -> Self {
        Self {
            state: key.bound("kommo-axum state 2", realm, redirect_uri),
            cookie: key.bound("kommo-axum attempt 1", realm, redirect_uri),
            session: key.bound("kommo-axum session 1", realm, redirect_uri),
        }
    }

    /// Begins an attempt. `None` if the operating system returned no random bytes.
    pub(crate) fn begin(
        &self,
        attempt: &Attempt,
        mode: ConsentMode,
        now: UnixSeconds,
    ) -> Option<LiveAttempt> {
        let ends_at = u32::try_from(now.get().saturating_add(ATTEMPT_SECONDS)).ok()?;
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random).ok()?;
        let owner = self.owner_tag(attempt);
        let body = [&random[..], &owner, &ends_at.to_be_bytes()].concat();
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
            session: attempt.session().map(|session| self.session_tag(session)),
            carried: attempt.carried().map(String::from),
        })
    }

    /// Zeros if the application did not say who it is.
    fn owner_tag(&self, attempt: &Attempt) -> OwnerTag {
        let session = attempt.session();
        let session = session
            .as_ref()
            .map_or(&[][..], |session| session.as_bytes());
        let carried = attempt.carried().unwrap_or_default().as_bytes();
        if session.is_empty() && carried.is_empty() {
            return [0; OWNER_BYTES];
        }
        let [a, b, c, d, ..] = self
            .session
            .tag(&[b"owner\0", session, b"\0", carried].concat());
        [a, b, c, d]
    }

    /// What names a session in a cookie.
    pub(crate) fn session_tag(&self, session: SessionDigest) -> SessionTag {
        let mut short = [0; SHORT_TAG_BYTES];
        for (to, from) in short.iter_mut().zip(self.session.tag(session.as_bytes())) {
            *to = from;
        }
        short
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
        let (rest, end) = body.split_last_chunk::<4>()?;
        let (_, owner) = rest.split_last_chunk::<OWNER_BYTES>()?;
        Some(KnownState {
            digest: StateDigest::of(&state),
            owner: (*owner != [0; OWNER_BYTES]).then_some(*owner),
            ends_at: UnixSeconds::new(u64::from(u32::from_be_bytes(*end))),
        })
    }

    /// The text of the cookie.
    pub(crate) fn seal(&self, attempt: &LiveAttempt) -> String {
        let mut bytes = Zeroizing::new(Vec::with_capacity(SEALED_MAX_BYTES));
        let mut state = Zeroizing::new([0; STATE_RANDOM_BYTES]);
        // INVARIANT: a `ConsentState` is base64url of exactly these bytes. Were it not, the zeros
        // would match no redirect.
        let _ = Base64UrlUnpadded::decode(attempt.state.expose(), state.as_mut_slice());
        bytes.push(VERSION);
        bytes.extend_from_slice(state.as_slice());
        bytes.extend_from_slice(&attempt.ends_at.get().to_be_bytes());
        bytes.push(u8::from(attempt.mode == ConsentMode::PostMessage));
        let account = attempt.expected_account.map_or(0, AccountId::get);
        bytes.extend_from_slice(&account.to_be_bytes());
        bytes.push(u8::from(attempt.session.is_some()));
        bytes.extend_from_slice(&attempt.session.unwrap_or_default());
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
        let (&[is_bound], rest) = rest.split_first_chunk::<1>()?;
        let (session, rest) = rest.split_first_chunk::<SHORT_TAG_BYTES>()?;
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
            session: (is_bound == 1).then_some(*session),
            carried: (carries == 1).then(|| carried.into()),
        })
    }
}
