//! Where a store is.

use core::convert::Infallible;
use core::str::FromStr;
use core::{error, fmt};
#[cfg(feature = "sqlite")]
use std::path::{Path, PathBuf};

#[cfg(feature = "postgres")]
use crate::database::url::{DatabaseUrl, DatabaseUrlError};
use crate::error::StoreFault;

/// Where a store is: a file or a server. Read from a text such as `sqlite:grants.db` or
/// `postgres://db.example/kommo`, or made of a path or a [`DatabaseUrl`]. `Debug` shows nothing of
/// a server.
///
/// # Examples
///
/// ```
/// # use kommo_store::{StoreLocation, StoreLocationError};
/// let location: StoreLocation = "sqlite:/var/lib/kommo/grants.db".parse()?;
/// assert_eq!("grants.db".parse::<StoreLocation>().unwrap_err(), StoreLocationError::Scheme);
/// # Ok::<(), StoreLocationError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StoreLocation {
    /// One `SQLite` file, in an existing directory on a local disk: the locks of network file
    /// systems do not die with their holder.
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
    /// A database of a `PostgreSQL` server, version 14 or later.
    #[cfg(feature = "postgres")]
    Postgres(DatabaseUrl),
}

/// Why a text is not the location of a store. Repeats nothing of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreLocationError {
    /// It begins neither with `sqlite:` nor with `postgres://`, or with one that this program was
    /// compiled without.
    Scheme,
    /// `sqlite:` is not followed by a path, but by nothing or by an address.
    Path,
    /// The address of the server is refused.
    #[cfg(feature = "postgres")]
    Url(DatabaseUrlError),
}

impl StoreLocationError {
    const fn text(self) -> &'static str {
        match self {
            Self::Scheme => {
                "the location of a store begins with sqlite: or postgres://, if compiled in"
            }
            Self::Path => "sqlite: must be followed by the path of a file",
            #[cfg(feature = "postgres")]
            Self::Url(error) => error.text(),
        }
    }
}

impl fmt::Display for StoreLocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl error::Error for StoreLocationError {}

impl FromStr for StoreLocation {
    type Err = StoreLocationError;

    /// `sqlite:PATH`, `sqlite:///PATH` or `postgres://…`. The scheme counts in any case.
    fn from_str(text: &str) -> Result<Self, StoreLocationError> {
        let (scheme, rest) = text.split_once(':').ok_or(StoreLocationError::Scheme)?;
        match &*scheme.to_ascii_lowercase() {
            #[cfg(feature = "sqlite")]
            "sqlite" => {
                // Three slashes are an empty host and a path from the root.
                let path = match rest.strip_prefix("//") {
                    Some(path) if path.starts_with('/') => path,
                    Some(_) => return Err(StoreLocationError::Path),
                    None => rest,
                };
                match path.is_empty() || path.contains("://") {
                    true => Err(StoreLocationError::Path),
                    false => Ok(Self::Sqlite(PathBuf::from(path))),
                }
            }
            #[cfg(feature = "postgres")]
            scheme @ ("postgres" | "postgresql") => {
                let url = DatabaseUrl::parse(&format!("{scheme}:{rest}"));
                url.map(Self::Postgres).map_err(StoreLocationError::Url)
            }
            _ => Err(StoreLocationError::Scheme),
        }
    }
}

impl TryFrom<&str> for StoreLocation {
    type Error = StoreLocationError;

    fn try_from(text: &str) -> Result<Self, StoreLocationError> {
        text.parse()
    }
}

impl TryFrom<&String> for StoreLocation {
    type Error = StoreLocationError;

    fn try_from(text: &String) -> Result<Self, StoreLocationError> {
        text.parse()
    }
}

#[cfg(feature = "sqlite")]
impl From<PathBuf> for StoreLocation {
    fn from(path: PathBuf) -> Self {
        Self::Sqlite(path)
    }
}

#[cfg(feature = "sqlite")]
impl From<&Path> for StoreLocation {
    fn from(path: &Path) -> Self {
        Self::Sqlite(path.to_path_buf())
    }
}

#[cfg(feature = "sqlite")]
impl From<&PathBuf> for StoreLocation {
    fn from(path: &PathBuf) -> Self {
        Self::Sqlite(path.clone())
    }
}

#[cfg(feature = "postgres")]
impl From<&DatabaseUrl> for StoreLocation {
    fn from(url: &DatabaseUrl) -> Self {
        Self::Postgres(url.clone())
    }
}

#[cfg(feature = "postgres")]
impl From<DatabaseUrl> for StoreLocation {
    fn from(url: DatabaseUrl) -> Self {
        Self::Postgres(url)
    }
}

impl From<StoreLocationError> for StoreFault {
    fn from(error: StoreLocationError) -> Self {
        Self::misconfigured(error.text())
    }
}

impl From<Infallible> for StoreFault {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "sqlite")]
    #[test]
    fn a_file_is_named_with_its_scheme() {
        let path = |text: &str| match text.parse() {
            Ok(StoreLocation::Sqlite(path)) => path,
            other => panic!("{other:?}"),
        };
        assert_eq!(path("sqlite:grants.db"), Path::new("grants.db"));
        assert_eq!(path("SQLite:/srv/grants.db"), Path::new("/srv/grants.db"));
        assert_eq!(path("sqlite:///srv/grants.db"), Path::new("/srv/grants.db"));
    }

    #[test]
    fn what_names_no_store_is_refused_without_being_shown() {
        for text in [
            "",
            "grants.db",
            "planted",
            "mysql://u:planted@db.example",
            "sqlite:",
            "sqlite://u:planted@db.example/x",
            "sqlite:https://u:planted@db.example",
            "postgres://u:planted@db.example:port/x",
        ] {
            let error = text.parse::<StoreLocation>().unwrap_err();
            let fault = StoreFault::from(error);
            assert_eq!(fault.to_string(), error.to_string(), "{text}");
            assert!(
                !format!("{error:?} {fault:?}").contains("planted"),
                "{text}"
            );
        }
    }
}
