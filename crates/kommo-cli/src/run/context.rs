//! What every command is given: the output, and the profile.

use core::cell::OnceCell;
use std::path::PathBuf;

use kommo_account::ClientId;
use kommo_http::{BudgetSettings, RequestBudget};

use crate::failure::exit::Failure;
use crate::failure::missing::{self, Missing};
use crate::input::environment;
use crate::input::secret_source::{self, SecretSource};
use crate::profile::content::{Profile, SecretKind};
use crate::profile::profile_file::{self, ProfileChoice};
use crate::run::interruption::Interruption;
use crate::run::latest_came::LatestCame;
use crate::run::opened::Opened;
use crate::run::shown_pauses::ShownPauses;
use crate::terminal::global_options::GlobalOptions;
use crate::terminal::output::Output;
use crate::terminal::progress::Progress;
use crate::time::clock;

/// What every command is given.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) output: Output,
    pub(crate) profile_name: Option<String>,
    profile: OnceCell<Profile>,
    /// What came last from the token endpoint.
    pub(crate) latest_came: LatestCame,
    /// What calls and token requests of this process share.
    pub(crate) budget: RequestBudget,
    /// What is drained and closed at the end.
    pub(crate) opened: Opened,
    interruption: OnceCell<Interruption>,
    /// What is waited for.
    pub(crate) progress: Progress,
}

impl Context {
    /// `--profile` wins over `KOMMO_PROFILE`; each is a name or a file.
    pub(crate) fn new(options: GlobalOptions) -> Result<Self, Failure> {
        let output = Output::new(&options);
        secret_source::warn_on(output);
        let profile_name = match options.profile {
            Some(name) => Some(name),
            None => environment::text("KOMMO_PROFILE")?,
        };
        let progress = Progress::default();
        let clock = ShownPauses::new(progress.clone());
        Ok(Self {
            output,
            profile_name,
            profile: OnceCell::new(),
            latest_came: LatestCame::default(),
            budget: RequestBudget::with_clock(BudgetSettings::new(), clock),
            opened: Opened::default(),
            interruption: OnceCell::new(),
            progress,
        })
    }

    /// Listens for signals from now on.
    pub(crate) fn listen(&self) -> Result<&Interruption, Failure> {
        if let Some(interruption) = self.interruption.get() {
            return Ok(interruption);
        }
        let interruption = Interruption::listen()?;
        Ok(self.interruption.get_or_init(|| interruption))
    }

    /// Whether a signal asked for the end.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interruption.get().is_some_and(Interruption::has_come)
    }

    /// The profile, read when it is first needed: a command with all its options does not fail
    /// because of a broken profile.
    pub(crate) fn profile(&self) -> Result<&Profile, Failure> {
        if let Some(profile) = self.profile.get() {
            return Ok(profile);
        }
        let profile = profile_file::load(self.profile_name.as_deref())?;
        Ok(self.profile.get_or_init(|| profile))
    }

    /// A profile that was named must exist, even if none of its settings is needed.
    pub(crate) fn check_named_profile(&self) -> Result<(), Failure> {
        match self.profile_name {
            Some(_) => self.profile().map(|_| ()),
            None => Ok(()),
        }
    }

    /// The integration's id: as typed, else as the profile says.
    pub(crate) fn client_id(&self, typed: Option<ClientId>) -> Result<ClientId, Failure> {
        let mut missing = Missing::default();
        let known = missing.check(self.known_client_id(typed)?, missing::CLIENT_ID);
        known.ok_or_else(|| missing.into_failure())
    }

    /// The same, if it is known.
    pub(crate) fn known_client_id(
        &self,
        typed: Option<ClientId>,
    ) -> Result<Option<ClientId>, Failure> {
        match typed {
            Some(typed) => Ok(Some(typed)),
            None => Ok(self.profile()?.client_id),
        }
    }

    /// Where the secrets are stored that are tried for what arrives, by the profile: several during
    /// a rotation.
    pub(crate) fn profile_secrets(&self, kind: SecretKind) -> Result<Vec<SecretSource>, Failure> {
        Ok(self.profile()?.secrets_to_try(kind, clock::unix_now()?))
    }

    /// Which profile is meant.
    pub(crate) fn profile_choice(&self) -> Result<ProfileChoice, Failure> {
        ProfileChoice::of(self.profile_name.as_deref())
    }

    /// The file of the profile in use.
    pub(crate) fn profile_path(&self) -> Result<PathBuf, Failure> {
        self.profile_choice()?.file()
    }

    /// Where a secret is stored, by the profile.
    pub(crate) fn profile_secret(&self, kind: SecretKind) -> Result<Option<SecretSource>, Failure> {
        Ok(self.profile()?.secret(kind))
    }
}
