//! Where the application sends a browser whose account is connected.

use axum::http::header::HeaderValue;

use crate::settings::local_path::LocalPath;

/// The application's answer to a browser whose account is connected: another address of its own. It
/// is not a page, because the browser's current address has a code in it, and a page would leave
/// that in the address bar and in the history.
///
/// # Examples
///
/// ```
/// # use axum::http::HeaderValue;
/// # use kommo_axum::{LocalPath, RedirectTo};
/// let onward = RedirectTo::to(LocalPath::parse("/accounts/77")?)
///     .with_cookie(HeaderValue::from_static("seen=77; Path=/; Secure; HttpOnly"));
/// # Ok::<(), kommo_axum::LocalPathError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectTo {
    pub(crate) path: LocalPath,
    pub(crate) cookies: Vec<HeaderValue>,
}

impl RedirectTo {
    /// To a path of the application's own site.
    #[must_use]
    pub const fn to(path: LocalPath) -> Self {
        Self {
            path,
            cookies: Vec::new(),
        }
    }

    /// With a cookie of the application's: the value of a `Set-Cookie` header.
    #[must_use]
    pub fn with_cookie(mut self, mut set_cookie: HeaderValue) -> Self {
        set_cookie.set_sensitive(true);
        self.cookies.push(set_cookie);
        self
    }
}
