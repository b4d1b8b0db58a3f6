//! The configuration of a sandbox: its names, its secrets, its switches.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::LATEST_UNIX;
use crate::config::account::{Account, check_accounts, is_uuid};
use crate::config::crm_rules::CrmRules;
use crate::config::integration::IntegrationSettings;
use crate::config::oauth_rules::OauthRules;
use crate::config::open_api_rules::OpenApiRules;
use crate::config::outward_rules::OutwardRules;
use crate::error::ConfigError;

/// The configuration of a sandbox; also the format of `kommo sandbox --config FILE` (JSON, unknown
/// fields refused).
///
/// Ids have fixed, obviously made-up defaults, so that examples can print them. Secrets that are
/// `None` are made new at every start. `Debug` shows no secret.
///
/// # Examples
///
/// ```
/// use kommo_sandbox::{DisconnectAnswer, SandboxConfig};
///
/// let config = SandboxConfig {
///     disconnect_answer: DisconnectAnswer::Object,
///     now: Some(1_669_231_521),
///     ..SandboxConfig::default()
/// };
/// assert_eq!(config.channel_id, "c0ffee00-0000-4000-8000-000000000001");
/// ```
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(
    clippy::exhaustive_structs,
    reason = "it is made with the struct update syntax, which needs every field to be visible"
)]
pub struct SandboxConfig {
    /// The chat channel, a lower-case UUID of any version.
    pub channel_id: String,
    /// The key of the channel's signatures; the text's bytes, never hex-decoded. Default: 40 random
    /// hex digits.
    pub channel_secret: Option<String>,
    /// The title of a connection whose request has none.
    pub channel_title: String,
    /// The amojo id of the channel's bot, in whose name a message of an unknown author is
    /// imported.
    pub channel_bot_id: String,
    /// Whether the channel admits only accounts with `listed: true`. Default: false.
    pub private_channel: bool,
    /// The integration's id.
    pub client_id: String,
    /// The integration's key. Default: 64 random hex digits.
    pub client_secret: Option<String>,
    /// Where the consent page sends the browser back to.
    pub redirect_uri: String,
    /// The Open API application.
    pub appid: String,
    /// The Open API key. Default: 32 random hex digits.
    pub app_secret: Option<String>,
    /// The accounts. Default: `sandbox-one.kommo.com` and `sandbox-two.amocrm.ru`.
    pub accounts: Vec<Account>,
    /// Where the virtual clock stands, in Unix seconds. Default: the wall clock's reading at the
    /// start.
    pub now: Option<u64>,
    /// Whether the virtual clock runs with the wall clock. Default: false, it moves only when a
    /// caller moves it.
    pub follow_wall_clock: bool,
    /// Whether the socket speaks TLS, with an authority of its own. Default: false.
    pub tls: bool,
    /// How far in the future a request's date may lie, in seconds (rule D4). Default: 900.
    pub future_limit_seconds: u64,
    /// Whether an absent or empty `Date`, `Content-MD5` or `Content-Type` is admitted as an empty
    /// line (rule S8). Default: false.
    pub admit_absent_headers: bool,
    /// Whether a request with neither `Date` nor `Content-MD5` may be signed over its body alone
    /// (rule S10). Default: false.
    pub accept_body_only_scheme: bool,
    /// Whether the answer to a created chat has phone and e-mail in `user.profile`, as one page
    /// shows it. Default: false.
    pub nested_chat_profile: bool,
    /// What an accepted disconnect, delivery status or reaction answers (rule C4).
    pub disconnect_answer: DisconnectAnswer,
    /// What the consent page shows of the integration, and its settings.
    pub integration: IntegrationSettings,
    /// The switches of the token endpoint.
    pub oauth: OauthRules,
    /// The switches of the CRM API.
    pub crm: CrmRules,
    /// The switches of the Open API, and its agents.
    pub open_api: OpenApiRules,
    /// The switches of redirects and hooks.
    pub outward: OutwardRules,
}

