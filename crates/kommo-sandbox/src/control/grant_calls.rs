//! The control API's calls about codes, grants, users and the integration.

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::config::account::User;
use crate::config::oauth_rules::OauthRules;
use crate::control::calls::{ControlCall, ControlError, ROUTES, read};
use crate::oauth::made_grant::GrantOrder;
use crate::state::grant_error::GrantError;
use crate::state::platform::Platform;
use crate::wire::form_fields::form_field;

/// Carries out a call about grants; `None` for a call about something else.
pub(crate) async fn grant_control(
    platform: &Platform,
    call: &ControlCall<'_>,
) -> Option<Result<Value, ControlError>> {
    let (query, body) = (call.query, call.body);
    Some(match (call.path, call.method.as_str()) {
        ("/codes", "POST") => issue_code(platform, body),
        ("/grants", "GET") => grants(platform, query.unwrap_or_default()),
        ("/grants", "POST") => make_grants(platform, body).await,
        ("/long-lived", "POST") => long_lived(platform, body),
        ("/users", "POST") => add_user(platform, body),
        ("/integration", "POST") => change_integration(platform, body),
        ("/oauth", "GET") => Ok(json!(platform.oauth_rules())),
        ("/oauth", "POST") => change_rules(platform, body),
        ("/crm-webhooks", "GET") => webhooks(platform, query.unwrap_or_default()),
        ("/crm-webhooks", "POST") => disable_webhook(platform, body),
        ("/release", "POST") => {
            platform.release();
            Ok(json!({}))
        }
        (
            "/codes" | "/grants" | "/long-lived" | "/users" | "/integration" | "/oauth"
            | "/crm-webhooks" | "/release",
            _,
        ) => {
            let error = format!("method not allowed; allowed here: {ROUTES}");
            Err(ControlError::new(StatusCode::METHOD_NOT_ALLOWED, error))
        }
        _ => return None,
    })
}

fn refused(error: GrantError) -> ControlError {
    ControlError::bad_request(error.to_string())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeOrder {
    account: u64,
    user: Option<u64>,
}

fn issue_code(platform: &Platform, body: &[u8]) -> Result<Value, ControlError> {
    let order: CodeOrder = read(body)?;
    let code = platform.issue_code(order.account, order.user);
    Ok(json!(code.map_err(refused)?))
}

fn grants(platform: &Platform, query: &str) -> Result<Value, ControlError> {
    let number = |name: &str, usual: usize| match form_field(query, name) {
        None => Ok(usual),
        Some(text) => text
            .parse()
            .map_err(|_| ControlError::bad_request(format!("{name} is not a whole number"))),
    };
    let views = platform.grants(number("after", 0)?, number("limit", 1000)?);
    Ok(json!({ "grants": views, "count": platform.grant_count() }))
}

/// On a thread of its own: ten thousand signatures take seconds, and requests come in meanwhile.
/// They are made to the end although the caller hangs up.
async fn make_grants(platform: &Platform, body: &[u8]) -> Result<Value, ControlError> {
    let order: GrantOrder = read(body)?;
    let platform = platform.clone();
    let making = spawn_blocking(move || {
        let made = platform.make_grants(order);
        made.map(|made| json!({ "grants": made }))
    });
    let made = making.await.map_err(|_| {
        let error = "the sandbox failed; this is a defect";
        ControlError::new(StatusCode::INTERNAL_SERVER_ERROR, error)
    })?;
    made.map_err(refused)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LongLivedOrder {
    account: u64,
    user: Option<u64>,
    days: u64,
}

fn long_lived(platform: &Platform, body: &[u8]) -> Result<Value, ControlError> {
    let order: LongLivedOrder = read(body)?;
    let token = platform.long_lived_token(order.account, order.user, order.days);
    Ok(json!(token.map_err(refused)?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewUser {
    account: u64,
    user: User,
}

fn add_user(platform: &Platform, body: &[u8]) -> Result<Value, ControlError> {
    let order: NewUser = read(body)?;
    match platform.add_user(order.account, order.user) {
        Ok(account) => Ok(json!(account)),
        Err(error) => Err(ControlError::bad_request(error.to_string())),
    }
}

/// What can be done to the integration and to accounts.
#[derive(Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
enum IntegrationOrder {
    Deactivate {
        account: Option<u64>,
    },
    Activate {},
    RotateSecret {
        #[serde(default)]
        keep_grants: bool,
    },
    RenameAccount {
        account: u64,
        subdomain: String,
    },
    RevokeGrant {
        account: u64,
        user: u64,
    },
    SetRedirectUri {
        redirect_uri: String,
    },
    Configure {
        settings: serde_json::Map<String, Value>,
    },
}

fn change_integration(platform: &Platform, body: &[u8]) -> Result<Value, ControlError> {
    match read(body)? {
        IntegrationOrder::Deactivate { account } => {
            platform.deactivate(account).map_err(refused)?;
        }
        IntegrationOrder::Activate {} => platform.activate(),
        IntegrationOrder::RotateSecret { keep_grants } => {
            let secret = platform.rotate_secret(keep_grants);
            let secret = secret.map_err(|_| refused(GrantError::Random))?;
            return Ok(json!({ "client_secret": secret }));
        }
        IntegrationOrder::RenameAccount { account, subdomain } => {
            let renamed = platform.rename_account(account, &subdomain);
            return Ok(json!(renamed.map_err(refused)?));
        }
        IntegrationOrder::RevokeGrant { account, user } => {
            return Ok(json!({ "revoked": platform.revoke_grant(account, user) }));
        }
        IntegrationOrder::SetRedirectUri { redirect_uri } => {
            platform.set_redirect_uri(redirect_uri);
        }
        IntegrationOrder::Configure { settings } => {
            let changed = merged(&json!(platform.integration_settings()), settings)?;
            platform.set_integration(changed);
        }
    }
    Ok(json!({}))
}

fn change_rules(platform: &Platform, body: &[u8]) -> Result<Value, ControlError> {
    let rules: OauthRules = merged(&json!(platform.oauth_rules()), read(body)?)?;
    match platform.set_oauth_rules(rules) {
        Ok(()) => Ok(json!(platform.oauth_rules())),
        Err(error) => Err(ControlError::bad_request(error.to_string())),
    }
}

/// `old` with the given fields replaced; a field that it does not have is refused.
fn merged<T: serde::de::DeserializeOwned>(
    old: &Value,
    given: serde_json::Map<String, Value>,
) -> Result<T, ControlError> {
    let mut fields = old.as_object().cloned().unwrap_or_default();
    fields.extend(given);
    serde_json::from_value(Value::Object(fields))
        .map_err(|error| ControlError::bad_request(error.to_string()))
}

fn webhooks(platform: &Platform, query: &str) -> Result<Value, ControlError> {
    let account = form_field(query, "account").and_then(|id| id.parse().ok());
    let account = account
        .ok_or_else(|| ControlError::bad_request("the query is not account=N with an account"))?;
    Ok(json!({ "webhooks": platform.crm_webhooks(account) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookOrder {
    account: u64,
    destination: String,
    disabled: bool,
}

fn disable_webhook(platform: &Platform, body: &[u8]) -> Result<Value, ControlError> {
    let order: WebhookOrder = read(body)?;
    if platform.disable_crm_webhook(order.account, &order.destination, order.disabled) {
        return Ok(json!({}));
    }
    Err(ControlError::bad_request("no webhook has this destination"))
}
