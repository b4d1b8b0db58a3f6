//! The request of a bot: a token, which is signed, beside data and an address, which are not.
//!
//! Source: rule U5 of `docs/protocol.md`.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use crate::unsigned::form::{Form, FormLimits};

/// A `widget_request`, as a form (which the platform sends today) or as JSON (which its page
/// shows).
///
/// Take `token` to [`BotTokenVerifier`](crate::BotTokenVerifier) and `return_url` to
/// [`ReturnUrl`](crate::ReturnUrl). A placeholder that the platform could not fill is in `data` as
/// its text: `{{contact.phone}}`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnsignedBotRequest {
    /// The token of the bot.
    pub token: String,
    /// Where the bot waits, not checked.
    pub return_url: String,
    /// What the widget put into the step, by name. Only texts and numbers of the first level.
    pub data: Vec<(String, String)>,
}

impl UnsignedBotRequest {
    /// Reads a body of either form. `None` if it has no token or no return URL: it is then another
    /// hook.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        if body.trim_ascii_start().first() == Some(&b'{') {
            Self::from_json(&serde_json::from_slice(body).ok()?)
        } else {
            Self::from_form(&Form::parse(body, &FormLimits::DEFAULT).ok()?)
        }
    }

    fn from_json(body: &Value) -> Option<Self> {
        let text = |name| body.get(name).and_then(Value::as_str).map(String::from);
        let data = body.get("data").and_then(Value::as_object);
        let pairs = data.into_iter().flatten().filter_map(|(name, value)| {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => alloc::format!("{number}"),
                _ => return None,
            };
            Some((name.clone(), text))
        });
        Some(Self {
            token: text("token")?,
            return_url: text("return_url")?,
            data: pairs.collect(),
        })
    }

    fn from_form(form: &Form) -> Option<Self> {
        let text = |name| form.get(name)?.text().map(String::from);
        let data = form.get("data");
        let pairs = data.into_iter().flat_map(|data| data.entries());
        let texts = pairs.filter_map(|(name, value)| Some((name.into(), value.text()?.into())));
        Some(Self {
            token: text("token")?,
            return_url: text("return_url")?,
            data: texts.collect(),
        })
    }

    /// A value of `data`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.data.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl core::fmt::Debug for UnsignedBotRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "UnsignedBotRequest({} values)", self.data.len())
    }
}
