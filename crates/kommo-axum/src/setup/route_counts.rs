//! The counters of the routes. Labels are only our own names, with no input from outside.

use alloc::collections::BTreeMap;
use core::fmt;
use std::sync::{Mutex, PoisonError};

/// Counts per family and outcome; as many as there are names in this crate.
#[derive(Debug, Default)]
pub(crate) struct RouteCounts(Mutex<BTreeMap<(Family, &'static str), u64>>);

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    Starts,
    Consents,
    InstallHooks,
    DisconnectHooks,
    Secrets,
    ChatHooks,
    #[cfg(feature = "open-api")]
    OpenApiHooks,
    BotHooks,
    CrmHooks,
    WidgetCalls,
}

impl Family {
    const fn name(self) -> &'static str {
        match self {
            Self::Starts => "kommo_axum_starts_total",
            Self::Consents => "kommo_axum_consents_total",
            Self::InstallHooks => "kommo_axum_install_hooks_total",
            Self::DisconnectHooks => "kommo_axum_disconnect_hooks_total",
            Self::Secrets => "kommo_axum_secrets_total",
            Self::ChatHooks => "kommo_axum_chat_hooks_total",
            #[cfg(feature = "open-api")]
            Self::OpenApiHooks => "kommo_axum_open_api_hooks_total",
            Self::BotHooks => "kommo_axum_bot_hooks_total",
            Self::CrmHooks => "kommo_axum_crm_hooks_total",
            Self::WidgetCalls => "kommo_axum_widget_calls_total",
        }
    }

    const fn help(self) -> &'static str {
        match self {
            Self::Starts => "Consents that were begun.",
            Self::Consents => "Browsers that came back from the consent page.",
            Self::InstallHooks => "Install hooks.",
            Self::DisconnectHooks => "Disconnect hooks.",
            Self::Secrets => "Calls of secrets_uri.",
            Self::ChatHooks => "Chat hooks.",
            #[cfg(feature = "open-api")]
            Self::OpenApiHooks => "Webhooks of the Open API.",
            Self::BotHooks => "Requests of bots.",
            Self::CrmHooks => "Webhooks of the CRM and of the Digital Pipeline.",
            Self::WidgetCalls => "Calls of widgets.",
        }
    }
}

impl RouteCounts {
    pub(crate) fn add(&self, family: Family, outcome: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry((family, outcome)).or_default();
        *count = count.saturating_add(1);
    }
}

impl fmt::Display for RouteCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut last = None;
        for ((family, outcome), count) in counts {
            let name = family.name();
            if last != Some(family) {
                writeln!(f, "# HELP {name} {}", family.help())?;
                writeln!(f, "# TYPE {name} counter")?;
                last = Some(family);
            }
            writeln!(f, "{name}{{outcome=\"{outcome}\"}} {count}")?;
        }
        Ok(())
    }
}
