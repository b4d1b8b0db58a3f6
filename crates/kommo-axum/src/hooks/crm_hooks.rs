//! Webhooks of the CRM and of the Digital Pipeline. They have no signature: an address that
//! strangers cannot guess, the account, and bounds for each account are all there is.
//!
//! Source: rules U1 to U4 and U6 of `docs/protocol.md`.

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use axum::extract::{FromRef, FromRequest, Request};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use kommo_account::{AccountId, ClientId, Realm};
use kommo_hooks::Refusal;
use kommo_hooks::unsigned::{FormLimits, PathToken, UnsignedCrmHook};

use crate::consent::state_key::{Sealer, StateKey, StateKeyError};
use crate::hooks::account_gate::{AccountGate, AccountRoom};
use crate::hooks::hook_receiver::{Arrival, Door, HookReceiver, Kind, RequestHead, Taken};
use crate::hooks::hook_refused::HookRefused;
use crate::setup::route_counts::Family;

/// Bytes of the secret part of a path: 192 bits, 32 letters.
const TOKEN_BYTES: usize = 24;
/// The longest id of a request that is looked at. Those that were seen are UUIDs.
const REQUEST_ID_MAX_BYTES: usize = 64;
/// Source: captures of live hooks. That repeats have the same is not confirmed.
const REQUEST_ID: &str = "x-amocrm-requestid";

/// The addresses of unsigned hooks, one for each account, that strangers cannot guess. Each is made
/// of a key, so nothing is stored and nothing is looked up.
///
/// # Examples
///
/// ```
/// use kommo_account::{AccountId, ClientId, Realm};
/// use kommo_axum::CrmPaths;
///
/// let client_id = ClientId::parse("11111111-2222-3333-4444-555555555555")?;
/// let paths = CrmPaths::new(b"32 random bytes out of your vault", Realm::Real, client_id)?;
/// // To be registered with the platform as the destination of webhooks, below your own address.
/// let path = paths.path_of(AccountId::from_number(12_345_678)?);
/// assert!(path.starts_with("/crm-hooks/12345678/"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CrmPaths {
    sealers: Vec<Sealer>,
    realm: Realm,
    client_id: ClientId,
}

impl CrmPaths {
    /// Addresses of this key: at least 32 random bytes. It must stay the same as long as hooks are
    /// registered with the platform, and be the same in all processes.
    ///
    /// # Errors
    ///
    /// 31 bytes: [`StateKeyError::TooShort`].
    pub fn new(key: &[u8], realm: Realm, client_id: ClientId) -> Result<Self, StateKeyError> {
        let paths = Self {
            sealers: Vec::new(),
            realm,
            client_id,
        };
        paths.accepting(key)
    }

    /// Accepts addresses that were made of an earlier key too, until hooks are registered anew.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn accepting(mut self, earlier_key: &[u8]) -> Result<Self, StateKeyError> {
        let sealer =
            StateKey::new(earlier_key)?.bound("crm-hooks", self.realm, self.client_id.as_str());
        self.sealers.push(sealer);
        Ok(self)
    }

    /// The path of an account's hooks, below the path that the routes are nested at.
    ///
    /// # Security
    ///
    /// Whoever knows it can send hooks of this account with any content.
    #[must_use]
    pub fn path_of(&self, account: AccountId) -> String {
        let name = account.to_string();
        let token = self.sealers.first().map(|key| token_of(key, &name));
        format!("/crm-hooks/{account}/{}", token.unwrap_or_default())
    }

    /// The path of the hooks to a widget of the Digital Pipeline, below the path that the routes
    /// are nested at: for `webhook_url` in the manifest of the widget. It is one for all accounts.
    ///
    /// # Security
    ///
    /// Whoever knows it can send such hooks of any account with any content.
    #[must_use]
    pub fn pipeline_widget_path(&self) -> String {
        let token = self
            .sealers
            .first()
            .map(|key| token_of(key, PIPELINE_WIDGET));
        format!("/pipeline-widget-hooks/{}", token.unwrap_or_default())
    }

    fn holds(&self, name: &str, received: &str) -> bool {
        let is_of = |key: &Sealer| {
            PathToken::new(token_of(key, name)).is_ok_and(|token| token.matches(received))
        };
        self.sealers.iter().any(is_of)
    }

    /// The account of a path that was handed out.
    pub(crate) fn account_of(&self, head: &RequestHead) -> Result<AccountId, HookRefused> {
        let account = AccountId::parse(head.parameter(ACCOUNT)).ok();
        let token = head.parameter(TOKEN);
        let account = account.filter(|account| self.holds(&account.to_string(), token));
        account.ok_or(HookRefused::UnknownPath)
    }
}

