//! The driver's side of the processes at an inbox: starts, kills, stops and replaces them.

use core::net::SocketAddr;
use core::time::Duration;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::failure::{Result, failure};
use crate::fleet::send_signal;
use crate::inbox_order::{InboxOrder, InboxRole};

/// A process that is asked to end has this long; a worker drains for 20 seconds at most.
const END_LIMIT: Duration = Duration::from_secs(60);
/// A start waits for the database, which may be away.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A process that is replaced when it ends.
pub(crate) struct InboxProcess {
    program: PathBuf,
    order: InboxOrder,
    child: Child,
    /// Where it receives hooks; of a worker, nothing.
    address: watch::Sender<Option<SocketAddr>>,
}

impl InboxProcess {
    /// Starts one, and waits until it is ready.
    pub(crate) async fn start(program: PathBuf, order: InboxOrder) -> Result<Self> {
        let (address, _) = watch::channel(None);
        let child = spawn(&program, &order)?;
        let mut process = Self {
            program,
            order,
            child,
            address,
        };
        process.ready().await?;
        Ok(process)
    }

    /// Its address, also after it was replaced.
    pub(crate) fn address(&self) -> watch::Receiver<Option<SocketAddr>> {
        self.address.subscribe()
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> Result<u32> {
        let id = self.child.id();
        id.ok_or_else(|| failure("a process at the inbox ended by itself"))
    }

    pub(crate) fn is_worker(&self) -> bool {
        self.order.role == InboxRole::Works
    }

    async fn ready(&mut self) -> Result<()> {
        let output = self.child.stdout.take();
        let output = output.ok_or_else(|| failure("a process has no pipes"))?;
        let mut lines = BufReader::new(output).lines();
        let line = timeout(START_LIMIT, lines.next_line()).await;
        let line = line.map_err(|_| failure("a process at the inbox does not start"))??;
        let line = line.ok_or_else(|| failure("a process at the inbox ended at its start"))?;
        let port = line
            .strip_prefix("ready ")
            .and_then(|port| port.parse().ok());
        let port: u16 = port.ok_or_else(|| failure(format!("a process said {line:?}")))?;
        let address = (port > 0).then(|| SocketAddr::from(([127, 0, 0, 1], port)));
        self.address.send_replace(address);
        Ok(())
    }

    /// SIGKILL.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        self.address.send_replace(None);
        Ok(self.child.kill().await?)
    }

    /// SIGTERM, and its end.
    pub(crate) async fn terminate(&mut self) -> Result<()> {
        self.signal("TERM").await?;
        self.address.send_replace(None);
        let ended = timeout(END_LIMIT, self.child.wait()).await;
        let status = ended.map_err(|_| failure("a process does not end after SIGTERM"))??;
        match status.success() {
            true => Ok(()),
            false => Err(failure(format!(
                "a process ended with {status} after SIGTERM"
            ))),
        }
    }

    /// Another one in its stead.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        self.child = spawn(&self.program, &self.order)?;
        self.ready().await
    }

    pub(crate) async fn signal(&self, name: &str) -> Result<()> {
        send_signal(self.id()?, name).await
    }
}

fn spawn(program: &PathBuf, order: &InboxOrder) -> Result<Child> {
    let mut command = Command::new(program);
    order.give_to(&mut command)?;
    Ok(command
        .arg("inbox-process")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?)
}
