//! `kommo sandbox`: a simulated Kommo on a loopback port, until SIGINT or SIGTERM.

// In the order the data flows: a file uses only files above it.
pub(crate) mod explainer;

mod terminal_view;

use core::net::SocketAddr;
use core::str::FromStr;
use core::time::Duration;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use kommo_account::{Endpoints, Realm};
use kommo_sandbox::{Rotation, Sandbox, SandboxBuilder, SandboxConfig, StartError};
use serde_json::{Map, Value, json};

use self::explainer::SandboxExplainer;
use self::terminal_view::Addresses;
use crate::connection::sandbox_registry::Registration;
use crate::failure::exit::{Failure, Outcome};
use crate::input::body_source;
use crate::input::bounded;
use crate::input::private_file;
use crate::profile::profile_file::without_value;
use crate::run::context::Context;
use crate::run::runtime::runtime;
use crate::run::stop_signals::StopSignals;
use crate::terminal::output::is_on_terminal;

const HELP: &str = "\
On a terminal it says where it is and how to use it, then prints one line a
request. Else, and with --format json, the first line on standard output is
JSON: base_url, where the platform is; control_url, where a test reads the
secrets, moves the clock and orders faults; dashboard_url, a page for the
browser that shows every exchange and why it was refused; with --tls also
ca_file, the certificate that clients must trust. The clock follows this
machine's, unless FILE says otherwise.

Example:
  kommo sandbox --listen 127.0.0.1:8080";

/// How often new journal entries are looked for, with `--verbose`.
const JOURNAL_PERIOD: Duration = Duration::from_millis(100);

/// `kommo sandbox`.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct SandboxArgs {
    /// The loopback address to listen on; port 0 takes a free one [default: 127.0.0.1:0]
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:0",
        hide_default_value = true
    )]
    listen: ListenAddress,

    /// The port on 127.0.0.1
    #[arg(long, value_name = "N", conflicts_with = "listen")]
    port: Option<u16>,

    /// Open the dashboard in a browser: the program of BROWSER, else the system's
    #[arg(long)]
    open: bool,

    /// Serve https under the real host names, with an authority made for this run; ca_file is its
    /// certificate
    #[arg(long)]
    tls: bool,

    /// What a new pair does to the refresh token before it: strict, until-refresh-used or
    /// until-access-used
    #[arg(long, value_name = "READING")]
    rotation: Option<RotationName>,

    /// Names, secrets, accounts and switches, as JSON
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// What the sandbox begins with, as JSON: a state, or as much of one as is wanted
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,

    /// Keep the state in DIR, so that a restart forgets nothing; a DIR with a state is continued
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// The longest seed: 256 MiB, as the control API takes it.
const SEED_BYTES: usize = 256 << 20;

/// One of the three readings of the vendor's pages.
#[derive(Debug, Clone, Copy)]
struct RotationName(Rotation);

impl FromStr for RotationName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self(match text {
            "strict" => Rotation::Strict,
            "until-refresh-used" => Rotation::UntilRefreshUsed,
            "until-access-used" => Rotation::UntilAccessUsed,
            _ => return Err("not strict, until-refresh-used or until-access-used".to_owned()),
        }))
    }
}

/// `127.0.0.1:8080`, `[::1]:0`, `localhost:8080`.
#[derive(Debug, Clone, Copy)]
struct ListenAddress(SocketAddr);

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numeric = text
            .strip_prefix("localhost:")
            .map(|port| format!("127.0.0.1:{port}"));
        let address: SocketAddr = numeric
            .as_deref()
            .unwrap_or(text)
            .parse()
            .map_err(|_| "not an address like 127.0.0.1:8080".to_owned())?;
        if !address.ip().is_loopback() {
            return Err(format!(
                "a sandbox listens on loopback only, not on {address}"
            ));
        }
        Ok(Self(address))
    }
}

