//! What the platform demands of an integration's settings, and what is advisable, as findings.
//!
//! Source: vendor page "OAuth", unless a finding names another. A setting that is not given is not
//! checked.
//!
//! Source: rule G13 of `docs/protocol.md`.

use alloc::format;
use alloc::vec::Vec;

use crate::integration::finding::{Finding, Level, finding};
use crate::integration::icon::IconHeader;
use crate::integration::web_uri::{RedirectUri, WebUriError};

/// The longest name of an integration, in characters.
pub const NAME_MAX_CHARACTERS: usize = 255;
/// The longest description, in characters. It may contain HTML.
pub const DESCRIPTION_MAX_CHARACTERS: usize = 65_000;
/// The one size of an icon, in pixels.
pub const ICON_WIDTH: u32 = 400;
/// The one size of an icon, in pixels.
pub const ICON_HEIGHT: u32 = 272;

/// Names that the platform adds to the Redirect URI itself.
const RESERVED_PARAMETERS: [&str; 8] = [
    "client_id",
    "code",
    "error",
    "from_exchange",
    "from_widget",
    "platform",
    "referer",
    "state",
];

/// For whom an integration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IntegrationKind {
    /// For one account, made in its own settings.
    Private,
    /// For the marketplace, after moderation.
    Public,
}

/// The settings of an integration, as far as they are known. `None` everywhere at first; set the
/// fields that you know.
///
/// # Examples
///
/// ```
/// # use kommo_oauth::integration::{IntegrationSettings, Level};
/// let mut settings = IntegrationSettings::default();
/// settings.redirect_uri = Some("http://app.example/callback");
/// let findings = settings.review();
/// let worst = findings.iter().max_by_key(|finding| finding.level).unwrap();
/// assert_eq!((worst.code, worst.level), ("redirect-uri-without-tls", Level::Error));
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct IntegrationSettings<'a> {
    /// The name.
    pub name: Option<&'a str>,
    /// The description.
    pub description: Option<&'a str>,
    /// The Redirect URI.
    pub redirect_uri: Option<&'a str>,
    /// The address of the disconnect hook; an empty text if the field is empty.
    pub disconnect_hook: Option<&'a str>,
    /// The bytes of the icon.
    pub icon: Option<&'a [u8]>,
    /// Private or public.
    pub kind: Option<IntegrationKind>,
    /// How many accounts use it, or will.
    pub accounts: Option<u32>,
    /// Whether a private integration is in a technical account of the platform, not in an ordinary
    /// one.
    pub technical_account: Option<bool>,
}

impl IntegrationSettings<'_> {
    /// All findings, in the order of the fields. Never panics.
    #[must_use]
    pub fn review(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Some(name) = self.name {
            review_name(name, &mut findings);
        }
        if let Some(text) = self.description {
            review_description(text, &mut findings);
        }
        if let Some(uri) = self.redirect_uri {
            self.review_redirect_uri(uri, &mut findings);
        }
        if let Some(uri) = self.disconnect_hook {
            review_disconnect_hook(uri, &mut findings);
        }
        if let Some(icon) = self.icon {
            review_icon(icon, &mut findings);
        }
        self.review_people(&mut findings);
        findings
    }

    fn review_redirect_uri(&self, text: &str, findings: &mut Vec<Finding>) {
        match RedirectUri::parse(text) {
            Ok(uri) => self.review_usable_uri(&uri, findings),
            Err(error) => findings.push(self.unusable_uri(error)),
        }
    }

    fn review_usable_uri(&self, uri: &RedirectUri, findings: &mut Vec<Finding>) {
        if uri.as_str().starts_with("http://") {
            findings.push(self.uri_of_this_machine());
        }
        if let Some(name) = reserved_parameter(uri.as_str()) {
            findings.push(finding(
                "redirect-uri-reserved-parameter",
                Level::Error,
                format!("the redirect uri has a parameter {name} of its own, which the platform adds too"),
                "rename the parameter",
            ));
        }
        findings.push(finding(
            "redirect-uri-exact",
            Level::Advice,
            "the redirect uri is compared byte for byte, with its slashes and its query".into(),
            "copy it from the settings, never build it",
        ));
    }

    fn uri_of_this_machine(&self) -> Finding {
        let several = self.accounts.is_some_and(|accounts| accounts > 1);
        finding(
            "redirect-uri-on-this-machine",
            if several {
                Level::Error
            } else {
                Level::Warning
            },
            "the redirect uri has no tls and leads to the machine of the person who opens it"
                .into(),
            "use it while you develop with one account; https before a second one",
        )
    }

    /// With one account the platform allows an address without TLS; then it is a warning that this
    /// crate will not accept it.
    fn unusable_uri(&self, error: WebUriError) -> Finding {
        match error {
            WebUriError::PlainHttp => finding(
                "redirect-uri-without-tls",
                if self.accounts == Some(1) { Level::Warning } else { Level::Error },
                "the redirect uri has no tls: codes would travel in the open, and the platform demands it once several accounts use the integration".into(),
                "use https; kommo-oauth takes nothing else but a loopback address",
            ),
            WebUriError::HostNotAscii { .. } | WebUriError::Punycode { .. } => finding(
                "redirect-uri-host",
                Level::Error,
                format!("{error}: the platform takes no cyrillic host, in either spelling"),
                "use a host name of latin letters",
            ),
            _ => finding(
                "redirect-uri-invalid",
                Level::Error,
                format!("{error}"),
                "write it as https://host/path, without a user and without a #",
            ),
        }
    }

    fn review_people(&self, findings: &mut Vec<Finding>) {
        findings.push(finding(
            "administrator-installs",
            Level::Advice,
            "only an administrator of an account can install an integration there".into(),
            "let an administrator give the first consent; it keeps full rights",
        ));
        let private = self.kind == Some(IntegrationKind::Private);
        if private && self.accounts.is_some_and(|accounts| accounts > 1) {
            findings.push(finding(
                "private-integration-several-accounts",
                Level::Error,
                "a private integration serves the one account that it was made in".into(),
                "make one in each account, or publish it",
            ));
        }
        if private && self.technical_account != Some(true) {
            findings.push(finding(
                "support-waiver",
                Level::Warning,
                "making a private integration in an ordinary account waives the vendor's support for that account, and this cannot be taken back".into(),
                "use a technical account, or have the owner of the account agree first",
            ));
        }
    }
}

