//! Which realm: the real platform, or a sandbox on this machine.

use std::path::PathBuf;

use clap::Args;
use kommo_account::Endpoints;
use kommo_http::TransportBuilder;

use crate::connection::sandbox_control::SandboxControl;
use crate::connection::transport::transport;
use crate::failure::error_code::ErrorCode;
use crate::failure::exit::Failure;
use crate::input::bounded;
use crate::input::environment;
use crate::run::context::Context;

/// `--sandbox`, `--sandbox-ca`.
#[derive(Debug, Clone, Args)]
pub(crate) struct SandboxArgs {
    /// The address of a sandbox, as `kommo sandbox` printed it, instead of the real platform; else
    /// KOMMO_SANDBOX_URL, else the profile's
    #[arg(long, value_name = "URL")]
    sandbox: Option<String>,

    /// The ca_file of a sandbox with --tls; else KOMMO_SANDBOX_CA, else the profile's
    #[arg(long, value_name = "FILE")]
    sandbox_ca: Option<PathBuf>,
}

/// The longest file with a certificate.
const CERTIFICATE_BYTES: usize = 1 << 20;

impl SandboxArgs {
    /// The real platform, or a sandbox, which must be loopback (invariant I3): nothing is sent
    /// before this was asked.
    pub(crate) fn endpoints(&self, context: &Context) -> Result<Endpoints, Failure> {
        self.place(context).map(|(endpoints, _)| endpoints)
    }

    /// The file of the certificate that a sandbox with TLS is checked by.
    pub(crate) fn authority(&self, context: &Context) -> Result<Option<PathBuf>, Failure> {
        self.place(context).map(|(_, file)| file)
    }

    /// The control API of the sandbox that is meant. Its address may also be that of its control
    /// API or of its dashboard.
    pub(crate) fn control(&self, context: &Context) -> Result<SandboxControl, Failure> {
        let url = self.url(context)?.ok_or_else(|| {
            Failure::new(ErrorCode::SettingMissing, "no sandbox was given")
                .hint("give --sandbox URL, or make a profile with `kommo init --sandbox URL`")
        })?;
        SandboxControl::of(&url, self.authority_file(context)?)
    }

    /// `--sandbox ""` is a script's unset variable: to take it for "no sandbox" would send to the
    /// real platform.
    fn url(&self, context: &Context) -> Result<Option<String>, Failure> {
        if let Some(url) = &self.sandbox {
            return Ok(Some(url.clone()));
        }
        if let Some(url) = environment::text("KOMMO_SANDBOX_URL")? {
            return Ok(Some(url));
        }
        let profile = context.profile()?;
        Ok(profile.sandbox.as_ref().map(ToString::to_string))
    }

    fn authority_file(&self, context: &Context) -> Result<Option<PathBuf>, Failure> {
        if let Some(file) = &self.sandbox_ca {
            return Ok(Some(file.clone()));
        }
        match environment::text("KOMMO_SANDBOX_CA")? {
            Some(file) => Ok(Some(PathBuf::from(file))),
            None => Ok(context.profile()?.sandbox_ca_file.clone()),
        }
    }

    /// Settings of the connections to it.
    pub(crate) fn transport(&self, context: &Context) -> Result<TransportBuilder, Failure> {
        let (_, Some(file)) = self.place(context)? else {
            return Ok(transport());
        };
        let pem = bounded::read_file(&file, CERTIFICATE_BYTES).map_err(|error| {
            Failure::io(format!(
                "cannot read the certificate file '{}': {error}",
                file.display()
            ))
        })?;
        Ok(transport().sandbox_authority(pem))
    }

    /// The endpoints, and the certificate of a sandbox with TLS.
    fn place(&self, context: &Context) -> Result<(Endpoints, Option<PathBuf>), Failure> {
        let url = self.url(context)?;
        let is_https = url.as_ref().is_some_and(|url| url.starts_with("https://"));
        let endpoints = match &url {
            None => Endpoints::real(),
            Some(url) => Endpoints::loopback_url(url).map_err(|error| {
                Failure::usage(error).hint("a sandbox is on this machine: http://127.0.0.1:PORT")
            })?,
        };
        match (is_https, &self.sandbox_ca) {
            // The option means a sandbox with TLS, so no request goes to another host.
            (false, Some(_)) => Err(Failure::usage("--sandbox-ca belongs to a sandbox with TLS")
                .hint("give its address too: --sandbox https://127.0.0.1:PORT")),
            (false, None) => Ok((endpoints, None)),
            (true, _) => match self.authority_file(context)? {
                Some(file) => Ok((endpoints, Some(file))),
                None => Err(Failure::usage("a sandbox with TLS needs its certificate")
                    .hint("give --sandbox-ca FILE, the ca_file that `kommo sandbox --tls` named")),
            },
        }
    }
}
