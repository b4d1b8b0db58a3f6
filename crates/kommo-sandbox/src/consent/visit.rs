//! One request to the consent page, by a browser with a session, about an integration that may ask.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, HeaderValue, LOCATION};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};

use crate::config::hook_kind::HookKind;
use crate::consent::cookie::set_session;
use crate::consent::grant::{Granted, grant, secrets_of};
use crate::consent::page::{
    Card, Choice, choose_page, handover_page, login_page, no_account_page, refused,
    refused_for_want_of_random_bytes,
};
use crate::consent::request::{ConsentRequest, Mode, WantedIntegration};
use crate::consent::site::Site;
use crate::hooks::order::HookOrder;
use crate::reply::outcome::Outcome;
use crate::reply::response::{empty, set};
use crate::state::consent_session::Session;
use crate::state::platform::Platform;
use crate::wire::web_address::WebAddress;

/// One request to the page.
pub(crate) struct Visit<'a> {
    pub(crate) platform: &'a Platform,
    pub(crate) site: Site,
    pub(crate) wanted: ConsentRequest,
    pub(crate) asking: Asking,
    pub(crate) session: Session,
}

/// The integration that asks.
pub(crate) struct Asking {
    pub(crate) card: Card,
    pub(crate) redirect_uri: WebAddress,
}

/// The fields of a form.
#[derive(Default)]
pub(crate) struct Form {
    form_token: String,
    step: String,
    login: String,
    account: String,
}

