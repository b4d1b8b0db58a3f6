//! A throw-away PostgreSQL server for this test program: in a temporary directory, on a socket in
//! it, with durable commits, as an unprivileged user. A small process waits for the end of this one
//! and then stops it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A server, and the process that stops it.
pub(crate) struct Cluster {
    directory: PathBuf,
    /// Its standard input closes when this process ends, however it ends.
    _reaper: std::process::Child,
}

const MISSING: &str = "no PostgreSQL programs found: install them (Debian: apt-get install postgresql), or set \
     KOMMO_TEST_POSTGRES_URL to a throw-away server, or KOMMO_TEST_WITHOUT=postgres to leave these tests out";

/// Waits for the end of its input, whatever signals come, then stops the server and removes its
/// files.
const REAPER: &str = r#"trap '' INT TERM HUP; cat >/dev/null; "$1/pg_ctl" -D "$2/data" -m immediate stop >/dev/null 2>&1; rm -rf "$2""#;

impl Cluster {
    /// Starts a server with these settings besides the usual ones.
    pub(crate) fn start(settings: &str) -> Self {
        let programs = programs().expect(MISSING);
        let mut template = std::env::temp_dir();
        template.push(format!("kommo-pg-{}-{}", std::process::id(), random_name()));
        let directory = template;
        std::fs::create_dir(&directory).unwrap();
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&directory));
        }
        run(Command::new("chmod").arg("700").arg(&directory));
        let data = directory.join("data");
        run(unprivileged(&programs.join("initdb"))
            .args([
                "-U",
                "kommo",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
                "-D",
            ])
            .arg(&data));
        let reaper = unprivileged(Path::new("sh"))
            .args(["-c", REAPER, "reaper"])
            .args([&programs, &directory])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let options = format!(
            "-k {} -c listen_addresses='' -c max_connections=200 {settings}",
            directory.display()
        );
        run(unprivileged(&programs.join("pg_ctl"))
            .args(["-w", "-s", "-o", &options, "-l"])
            .arg(directory.join("log"))
            .arg("-D")
            .arg(&data)
            .arg("start"));
        Self {
            directory,
            _reaper: reaper,
        }
    }

    /// The URL of a database of this server.
    pub(crate) fn url(&self, database: &str) -> String {
        format!(
            "postgres:///{database}?host={}&user=kommo",
            self.directory.display()
        )
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.join(".s.PGSQL.5432")
    }
}

/// A server of one test goes with it; that of the whole program goes with the program.
impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self._reaper.stdin.take());
        let _ = self._reaper.wait();
    }
}

fn random_name() -> String {
    let mut bytes = [0; 6];
    getrandom::fill(&mut bytes).unwrap();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn programs() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    found.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    found.splice(0..0, std::env::split_paths(&path));
    found
        .into_iter()
        .rev()
        .find(|bin| bin.join("initdb").exists())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

/// PostgreSQL refuses to run as root; its Debian package makes a user for it.
fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

fn run(command: &mut Command) {
    let done = command
        .current_dir("/")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    if !done.status.success() {
        std::io::stderr().write_all(&done.stderr).unwrap();
        panic!("{command:?} failed");
    }
}
