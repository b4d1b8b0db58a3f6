//! How a consent ended, as a text that only we can have made. The callback sends it to the browser,
//! and the page with the clean address reads it: so no address says what the page is to say, and no
//! process needs to remember it. It also answers the same redirect when that comes again.
//!
//! ```text
//!   cookie = 2 | end | ending | tells its opener? | status | sentence | length of the code | code
//!              | answered? | state | redirect | where the browser was sent | tag of (name | 0 | all that)
//! ```

use alloc::borrow::Cow;

use axum::http::StatusCode;
use base64ct::{Base64UrlUnpadded, Encoding};
use kommo_account::Realm;
use kommo_oauth::UnixSeconds;

use crate::consent::redirect_digest::{REDIRECT_DIGEST_BYTES, RedirectDigest};
use crate::consent::sealed_attempt::{STATE_DIGEST_BYTES, StateDigest};
use crate::consent::state_key::{Sealer, StateKey, TAG_BYTES};
use crate::pages::consent_outcome::{ConsentOutcome, Ending};
use crate::pages::page_texts::Sentence;
use crate::settings::local_path::LocalPath;

/// How long a result can be viewed, and answers its redirect: as long as an attempt lasts.
pub(crate) const RESULT_SECONDS: u64 = 20 * 60;

const VERSION: u8 = 2;
/// No result of ours is longer, as text.
const SEALED_MAX_BYTES: usize = 1024;
/// A longer address is not sealed: who comes again is sent to our page then.
const SENT_TO_MAX_BYTES: usize = 256;
const NAME_DIGITS: usize = 12;

/// Which result: that of an attempt, or the one for a browser without an attempt of ours. It is in
/// the address of the page and in the name of the cookie, and means nothing to a browser without
/// that cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResultName(Option<String>);

impl ResultName {
    /// Of no attempt.
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    pub(crate) fn of(state: StateDigest) -> Self {
        Self(Some(state.short_text()))
    }

    /// What a query asks for.
    pub(crate) fn asked_for(query: &str) -> Self {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let name = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("id="))
            .filter(|name| name.len() == NAME_DIGITS && name.bytes().all(is_digit));
        Self(name.map(String::from))
    }

    /// The query that asks for it, with its question mark.
    pub(crate) fn query(&self) -> String {
        self.0
            .as_ref()
            .map_or_else(String::new, |name| format!("?id={name}"))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or("none")
    }
}

/// The redirect that a result answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) state: StateDigest,
    pub(crate) redirect: RedirectDigest,
    /// Where the browser was sent instead of our page.
    pub(crate) sent_to: Option<LocalPath>,
}

/// How a consent ended, and for which redirect, if it used up an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConsentResult {
    pub(crate) outcome: ConsentOutcome,
    pub(crate) answered: Option<Answered>,
}

/// Makes and reads results.
#[derive(Clone)]
pub(crate) struct ResultSealer(Sealer);

impl ResultSealer {
    pub(crate) fn new(key: &StateKey, realm: Realm, redirect_uri: &str) -> Self {
        Self(key.bound("kommo-axum result 1", realm, redirect_uri))
    }

    /// The text of the cookie.
    pub(crate) fn seal(
        &self,
        name: &ResultName,
        result: &ConsentResult,
        now: UnixSeconds,
    ) -> String {
        let outcome = &result.outcome;
        let mut bytes = vec![VERSION];
        let until = now.get().saturating_add(RESULT_SECONDS);
        bytes.extend_from_slice(&until.to_be_bytes());
        bytes.push(outcome.ending.number());
        bytes.push(u8::from(outcome.tells_opener));
        bytes.extend_from_slice(&outcome.status.as_u16().to_be_bytes());
        bytes.push(outcome.sentence.number());
        // INVARIANT: codes have some twenty letters. A longer one would make a result that cannot
        // be can read.
        bytes.push(u8::try_from(outcome.code.len()).unwrap_or(u8::MAX));
        bytes.extend_from_slice(outcome.code.as_bytes());
        bytes.push(u8::from(result.answered.is_some()));
        if let Some(answered) = &result.answered {
            bytes.extend_from_slice(answered.state.as_bytes());
            bytes.extend_from_slice(answered.redirect.as_bytes());
            let sent_to = answered.sent_to.as_ref().map(LocalPath::as_str);
            let sent_to = sent_to.filter(|path| path.len() <= SENT_TO_MAX_BYTES);
            bytes.extend_from_slice(sent_to.unwrap_or_default().as_bytes());
        }
        let tag = self.0.tag(&sealed_bytes(name, &bytes));
        bytes.extend_from_slice(&tag);
        Base64UrlUnpadded::encode_string(&bytes)
    }

    /// Reads a cookie. `None` if we did not make it for this name, or if it has ended.
    pub(crate) fn unseal(
        &self,
        name: &ResultName,
        text: &str,
        now: UnixSeconds,
    ) -> Option<ConsentResult> {
        if text.len() > SEALED_MAX_BYTES {
            return None;
        }
        let bytes = Base64UrlUnpadded::decode_vec(text).ok()?;
        let (body, tag) = bytes.split_last_chunk::<TAG_BYTES>()?;
        if !self.0.holds(&sealed_bytes(name, body), tag) {
            return None;
        }
        let (&[VERSION], rest) = body.split_first_chunk::<1>()? else {
            return None;
        };
        let (until, rest) = rest.split_first_chunk::<8>()?;
        if UnixSeconds::new(u64::from_be_bytes(*until)) < now {
            return None;
        }
        let (&[ending, tells_opener], rest) = rest.split_first_chunk::<2>()?;
        let (status, rest) = rest.split_first_chunk::<2>()?;
        let (&[sentence, code_bytes], rest) = rest.split_first_chunk::<2>()?;
        let (code, rest) = rest.split_at_checked(usize::from(code_bytes))?;
        Some(ConsentResult {
            outcome: ConsentOutcome {
                ending: Ending::from_number(ending)?,
                status: StatusCode::from_u16(u16::from_be_bytes(*status)).ok()?,
                code: owned(code)?,
                sentence: Sentence::from_number(sentence)?,
                tells_opener: tells_opener == 1,
            },
            answered: answered(rest)?,
        })
    }
}

/// `Some(None)`: it answers no redirect.
fn answered(bytes: &[u8]) -> Option<Option<Answered>> {
    let (&[is_answer], rest) = bytes.split_first_chunk::<1>()?;
    if is_answer == 0 {
        return Some(None);
    }
    let (state, rest) = rest.split_first_chunk::<STATE_DIGEST_BYTES>()?;
    let (redirect, path) = rest.split_first_chunk::<REDIRECT_DIGEST_BYTES>()?;
    let sent_to = match path {
        [] => None,
        path => Some(LocalPath::parse(owned(path)?.into_owned()).ok()?),
    };
    Some(Some(Answered {
        state: StateDigest::from_bytes(*state),
        redirect: RedirectDigest::from_bytes(*redirect),
        sent_to,
    }))
}

/// With the name, so that the result of one attempt cannot be shown as that of another. No name has
/// a null in it.
fn sealed_bytes(name: &ResultName, body: &[u8]) -> Vec<u8> {
    [name.as_str().as_bytes(), b"\0", body].concat()
}

fn owned(text: &[u8]) -> Option<Cow<'static, str>> {
    let text = core::str::from_utf8(text).ok()?;
    Some(Cow::Owned(text.to_owned()))
}