impl Visit<'_> {
    /// Asks who is there, or what to do.
    pub(crate) fn show(&self) -> Outcome {
        let token = &self.session.form_token;
        let Some(login) = &self.session.login else {
            let page = login_page(self.site, &self.asking.card, token, "", None);
            let reason = "nobody is logged in; asks for the login";
            return Outcome::accepted("login-shown", reason, page);
        };
        let choices = self.choices(login);
        if choices.is_empty() {
            let reason = self.why_no_account(login);
            let page = no_account_page("No account to choose", &reason, token);
            return Outcome::refused("no-account", reason, page);
        }
        let which = self.which_accounts();
        let page = choose_page(&self.asking.card, &choices, which, token, login);
        let reason = format!("asks {login} to allow or refuse");
        Outcome::accepted("choice-shown", reason, page)
    }

    /// The accounts of this platform in which the person may grant.
    fn choices(&self, login: &str) -> Vec<Choice> {
        let state = self.platform.lock();
        let may_grant = match &self.wanted.integration {
            WantedIntegration::Known { client_id } => state.may_grant(client_id, login),
            WantedIntegration::External(_) => {
                state.people(login).filter(|(_, user)| user.admin).collect()
            }
        };
        may_grant
            .into_iter()
            .filter(|(account, _)| self.site.serves(account.base_domain()))
            .map(|(account, _)| Choice {
                account: account.id,
                host: account.host.clone(),
            })
            .collect()
    }

    fn why_no_account(&self, login: &str) -> String {
        let state = self.platform.lock();
        let here = |base_domain: &str| self.site.serves(base_domain);
        if state
            .people(login)
            .any(|(account, _)| here(account.base_domain()))
        {
            "You are not an administrator in any account that this integration could be installed in, and in none of your accounts it is installed.".into()
        } else {
            format!(
                "You have no account with {}. Each platform has its own consent page.",
                self.site.name()
            )
        }
    }

    const fn which_accounts(&self) -> &'static str {
        match &self.wanted.integration {
            WantedIntegration::Known { .. } => {
                "Accounts where you are an administrator, or where it is installed already."
            }
            WantedIntegration::External(_) => {
                "Accounts where you are an administrator. An integration is made in the one that you choose."
            }
        }
    }

    /// Does what a form says.
    pub(crate) async fn carry_out(&self, parts: &Parts, form: Form) -> Outcome {
        if !self.session.knows_form_token(&form.form_token) {
            let reason = "The form is not from this page, or it is too old. Open the page again.";
            let status = StatusCode::FORBIDDEN;
            return refused(status, "form-token-wrong", "Not accepted", reason);
        }
        match (form.step.as_str(), &self.session.login) {
            ("log-in", _) => self.log_in(parts, form.login.trim()),
            ("log-out", _) => self.begin_again(parts, None),
            ("allow", Some(login)) => self.allow(login, &form.account).await,
            ("refuse", Some(_)) => self.refuse(),
            ("allow" | "refuse", None) => self.show(),
            _ => {
                let status = StatusCode::BAD_REQUEST;
                refused(status, "step", "Not accepted", "The form has no such step.")
            }
        }
    }

    /// Any password will do: nothing here is worth one.
    fn log_in(&self, parts: &Parts, login: &str) -> Outcome {
        let exists = self.platform.lock().people(login).next().is_some();
        if exists {
            return self.begin_again(parts, Some(login.to_owned()));
        }
        let trouble =
            Some("Nobody here has this login. GET state of the control API names all users.");
        let page = login_page(
            self.site,
            &self.asking.card,
            &self.session.form_token,
            login,
            trouble,
        );
        let reason = "no user has the login that was typed";
        Outcome::refused("login-unknown", reason, page)
    }

    /// A new session, and the same page again.
    fn begin_again(&self, parts: &Parts, login: Option<String>) -> Outcome {
        let mut state = self.platform.lock();
        state.sessions.end(&self.session.id);
        let session = state.sessions.begin(login);
        drop(state);
        let target = parts
            .uri
            .path_and_query()
            .map_or("/oauth", |target| target.as_str());
        let Ok(session) = session else {
            return refused_for_want_of_random_bytes();
        };
        let mut response = see_other(target);
        set_session(self.platform, &mut response, &session.id);
        Outcome::accepted("session-new", "logged in, or out", response)
    }

    async fn allow(&self, login: &str, account: &str) -> Outcome {
        let choices = self.choices(login);
        let chosen = choices
            .iter()
            .find(|one| one.account.to_string() == account);
        let Some(account) = chosen.map(|choice| choice.account) else {
            let reason = "This account is not yours to choose for this integration.";
            return refused(
                StatusCode::FORBIDDEN,
                "account-not-allowed",
                "Not accepted",
                reason,
            );
        };
        let client_id = match &self.wanted.integration {
            WantedIntegration::Known { client_id } => client_id.clone(),
            WantedIntegration::External(external) => {
                let state = self.wanted.state.as_deref();
                match secrets_of(self.platform, external, account, state).await {
                    Ok(client_id) => client_id,
                    Err(reason) => {
                        let title = "The integration could not be connected";
                        return refused(StatusCode::BAD_GATEWAY, "secrets-uri", title, &reason)
                            .by_rule("G14");
                    }
                }
            }
        };
        let (redirect_uri, state) = (&self.asking.redirect_uri, self.wanted.state.as_deref());
        match grant(
            self.platform,
            &client_id,
            redirect_uri,
            account,
            login,
            state,
        ) {
            Ok(granted) => self.hand_over_code(account, granted),
            Err(error) => {
                let status = StatusCode::FORBIDDEN;
                refused(status, error.code(), "Not accepted", &error.to_string())
            }
        }
    }

    fn hand_over_code(&self, account: u64, granted: Granted) -> Outcome {
        if granted.sends_install_hook {
            let order = HookOrder {
                account: Some(account),
                user: Some(granted.user),
                ..HookOrder::new(HookKind::Install)
            };
            // A redirect URI that is not on this machine gets none.
            let _ = self.platform.start_hook(&order);
        }
        let response = self.leave("allowed", &granted.client_id, &granted.address);
        let reason = "a code was issued, and the browser sent back with it";
        Outcome::accepted("allowed", reason, response)
    }

    /// An integration on the fly was not made: it has no client id.
    fn refuse(&self) -> Outcome {
        let client_id = match &self.wanted.integration {
            WantedIntegration::Known { client_id } => Some(client_id.as_str()),
            WantedIntegration::External(_) => None,
        };
        let mut parameters = vec![("error", "access_denied")];
        parameters.extend(client_id.map(|id| ("client_id", id)));
        parameters.extend(self.wanted.state.as_deref().map(|state| ("state", state)));
        let address = self.asking.redirect_uri.with_parameters(&parameters);
        let response = self.leave("access_denied", client_id.unwrap_or_default(), &address);
        Outcome::accepted("refused", "the person refused", response)
    }

    /// Popup: the opener receives the address. Else the window itself goes there.
    fn leave(&self, result: &str, client_id: &str, address: &str) -> Response<Body> {
        match self.wanted.mode {
            Mode::PostMessage => see_other(address),
            Mode::Popup => {
                let opener = self.wanted.opener_origin.as_deref().unwrap_or("*");
                handover_page(result, client_id, address, opener)
            }
        }
    }
}

impl Form {
    /// What was typed as a password is not looked at.
    pub(crate) fn read(body: &[u8]) -> Self {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            let field = match name.as_ref() {
                "form_token" => &mut form.form_token,
                "step" => &mut form.step,
                "login" => &mut form.login,
                "account" => &mut form.account,
                _ => continue,
            };
            *field = value.into_owned();
        }
        form
    }
}

fn see_other(address: &str) -> Response<Body> {
    let mut response = empty(StatusCode::SEE_OTHER);
    if let Ok(address) = HeaderValue::from_str(address) {
        response.headers_mut().insert(LOCATION, address);
    }
    set(&mut response, CACHE_CONTROL, "no-store");
    response
}
