//! The switches of the token endpoint: where the vendor's pages are silent or disagree, one field
//! each.

use serde::{Deserialize, Serialize};

use crate::error::ConfigError;

/// What becomes of the old refresh token when a new pair is issued; the vendor's two pages differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Rotation {
    /// It is dead at once (the amoCRM page).
    Strict,
    /// It works until a refresh token that was issued for it is used in a refresh that succeeds
    /// (one reading of the Kommo page).
    #[default]
    UntilRefreshUsed,
    /// It works until a token that was issued for it is used: an access token in a call that is let
    /// in, or a refresh token in a refresh that succeeds (the other reading).
    UntilAccessUsed,
}

/// What a second answer to the same old refresh token does to the pair of the first answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Siblings {
    /// Both pairs are valid, each until it is used up or expires.
    #[default]
    BothLive,
    /// The newer pair kills the older ones, with all that came of them.
    NewerKillsOlder,
}

/// In which language `title` and `detail` of a problem stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProblemLanguage {
    /// Russian on `.amocrm.ru`, English elsewhere.
    #[default]
    ByHost,
    /// Russian everywhere.
    Ru,
    /// English everywhere.
    En,
}

/// What the token endpoint says about a redirect URI that differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RedirectUriHint {
    /// `Redirect URI is not associated with client`.
    #[default]
    NotAssociated,
    /// `Invalid redirect URI`.
    Invalid,
    /// No hint.
    None,
}

/// The switches of the token endpoint; the field `oauth` of
/// [`SandboxConfig`](crate::SandboxConfig).
///
/// # Examples
///
/// ```
/// use kommo_sandbox::{OauthRules, Rotation, SandboxConfig};
///
/// let oauth = OauthRules { rotation: Rotation::Strict, ..OauthRules::default() };
/// let config = SandboxConfig { oauth, ..SandboxConfig::default() };
/// assert_eq!(config.oauth.access_lifetime_seconds, 86_400);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(
    clippy::exhaustive_structs,
    reason = "it is made with the struct update syntax, which needs every field to be visible"
)]
pub struct OauthRules {
    /// What becomes of the old refresh token. Default: `until-refresh-used`.
    pub rotation: Rotation,
    /// What a second answer does to the first. Default: `both-live`.
    pub siblings: Siblings,
    /// Whether a refresh kills the access token of the pair that was refreshed. Default: true, as
    /// the server package that the endpoint seems to be does.
    pub revoke_old_access_on_refresh: bool,
    /// Whether the answer has `server_time`. Default: true.
    pub server_time: bool,
    /// The lifetime of an authorization code, in seconds. Default: 1200.
    pub code_lifetime_seconds: u64,
    /// The lifetime of an access token, in seconds. Default: 86400.
    pub access_lifetime_seconds: u64,
    /// The lifetime of a refresh token, in seconds. Default: 7776000, which is 90 days.
    pub refresh_lifetime_seconds: u64,
    /// The status of a fault of the refresh token: 401 (default) or 400, as later versions of the
    /// server package have it.
    pub refresh_fault_status: u16,
    /// The language of problems. Default: `by-host`.
    pub problem_language: ProblemLanguage,
    /// What is said about a redirect URI that differs. Default: `not-associated`.
    pub redirect_uri_hint: RedirectUriHint,
    /// Whether a refresh must give the right redirect URI too. Default: true; it is listed as
    /// required.
    pub redirect_uri_on_refresh: bool,
    /// Whether the secret before the latest rotation is still taken. Default: false.
    pub accept_previous_secret: bool,
    /// What the old host of a renamed account answers: 404 (default) or 401.
    pub renamed_host_status: u16,
    /// Whether a client may name itself by HTTP Basic (`Authorization: Basic …`) and not in the
    /// body. Default: false. Whether the platform takes it is not known; the server package that
    /// its endpoint seems to be does.
    pub accept_http_basic: bool,
    /// The claim `api_domain` of access tokens, whatever it says; empty leaves the claim out.
    /// Default: `api-c.` and the account's suffix; without TLS with `.localhost` and the port after
    /// it, so that it leads to the sandbox.
    pub api_domain: Option<String>,
}

impl Default for OauthRules {
    fn default() -> Self {
        Self {
            rotation: Rotation::default(),
            siblings: Siblings::default(),
            revoke_old_access_on_refresh: true,
            server_time: true,
            code_lifetime_seconds: 1200,
            access_lifetime_seconds: 86_400,
            refresh_lifetime_seconds: 90 * 86_400,
            refresh_fault_status: 401,
            problem_language: ProblemLanguage::ByHost,
            redirect_uri_hint: RedirectUriHint::NotAssociated,
            redirect_uri_on_refresh: true,
            accept_previous_secret: false,
            renamed_host_status: 404,
            accept_http_basic: false,
            api_domain: None,
        }
    }
}

impl OauthRules {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        for (field, status, allowed) in [
            (
                "refresh_fault_status",
                self.refresh_fault_status,
                [400, 401],
            ),
            ("renamed_host_status", self.renamed_host_status, [401, 404]),
        ] {
            if !allowed.contains(&status) {
                return Err(ConfigError::Status {
                    field: format!("oauth.{field}"),
                });
            }
        }
        Ok(())
    }
}
