//! Hooks that are kept in the store, and handed to a handler or to another program.

#[cfg(feature = "handover")]
use {
    kommo_handover::HttpHandover,
    kommo_http::{WebhookSender, WebhookSettings, WebhookUrl},
    kommo_sign::{WebhookKey, WebhookSecret},
};

use kommo_store::{HookHandler, Inbox, InboxName, InboxSettings, InboxWorker, WorkerSettings};

use crate::client::Kommo;
use crate::error::Error;

/// Kept hooks.
impl Kommo {
    /// An inbox of the store: the id of the channel or of the integration is a good name for it.
    /// What the store does not take goes to the spool, if there is one.
    ///
    /// # Errors
    ///
    /// A name that cannot be one: [`Error::Setting`]; a spool that cannot be opened:
    /// [`Error::Store`].
    pub fn inbox(&self, name: &str) -> Result<Inbox, Error> {
        let name = InboxName::parse(name).map_err(|error| Error::setting("inbox", error))?;
        let (store, realm) = (self.keeper().store(), self.endpoints().realm());
        let settings = InboxSettings::new();
        match &self.spool {
            Some(spool) => {
                Inbox::with_spool(store, realm, name, settings, spool).map_err(Error::from)
            }
            None => Ok(Inbox::new(store, realm, name, settings)),
        }
    }

    /// Hands the hooks of an inbox to a handler, until the worker is stopped or dropped.
    #[must_use = "a worker that is dropped stops"]
    pub fn work(&self, inbox: &Inbox, handler: impl HookHandler) -> InboxWorker {
        InboxWorker::start(inbox.clone(), WorkerSettings::new(), handler)
    }

    /// Hands the hooks of an inbox over to a program in any language, until the worker is stopped
    /// or dropped: by HTTP to this URL, `https` or on this machine, signed by the scheme of
    /// Standard Webhooks with this secret (`whsec_` and base64). The program answers 2xx when it
    /// has a hook; until then the hook is sent again.
    ///
    /// # Errors
    ///
    /// A URL or a secret that cannot be one: [`Error::Setting`]; [`Error::Http`].
    #[cfg(feature = "handover")]
    pub fn hand_over(&self, inbox: &Inbox, url: &str, secret: &str) -> Result<InboxWorker, Error> {
        let url = WebhookUrl::parse(url).map_err(|error| Error::setting("hand_over url", error))?;
        let secret = WebhookSecret::parse(secret)
            .map_err(|error| Error::setting("hand_over secret", error))?;
        let sender = WebhookSender::new(url, WebhookKey::new(&secret), &WebhookSettings::new());
        let sender = sender.map_err(|error| Error::Http(Box::new(error)))?;
        Ok(self.work(inbox, HttpHandover::new(sender)))
    }
}
