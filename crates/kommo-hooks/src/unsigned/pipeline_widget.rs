//! The hook to a widget of the Digital Pipeline, when a lead or a customer comes to its stage.
//!
//! Source: rule U6 of `docs/protocol.md`.

use alloc::string::String;

use kommo_account::AccountId;

use crate::unsigned::crm_hook::CrmHookError;
use crate::unsigned::form::{Form, FormLimits, FormValue};

/// A hook to a widget of the Digital Pipeline, as its sender describes itself. **Nothing of it is
/// proven**: read the entity again through the API.
///
/// # Examples
///
/// ```
/// use kommo_hooks::unsigned::{FormLimits, UnsignedPipelineWidgetHook};
///
/// let body = b"event[type_code]=lead_appeared_in_status&event[data][id]=777&account_id=12345678";
/// let hook = UnsignedPipelineWidgetHook::parse(body, &FormLimits::DEFAULT)?;
/// assert_eq!(hook.account_id.get(), 12_345_678);
/// assert_eq!((hook.event_type(), hook.entity_id()), (Some("lead_appeared_in_status"), Some("777")));
/// # Ok::<(), kommo_hooks::unsigned::CrmHookError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnsignedPipelineWidgetHook {
    /// The account that the sender names.
    pub account_id: AccountId,
    /// Its subdomain.
    pub subdomain: Option<String>,
    /// All fields; the settings of the widget are under `action`.
    pub form: Form,
}

impl UnsignedPipelineWidgetHook {
    /// Reads a body: a form, or JSON with the same names. Which of them the platform sends is not
    /// stated.
    ///
    /// # Errors
    ///
    /// - it is beyond the limits, or begins as JSON and is none: [`CrmHookError::Form`].
    /// - there is no `account_id` or no `event`: [`CrmHookError::Account`].
    pub fn parse(body: &[u8], limits: &FormLimits) -> Result<Self, CrmHookError> {
        let form = match body.trim_ascii_start().first() {
            Some(b'{') => Form::parse_json(body, limits),
            _ => Form::parse(body, limits),
        };
        let form = form.map_err(CrmHookError::Form)?;
        let text = |name| form.get(name).and_then(FormValue::text);
        let account_id = text("account_id").and_then(|text| AccountId::parse(text).ok());
        let account_id = account_id.filter(|_| form.get("event").is_some());
        Ok(Self {
            account_id: account_id.ok_or(CrmHookError::Account)?,
            subdomain: text("subdomain").map(String::from),
            form,
        })
    }

    /// What happened, such as `lead_appeared_in_status`.
    #[must_use]
    pub fn event_type(&self) -> Option<&str> {
        self.form.get("event")?.text_of("type_code")
    }

    /// The number of the lead or of the customer.
    #[must_use]
    pub fn entity_id(&self) -> Option<&str> {
        self.form.get("event")?.get("data")?.text_of("id")
    }
}
