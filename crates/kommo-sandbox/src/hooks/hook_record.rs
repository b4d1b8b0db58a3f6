//! What the journal keeps of a request that the sandbox sends.

use axum::http::header::{CONTENT_TYPE, HOST, USER_AGENT};

use crate::state::wire_record::{WireHeaders, WireRecord};
use crate::wire::outgoing::Outgoing;

/// The request as it leaves. Of its answer the sandbox reads the status alone.
pub(crate) fn hook_record(outgoing: &Outgoing, at: u64) -> WireRecord {
    let fixed = [
        (HOST, Some(outgoing.to.authority())),
        (USER_AGENT, outgoing.user_agent),
        (CONTENT_TYPE, outgoing.content_type),
    ];
    let fixed = fixed.iter();
    let fixed = fixed.filter_map(|(name, value)| Some((name.as_str(), (*value)?.as_bytes())));
    let own = outgoing.headers.iter();
    let own = own.map(|(name, value)| (name.as_str(), value.as_bytes()));
    WireRecord {
        judged_at: at,
        method: outgoing.method.to_string(),
        target: outgoing.to.as_str().to_owned(),
        headers: WireHeaders::of(fixed.chain(own)),
        body: outgoing.body.clone(),
        answer: None,
    }
}
