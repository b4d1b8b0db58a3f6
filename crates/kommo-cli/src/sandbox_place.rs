//! Which world: the real platform, or a sandbox on this machine.

use clap::Args;
use kommo_account::Endpoints;

use crate::environment;
use crate::exit::Failure;

/// `--sandbox`.
#[derive(Debug, Clone, Args)]
pub(crate) struct SandboxArgs {
    /// A sandbox on this machine instead, as `kommo sandbox` printed it; else KOMMO_SANDBOX_URL
    #[arg(long, value_name = "URL")]
    sandbox: Option<String>,
}

impl SandboxArgs {
    /// The real platform, or a sandbox, which must be loopback (invariant I3): nothing is sent before this was asked.
    pub(crate) fn endpoints(&self) -> Result<Endpoints, Failure> {
        // `--sandbox ""` is a script's unset variable: to take it for "no sandbox" would send to the real platform.
        let url = match &self.sandbox {
            Some(url) => Some(url.clone()),
            None => environment::text("KOMMO_SANDBOX_URL")?,
        };
        let Some(url) = url else {
            return Ok(Endpoints::real());
        };
        Endpoints::loopback_url(&url).map_err(|error| {
            let hint = if url.starts_with("https://") {
                "start the sandbox without --tls: that is for clients whose hosts are fixed"
            } else {
                "a sandbox is on this machine: http://127.0.0.1:PORT"
            };
            Failure::usage(error).hint(hint)
        })
    }
}
