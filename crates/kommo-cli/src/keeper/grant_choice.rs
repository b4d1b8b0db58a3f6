//! Which grant is meant. With one grant in the store no option is needed; of several grants of one
//! account the primary one is meant; else the error lists what there is.

use core::str::FromStr;

use clap::Args;
use kommo_account::{AccountHost, AccountId, ClientId, Realm, UserId};
use kommo_oauth::grant::GrantKey;
use kommo_store::{CodeLine, GrantSummary, Store};

use crate::failure::error_code::ErrorCode;
use crate::failure::exit::Failure;
use crate::keeper::stores;
use crate::keeper::waiting_codes;
use crate::run::context::Context;

/// How many grants an error lists.
const LISTED_AT_MOST: usize = 8;

const CHOOSE: &str = "choose one with --account HOST|ID and --user ID";

const CHOOSE_FOR_GOOD: &str = "choose one with --account HOST|ID and --user ID; `kommo auth primary` chooses one of an account for good";

/// `--account`, `--user`.
#[derive(Debug, Clone, Args)]
pub(crate) struct GrantArgs {
    /// The account, by host or number; with one grant in the store it may be left out
    #[arg(long, value_name = "HOST|ID")]
    account: Option<AccountName>,

    /// The number of the user who consented; else, if the account has several grants, its primary
    /// one (`kommo auth primary`)
    #[arg(long, value_name = "ID")]
    user: Option<UserId>,
}

/// An account as an operator names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountName {
    Host(AccountHost),
    Id(AccountId),
}

impl FromStr for AccountName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let id = AccountId::parse(text).map_err(|error| error.to_string())?;
            return Ok(Self::Id(id));
        }
        let host = AccountHost::parse(text).map_err(|error| error.to_string())?;
        Ok(Self::Host(host))
    }
}

/// Which grants are meant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice {
    pub(crate) realm: Realm,
    pub(crate) client_id: Option<ClientId>,
    pub(crate) account: Option<AccountName>,
    pub(crate) user: Option<UserId>,
}

impl GrantArgs {
    /// What was typed; the account else as the profile says.
    pub(crate) fn choice(
        &self,
        realm: Realm,
        client_id: Option<ClientId>,
        context: &Context,
    ) -> Result<Choice, Failure> {
        let account = match self.account {
            Some(account) => Some(account),
            // A sandbox has accounts of its own, which no profile for the real platform names.
            None if realm == Realm::Real => context.profile()?.account.map(AccountName::Host),
            None => None,
        };
        Ok(Choice {
            realm,
            client_id,
            account,
            user: self.user,
        })
    }

    /// What was typed alone, whatever account the profile names; `None` is every integration.
    pub(crate) const fn typed(&self, realm: Realm, client_id: Option<ClientId>) -> Choice {
        Choice {
            realm,
            client_id,
            account: self.account,
            user: self.user,
        }
    }
}

impl Choice {
    /// The host of the account, if it was named so.
    pub(crate) const fn account_host(&self) -> Option<AccountHost> {
        match self.account {
            Some(AccountName::Host(host)) => Some(host),
            _ => None,
        }
    }

    fn takes(&self, grant: &GrantSummary) -> bool {
        let key = &grant.key;
        let is_account = match self.account {
            None => true,
            Some(AccountName::Id(id)) => key.account_id == id,
            Some(AccountName::Host(host)) => grant.host == host,
        };
        is_account
            && self.client_id.is_none_or(|id| key.client_id == id)
            && self.user.is_none_or(|id| key.user_id == id)
    }

    /// Every grant that is meant, those that are over too.
    pub(crate) async fn all(&self, store: &Store) -> Result<Vec<GrantSummary>, Failure> {
        let listed = stores::list(store, Some(self.realm)).await;
        let mut listed = listed.map_err(|error| stores::failure(&error))?;
        listed.retain(|grant| self.takes(grant));
        Ok(listed)
    }

    /// The same in every realm.
    pub(crate) async fn in_every_realm(&self, store: &Store) -> Result<Vec<GrantSummary>, Failure> {
        let listed = stores::list(store, None).await;
        let mut listed = listed.map_err(|error| stores::failure(&error))?;
        listed.retain(|grant| self.takes(grant));
        Ok(listed)
    }

    /// The one grant that is meant: the only one that is not over, or of several of one account the
    /// primary one.
    pub(crate) async fn one(&self, store: &Store) -> Result<GrantKey, Failure> {
        let living = match self.found(store).await? {
            Found::One(key) => return Ok(key),
            Found::Several(living) => living,
        };
        match primary(store, &living).await? {
            Some(key) => Ok(key),
            None => Err(several(&living, CHOOSE_FOR_GOOD)),
        }
    }