/// What an accepted disconnect, delivery status or reaction answers; the vendor's pages differ
/// (rule C4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DisconnectAnswer {
    /// 200 without a body.
    #[default]
    Empty,
    /// 200 with `{}`.
    Object,
    /// 204.
    NoContent,
}

/// What the configuration leaves open about the signatures of chat requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignatureRules {
    pub(crate) future_limit_seconds: u64,
    pub(crate) admit_absent_headers: bool,
    pub(crate) accept_body_only_scheme: bool,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            channel_id: "c0ffee00-0000-4000-8000-000000000001".into(),
            channel_secret: None,
            channel_title: "Sandbox channel".into(),
            channel_bot_id: "b0700000-0000-4000-8000-000000000001".into(),
            private_channel: false,
            client_id: "c11e0000-0000-4000-8000-000000000001".into(),
            client_secret: None,
            redirect_uri: "https://integration.example/kommo/redirect".into(),
            appid: "00000000000000000000000000a99001".into(),
            app_secret: None,
            accounts: vec![
                Account::made_up(1, "sandbox-one.kommo.com".into()),
                Account::made_up(2, "sandbox-two.amocrm.ru".into()),
            ],
            now: None,
            follow_wall_clock: false,
            tls: false,
            future_limit_seconds: 900,
            admit_absent_headers: false,
            accept_body_only_scheme: false,
            nested_chat_profile: false,
            disconnect_answer: DisconnectAnswer::Empty,
            integration: IntegrationSettings::default(),
            oauth: OauthRules::default(),
            crm: CrmRules::default(),
            open_api: OpenApiRules::default(),
            outward: OutwardRules::default(),
        }
    }
}

impl SandboxConfig {
    pub(crate) const fn signature_rules(&self) -> SignatureRules {
        SignatureRules {
            future_limit_seconds: self.future_limit_seconds,
            admit_absent_headers: self.admit_absent_headers,
            accept_body_only_scheme: self.accept_body_only_scheme,
        }
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        for (field, uuid) in [
            ("channel_id", &self.channel_id),
            ("channel_bot_id", &self.channel_bot_id),
            ("client_id", &self.client_id),
        ] {
            if !is_uuid(uuid) {
                return Err(ConfigError::NotUuid {
                    field: field.into(),
                });
            }
        }
        let secrets = [
            ("channel_secret", &self.channel_secret),
            ("client_secret", &self.client_secret),
            ("app_secret", &self.app_secret),
        ];
        for (field, secret) in secrets {
            if secret.as_deref() == Some("") {
                return Err(ConfigError::Empty {
                    field: field.into(),
                });
            }
        }
        match self.now {
            Some(now) if now > LATEST_UNIX => return Err(ConfigError::NowTooLate),
            Some(_) if self.follow_wall_clock => return Err(ConfigError::NowWhileFollowing),
            _ => {}
        }
        let private = self.integration.private_account;
        if private.is_some_and(|id| self.accounts.iter().all(|account| account.id != id)) {
            return Err(ConfigError::NoSuchAccount {
                field: "integration.private_account".into(),
            });
        }
        self.oauth.check()?;
        self.open_api.check()?;
        check_accounts(&self.accounts)
    }
}

impl fmt::Debug for SandboxConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxConfig")
            .field("channel_id", &self.channel_id)
            .field("private_channel", &self.private_channel)
            .field("client_id", &self.client_id)
            .field("accounts", &self.accounts)
            .field("now", &self.now)
            .field("follow_wall_clock", &self.follow_wall_clock)
            .field("tls", &self.tls)
            .field("future_limit_seconds", &self.future_limit_seconds)
            .field("admit_absent_headers", &self.admit_absent_headers)
            .field("accept_body_only_scheme", &self.accept_body_only_scheme)
            .field("disconnect_answer", &self.disconnect_answer)
            .field("integration", &self.integration)
            .field("oauth", &self.oauth)
            .field("crm", &self.crm)
            .field("open_api", &self.open_api)
            .field("outward", &self.outward)
            .finish_non_exhaustive()
    }
}
