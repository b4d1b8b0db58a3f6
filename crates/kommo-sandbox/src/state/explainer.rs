//! Who can say more about a refused request than "the signature differs".
//!
//! The sandbox judges the workspace's other crates and so uses none of them. A program that wants
//! the findings of `kommo-explain` in the journal hands over an [`Explainer`] made of it.

use serde::{Deserialize, Serialize};

use crate::wire::received_request::ReceivedRequest;

/// Looks into refused requests to a known channel, or of a known application.
///
/// It is asked after the verdict, in the task that answers, and its findings go into the journal
/// entry's
/// [`Detail`](crate::Detail). Any secret of the sandbox, and the right signature, are masked in
/// them.
pub trait Explainer: Send + Sync {
    /// Which rules the request breaks. `now` is what the server took for the time, in Unix seconds.
    fn explain(
        &self,
        request: &ReceivedRequest<'_>,
        channel_secret: &str,
        now: u64,
    ) -> Vec<Explanation>;

    /// The same of a request to the Open API. Nothing is found unless an explainer says more.
    fn explain_open_api(
        &self,
        request: &ReceivedRequest<'_>,
        app_secret: &str,
        now: u64,
    ) -> Vec<Explanation> {
        let _ = (request, app_secret, now);
        Vec::new()
    }
}

/// One finding about a refused request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(
    clippy::exhaustive_structs,
    reason = "an explainer makes it; the three parts are the contract"
)]
pub struct Explanation {
    /// A stable code, for example `body-trailing-newline`.
    pub code: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}
