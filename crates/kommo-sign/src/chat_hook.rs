//! The verdict on a chat hook: HMAC-SHA1 of the raw body, or of the body without one trailing line
//! end.
//!
//! Real hooks carry a line feed that their signature does not cover; the vendor's page signs the
//! body as it is. Both are accepted, in one pass: the MAC runs over the body without its last line
//! end and is finished there without being used up; only if that verdict is no is it finished once
//! more, with the line end.
//!
//! ```text
//! {"account_id":…}       LF
//! └───── MAC ──────┘──┬──────> finish(""), compare: WithoutLf
//!                     └──────> finish(LF), compare: Raw
//! ```
//!
//! One line end and no more: else a captured body with any number of line feeds would be as many
//! proven bodies.

use core::fmt;

use ctutils::CtEq;

use crate::error::{SignatureMismatch, VerifyError};
use crate::hex::HexCase;
use crate::hmac_sha1::{HmacSha1, HmacSha1Key};
use crate::secret::ChannelSecret;
use crate::signature::{self, Signature};

/// A channel secret with its key schedule done, for the body-only signature of chat hooks.
///
/// Never panics, never allocates. Source: rules H1 to H3 of `docs/protocol.md`.
///
/// # Examples
///
/// ```
/// use kommo_sign::{BodyForm, ChannelSecret, ChatHookKey};
///
/// let key = ChatHookKey::new(&ChannelSecret::new("channel-secret")?);
/// // As it arrives: with a line feed that the signature does not cover.
/// let proven = key.verify(b"{\"account_id\":\"x\",\"time\":1}\n", "1b58ec7918f80d142eaadae57ae2265cb1472ff6")?;
/// assert_eq!(proven.bytes(), b"{\"account_id\":\"x\",\"time\":1}");
/// assert_eq!(proven.form(), BodyForm::WithoutLf);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ChatHookKey {
    mac: HmacSha1Key,
}

impl ChatHookKey {
    /// Does the key schedule of a secret.
    #[must_use]
    pub fn new(secret: &ChannelSecret) -> Self {
        Self {
            mac: HmacSha1Key::new(secret.expose_bytes()),
        }
    }

    /// Signs a body as it is given, with the line feed if it has one.
    #[must_use]
    pub fn sign(&self, body: &[u8]) -> Signature {
        let mut mac = self.mac.begin();
        mac.update(body);
        Signature::from_bytes(mac.finish(b""))
    }

    /// The verdict on a hook: `body` as it came, before any parsing, and the text of its
    /// `X-Signature`.
    ///
    /// Upper-case digits in `received` are lowered first.
    ///
    /// # Errors
    ///
    /// - `received` is `"ab"` or 40 bytes with a `g`: [`VerifyError::Malformed`], with length or
    ///   offset.
    /// - another key, another body, two line feeds: [`VerifyError::Mismatch`], which says nothing
    ///   more.
    pub fn verify<'a>(
        &self,
        body: &'a [u8],
        received: &str,
    ) -> Result<ProvenBody<'a>, VerifyError> {
        let received = signature::parse(received, HexCase::Either)?;
        let (text, line_end) = split_line_end(body);
        let mut mac = self.mac.begin();
        mac.update(text);
        let form = decide(&mac, line_end, &received)?;
        let bytes = if form == BodyForm::Raw { body } else { text };
        Ok(ProvenBody { bytes, form })
    }

    /// Begins a verdict on a body that arrives in pieces.
    #[must_use]
    pub fn stream(&self) -> ChatHookStream {
        ChatHookStream {
            mac: self.mac.begin(),
            held: Held::default(),
            length: 0,
        }
    }
}

impl fmt::Debug for ChatHookKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChatHookKey(..)")
    }
}

/// Which bytes of a body its signature covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BodyForm {
    /// All of them.
    Raw,
    /// All but one line feed at the end: how hooks arrive today.
    WithoutLf,
    /// All but one carriage return and line feed at the end.
    WithoutCrlf,
}

/// The bytes that a signature proves, and no byte more.
#[derive(Clone, Copy)]
pub struct ProvenBody<'a> {
    bytes: &'a [u8],
    form: BodyForm,
}

