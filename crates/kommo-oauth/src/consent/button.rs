//! The button of the platform as HTML: a script tag with every setting in its attributes.
//!
//! Source: rule G5 of `docs/protocol.md`.

use alloc::string::String;
use core::{error, fmt};

use kommo_account::{EndpointRole, Endpoints};

use crate::consent::button_brand::ButtonBrand;
use crate::consent::state::ConsentState;
use crate::consent::url::{ConsentFor, ConsentMode, origin_of};
use crate::integration::NewIntegration;

/// The longest name of an error callback, in bytes.
pub const CALLBACK_NAME_MAX_BYTES: usize = 128;

/// The text is not the name of a global JavaScript function, such as `onRefused` or
/// `app.onRefused`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotAFunctionName;

impl fmt::Display for NotAFunctionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text is not the name of a javascript function")
    }
}

impl error::Error for NotAFunctionName {}

/// The button. `state` and mode are always written: without a state the platform's script invents
/// one that no server can check, and the two brands differ in their usual mode.
///
/// Source: vendor page "Button", vendor library for amoCRM's.
///
/// # Examples
///
/// ```
/// # use kommo_account::{ClientId, Endpoints, Platform};
/// # use kommo_oauth::consent::{ButtonBrand, ConsentButton, ConsentMode, ConsentState};
/// let client = ClientId::parse("11111111-2222-3333-4444-555555555555")?;
/// let state = ConsentState::from_random([0; 32]); // 32 bytes of the operating system's randomness
/// let brand = ButtonBrand::of(Platform::Russia);
/// let html = ConsentButton::new(brand, &client, &state, ConsentMode::Popup)
///     .title("Войти & начать")
///     .expose_html(&Endpoints::real());
/// assert!(html.starts_with("<script class=\"amocrm_oauth\" charset=\"utf-8\" "));
/// assert!(html.contains(" data-title=\"Войти &amp; начать\""));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ConsentButton<'a> {
    brand: ButtonBrand,
    integration: ConsentFor<'a>,
    state: &'a ConsentState,
    mode: ConsentMode,
    title: Option<&'a str>,
    class_name: Option<&'a str>,
    compact: bool,
    error_callback: Option<&'a str>,
}

impl<'a> ConsentButton<'a> {
    /// A button with the platform's own title.
    #[must_use]
    pub fn new(
        brand: ButtonBrand,
        integration: impl Into<ConsentFor<'a>>,
        state: &'a ConsentState,
        mode: ConsentMode,
    ) -> Self {
        Self {
            brand,
            integration: integration.into(),
            state,
            mode,
            title: None,
            class_name: None,
            compact: false,
            error_callback: None,
        }
    }

    /// With a text on it.
    #[must_use]
    pub const fn title(mut self, title: &'a str) -> Self {
        self.title = Some(title);
        self
    }

    /// With a CSS class.
    #[must_use]
    pub const fn class_name(mut self, class_name: &'a str) -> Self {
        self.class_name = Some(class_name);
        self
    }

    /// The logo alone.
    #[must_use]
    pub const fn compact(mut self) -> Self {
        self.compact = true;
        self
    }

    /// With the global function that is called with `{client_id, error}` when the user refuses.
    ///
    /// # Errors
    ///
    /// `"alert(1)"`, `""`, `"1st"`: [`NotAFunctionName`].
    pub fn error_callback(mut self, name: &'a str) -> Result<Self, NotAFunctionName> {
        if name.len() > CALLBACK_NAME_MAX_BYTES || !name.split('.').all(is_identifier) {
            return Err(NotAFunctionName);
        }
        self.error_callback = Some(name);
        Ok(self)
    }

    /// The script tag. Every value is escaped for its attribute. The `state` is in it: such a page
    /// is made per visitor and is not cached.
    #[must_use]
    pub fn expose_html(&self, endpoints: &Endpoints) -> String {
        let mut tag = Tag(String::from("<script"));
        tag.attribute("class", self.brand.script_class());
        tag.attribute("charset", "utf-8");
        match self.integration {
            ConsentFor::Client(client_id) => tag.attribute("data-client-id", client_id.as_str()),
            ConsentFor::New(integration) => tag.new_integration(integration),
        }
        tag.attribute("data-state", self.state.expose());
        tag.attribute("data-mode", self.mode.as_str());
        tag.optional("data-title", self.title);
        tag.optional("data-class-name", self.class_name);
        tag.optional("data-compact", self.compact.then_some("true"));
        tag.optional("data-error-callback", self.error_callback);
        match self.brand {
            ButtonBrand::Kommo { theme, locale } => {
                tag.attribute("data-theme", theme.as_str());
                tag.attribute("data-locale", locale.as_str());
            }
            ButtonBrand::Amocrm { color } => tag.attribute("data-color", color.as_str()),
        }
        let target = endpoints.resolve(EndpointRole::Consent(self.brand.platform()));
        let mut source = origin_of(&target);
        source.push_str(self.brand.script_path());
        tag.attribute("src", &source);
        tag.0.push_str("></script>");
        tag.0
    }
}

fn is_identifier(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
    let begins = text
        .bytes()
        .next()
        .is_some_and(|byte| !byte.is_ascii_digit());
    begins && text.bytes().all(letter)
}

struct Tag(String);

impl Tag {
    fn attribute(&mut self, name: &str, value: &str) {
        self.0.push(' ');
        self.0.push_str(name);
        self.0.push_str("=\"");
        for character in value.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // HTML cannot contain a null character.
                '\0' => self.0.push(char::REPLACEMENT_CHARACTER),
                other => self.0.push(other),
            }
        }
        self.0.push('"');
    }

    fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.attribute(name, value);
        }
    }

    fn new_integration(&mut self, integration: &NewIntegration) {
        self.attribute("data-name", integration.name());
        self.attribute("data-description", integration.description());
        self.attribute("data-redirect_uri", integration.redirect_uri().as_str());
        self.attribute("data-secrets_uri", integration.secrets_uri().as_str());
        let mut scopes = String::new();
        for scope in integration.scopes() {
            if !scopes.is_empty() {
                scopes.push(',');
            }
            scopes.push_str(scope.as_str());
        }
        self.attribute("data-scopes", &scopes);
        self.optional("data-logo", integration.logo().map(|logo| logo.as_str()));
    }
}
