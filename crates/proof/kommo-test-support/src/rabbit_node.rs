//! A RabbitMQ node that is thrown away: in a new directory, on free ports of 127.0.0.1, with an
//! `epmd` of its own. The service of the machine, if there is one, is left alone.
//!
//! It cannot outlive the one who started it, as [`PostgresCluster`](crate::PostgresCluster) cannot:
//! a shell between the two waits for the end of its standard input.

use core::net::Ipv4Addr;
use std::io::{BufRead, BufReader, Lines, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The Debian package that has what is needed.
pub const RABBITMQ_PACKAGE: &str = "rabbitmq-server";

const PROGRAM: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// How long a node may take to come up on a busy machine.
const UP_WITHIN: Duration = Duration::from_secs(180);

/// `sh -c SCRIPT sh PROGRAM PORT DIST EPMD`; starts the node at once and at each line `start`; a
/// line with a signal sends it to the node and waits for its end. Answers each with a line.
const SCRIPT: &str = r#"
program=$1 epmd=$4
dir=$(mktemp -d "${TMPDIR:-/tmp}/kommo-rabbit.XXXXXX") || exit 1
export HOME="$dir" RABBITMQ_NODENAME="kommo$$@localhost" RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=$2
export RABBITMQ_DIST_PORT=$3 ERL_EPMD_PORT=$4 ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_MNESIA_BASE="$dir/data" RABBITMQ_LOGS=-
export RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_CONFIG_FILE="$dir/none" RABBITMQ_ENABLED_PLUGINS_FILE="$dir/plugins"
export RABBITMQ_PID_FILE="$dir/pid" RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none"
start() { rm -f "$dir/pid"; "$program" >>"$dir/log" 2>&1 </dev/null & server=$!; echo started; }
stop() { [ -s "$dir/pid" ] && kill -"$1" "$(cat "$dir/pid")" 2>/dev/null; wait $server 2>/dev/null; echo stopped; }
start
while read -r word; do
    case $word in start) start;; *) stop "$word";; esac
done
stop KILL
epmd -port "$epmd" -kill >/dev/null 2>&1
rm -rf "$dir"
"#;

/// A node; it stops when this is dropped, or when the process ends.
#[derive(Debug)]
pub struct RabbitNode {
    port: u16,
    shell: Child,
    /// `Some` until the end.
    lifeline: Option<ChildStdin>,
    said: Lines<BufReader<ChildStdout>>,
}

impl RabbitNode {
    /// A node that takes connections, after some seconds. `None`: the package is not installed.
    pub fn start() -> Option<Self> {
        if !rabbitmq_is_installed() {
            return None;
        }
        let ports = free_ports();
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT, "sh", PROGRAM]);
        shell.args(ports.map(|port| port.to_string()));
        shell.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = shell.spawn().expect("a shell");
        let output = shell.stdout.take().expect("a pipe");
        let mut node = Self {
            port: ports[0],
            lifeline: shell.stdin.take(),
            said: BufReader::new(output).lines(),
            shell,
        };
        node.said.next();
        node.wait_until_up();
        Some(node)
    }

    /// The virtual host `/`, as the user that every new node has.
    pub fn uri(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.port)
    }

    /// Ends the node at once, as by a crash (SIGKILL).
    pub fn crash(&mut self) {
        self.say("KILL");
    }

    /// Ends the node in order (SIGTERM).
    pub fn stop(&mut self) {
        self.say("TERM");
    }

    /// Starts a node that has ended, with what it had on its disk.
    pub fn start_again(&mut self) {
        self.say("start");
        self.wait_until_up();
    }

    fn say(&mut self, word: &str) {
        let lifeline = self.lifeline.as_mut().expect("until the end");
        writeln!(lifeline, "{word}").expect("a shell");
        self.said.next().expect("an answer").expect("a line");
    }

    /// It listens when everything else is ready.
    #[allow(clippy::disallowed_methods, reason = "a test waits for a program")]
    fn wait_until_up(&self) {
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            assert!(begun.elapsed() < UP_WITHIN, "rabbitmq did not come up");
            sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for RabbitNode {
    fn drop(&mut self) {
        self.lifeline = None;
        let _ = self.shell.wait();
    }
}

/// Three that are free at the same time.
fn free_ports() -> [u16; 3] {
    let listeners = [(); 3].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port"));
    listeners.map(|listener| listener.local_addr().expect("an address").port())
}

/// Whether the package is installed.
pub fn rabbitmq_is_installed() -> bool {
    Path::new(PROGRAM).exists()
}

/// Whether the broker is left out, or not installed, which is reported where the test command reads
/// it.
#[allow(
    clippy::print_stderr,
    reason = "what is left out is reported where the test command reads it"
)]
pub fn rabbitmq_is_left_out() -> bool {
    let without = std::env::var("KOMMO_TEST_WITHOUT").unwrap_or_default();
    let is_out =
        without.split(',').any(|word| word.trim() == "rabbitmq") || !rabbitmq_is_installed();
    if is_out {
        eprintln!("left out: rabbitmq");
    }
    is_out
}
