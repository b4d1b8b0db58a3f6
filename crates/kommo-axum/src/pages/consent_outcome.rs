//! How a consent ended, as its page says it.

use alloc::borrow::Cow;

use axum::http::StatusCode;

use crate::pages::page_texts::{Sentence, Title};
use crate::pages::refusal::Refusal;

/// How a consent ended, as the page and the message to the opener call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Connected,
    Waiting,
    Refused,
    /// Not known to this browser.
    Unknown,
    /// It ended before, at another process, and how is not known here.
    Repeated,
}

impl Ending {
    const ALL: [Self; 5] = [
        Self::Connected,
        Self::Waiting,
        Self::Refused,
        Self::Unknown,
        Self::Repeated,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Waiting => "waiting",
            Self::Refused => "refused",
            Self::Unknown | Self::Repeated => "unknown",
        }
    }

    pub(crate) const fn title(self) -> Title {
        match self {
            Self::Connected => Title::Connected,
            Self::Waiting => Title::AlmostConnected,
            Self::Refused => Title::NotConnected,
            Self::Repeated => Title::AlreadyFinished,
            Self::Unknown => Title::NothingToShow,
        }
    }

    /// Its number in a sealed result.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Connected => 0,
            Self::Waiting => 1,
            Self::Refused => 2,
            Self::Unknown => 3,
            Self::Repeated => 4,
        }
    }

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.number() == number)
    }
}

/// What the page says. All of it is our own text, with no input from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConsentOutcome {
    pub(crate) ending: Ending,
    pub(crate) status: StatusCode,
    pub(crate) code: Cow<'static, str>,
    pub(crate) sentence: Sentence,
    /// Whether the window was opened in a mode in which it informs its opener and closes.
    pub(crate) tells_opener: bool,
}

impl ConsentOutcome {
    pub(crate) const fn connected(tells_opener: bool) -> Self {
        Self {
            ending: Ending::Connected,
            status: StatusCode::OK,
            code: Cow::Borrowed("connected"),
            sentence: Sentence::Connected,
            tells_opener,
        }
    }

    /// The state was used by this browser and became a grant; this redirect is another one, and
    /// nothing is done with it.
    pub(crate) const fn connected_before() -> Self {
        Self {
            ending: Ending::Connected,
            status: StatusCode::OK,
            code: Cow::Borrowed("connected-before"),
            sentence: Sentence::ConnectedBefore,
            tells_opener: false,
        }
    }

    /// The code is kept, and its exchange takes longer than a browser waits.
    pub(crate) const fn waiting(tells_opener: bool) -> Self {
        Self {
            ending: Ending::Waiting,
            status: StatusCode::ACCEPTED,
            code: Cow::Borrowed("waiting"),
            sentence: Sentence::Waiting,
            tells_opener,
        }
    }

    pub(crate) const fn refused(refusal: &Refusal, tells_opener: bool) -> Self {
        let ending = match refusal {
            Refusal::CodeRepeated => Ending::Repeated,
            _ => Ending::Refused,
        };
        Self {
            ending,
            status: refusal.status(),
            code: Cow::Borrowed(refusal.code()),
            sentence: refusal.sentence(),
            tells_opener,
        }
    }

    /// For a browser that has no result, an old one, or a forged one.
    pub(crate) const fn unknown() -> Self {
        Self {
            ending: Ending::Unknown,
            status: StatusCode::NOT_FOUND,
            code: Cow::Borrowed("result-unknown"),
            sentence: Sentence::Unknown,
            tells_opener: false,
        }
    }

    /// What another redirect with the same state is answered with. Its window may be another one
    /// than the attempt was begun for, so no opener is informed.
    pub(crate) const fn for_another_redirect(&self) -> Self {
        match self.ending {
            Ending::Connected => Self::connected_before(),
            // Whatever happens to the first code, it is the one that counts.
            Ending::Waiting => Self::waiting(false),
            _ => Self::refused(&Refusal::StateUsed, false),
        }
    }
}
