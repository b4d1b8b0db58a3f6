//! What comes to the Redirect URI: a browser's redirect, or an install hook.
//!
//! Source: rules G6 to G9 of `docs/protocol.md`.

use crate::consent::install_hook::InstallHookQuery;
use crate::consent::query::{KnownParameters, QueryError};
use crate::consent::redirect::{PARAMETERS, RedirectQuery};

/// The query of a request to the Redirect URI, decoded once and not checked yet.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallbackQuery {
    /// A browser that comes back from the consent page.
    Redirect(RedirectQuery),
    /// `from_widget` without a `state`. With a `state` it is a browser's redirect to which the
    /// parameter was added, and its check refuses it.
    InstallHook(InstallHookQuery),
}

impl CallbackQuery {
    /// Reads a query, with or without its `?`. Never panics.
    ///
    /// # Errors
    ///
    /// `"code=a&code=b"`, 9,000 bytes, `"code=%zz"`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use kommo_account::ClientId;
    /// # use kommo_oauth::consent::CallbackQuery;
    /// let client = ClientId::parse("11111111-2222-3333-4444-555555555555")?;
    /// let query = "code=def502&referer=a.amocrm.ru&platform=1&from_widget=1";
    /// let CallbackQuery::InstallHook(hook) = CallbackQuery::read(query)? else { panic!() };
    /// assert_eq!(hook.check(&client)?.host.as_str(), "a.amocrm.ru");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(query: &str) -> Result<Self, QueryError> {
        let parameters = KnownParameters::read(query, &PARAMETERS)?;
        let has = |name| parameters.get(name).is_some();
        if has("from_widget") && !has("state") {
            return Ok(Self::InstallHook(InstallHookQuery::of(parameters)));
        }
        Ok(Self::Redirect(RedirectQuery::of(parameters)))
    }
}
