//! The address of the chat page for a visitor who is signed in at your site.

use alloc::string::String;
use core::fmt::Write as _;

use kommo_peer::{FieldError, check_text};
use kommo_sign::{AppSecret, visitor_signature};

use crate::field::SBS;
use crate::stamp::{AppId, check_nonce};

/// Which host serves the chat page. Two revisions of one page differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum VisitorHost {
    /// `visitorchat.twt.com`
    #[default]
    VisitorChatTwt,
    /// `visitor.chattwt.com`, in a later revision.
    VisitorChattwt,
}

impl VisitorHost {
    const fn name(self) -> &'static str {
        match self {
            Self::VisitorChatTwt => "visitorchat.twt.com",
            Self::VisitorChattwt => "visitor.chattwt.com",
        }
    }
}

/// An address that signs a visitor in. It does not expire: give it only to this visitor.
///
/// # Security
///
/// Create it on a server. A visitor must not choose `customer`: with another customer's id, a
/// visitor reads that customer's chats.
///
/// # Examples
///
/// ```
/// use kommo_open_api::{AppId, VisitorHost, VisitorLink};
/// use kommo_sign::AppSecret;
///
/// let app_id = AppId::new("1b621280becdb0fa3d3e041ff69e1e1f")?;
/// let link = VisitorLink::new(app_id, &AppSecret::new("YOUR_APP_SECRET")?, "1001", "4ad0faec14a58112")?;
/// assert_eq!(
///     link.with("name", "Ann Lee").to_url(VisitorHost::default()),
///     "https://visitorchat.twt.com/direct/1b621280becdb0fa3d3e041ff69e1e1f?sbs=1001\
///      &sbs_mm=a0e1a677fd6a2432ef6bd3f8a05070b2&ranstr=4ad0faec14a58112&name=Ann%20Lee",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct VisitorLink {
    app_id: AppId,
    query: String,
}

impl VisitorLink {
    /// Signs a visitor; `nonce` was drawn at random and has at least 16 characters.
    ///
    /// # Errors
    ///
    /// [`FieldError`] of `sbs` or `ranstr`.
    pub fn new(
        app_id: AppId,
        secret: &AppSecret,
        customer: &str,
        nonce: &str,
    ) -> Result<Self, FieldError> {
        check_text("sbs", customer, SBS)?;
        check_nonce(nonce)?;
        let signature = visitor_signature(secret, customer, nonce);
        let link = Self {
            app_id,
            query: String::new(),
        };
        Ok(link
            .with("sbs", customer)
            .with("sbs_mm", signature.as_str())
            .with("ranstr", nonce))
    }

    /// Adds a value: `name`, `nickname`, `email`, `phone`, `lang`, or `direct` and `chatid` for one
    /// chat.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(name);
        self.query.push('=');
        percent_encode(value, &mut self.query);
        self
    }

    /// The address.
    #[must_use]
    pub fn to_url(&self, host: VisitorHost) -> String {
        let mut url = String::from("https://");
        url.push_str(host.name());
        url.push_str("/direct/");
        percent_encode(self.app_id.as_str(), &mut url);
        url.push('?');
        url.push_str(&self.query);
        url
    }
}

/// The address signs a visitor in, so it is not shown.
impl core::fmt::Debug for VisitorLink {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "VisitorLink({}, ..)", self.app_id)
    }
}

/// Everything but unreserved characters (RFC 3986, 2.3).
fn percent_encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            into.push(char::from(byte));
        } else {
            // Writing into a `String` cannot fail.
            let _ = write!(into, "%{byte:02X}");
        }
    }
}
