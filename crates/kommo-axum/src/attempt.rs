//! One attempt at a consent, as the application asks for it.

use core::{error, fmt};

use kommo_account::AccountId;
use kommo_oauth::ConsentMode;

/// The most that an attempt carries, in bytes.
pub const CARRIED_MAX_BYTES: usize = 1024;

/// The application's data are more than [`CARRIED_MAX_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CarriedTooLong {
    /// The length found, in bytes.
    pub found: usize,
}

impl fmt::Display for CarriedTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the attempt carries {} bytes, more than {CARRIED_MAX_BYTES}",
            self.found
        )
    }
}

impl error::Error for CarriedTooLong {}

/// What a consent is begun with.
///
/// # Examples
///
/// ```
/// # use kommo_account::AccountId;
/// # use kommo_axum::Attempt;
/// let attempt = Attempt::new()
///     .carrying("tenant=42")?
///     .expecting(AccountId::from_number(12_345_678)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempt {
    carried: Option<String>,
    expected_account: Option<AccountId>,
    mode: Option<ConsentMode>,
}

impl Attempt {
    /// An attempt that carries nothing and expects no account in particular.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            carried: None,
            expected_account: None,
            mode: None,
        }
    }

    /// With data of the application: whose grant it will be. They stay out of the URL; they travel in a sealed, `HttpOnly` cookie and then
    /// with the code in the store, and come back as `carried` of the new grant, also if this process dies in between.
    ///
    /// The user can read them among his own cookies, but not change them: put a name of a tenant or user there, no secret.
    ///
    /// # Errors
    ///
    /// 1,025 bytes: [`CarriedTooLong`].
    pub fn carrying(mut self, carried: impl Into<String>) -> Result<Self, CarriedTooLong> {
        let carried = carried.into();
        if carried.len() > CARRIED_MAX_BYTES {
            return Err(CarriedTooLong {
                found: carried.len(),
            });
        }
        self.carried = Some(carried);
        Ok(self)
    }

    /// For a renewed consent: the account that it must be for. A consent for another one is kept and reported, but not bound.
    #[must_use]
    pub const fn expecting(mut self, account_id: AccountId) -> Self {
        self.expected_account = Some(account_id);
        self
    }

    /// In this mode, whatever the request for the start asks for.
    #[must_use]
    pub const fn in_mode(mut self, mode: ConsentMode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// What it carries.
    #[must_use]
    pub fn carried(&self) -> Option<&str> {
        self.carried.as_deref()
    }

    /// The account that it must be for.
    #[must_use]
    pub const fn expected_account(&self) -> Option<AccountId> {
        self.expected_account
    }

    /// The mode, if one was set.
    #[must_use]
    pub const fn mode(&self) -> Option<ConsentMode> {
        self.mode
    }
}