/// The names of the parts in a route.
const ACCOUNT: &str = "account_id";
const TOKEN: &str = "token";

/// What the token of all accounts is made of. The name of an account is a number.
const PIPELINE_WIDGET: &str = "pipeline-widget";

fn token_of(key: &Sealer, name: &str) -> String {
    let tag = key.tag(name.as_bytes());
    Base64UrlUnpadded::encode_string(tag.get(..TOKEN_BYTES).unwrap_or_default())
}

impl fmt::Debug for CrmPaths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CrmPaths(..)")
    }
}

/// Receives webhooks of the CRM and of the Digital Pipeline. The platform waits two seconds for the
/// answer and repeats what was not taken, up to four times.
///
/// Every route for it has the parameters `{account_id}` and `{token}`, as
/// [`CrmPaths::path_of`] makes them. Of an account 1,200 hooks are taken at once and then 20 in a
/// second; others are answered 503.
pub type CrmHooks = HookReceiver<CrmPaths>;

impl CrmHooks {
    /// A receiver at these addresses.
    #[must_use]
    pub fn new(paths: CrmPaths) -> Self {
        Self::with(paths, CrmPaths::KIND)
    }

    /// The path of the hooks to a pipeline widget: [`CrmPaths::pipeline_widget_path`].
    #[must_use]
    pub fn pipeline_widget_path(&self) -> String {
        self.verifier().pipeline_widget_path()
    }

    /// The path of an account's hooks: [`CrmPaths::path_of`].
    #[must_use]
    pub fn path_of(&self, account: AccountId) -> String {
        self.verifier().path_of(account)
    }
}

/// The account of the address, and its room. `None`: it is that of pipeline widgets.
pub(crate) struct Addressed {
    pub(crate) account: Option<(AccountId, AccountRoom)>,
}

impl Door for CrmPaths {
    const KIND: Kind = Kind {
        name: "a hook of the CRM",
        family: Family::CrmHooks,
        body_max_bytes: FormLimits::DEFAULT.bytes,
        body_within: Duration::from_secs(1),
    };
    type Head = Addressed;

    fn check(&self, head: &RequestHead, gate: &Arc<AccountGate>) -> Result<Addressed, HookRefused> {
        if head.parameter(ACCOUNT).is_empty() && self.holds(PIPELINE_WIDGET, head.parameter(TOKEN))
        {
            return Ok(Addressed { account: None });
        }
        let account = self.account_of(head)?;
        let room = gate.enter(account, head.now)?;
        Ok(Addressed {
            account: Some((account, room)),
        })
    }
}

/// Reads what came to the address of an account. It must name that account.
pub(crate) fn read(arrival: &Arrival<Addressed>) -> Result<UnsignedCrmHook, HookRefused> {
    let hook = UnsignedCrmHook::parse(&arrival.body, &FormLimits::DEFAULT);
    let hook = hook.map_err(|_| Refusal::BodyMalformed)?;
    match &arrival.found.account {
        Some((account, _)) if hook.is_for(*account) => Ok(hook),
        _ => Err(Refusal::OtherAccount.into()),
    }
}

/// The id that the platform gave to the request, if it came once and has the look of one.
pub(crate) fn request_id(head: &RequestHead) -> Option<&str> {
    let mut values = head.parts.headers.get_all(REQUEST_ID).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let text = value.to_str().ok()?;
    (1..=REQUEST_ID_MAX_BYTES)
        .contains(&text.len())
        .then_some(text)
}

/// A webhook of the CRM that came to the address of its account, as an argument of a handler whose
/// state has [`CrmHooks`]. **Nothing of it is proven**: read every entity again through the API.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UnsignedCrmCall {
    /// The account of the address; the hook names the same.
    pub account: AccountId,
    /// What its sender says.
    pub hook: UnsignedCrmHook,
    /// The id of the request, if it came with one. Whether a repeat has the same is not published.
    pub request_id: Option<String>,
}

impl<S> FromRequest<S> for UnsignedCrmCall
where
    S: Send + Sync,
    CrmHooks: FromRef<S>,
{
    type Rejection = HookRefused;

    async fn from_request(request: Request, state: &S) -> Result<Self, HookRefused> {
        CrmHooks::from_ref(state)
            .receive(request, async |_, arrival| {
                let hook = read(&arrival)?;
                Ok(Taken {
                    event: hook.facts().event,
                    value: Self {
                        account: hook.account_id,
                        request_id: request_id(&arrival.head).map(str::to_owned),
                        hook,
                    },
                })
            })
            .await
    }
}
