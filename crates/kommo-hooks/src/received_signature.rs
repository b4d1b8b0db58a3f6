//! The signature header as it came: absent, once, or more than once.
//!
//! Source: rule H7 of `docs/protocol.md`.

use core::fmt;

use crate::refusal::Refusal;

/// The values of a signature header.
///
/// A header that comes twice is refused: proxies and frameworks do not agree on which of the two
/// counts.
///
/// # Examples
///
/// ```
/// use kommo_hooks::{ReceivedSignature, Refusal};
///
/// let values: [&[u8]; 1] = [b"1b58ec7918f80d142eaadae57ae2265cb1472ff6"];
/// assert!(ReceivedSignature::from_values(values).text().is_ok());
/// assert_eq!(ReceivedSignature::from_values([]).text(), Err(Refusal::SignatureMissing));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ReceivedSignature<'a>(Result<&'a str, Refusal>);

impl<'a> ReceivedSignature<'a> {
    /// Takes every value of the header, in any order.
    #[must_use]
    pub fn from_values(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut values = values.into_iter();
        Self(match (values.next(), values.next()) {
            (None, _) => Err(Refusal::SignatureMissing),
            (Some(_), Some(_)) => Err(Refusal::SignatureRepeated),
            (Some(value), None) if value.is_ascii() => {
                core::str::from_utf8(value).map_err(|_| Refusal::SignatureNotAscii)
            }
            (Some(_), None) => Err(Refusal::SignatureNotAscii),
        })
    }

    /// Takes the text of a header that came once.
    #[must_use]
    pub const fn from_text(text: &'a str) -> Self {
        Self(Ok(text))
    }

    /// The text of the one header.
    ///
    /// # Errors
    ///
    /// [`Refusal::SignatureMissing`], [`Refusal::SignatureRepeated`] or
    /// [`Refusal::SignatureNotAscii`].
    pub const fn text(&self) -> Result<&'a str, Refusal> {
        self.0
    }
}

impl fmt::Debug for ReceivedSignature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Ok(text) => write!(f, "ReceivedSignature({} bytes)", text.len()),
            Err(refusal) => write!(f, "ReceivedSignature({})", refusal.code()),
        }
    }
}
