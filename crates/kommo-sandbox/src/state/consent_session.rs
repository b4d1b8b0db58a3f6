//! Who is logged in at the consent page: one cookie for each browser, and a token in each form that
//! no other page knows.

use alloc::collections::VecDeque;

use crate::error::StartError;
use crate::secrets::channel_key::same_text;
use crate::secrets::random_text::random_hex;

/// How many sessions are kept; the oldest goes first.
const CAPACITY: usize = 1000;

/// A browser's visit.
#[derive(Clone)]
pub(crate) struct Session {
    /// The value of the cookie.
    pub(crate) id: String,
    /// What a form must bring.
    pub(crate) form_token: String,
    /// Who is logged in.
    pub(crate) login: Option<String>,
}

/// All visits. It has no `Debug`.
#[derive(Default)]
pub(crate) struct Sessions(VecDeque<Session>);

impl Session {
    fn new(login: Option<String>) -> Result<Self, StartError> {
        Ok(Self {
            id: random_hex::<32>()?,
            form_token: random_hex::<32>()?,
            login,
        })
    }

    pub(crate) fn knows_form_token(&self, given: &str) -> bool {
        same_text(self.form_token.as_bytes(), given.as_bytes())
    }
}

impl Sessions {
    /// A new session; a login gets one too, so that an id from before it is worth nothing after it.
    pub(crate) fn begin(&mut self, login: Option<String>) -> Result<Session, StartError> {
        let session = Session::new(login)?;
        if self.0.len() == CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(session.clone());
        Ok(session)
    }

    pub(crate) fn find(&self, id: &str) -> Option<Session> {
        self.0
            .iter()
            .find(|session| same_text(session.id.as_bytes(), id.as_bytes()))
            .cloned()
    }

    pub(crate) fn end(&mut self, id: &str) {
        self.0.retain(|session| session.id != id);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{CAPACITY, Sessions};

    #[test]
    fn the_oldest_session_goes_when_there_are_too_many() {
        let mut sessions = Sessions::default();
        let first = sessions.begin(None).unwrap();
        let second = sessions.begin(None).unwrap();
        for _ in 0..CAPACITY - 1 {
            sessions.begin(None).unwrap();
        }
        assert!(sessions.find(&first.id).is_none());
        assert!(sessions.find(&second.id).is_some());
        sessions.end(&second.id);
        assert!(sessions.find(&second.id).is_none());
    }
}
