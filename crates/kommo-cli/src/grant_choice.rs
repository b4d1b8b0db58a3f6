//! Which grant is meant. With one grant in the store nothing need be said; else the error lists what there is.

use core::str::FromStr;

use clap::Args;
use kommo_account::{AccountHost, AccountId, ClientId, Realm, UserId};
use kommo_oauth::GrantKey;
use kommo_store::GrantLine;

use crate::context::Context;
use crate::exit::Failure;
use crate::stores::{self, AnyStore};

/// How many grants an error lists.
const LISTED_AT_MOST: usize = 8;

/// `--account`, `--user`.
#[derive(Debug, Clone, Args)]
pub(crate) struct GrantArgs {
    /// The account, by host or number; with one grant in the store it may be left out
    #[arg(long, value_name = "HOST|ID")]
    account: Option<AccountName>,

    /// The number of the user who consented, if the account has several grants
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

    /// What was typed alone, of whatever integration.
    pub(crate) const fn typed(&self, realm: Realm) -> Choice {
        Choice {
            realm,
            client_id: None,
            account: self.account,
            user: self.user,
        }
    }
}

impl Choice {
    fn takes(&self, grant: &GrantLine) -> bool {
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
    pub(crate) async fn all(&self, store: &AnyStore) -> Result<Vec<GrantLine>, Failure> {
        let listed = store.list(Some(self.realm)).await;
        let mut listed = listed.map_err(|error| stores::failure(&error))?;
        listed.retain(|grant| self.takes(grant));
        Ok(listed)
    }

    /// The same in every world.
    pub(crate) async fn in_every_world(&self, store: &AnyStore) -> Result<Vec<GrantLine>, Failure> {
        let listed = store.list(None).await;
        let mut listed = listed.map_err(|error| stores::failure(&error))?;
        listed.retain(|grant| self.takes(grant));
        Ok(listed)
    }

    /// The one grant that is meant: the only one, or the only one that is not over.
    pub(crate) async fn one(&self, store: &AnyStore) -> Result<GrantKey, Failure> {
        let all = self.all(store).await?;
        let living: Vec<_> = all.iter().filter(|grant| !is_over(grant)).collect();
        match (living.as_slice(), all.as_slice()) {
            ([one], _) => Ok(one.key),
            ([], [one]) => Ok(one.key),
            ([], []) => Err(self.nothing(store).await?),
            ([], many) => Err(several(many.iter())),
            (many, _) => Err(several(many.iter().copied())),
        }
    }

    /// Nothing found: says what there is, if there is something.
    pub(crate) async fn nothing(&self, store: &AnyStore) -> Result<Failure, Failure> {
        let others = Self {
            account: None,
            user: None,
            client_id: None,
            ..*self
        };
        let others = others.all(store).await?;
        if others.is_empty() {
            let failure = Failure::refused(format!("the store has no grant {}", self.world()));
            return Ok(failure.hint("`kommo auth login` gets one, `kommo auth import` takes one"));
        }
        let failure = Failure::refused("the store has no such grant");
        Ok(failure.hint(format!("there is {}", list(others.iter()))))
    }

    fn world(&self) -> &'static str {
        match self.realm {
            Realm::Sandbox(_) => "of this sandbox",
            _ => "of the real platform",
        }
    }
}

/// Whether nothing of a grant is used any more.
pub(crate) fn is_over(grant: &GrantLine) -> bool {
    grant.state == "disconnected"
}

fn several<'a>(grants: impl Iterator<Item = &'a GrantLine>) -> Failure {
    let grants: Vec<_> = grants.collect();
    Failure::usage(format!(
        "the store has {} grants: {}",
        grants.len(),
        list(grants.into_iter())
    ))
    .hint("choose one with --account HOST|ID and --user ID")
}

fn list<'a>(grants: impl Iterator<Item = &'a GrantLine>) -> String {
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
