//! Standard Webhooks: the signature of what is handed on to a server of the user's, so that any
//! library of that scheme verifies it. HMAC-SHA256 over id, time and body.

use core::{error, fmt};

use base64ct::{Base64, Encoding as _};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::ascii_text::AsciiText;
use crate::mac;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
const SECRET_MIN_BYTES: usize = 24;
const SECRET_MAX_BYTES: usize = 64;
const VERSION: &str = "v1,";
const ID_MAX_BYTES: usize = 64;

/// The secret of one receiver: `whsec_` and 24 to 64 random bytes in base64.
///
/// Its own for each receiver, and none of the platform's. Wiped on drop; `Debug` shows none of it;
/// no `Display`, no `PartialEq`. Source: rule W1 of `docs/protocol.md`.
#[derive(Clone)]
pub struct WebhookSecret {
    bytes: Zeroizing<[u8; SECRET_MAX_BYTES]>,
    length: usize,
}

impl WebhookSecret {
    /// Reads the text as it is shared with the receiver. Never panics, never allocates.
    ///
    /// # Errors
    ///
    /// - `"c2VjcmV0"`: [`WebhookSecretError::Prefix`].
    /// - `"whsec_?"`, or a line feed at the end: [`WebhookSecretError::Base64`].
    /// - `"whsec_c2VjcmV0"`, six bytes: [`WebhookSecretError::Length`].
    pub fn parse(text: &str) -> Result<Self, WebhookSecretError> {
        let text = text
            .strip_prefix(PREFIX)
            .ok_or(WebhookSecretError::Prefix)?;
        // Longer texts do not fit: the decoder wants room for the whole.
        let mut decoded = Zeroizing::new([0; 128]);
        if text.len() > decoded.len() {
            return Err(WebhookSecretError::Length);
        }
        let decoded =
            Base64::decode(text, &mut *decoded).map_err(|_| WebhookSecretError::Base64)?;
        if !(SECRET_MIN_BYTES..=SECRET_MAX_BYTES).contains(&decoded.len()) {
            return Err(WebhookSecretError::Length);
        }
        let mut secret = Self {
            bytes: Zeroizing::new([0; SECRET_MAX_BYTES]),
            length: decoded.len(),
        };
        if let Some(place) = secret.bytes.get_mut(..decoded.len()) {
            place.copy_from_slice(decoded);
        }
        Ok(secret)
    }

    /// The bytes of the secret.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

/// Why a text is not a secret of this scheme. Says nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookSecretError {
    /// It does not begin with `whsec_`.
    Prefix,
    /// What follows is not base64, with its padding.
    Base64,
    /// What follows is not 24 to 64 bytes.
    Length,
}

impl fmt::Display for WebhookSecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prefix => "webhook secret does not begin with whsec_",
            Self::Base64 => "webhook secret is not base64 after whsec_",
            Self::Length => "webhook secret is not 24 to 64 bytes",
        })
    }
}

impl error::Error for WebhookSecretError {}

/// The id of what is sent, the same at each attempt: the receiver drops repeats by it. 1 to 64
/// letters, digits, hyphens and low lines; so no full stop, which separates it from the time in
/// what is signed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct WebhookId {
    text: AsciiText<ID_MAX_BYTES>,
}

impl WebhookId {
    /// Checks an id. Never panics, never allocates.
    ///
    /// # Errors
    ///
    /// [`ParseWebhookIdError`] for `""`, `"a.b"`, 65 bytes.
    pub fn parse(text: &str) -> Result<Self, ParseWebhookIdError> {
        let admitted = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_id = !text.is_empty() && text.bytes().all(admitted);
        let text = AsciiText::new(text).filter(|_| is_id);
        text.map(|text| Self { text }).ok_or(ParseWebhookIdError)
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }
}

impl fmt::Debug for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookId({:?})", self.as_str())
    }
}

/// The id of a webhook is not 1 to 64 letters, digits, hyphens and low lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseWebhookIdError;

impl fmt::Display for ParseWebhookIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("webhook id is not 1 to 64 letters, digits, hyphens and low lines")
    }
}

impl error::Error for ParseWebhookIdError {}

/// A secret with its key schedule done. Never panics, never allocates.
///
/// During a rotation the sender signs with the new key and with the old one, and sends both
/// signatures, separated by a space (rule W2).
///
/// # Examples
///
/// ```
/// use kommo_sign::{WebhookId, WebhookKey, WebhookSecret};
///
/// let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let id = WebhookId::parse("msg_p5jXN8AQM9LWM0D4loKWxJek")?;
/// let signature = WebhookKey::new(&secret).sign(&id, 1_614_265_330, br#"{"test": 2432232314}"#);
/// assert_eq!(signature.as_str(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct WebhookKey {
    mac: Hmac<Sha256>,
}

impl WebhookKey {
    /// Does the key schedule of a secret.
    #[must_use]
    pub fn new(secret: &WebhookSecret) -> Self {
        Self {
            mac: mac::keyed(secret.expose_bytes()),
        }
    }

    /// Signs what is sent at this second: `id.timestamp.body`, byte for byte.
    #[must_use]
    pub fn sign(&self, id: &WebhookId, timestamp_seconds: u64, body: &[u8]) -> WebhookSignature {
        let mut digits = [0; 20];
        let mac = self
            .mac
            .clone()
            .chain_update(id.as_str())
            .chain_update(b".")
            .chain_update(decimal(timestamp_seconds, &mut digits))
            .chain_update(b".")
            .chain_update(body);
        WebhookSignature::new(&mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookKey(..)")
    }
}

/// The digits of a number, at the end of the buffer.
fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut begin = digits.len();
    for place in digits.iter_mut().rev() {
        *place = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        begin -= 1;
        if number == 0 {
            break;
        }
    }
    digits.get(begin..).unwrap_or_default()
}

/// A signature as it is sent: `v1,` and 32 bytes in base64. No `Display`, as the others have none.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct WebhookSignature {
    text: AsciiText<{ VERSION.len() + 44 }>,
}

impl WebhookSignature {
    fn new(mac: &[u8; 32]) -> Self {
        let mut text = [b' '; VERSION.len() + 44];
        let (version, base64) = text.split_at_mut(VERSION.len());
        version.copy_from_slice(VERSION.as_bytes());
        // 32 bytes are 44 letters, always.
        let _ = Base64::encode(mac, base64);
        Self {
            text: AsciiText::from_ascii_array(text),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }
}

impl fmt::Debug for WebhookSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSignature(..)")
    }
}
