//! What the dashboard shows, `GET overview`: no secret, no code and no token is in it.

use serde_json::{Value, json};

use crate::clock::Clock;
use crate::config::hook_kind::HookKind;
use crate::state::platform::Platform;

/// How many grants the page shows.
const SHOWN_GRANTS: usize = 200;

/// Everything that is shown beside the journal.
pub(crate) fn overview(platform: &Platform) -> Value {
    let counters = platform.counters();
    let faults = platform.faults();
    let state = platform.lock();
    let now = state.clock.now();
    let integration = state.integrations.first();
    let installed: Vec<_> = state
        .installed
        .iter()
        .filter(|(client_id, _)| integration.is_some_and(|own| own.client_id == *client_id))
        .map(|(_, account)| account)
        .collect();
    json!({
        "channel_id": state.names.channel_id,
        "integration": integration.map(|own| json!({
            "client_id": own.client_id,
            "redirect_uri": own.redirect_uri,
            "chat_hook_uri": own.settings.chat_hook_uri,
            "name": own.settings.name,
            "active": own.settings.active,
        })),
        "hook_kinds": HookKind::ORDERED,
        "installed": installed,
        "accounts": *state.accounts,
        "connections": *state.connections,
        "grants": state.grants.views(0, SHOWN_GRANTS, now),
        "grants_total": state.grants.len(),
        "now": now,
        "follows": matches!(*state.clock, Clock::Following { .. }),
        "faults": faults,
        "counters": counters,
    })
}