pub(crate) fn run(args: &SandboxArgs, context: &Context) -> Result<Outcome, Failure> {
    let mut config = match &args.config {
        Some(file) => read_config(file)?,
        None => SandboxConfig {
            follow_wall_clock: true,
            ..SandboxConfig::default()
        },
    };
    config.tls |= args.tls;
    if let Some(RotationName(rotation)) = args.rotation {
        config.oauth.rotation = rotation;
    }
    let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let listen = args.port.map_or(args.listen.0, local);
    let mut sandbox = Sandbox::builder().listen(listen).config(config);
    if let Some(file) = &args.seed {
        sandbox = sandbox.seed(body_source::read("seed", file, SEED_BYTES)?);
    }
    if let Some(directory) = &args.data {
        sandbox = sandbox.data(directory);
    }
    runtime()?.block_on(serve(sandbox, args.open, context))
}

/// Repeats nothing of the file but the names of its fields: it may contain secrets.
fn read_config(file: &Path) -> Result<SandboxConfig, Failure> {
    let bytes = body_source::read("configuration", file, bounded::DOCUMENT_BYTES)?;
    let wrong = |what: String| {
        let file = file.display();
        Failure::usage(format!("the configuration {file} is wrong: {what}"))
    };
    let mut fields: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        wrong(format!("no JSON object, at line {line}, column {column}"))
    })?;
    if !fields.contains_key("now") && !fields.contains_key("follow_wall_clock") {
        fields.insert("follow_wall_clock".to_owned(), Value::from(true));
    }
    serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| wrong(harmless(&error)))
}

/// Where and what, without the value that the message of a parser quotes.
fn harmless(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let message = without_value(&error.inner().to_string());
    match error.path().to_string().as_str() {
        "." => message,
        path => format!("{path}: {message}"),
    }
}

async fn serve(sandbox: SandboxBuilder, open: bool, context: &Context) -> Result<Outcome, Failure> {
    // Before the first line is out: who reads it may send a signal at once.
    let mut stop = StopSignals::install()?;
    let sandbox = sandbox.explainer(Box::new(SandboxExplainer));
    let sandbox = sandbox.start().await.map_err(start_failure)?;
    let authority = sandbox.ca_pem().map(AuthorityFile::write).transpose()?;
    let mut first_line = json!({
        "base_url": sandbox.base_url(),
        "control_url": sandbox.control_url(),
        "dashboard_url": sandbox.dashboard_url(),
    });
    if let (Some(authority), Some(fields)) = (&authority, first_line.as_object_mut()) {
        let path = Value::from(authority.path.display().to_string());
        fields.insert("ca_file".to_owned(), path);
    }
    let _registration = register(&sandbox, &first_line, context);
    let is_watched = is_on_terminal() && !context.output.is_json();
    if is_watched {
        let ca_file = first_line.get("ca_file").and_then(Value::as_str);
        let addresses = Addresses {
            base_url: sandbox.base_url(),
            dashboard_url: sandbox.dashboard_url(),
            ca_file,
        };
        let block = terminal_view::block(&addresses, &sandbox.state());
        context.output.result(&block, &first_line)?;
    } else {
        context.output.json_line(&first_line)?;
        if io::stderr().is_terminal() {
            context
                .output
                .note("The sandbox runs; open dashboard_url in a browser. Ctrl-C ends it.");
        }
    }
    if open {
        open_browser(sandbox.dashboard_url(), context);
    }
    let mut journal = JournalTeller::new(context, is_watched);
    tokio::select! {
        () = stop.wait() => {}
        () = journal.tell_on(&sandbox) => {}
    }
    journal.tell_new(&sandbox);
    sandbox.stop().await;
    Ok(Outcome::Done)
}

