//! The address of a PostgreSQL database. It may have a password in it, so it is never shown.

use core::str::FromStr;
use core::{error, fmt};

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// Parameters that have a meaning here. Others are refused: the driver would write them, with their
/// values, into the log.
const PARAMETERS: [&str; 11] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// Why a text is not an address of a PostgreSQL database. Repeats nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DatabaseUrlError {
    /// It begins neither with `postgres://` nor with `postgresql://`.
    Scheme,
    /// A parameter that is not known, or a value that makes no sense.
    Parameter,
    /// It cannot be read.
    Unreadable,
}

impl DatabaseUrlError {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Scheme => "database URL does not begin with postgres://",
            Self::Parameter => "database URL has an unknown parameter",
            Self::Unreadable => "database URL is unreadable",
        }
    }
}

impl fmt::Display for DatabaseUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl error::Error for DatabaseUrlError {}

/// The address of a PostgreSQL database. `Debug` shows nothing of it; no `Display`.
///
/// # Security
///
/// To a host that is not this machine the connection is encrypted and the server's certificate
/// checked (`sslmode=verify-full`), unless the URL names another `sslmode`.
///
/// # Examples
///
/// ```
/// # use kommo_store::{DatabaseUrl, DatabaseUrlError};
/// let url = DatabaseUrl::parse("postgres://kommo:secret@db.example/kommo")?;
/// assert!(url.has_password());
/// assert_eq!(format!("{url:?}"), "DatabaseUrl(..)");
/// assert_eq!(DatabaseUrl::parse("mysql://db.example").unwrap_err(), DatabaseUrlError::Scheme);
/// # Ok::<(), DatabaseUrlError>(())
/// ```
#[derive(Clone)]
pub struct DatabaseUrl {
    options: Box<PgConnectOptions>,
    has_password: bool,
}

impl DatabaseUrl {
    /// Reads a URL. What it leaves out comes from the environment (`PGHOST`, `PGUSER` …) and the
    /// password file, as with every program of PostgreSQL. Never panics.
    ///
    /// # Errors
    ///
    /// - `"mysql://…"`: [`DatabaseUrlError::Scheme`].
    /// - `"postgres://db.example/kommo?sslmod=require"`: [`DatabaseUrlError::Parameter`].
    /// - `"postgres://db.example:port/"`: [`DatabaseUrlError::Unreadable`].
    pub fn parse(text: &str) -> Result<Self, DatabaseUrlError> {
        let rest = text
            .strip_prefix("postgres://")
            .or_else(|| text.strip_prefix("postgresql://"))
            .ok_or(DatabaseUrlError::Scheme)?;
        let query = rest.split_once('?').map_or("", |(_, query)| query);
        let names = query.split('&').filter(|part| !part.is_empty());
        let names: Vec<_> = names
            .map(|part| part.split_once('=').map_or(part, |(name, _)| name))
            .collect();
        if names.iter().any(|name| !PARAMETERS.contains(name)) {
            return Err(DatabaseUrlError::Parameter);
        }
        let mut options =
            PgConnectOptions::from_str(text).map_err(|_| DatabaseUrlError::Unreadable)?;
        if !names.contains(&"sslmode") && !is_here(&options) {
            options = options.ssl_mode(PgSslMode::VerifyFull);
        }
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        Ok(Self {
            options: Box::new(options.disable_statement_logging()),
            has_password: user.contains(':') || names.contains(&"password"),
        })
    }

    /// Whether it contains a password: then it must not be an argument of a program.
    #[must_use]
    pub const fn has_password(&self) -> bool {
        self.has_password
    }

    pub(crate) fn options(&self) -> PgConnectOptions {
        (*self.options).clone()
    }
}

/// Over a socket, or to this machine itself.
fn is_here(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    options.get_socket().is_some()
        || host.starts_with('/')
        || ["localhost", "127.0.0.1", "::1", "[::1]"].contains(&host)
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_mode(text: &str, expected: PgSslMode) {
        let mode = DatabaseUrl::parse(text).unwrap().options().get_ssl_mode();
        assert_eq!(format!("{mode:?}"), format!("{expected:?}"));
    }

    #[test]
    fn a_server_elsewhere_must_prove_itself_unless_the_url_says_otherwise() {
        check_mode("postgres://u:p@db.example/kommo", PgSslMode::VerifyFull);
        check_mode(
            "postgres://u@db.example?application_name=x",
            PgSslMode::VerifyFull,
        );
        check_mode(
            "postgresql://u@db.example/kommo?sslmode=disable",
            PgSslMode::Disable,
        );
        check_mode(
            "postgres://u@localhost.evil.example/kommo",
            PgSslMode::VerifyFull,
        );
        check_mode("postgres://u@localhost/kommo", PgSslMode::Prefer);
        check_mode("postgres:///kommo?host=/run/postgresql", PgSslMode::Prefer);
        check_mode(
            "postgres://localhost/kommo?host=db.example",
            PgSslMode::VerifyFull,
        );
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_shown() {
        let marked = "postgres://u:planted@db.example/kommo?passwort=planted";
        for (text, expected) in [
            ("mysql://u:planted@db.example", DatabaseUrlError::Scheme),
            (marked, DatabaseUrlError::Parameter),
            (
                "postgres://u:planted@db.example:port/x",
                DatabaseUrlError::Unreadable,
            ),
        ] {
            let error = DatabaseUrl::parse(text).unwrap_err();
            assert_eq!(error, expected);
            assert!(!format!("{error} {error:?}").contains("planted"));
        }
    }

    #[test]
    fn a_password_is_seen_wherever_it_stands() {
        let has = |text| DatabaseUrl::parse(text).unwrap().has_password();
        assert!(has("postgres://u:p@db.example/kommo"));
        assert!(has("postgres://u@db.example/kommo?password=p"));
        assert!(!has("postgres://u@db.example:5432/kommo"));
    }
}
