//! The error of a database, without the values that were sent to it.

use core::{error, fmt};

use kommo_keeper::StoreErrorKind;

/// The longest text of a database that is repeated.
const TEXT_AT_MOST: usize = 200;

/// An error of the database or of the way to it. Its text is the database's own message; every
/// value that we send is bound apart from the statement and does not enter it.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseFault {
    trouble: StoreErrorKind,
    text: String,
    is_gone: bool,
    is_busy: bool,
}

impl DatabaseFault {
    /// Who must act.
    #[must_use]
    pub const fn kind(&self) -> StoreErrorKind {
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

    /// Whether another connection has what this one needs, for a moment.
    #[cfg_attr(
        not(feature = "sqlite"),
        allow(dead_code, reason = "the server waits for others by itself")
    )]
    pub(crate) const fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// The same when it came up as the database was opened: a file that cannot be opened or written
    /// then needs a person. Later it is the disk, or a lack of file handles.
    #[cfg(feature = "sqlite")]
    pub(crate) fn at_opening(error: sqlx::Error) -> Self {
        let kind = kind_of_sqlite(&error);
        let mut fault = Self::from(error);
        if matches!(kind, Some(8 | 14)) {
            fault.trouble = StoreErrorKind::Misconfigured;
        }
        fault
    }

    fn new(trouble: StoreErrorKind, text: impl Into<String>) -> Self {
        Self {
            trouble,
            text: text.into(),
            is_gone: false,
            is_busy: false,
        }
    }

    fn gone(text: String) -> Self {
        Self {
            is_gone: true,
            ..Self::new(StoreErrorKind::Unavailable, text)
        }
    }

    /// The server accepts no writes: a stand-by, or one that is being replaced. This is temporary.
    #[cfg(feature = "postgres")]
    pub(crate) fn read_only() -> Self {
        Self::new(StoreErrorKind::Unavailable, "server accepts no writes now")
    }

    /// The database did not answer in time.
    pub(crate) fn too_slow() -> Self {
        Self::new(StoreErrorKind::Unavailable, "no answer in time")
    }

    /// The store is closed, or the program ends.
    pub(crate) fn closed() -> Self {
        Self::new(StoreErrorKind::Unavailable, "store is closed")
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
            _ if ends_session(&code) => Self::gone(text),
            trouble => Self::new(trouble, text),
        }
    }
}

/// `SQLite`: another connection holds a lock, or wins the race for one (`BUSY`, `LOCKED`,
/// `PROTOCOL`).
#[cfg(feature = "sqlite")]
const BUSY: [u32; 3] = [5, 6, 15];

/// The kind of an error of `SQLite`: the lower eight bits of its code.
#[cfg(feature = "sqlite")]
fn kind_of_sqlite(error: &sqlx::Error) -> Option<u32> {
    let sqlx::Error::Database(error) = error else {
        return None;
    };
    let code = error.code()?;
    let is_sqlite = code.len() != 5 && code.bytes().all(|byte| byte.is_ascii_digit());
    let number = code.parse::<u32>().ok()?;
    is_sqlite.then_some(number & 0xff)
}

/// PostgreSQL: the server ends the session, or the connection fails.
fn ends_session(code: &str) -> bool {
    // 57P01 to 57P05; class 08; a transaction that was idle for too long (25P03), or took too long
    // (25P04).
    code.starts_with("57P") || code.starts_with("08") || matches!(code, "25P03" | "25P04")
}

/// SQLite's codes are numbers, whose lower eight bits are the kind; those of PostgreSQL have five
/// characters.
fn trouble_of(code: &str) -> StoreErrorKind {
    if code.len() < 5 || code.bytes().all(|byte| byte.is_ascii_digit()) && code.len() != 5 {
        return match code.parse::<u32>().map(|code| code & 0xff) {
            Ok(11 | 26) => StoreErrorKind::Damaged,
            Ok(1 | 3 | 20 | 23) => StoreErrorKind::Misconfigured,
            // Among others: no room (13), no memory (7), a disk that fails (10) or became read-only
            // (8), no file handle left (14).
            _ => StoreErrorKind::Unavailable,
        };
    }
    match (code, code.get(..2)) {
        // A damaged page, a damaged index. XX000 is any internal error, and most of those pass.
        ("XX001" | "XX002", _) => StoreErrorKind::Damaged,
        // Access, a database that is not there, a table that is not there.
        (_, Some("28" | "3D" | "3F" | "42")) => StoreErrorKind::Misconfigured,
        // Among others: a full disk (53), a failing one (58), a server that takes no writes
        // (25006), which a failover makes and ends.
        _ => StoreErrorKind::Unavailable,
    }
}

impl From<sqlx::Error> for DatabaseFault {
    fn from(error: sqlx::Error) -> Self {
        let unavailable = StoreErrorKind::Unavailable;
        match &error {
            #[cfg(feature = "sqlite")]
            sqlx::Error::Database(database) => Self {
                is_busy: kind_of_sqlite(&error).is_some_and(|kind| BUSY.contains(&kind)),
                ..Self::of_database(&**database)
            },
            #[cfg(not(feature = "sqlite"))]
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
                StoreErrorKind::Misconfigured,
                "connection settings are unusable",
            ),
            sqlx::Error::ColumnDecode { index, .. } => Self::new(
                StoreErrorKind::Damaged,
                format!("column {index} has a value of the wrong type"),
            ),
            sqlx::Error::RowNotFound
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::TypeNotFound { .. }
            | sqlx::Error::Decode(_) => Self::new(
                StoreErrorKind::Damaged,
                "database answered out of the expected",
            ),
            // The connection is in a state of its own, such as a transaction that did not end; it
            // is not used again.
            _ => Self::new(unavailable, "connection could not be used"),
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

#[cfg(test)]
mod tests {
    use super::{ends_session, trouble_of};
    use kommo_keeper::StoreErrorKind;

    #[test]
    fn what_a_full_or_read_only_disk_or_server_says_is_passing() {
        // SQLite: NOMEM, READONLY and two of its kinds, IOERR and a kind, FULL, CANTOPEN,
        // BUSY_SNAPSHOT.
        for code in ["7", "8", "264", "1032", "10", "778", "13", "14", "517"] {
            assert_eq!(trouble_of(code), StoreErrorKind::Unavailable, "{code}");
        }
        // PostgreSQL: a full disk, no memory, a server of reads, a transaction that failed, a lock
        // that was not given, an internal error.
        for code in [
            "53100", "53200", "25006", "25P02", "55P03", "40001", "57014", "58030", "XX000",
        ] {
            assert_eq!(trouble_of(code), StoreErrorKind::Unavailable, "{code}");
        }
        for code in ["11", "26", "XX001", "XX002"] {
            assert_eq!(trouble_of(code), StoreErrorKind::Damaged, "{code}");
        }
        for code in ["1", "23", "28P01", "3D000", "42P01", "42501"] {
            assert_eq!(trouble_of(code), StoreErrorKind::Misconfigured, "{code}");
        }
        for code in ["57P01", "57P05", "08006", "25P03"] {
            assert!(ends_session(code), "{code}");
        }
        assert!(!ends_session("53100"));
    }
}
