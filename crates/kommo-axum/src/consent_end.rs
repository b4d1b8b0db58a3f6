//! How a consent ended, in the words of its page.

use alloc::borrow::Cow;

use axum::http::StatusCode;

use crate::refusal::Refusal;

/// How a consent ended, as the page and the message to the opener call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Connected,
    Waiting,
    Refused,
    /// Not known to this browser.
    Unknown,
}

impl Ending {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Waiting => "waiting",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Connected => "Connected",
            Self::Waiting => "Almost connected",
            Self::Refused => "Not connected",
            Self::Unknown => "Nothing to show",
        }
    }
}

/// What the page says. All of it is text of our own: nothing that came from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConsentEnd {
    pub(crate) ending: Ending,
    pub(crate) status: StatusCode,
    pub(crate) code: Cow<'static, str>,
    pub(crate) sentence: Cow<'static, str>,
    /// Whether the window was opened to come back by itself and tell its opener.
    pub(crate) tells_opener: bool,
}

impl ConsentEnd {
    pub(crate) const fn connected(tells_opener: bool) -> Self {
        Self {
            ending: Ending::Connected,
            status: StatusCode::OK,
            code: Cow::Borrowed("connected"),
            sentence: Cow::Borrowed("The account is connected. You can close this window."),
            tells_opener,
        }
    }

    /// The code is kept, and its exchange takes longer than a browser waits.
    pub(crate) const fn waiting(tells_opener: bool) -> Self {
        Self {
            ending: Ending::Waiting,
            status: StatusCode::ACCEPTED,
            code: Cow::Borrowed("waiting"),
            sentence: Cow::Borrowed(
                "The platform is slow to answer. The connection will be made as soon as it does; you need not do anything.",
            ),
            tells_opener,
        }
    }

    pub(crate) const fn refused(refusal: &Refusal, tells_opener: bool) -> Self {
        Self {
            ending: Ending::Refused,
            status: refusal.status(),
            code: Cow::Borrowed(refusal.code()),
            sentence: Cow::Borrowed(refusal.sentence()),
            tells_opener,
        }
    }

    /// For a browser that has no result, an old one, or a forged one.
    pub(crate) const fn unknown() -> Self {
        Self {
            ending: Ending::Unknown,
            status: StatusCode::NOT_FOUND,
            code: Cow::Borrowed("result-unknown"),
            sentence: Cow::Borrowed(
                "How a connection ended is told for five minutes, to the browser that made it. If you have just come from the platform, this browser may not keep cookies.",
            ),
            tells_opener: false,
        }
    }
}
