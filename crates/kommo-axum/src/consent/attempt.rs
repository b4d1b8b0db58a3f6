//! One attempt at a consent, as the application asks for it.

use core::{error, fmt};

use kommo_account::AccountId;
use kommo_oauth::consent::ConsentMode;
use sha2::{Digest, Sha256};

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
    session: Option<SessionDigest>,
}

/// Names a session of the application without giving it away.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionDigest([u8; 32]);

impl SessionDigest {
    pub(crate) fn of(session: &[u8]) -> Self {
        Self(Sha256::digest(session).into())
    }

    pub(crate) const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SessionDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionDigest(..)")
    }
}

impl Attempt {
    /// An attempt that carries nothing and expects no account in particular.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            carried: None,
            expected_account: None,
            mode: None,
            session: None,
        }
    }

    /// With data of the application: whose grant it will be. They stay out of the URL; they travel
    /// in a sealed, `HttpOnly` cookie and then with the code in the store, and come back as
    /// `carried` of the new grant, also if this process dies in between.
    ///
    /// The user can read them in their own cookies, but not change them: put a name of a tenant or
    /// user there, no secret.
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

    /// For a renewed consent: the account that it must be for. A consent for another one is kept
    /// and reported, but not bound.
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

    /// Bound to a session of the application, by whatever text names it: a user's number, or the id
    /// of a session. The same text must come from [`session_of`](crate::ConnectBuilder::session_of)
    /// when the browser comes back, or nothing is exchanged. Only a keyed hash of it leaves the
    /// program.
    #[must_use]
    pub fn bound_to(mut self, session: impl AsRef<[u8]>) -> Self {
        self.session = Some(SessionDigest::of(session.as_ref()));
        self
    }

    /// The same, unless it is bound already.
    pub(crate) fn or_bound_to(mut self, session: Option<SessionDigest>) -> Self {
        self.session = self.session.or(session);
        self
    }

    pub(crate) const fn session(&self) -> Option<SessionDigest> {
        self.session
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