    /// The same where a wrong guess could not be taken back: the primary grant is not guessed.
    pub(crate) async fn exactly_one(&self, store: &Store) -> Result<GrantKey, Failure> {
        match self.found(store).await? {
            Found::One(key) => Ok(key),
            Found::Several(grants) => Err(several(&grants, CHOOSE)),
        }
    }

    async fn found(&self, store: &Store) -> Result<Found, Failure> {
        let mut all = self.all(store).await?;
        if all.iter().any(|grant| !is_over(grant)) {
            all.retain(|grant| !is_over(grant));
        }
        match all.as_slice() {
            [] => Err(self.nothing(store).await?),
            [one] => Ok(Found::One(one.key)),
            _ => Ok(Found::Several(all)),
        }
    }

    /// No match: lists the stored grants, if there are any.
    pub(crate) async fn nothing(&self, store: &Store) -> Result<Failure, Failure> {
        let codes = self.waiting_codes(store).await?;
        if let [first, others @ ..] = codes.as_slice() {
            let message = format!(
                "the store has no such grant yet: {}",
                waiting_codes::line(first)
            );
            let failure = waiting_codes::failure(first, others, message);
            return Ok(failure.hint(
                "no new consent is needed: mend what it waits for, then `kommo auth retry` tries it at once",
            ));
        }
        let others = self.every_grant().all(store).await?;
        if others.is_empty() {
            let failure = Failure::new(
                ErrorCode::NoGrant,
                format!("the store has no grant {}", self.of_realm()),
            );
            return Ok(failure.hint("`kommo auth login` gets one, `kommo auth import` takes one"));
        }
        let failure = Failure::new(ErrorCode::NoGrant, "the store has no such grant");
        Ok(failure.hint(format!("the store has {}", list(others.iter()))))
    }

    /// The codes that may become a grant that is meant. One of an account that is named by its
    /// number may be any whose host the store does not know as another account's.
    pub(crate) async fn waiting_codes(&self, store: &Store) -> Result<Vec<CodeLine>, Failure> {
        let mut codes = waiting_codes::of(store, self.realm, self.client_id).await?;
        match self.account {
            None => {}
            Some(AccountName::Host(host)) => codes.retain(|code| code.host == host),
            Some(AccountName::Id(_)) if codes.is_empty() => {}
            Some(AccountName::Id(id)) => {
                let known = self.every_grant().all(store).await?;
                let is_of_another = |code: &CodeLine| {
                    let mut known = known.iter();
                    known.any(|grant| grant.host == code.host && grant.key.account_id != id)
                };
                codes.retain(|code| !is_of_another(code));
            }
        }
        Ok(codes)
    }

    /// Of the same realm.
    const fn every_grant(&self) -> Self {
        Self {
            realm: self.realm,
            client_id: None,
            account: None,
            user: None,
        }
    }

    fn of_realm(&self) -> &'static str {
        match self.realm {
            Realm::Sandbox(_) => "of this sandbox",
            _ => "of the real platform",
        }
    }
}

/// What is meant, as far as the words say.
enum Found {
    One(GrantKey),
    /// More than one: those that are not over, if there are such.
    Several(Vec<GrantSummary>),
}

/// The primary one of these grants, if all are of one account and it is one of them.
async fn primary(store: &Store, grants: &[GrantSummary]) -> Result<Option<GrantKey>, Failure> {
    let Some(GrantSummary { key: first, .. }) = grants.first() else {
        return Ok(None);
    };
    let account = |key: &GrantKey| (key.realm, key.client_id, key.account_id);
    if grants
        .iter()
        .any(|grant| account(&grant.key) != account(first))
    {
        return Ok(None);
    }
    let primary = store
        .primary(first.realm, &first.client_id, first.account_id)
        .await;
    let primary = primary.map_err(|error| stores::failure(&error))?;
    Ok(primary.filter(|key| grants.iter().any(|grant| grant.key == *key)))
}

/// Whether a grant has ended.
pub(crate) fn is_over(grant: &GrantSummary) -> bool {
    grant.state == "disconnected"
}

fn several(grants: &[GrantSummary], hint: &str) -> Failure {
    let message = format!(
        "the store has {} grants: {}",
        grants.len(),
        list(grants.iter())
    );
    Failure::new(ErrorCode::AmbiguousGrant, message).hint(hint)
}

fn list<'a>(grants: impl Iterator<Item = &'a GrantSummary>) -> String {
    let mut grants: Vec<_> = grants
        .map(|grant| {
            let key = &grant.key;
            format!(
                "{} (account {}, user {})",
                grant.host, key.account_id, key.user_id
            )
        })
        .collect();
    let more = grants.len().saturating_sub(LISTED_AT_MOST);
    grants.truncate(LISTED_AT_MOST);
    if more > 0 {
        grants.push(format!("and {more} more"));
    }
    grants.join(", ")
}
