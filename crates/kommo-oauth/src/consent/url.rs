//! The address of the consent page: where a user is sent to allow or refuse.
//!
//! Source: rules G1, G3 of `docs/protocol.md`.

use alloc::string::String;
use core::fmt;

use kommo_account::{ClientId, EndpointRole, Endpoints, Platform, Target};

use crate::consent::query::push_parameter;
use crate::consent::state::ConsentState;
use crate::integration::{NewIntegration, PageUri};

const CONSENT_PATH: &str = "/oauth";

/// What the consent window does at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConsentMode {
    /// The window closes, and the page that opened it navigates to the Redirect URI.
    Popup,
    /// The window itself navigates to the Redirect URI; the page there informs its opener and
    /// closes.
    PostMessage,
}

impl ConsentMode {
    /// The word of the platform.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Popup => "popup",
            Self::PostMessage => "post_message",
        }
    }
}

/// For which integration consent is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConsentFor<'a> {
    /// One that exists.
    Client(&'a ClientId),
    /// One that the consent page makes on the fly.
    New(&'a NewIntegration),
}

impl<'a> From<&'a ClientId> for ConsentFor<'a> {
    fn from(client_id: &'a ClientId) -> Self {
        Self::Client(client_id)
    }
}

impl<'a> From<&'a NewIntegration> for ConsentFor<'a> {
    fn from(integration: &'a NewIntegration) -> Self {
        Self::New(integration)
    }
}

/// The consent page's address and its parameters. A `state` is always in it. `Debug` does not show
/// it.
///
/// Redirect URI and scopes of an existing integration come from its settings and are not sent.
///
/// Source: vendor pages "OAuth" and "Button".
///
/// # Examples
///
/// ```
/// # use kommo_account::{ClientId, Endpoints, Platform};
/// # use kommo_oauth::consent::{ConsentMode, ConsentState, ConsentUrl};
/// let client = ClientId::parse("11111111-2222-3333-4444-555555555555")?;
/// let state = ConsentState::from_random([0; 32]); // 32 bytes of the operating system's randomness
/// let url = ConsentUrl::new(Platform::Global, &client, &state, ConsentMode::PostMessage);
/// assert_eq!(
///     url.expose_text(&Endpoints::real()),
///     "https://www.kommo.com/oauth?client_id=11111111-2222-3333-4444-555555555555\
///      &state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA&mode=post_message",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct ConsentUrl<'a> {
    platform: Platform,
    integration: ConsentFor<'a>,
    state: &'a ConsentState,
    mode: ConsentMode,
    page: Option<&'a PageUri>,
}

impl<'a> ConsentUrl<'a> {
    /// The page of a platform. It must be the platform of the accounts: `www.amocrm.ru` does not
    /// know integrations of Kommo.
    #[must_use]
    pub fn new(
        platform: Platform,
        integration: impl Into<ConsentFor<'a>>,
        state: &'a ConsentState,
        mode: ConsentMode,
    ) -> Self {
        Self {
            platform,
            integration: integration.into(),
            state,
            mode,
            page: None,
        }
    }

    /// With `origin`, which the button's script adds: scheme, host and port of the page that opens
    /// the window.
    #[must_use]
    pub const fn opened_by(mut self, page: &'a PageUri) -> Self {
        self.page = Some(page);
        self
    }

    /// Where it leads.
    #[must_use]
    pub const fn target(&self, endpoints: &Endpoints) -> Target {
        endpoints.resolve(EndpointRole::Consent(self.platform))
    }

    /// Path and query. The `state` is in it.
    #[must_use]
    pub fn expose_path_and_query(&self) -> String {
        let mut text = String::from(CONSENT_PATH);
        if let ConsentFor::Client(client_id) = self.integration {
            push_parameter(&mut text, "client_id", client_id.as_str());
        }
        push_parameter(&mut text, "state", self.state.expose());
        push_parameter(&mut text, "mode", self.mode.as_str());
        if let Some(page) = self.page {
            push_parameter(&mut text, "origin", page.origin());
        }
        if let ConsentFor::New(integration) = self.integration {
            push_new_integration(&mut text, integration);
        }
        text
    }

    /// The whole address. It contains the `state`: send it to the user's browser, and never log it.
    #[must_use]
    pub fn expose_text(&self, endpoints: &Endpoints) -> String {
        let mut text = origin_of(&self.target(endpoints));
        text.push_str(&self.expose_path_and_query());
        text
    }
}

impl fmt::Debug for ConsentUrl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsentUrl")
            .field("platform", &self.platform)
            .field("integration", &self.integration)
            .field("state", self.state)
            .field("mode", &self.mode)
            .field("page", &self.page)
            .finish()
    }
}

/// Scheme and host of a browser's address; a sandbox's own address instead of the real name.
pub(crate) fn origin_of(target: &Target) -> String {
    match target.connect_to() {
        Some(address) => alloc::format!("{}://{address}", target.scheme()),
        None => alloc::format!("{}://{}", target.scheme(), target.host()),
    }
}

fn push_new_integration(text: &mut String, integration: &NewIntegration) {
    push_parameter(text, "name", integration.name());
    push_parameter(text, "description", integration.description());
    push_parameter(text, "redirect_uri", integration.redirect_uri().as_str());
    push_parameter(text, "secrets_uri", integration.secrets_uri().as_str());
    if let Some(logo) = integration.logo() {
        push_parameter(text, "logo", logo.as_str());
    }
    for scope in integration.scopes() {
        // `scopes[]`, its brackets encoded.
        push_parameter(text, "scopes%5B%5D", scope.as_str());
    }
}
