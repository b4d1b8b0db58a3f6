//! What a database said, without the values that were sent to it.

use core::{error, fmt};

use kommo_keeper::StoreTrouble;

/// The longest text of a database that is repeated.
const TEXT_AT_MOST: usize = 200;

/// An error of the database or of the way to it. Its text is the database's own message; every value that we send is bound
/// apart from the statement and does not enter it.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseFault {
    trouble: StoreTrouble,
    text: String,
    is_gone: bool,
}

impl DatabaseFault {
    /// Whose turn it is.
    #[must_use]
    pub const fn trouble(&self) -> StoreTrouble {
        self.trouble
    }

    /// Whether the connection itself is lost.
    #[cfg_attr(
        not(feature = "postgres"),
        allow(dead_code, reason = "a file has no connection that could be lost")
    )]
    pub(crate) const fn is_gone(&self) -> bool {
        self.is_gone
    }

    fn new(trouble: StoreTrouble, text: impl Into<String>) -> Self {
        Self {
            trouble,
            text: text.into(),
            is_gone: false,
        }
    }

    fn gone(text: String) -> Self {
        Self {
            trouble: StoreTrouble::Unavailable,
            text,
            is_gone: true,
        }
    }

    /// The database did not answer in time.
    #[cfg(feature = "postgres")]
    pub(crate) fn too_slow() -> Self {
        Self::new(StoreTrouble::Unavailable, "no answer in time")
    }

    /// The session is not the one that it was.
    #[cfg(feature = "postgres")]
    pub(crate) fn lost() -> Self {
        Self::gone("session is not the one that took the lock".to_owned())
    }

    fn of_database(error: &dyn sqlx::error::DatabaseError) -> Self {
        let code = error.code().unwrap_or_default();
        let message: String = error.message().chars().take(TEXT_AT_MOST).collect();
        let text = format!("{message} (code {code})");
        match trouble_of(&code) {
            // The server ends a session: 57P01 to 57P05; a failure of the connection: class 08.
            _ if code.starts_with("57P") || code.starts_with("08") => Self::gone(text),
            trouble => Self::new(trouble, text),
        }
    }
}

/// SQLite's codes are numbers, whose lower eight bits are the kind; those of PostgreSQL have five characters.
fn trouble_of(code: &str) -> StoreTrouble {
    if code.len() < 5 || code.bytes().all(|byte| byte.is_ascii_digit()) && code.len() != 5 {
        return match code.parse::<u32>().map(|code| code & 0xff) {
            Ok(11 | 26) => StoreTrouble::Damaged,
            Ok(1 | 3 | 8 | 14 | 20 | 23) => StoreTrouble::Misconfigured,
            _ => StoreTrouble::Unavailable,
        };
    }
    match code.get(..2) {
        Some("XX") => StoreTrouble::Damaged,
        // Access, a database that is not there, a table that is not there, a read-only server.
        Some("28" | "3D" | "3F" | "42" | "25") => StoreTrouble::Misconfigured,
        _ => StoreTrouble::Unavailable,
    }
}

impl From<sqlx::Error> for DatabaseFault {
    fn from(error: sqlx::Error) -> Self {
        let unavailable = StoreTrouble::Unavailable;
        match &error {
            sqlx::Error::Database(error) => Self::of_database(&**error),
            sqlx::Error::Io(error) => Self::gone(format!("connection failed: {}", error.kind())),
            sqlx::Error::Tls(_) => Self::new(unavailable, "no TLS connection"),
            sqlx::Error::PoolTimedOut => {
                Self::new(unavailable, "no connection became free in time")
            }
            sqlx::Error::PoolClosed => Self::new(unavailable, "store is closed"),
            sqlx::Error::WorkerCrashed => Self::gone("the worker of the database ended".to_owned()),
            sqlx::Error::Protocol(_) => {
                Self::gone("answer of the database is unreadable".to_owned())
            }
            sqlx::Error::Configuration(_) => Self::new(
                StoreTrouble::Misconfigured,
                "connection settings are unusable",
            ),
            sqlx::Error::ColumnDecode { index, .. } => Self::new(
                StoreTrouble::Damaged,
                format!("column {index} has a value of the wrong type"),
            ),
            _ => Self::new(
                StoreTrouble::Damaged,
                "database answered out of the expected",
            ),
        }
    }
}

impl fmt::Display for DatabaseFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for DatabaseFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseFault({:?}, {:?})", self.trouble, self.text)
    }
}

impl error::Error for DatabaseFault {}
