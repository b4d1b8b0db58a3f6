//! What allowing does: the code and the address that the browser is sent back to; and before that,
//! for an integration made on the fly, the delivery of its secrets.

use core::time::Duration;

use axum::http::Method;
use serde_json::json;

use crate::config::hook_kind::HookKind;
use crate::config::integration::IntegrationKind;
use crate::consent::page::Card;
use crate::consent::request::External;
use crate::hooks::making::CODE_SENDER;
use crate::state::grant_error::GrantError;
use crate::state::platform::Platform;
use crate::state::platform_state::ExternalIntegration;
use crate::wire::outgoing::Outgoing;
use crate::wire::web_address::WebAddress;

/// What was granted.
pub(crate) struct Granted {
    pub(crate) client_id: String,
    pub(crate) user: u64,
    /// The redirect URI with code and the rest. It is secret.
    pub(crate) address: String,
    /// Whether this was an installation of an integration with a widget.
    pub(crate) sends_install_hook: bool,
}

/// Issues a code to `login` in `account`, and says where the browser goes with it.
pub(crate) fn grant(
    platform: &Platform,
    client_id: &str,
    redirect_uri: &WebAddress,
    account: u64,
    login: &str,
    state: Option<&str>,
) -> Result<Granted, GrantError> {
    let mut platform_state = platform.lock();
    let place = platform_state
        .account(account)
        .ok_or(GrantError::AccountUnknown)?;
    let user = place.users.iter().filter(|user| user.login == login);
    let user = user
        .max_by_key(|user| user.admin)
        .ok_or(GrantError::UserUnknown)?
        .id;
    let referer = place.host.clone();
    let parameter = platform_state
        .outward
        .platform_parameter
        .value(place.base_domain());
    let integration = platform_state
        .integration(client_id)
        .ok_or(GrantError::IntegrationUnknown)?;
    let has_widget =
        integration.settings.has_widget && integration.settings.kind != IntegrationKind::External;
    let was_installed = platform_state.is_installed(client_id, account);
    let code = platform_state.issue_code(client_id, account, user)?;

    let mut parameters = vec![("code", code.as_str())];
    parameters.extend(state.map(|state| ("state", state)));
    parameters.push(("referer", &referer));
    parameters.push(("client_id", client_id));
    parameters.extend(parameter.map(|platform| ("platform", platform)));
    Ok(Granted {
        client_id: client_id.to_owned(),
        user,
        address: redirect_uri.with_parameters(&parameters),
        sends_install_hook: has_widget && !was_installed,
    })
}

/// Makes an integration in the account and delivers its secrets; its client id if they were taken
/// with 200. The error is a sentence for the page.
pub(crate) async fn secrets_of(
    platform: &Platform,
    external: &External,
    account: u64,
    state: Option<&str>,
) -> Result<String, String> {
    let wanted = ExternalIntegration {
        name: external.name.clone(),
        description: external.description.clone(),
        redirect_uri: external.redirect_uri.as_str().to_owned(),
        logo: external.logo.clone(),
        scopes: external.scopes.clone(),
    };
    let made = platform.lock().register_external(wanted, account);
    let made = made.map_err(|error| error.to_string())?;
    let mut body = json!({ "client_id": made.client_id, "client_secret": made.client_secret });
    if let (Some(fields), Some(state)) = (body.as_object_mut(), state) {
        fields.insert("state".into(), state.into());
    }
    let outgoing = Outgoing {
        method: Method::POST,
        to: external.secrets_uri.clone(),
        user_agent: Some(CODE_SENDER),
        content_type: Some("application/json"),
        headers: Vec::new(),
        body: body.to_string().into_bytes(),
        limit: Duration::from_millis(HookKind::Secrets.limit_ms()),
    };
    match platform.send_secrets(outgoing, account).await {
        Ok(200) => Ok(made.client_id),
        Ok(status) => Err(format!(
            "secrets_uri did not take the secrets. Code {status}"
        )),
        Err(unanswered) => Err(format!(
            "secrets_uri did not take the secrets: {}.",
            unanswered.reason()
        )),
    }
}

impl External {
    /// What the page shows of it.
    pub(crate) fn card(&self) -> Card {
        Card {
            name: self.name.clone(),
            description: self.description.clone(),
            logo: self.logo.clone(),
            scopes: self.scopes.clone(),
        }
    }
}