/// Other commands of this user find the sandbox by its plain address from now on. Without a home
/// directory they need its control address.
fn register(sandbox: &Sandbox, addresses: &Value, context: &Context) -> Option<Registration> {
    let endpoints = Endpoints::loopback_url(sandbox.base_url()).ok()?;
    let Realm::Sandbox(address) = endpoints.realm() else {
        return None;
    };
    let written = Registration::write(address, addresses);
    if let Err(error) = &written {
        context.output.detail(&format!(
            "the sandbox is not found by its address alone: {error}"
        ));
    }
    written.ok()
}

/// Its address is then among the arguments of the browser, as with any page that is opened.
fn open_browser(url: &str, context: &Context) {
    let own = std::env::var_os("BROWSER").filter(|program| !program.is_empty());
    let system = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    let mut command = Command::new(own.unwrap_or_else(|| system.into()));
    let command = command.arg(url).stdin(Stdio::null());
    let started = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    if let Err(error) = started {
        context
            .output
            .note(&format!("warning: no browser was opened: {error}"));
    }
}

/// The certificate of the sandbox's authority, for clients to trust; gone when the sandbox ends.
/// Its key is in no file.
struct AuthorityFile {
    path: PathBuf,
}

impl AuthorityFile {
    /// In a new file each time: another sandbox's may be in use beside it.
    fn write(pem: &str) -> Result<Self, Failure> {
        let directory = private_file::data_directory()
            .map(|directory| directory.join("sandbox"))
            .unwrap_or_else(|_| std::env::temp_dir());
        let path = directory.join(format!("authority-{}.pem", std::process::id()));
        let failed = |error: io::Error| {
            Failure::io(format!("cannot write the file {}: {error}", path.display()))
        };
        private_file::make_directory(&directory).map_err(failed)?;
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            // An earlier process with this number has left it.
            _ => {}
        }
        private_file::write_new(&path, pem.as_bytes()).map_err(failed)?;
        Ok(Self { path })
    }
}

impl Drop for AuthorityFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A sandbox that did not start.
pub(crate) fn start_failure(error: StartError) -> Failure {
    let message = crate::failure::exit::chain(&error);
    match error {
        StartError::NotLoopback(_) | StartError::Config(_) | StartError::Seed(_) => {
            Failure::usage(message)
        }
        _ => Failure::io(message),
    }
}

/// One line an exchange: on a terminal, and on standard error with `--verbose`. Secrets are masked
/// in the journal itself.
struct JournalTeller<'a> {
    context: &'a Context,
    /// Whether each is a result on a terminal.
    is_watched: bool,
    told: u64,
}

impl<'a> JournalTeller<'a> {
    const fn new(context: &'a Context, is_watched: bool) -> Self {
        Self {
            context,
            is_watched,
            told: 0,
        }
    }

    /// Prints the journal as it grows, without end.
    async fn tell_on(&mut self, sandbox: &Sandbox) {
        if !self.is_watched && !self.context.output.is_verbose() {
            return core::future::pending().await;
        }
        let mut period = tokio::time::interval(JOURNAL_PERIOD);
        loop {
            period.tick().await;
            self.tell_new(sandbox);
        }
    }

    fn tell_new(&mut self, sandbox: &Sandbox) {
        let output = self.context.output;
        for entry in sandbox.journal_after(self.told) {
            self.told = entry.id;
            if self.is_watched {
                let line = terminal_view::line(&entry, output.has_colour());
                // A terminal that is gone ends the program by its own signal.
                let _ = output.painted_result(&line, &Value::Null);
                continue;
            }
            let status = entry
                .status
                .map_or_else(|| "cut".to_owned(), |status| status.to_string());
            let detail = entry.detail.as_ref();
            let reason = detail.map_or("", |detail| detail.reason.as_str());
            output.detail(&format!(
                "{} {} {status} {reason}",
                entry.method, entry.target
            ));
            for found in detail.iter().flat_map(|detail| &detail.explanations) {
                output.detail(&format!("  {}: {}", found.code, found.message));
            }
        }
    }
}