fn review_name(name: &str, findings: &mut Vec<Finding>) {
    let characters = name.chars().count();
    if name.trim().is_empty() {
        findings.push(finding(
            "name-empty",
            Level::Error,
            "the integration has no name".into(),
            "give it one: users see it on the consent page",
        ));
    }
    if characters > NAME_MAX_CHARACTERS {
        findings.push(finding(
            "name-too-long",
            Level::Error,
            format!("the name has {characters} characters, more than {NAME_MAX_CHARACTERS}"),
            "shorten it",
        ));
    }
}

fn review_description(text: &str, findings: &mut Vec<Finding>) {
    let characters = text.chars().count();
    if text.trim().is_empty() {
        findings.push(finding(
            "description-empty",
            Level::Warning,
            "the integration has no description".into(),
            "write one: users read it before they consent; html is allowed",
        ));
    }
    if characters > DESCRIPTION_MAX_CHARACTERS {
        findings.push(finding(
            "description-too-long",
            Level::Error,
            format!("the description has {characters} characters, more than {DESCRIPTION_MAX_CHARACTERS}"),
            "shorten it; its html counts too",
        ));
    }
}

fn review_disconnect_hook(text: &str, findings: &mut Vec<Finding>) {
    if text.trim().is_empty() {
        findings.push(finding(
            "disconnect-hook-missing",
            Level::Advice,
            "no disconnect hook is set: you learn of a revoked access by a 401 only".into(),
            "set the address that serves the disconnect hook",
        ));
        return;
    }
    // The same rules as for a Redirect URI: the platform calls both.
    match RedirectUri::parse(text) {
        Ok(uri) if uri.as_str().starts_with("https://") => {}
        Ok(_) => findings.push(finding(
            "disconnect-hook-unreachable",
            Level::Error,
            "the disconnect hook leads to a loopback address, which the platform cannot reach"
                .into(),
            "set a public https address",
        )),
        Err(error) => findings.push(finding(
            "disconnect-hook-invalid",
            Level::Error,
            format!("{error}"),
            "write it as https://host/path",
        )),
    }
}

fn review_icon(bytes: &[u8], findings: &mut Vec<Finding>) {
    match IconHeader::read(bytes) {
        Ok(icon) if (icon.width, icon.height) == (ICON_WIDTH, ICON_HEIGHT) => {}
        Ok(icon) => findings.push(finding(
            "icon-size",
            Level::Error,
            format!("the icon has {}×{} pixels", icon.width, icon.height),
            "make it exactly 400×272",
        )),
        Err(error) => findings.push(finding(
            "icon-unreadable",
            Level::Error,
            format!("{error}"),
            "save it as jpeg, png or gif of 400×272 pixels",
        )),
    }
}

fn reserved_parameter(uri: &str) -> Option<&'static str> {
    let (_, query) = uri.split_once('?')?;
    let names = query.split('&').filter_map(|pair| pair.split('=').next());
    let reserved = |name: &str| RESERVED_PARAMETERS.into_iter().find(|known| *known == name);
    names.filter_map(reserved).next()
}