impl<'a> ProvenBody<'a> {
    /// The proven bytes: parse these, never the body that holds them.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How the body that came relates to them.
    #[must_use]
    pub const fn form(&self) -> BodyForm {
        self.form
    }
}

impl fmt::Debug for ProvenBody<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProvenBody({} bytes, {:?})", self.bytes.len(), self.form)
    }
}

/// How many bytes, from the start of a streamed body, a signature proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProvenLength {
    /// The length of the proven part, in bytes.
    pub bytes: u64,
    /// How the body that came relates to it.
    pub form: BodyForm,
}

/// A chat hook whose body arrives in pieces. However it is cut, the verdict is that on the whole.
#[derive(Clone)]
pub struct ChatHookStream {
    mac: HmacSha1,
    held: Held,
    length: u64,
}

/// A line end, or the first half of one, that may turn out to be the last of the body.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Held {
    #[default]
    Nothing,
    CarriageReturn,
    LineFeed,
    Both,
}

impl Held {
    const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Nothing => b"",
            Self::CarriageReturn => b"\r",
            Self::LineFeed => b"\n",
            Self::Both => b"\r\n",
        }
    }
}

impl ChatHookStream {
    /// Adds the next bytes of the body.
    pub fn update(&mut self, bytes: &[u8]) {
        self.length = self
            .length
            .saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        // A held carriage return and a line feed that follows it are one line end.
        let bytes = match (self.held, bytes) {
            (_, []) => return,
            (Held::CarriageReturn, [b'\n', rest @ ..]) => {
                self.held = Held::Both;
                rest
            }
            _ => bytes,
        };
        let (text, now_held) = match bytes {
            [] => return,
            [text @ .., b'\r', b'\n'] => (text, Held::Both),
            [text @ .., b'\n'] => (text, Held::LineFeed),
            [text @ .., b'\r'] => (text, Held::CarriageReturn),
            text => (text, Held::Nothing),
        };
        self.mac.update(self.held.bytes());
        self.mac.update(text);
        self.held = now_held;
    }

    /// Ends the body and returns the verdict.
    ///
    /// # Errors
    ///
    /// As [`ChatHookKey::verify`].
    pub fn finish(mut self, received: &str) -> Result<ProvenLength, VerifyError> {
        let received = signature::parse(received, HexCase::Either)?;
        let line_end = match self.held {
            // A lone carriage return is not a line end: it belongs to the text.
            Held::CarriageReturn => {
                self.mac.update(b"\r");
                b""
            }
            held => held.bytes(),
        };
        let form = decide(&self.mac, line_end, &received)?;
        let unsigned = if form == BodyForm::Raw {
            0
        } else {
            line_end.len()
        };
        let unsigned = u64::try_from(unsigned).unwrap_or_default();
        Ok(ProvenLength {
            bytes: self.length.saturating_sub(unsigned),
            form,
        })
    }
}

impl fmt::Debug for ChatHookStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChatHookStream({} bytes so far)", self.length)
    }
}

/// Cuts one trailing CR LF or LF off.
fn split_line_end(body: &[u8]) -> (&[u8], &'static [u8]) {
    match body {
        [text @ .., b'\r', b'\n'] => (text, b"\r\n"),
        [text @ .., b'\n'] => (text, b"\n"),
        text => (text, b""),
    }
}

/// `mac` has taken the body up to `line_end`.
#[inline]
fn decide(
    mac: &HmacSha1,
    line_end: &[u8],
    received: &[u8; 20],
) -> Result<BodyForm, SignatureMismatch> {
    let proves = |line_end| {
        mac.finish(line_end)
            .as_slice()
            .ct_eq(received.as_slice())
            .to_bool()
    };
    let without = match line_end {
        b"\r\n" => Some(BodyForm::WithoutCrlf),
        b"\n" => Some(BodyForm::WithoutLf),
        _ => None,
    };
    if let Some(form) = without.filter(|_| proves(b"")) {
        return Ok(form);
    }
    if proves(line_end) {
        Ok(BodyForm::Raw)
    } else {
        Err(SignatureMismatch)
    }
}
