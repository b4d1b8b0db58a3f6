//! What the dashboard shows, `GET overview`: no secret, no code and no token is in it.

use serde_json::{Value, json};

use crate::clock::Clock;
use crate::state::platform::Platform;

/// How many grants the page shows.
const SHOWN_GRANTS: usize = 200;

/// Everything that is shown beside the journal.
pub(crate) fn overview(platform: &Platform) -> Value {
    let counters = platform.counters();
    let faults = platform.faults();
    let changing = platform.lock();
    let now = changing.clock.now();
    let integration = changing.integrations.first();
    let installed: Vec<_> = changing
        .installed
        .iter()
        .filter(|(client_id, _)| integration.is_some_and(|own| own.client_id == *client_id))
        .map(|(_, account)| account)
        .collect();
    json!({
        "channel_id": platform.channel_id(),
        "integration": integration.map(|own| json!({
            "client_id": own.client_id,
            "redirect_uri": own.redirect_uri,
            "name": own.settings.name,
            "active": own.settings.active,
        })),
        "installed": installed,
        "accounts": changing.accounts,
        "connections": changing.connections,
        "grants": changing.grants.views(0, SHOWN_GRANTS, now),
        "grants_total": changing.grants.len(),
        "now": now,
        "follows": matches!(changing.clock, Clock::Following { .. }),
        "faults": faults,
        "counters": counters,
    })
}
