//! A PostgreSQL cluster that is thrown away: made in a new directory, on a free port of 127.0.0.1,
//! by an unprivileged user.
//!
//! It cannot outlive the one who started it: a shell between the two waits for the end of its
//! standard input, which comes when the holder goes, however it goes; then it stops the server and
//! removes the directory.

use core::net::Ipv4Addr;
use core::{error, fmt};
use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, Lines, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The Debian package that has what is needed.
pub const PACKAGE: &str = "postgresql";

/// `sh -c SCRIPT sh BIN PORT SETTINGS`; says `ready` and its directory when the server takes
/// connections, and else why not. Each line of its standard input is a signal that stops the
/// server, after which it is started again.
const SCRIPT: &str = r#"
trap '' INT
bin=$1 port=$2 settings=$3
dir=$(mktemp -d "${TMPDIR:-/tmp}/kommo-postgres.XXXXXX") || exit 1
fail() { tail -n 3 "$dir/log"; rm -rf "$dir"; exit 1; }
start() {
    "$bin/postgres" -D "$dir/data" -c listen_addresses=127.0.0.1 -c port="$port" -c unix_socket_directories="$dir" \
        -c max_connections=400 $settings >>"$dir/log" 2>&1 </dev/null &
    server=$!
    until "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; do
        kill -0 $server 2>/dev/null || fail
        sleep 0.05
    done
    echo "ready $dir"
}
"$bin/initdb" -D "$dir/data" -U kommo --auth=trust --encoding=UTF8 --locale=C --no-sync >"$dir/log" 2>&1 || fail
start
while read -r signal; do
    kill -"$signal" $server 2>/dev/null
    wait $server
    start
done
kill -QUIT $server
wait $server
rm -rf "$dir"
"#;

/// A running cluster; it stops when this is dropped, or when the process ends.
#[derive(Debug)]
pub struct PostgresCluster {
    port: u16,
    directory: PathBuf,
    shell: Child,
    /// `Some` until the end.
    lifeline: Option<ChildStdin>,
    said: Lines<BufReader<ChildStdout>>,
}

/// How a server is stopped before it is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// Sessions are ended and everything is written (SIGINT).
    InOrder,
    /// At once, as by a crash: what was committed is recovered at the start (SIGQUIT).
    AsByCrash,
}

/// Why there is no cluster.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClusterError {
    /// No program `initdb` is found: the package is not installed.
    NotInstalled,
    /// A program cannot be started, or a port cannot be had.
    Io(io::Error),
    /// The server did not come up; the last lines of its log.
    NotReady(String),
}

impl PostgresCluster {
    /// Makes a cluster and waits until it takes connections, some seconds. `fsync` is on, as in
    /// earnest.
    ///
    /// # Errors
    ///
    /// [`ClusterError::NotInstalled`] without the package; the other variants say what failed.
    pub fn start() -> Result<Self, ClusterError> {
        Self::start_with("")
    }

    /// The same, with these settings besides: `-c name=value`, separated by spaces.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_with(settings: &str) -> Result<Self, ClusterError> {
        Self::launch(&env::temp_dir(), settings)
    }

    /// The same, with its directory below this one, which its user must be able to write to.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn start_below(directory: &Path) -> Result<Self, ClusterError> {
        Self::launch(directory, "")
    }

    fn launch(directory: &Path, settings: &str) -> Result<Self, ClusterError> {
        let programs = programs().ok_or(ClusterError::NotInstalled)?;
        let port = free_port().map_err(ClusterError::Io)?;
        let mut shell = shell(&programs, port, settings);
        let shell = shell.env("TMPDIR", directory).spawn();
        let mut shell = shell.map_err(ClusterError::Io)?;
        let lifeline = shell.stdin.take();
        let output = shell.stdout.take();
        // INVARIANT: both were ordered as pipes.
        let output = output.ok_or_else(|| ClusterError::NotReady(String::new()))?;
        let mut cluster = Self {
            port,
            directory: PathBuf::new(),
            shell,
            lifeline,
            said: BufReader::new(output).lines(),
        };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    fn wait_until_ready(&mut self) -> Result<(), ClusterError> {
        let mut said = String::new();
        for line in self.said.by_ref() {
            let line = line.map_err(ClusterError::Io)?;
            if let Some(directory) = line.strip_prefix("ready ") {
                self.directory = directory.into();
                return Ok(());
            }
            said.push_str(&line);
            said.push('\n');
        }
        Err(ClusterError::NotReady(said))
    }

    /// Stops the server, starts it again, and waits until it takes connections.
    ///
    /// # Errors
    ///
    /// [`ClusterError::NotReady`]: it did not come up again.
    pub fn restart(&mut self, stop: Stop) -> Result<(), ClusterError> {
        let signal = match stop {
            Stop::InOrder => "INT\n",
            Stop::AsByCrash => "QUIT\n",
        };
        if let Some(lifeline) = &mut self.lifeline {
            lifeline
                .write_all(signal.as_bytes())
                .map_err(ClusterError::Io)?;
        }
        self.wait_until_ready()
    }

    /// The database `postgres` of its owner, who needs no password.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Another database of the same server.
    #[must_use]
    pub fn url_of(&self, database: &str) -> String {
        format!("postgres://kommo@127.0.0.1:{}/{database}", self.port)
    }

    /// The Unix socket that the server listens on too.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.directory.join(format!(".s.PGSQL.{}", self.port))
    }
}

impl Drop for PostgresCluster {
    fn drop(&mut self) {
        self.lifeline = None;
        let _ = self.shell.wait();
    }
}

/// Where the programs are: the newest version of Debian's package, else the path.
fn programs() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    versions.sort();
    let packaged = versions.into_iter().rev().map(|(_, path)| path);
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = env::split_paths(&path).collect();
    let mut places = packaged.chain(on_path);
    places.find(|place| place.join("initdb").is_file() && place.join("postgres").is_file())
}

fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

/// The server refuses to run as root, so root lends it another user.
fn shell(programs: &Path, port: u16, settings: &str) -> Command {
    let mut command = if is_root() {
        let mut command = Command::new("runuser");
        command.args(["-u", unprivileged_user(), "--", "sh"]);
        command
    } else {
        Command::new("sh")
    };
    command
        .args(["-c", SCRIPT, "sh"])
        .arg(programs)
        .arg(port.to_string())
        .arg(settings)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

/// The package's own user; `nobody` if the programs came otherwise.
fn unprivileged_user() -> &'static str {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    if users.lines().any(|line| line.starts_with("postgres:")) {
        "postgres"
    } else {
        "nobody"
    }
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInstalled => write!(f, "no postgresql here: apt-get install {PACKAGE}"),
            Self::Io(_) => f.write_str("cannot start a throw-away postgresql"),
            Self::NotReady(said) => write!(
                f,
                "a throw-away postgresql did not come up: {}",
                said.trim_end()
            ),
        }
    }
}

impl error::Error for ClusterError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}
