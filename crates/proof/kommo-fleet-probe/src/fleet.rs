//! The driver's side of the workers: starts them, tells them to go, reads their reports, kills,
//! stops and replaces them.

use core::time::Duration;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc;

use crate::failure::{Result, ensure, failure};
use crate::worker_message::WorkerMessage;
use crate::worker_order::WorkerOrder;

/// Workers by index. They are killed when this is dropped.
pub(crate) struct Fleet {
    program: PathBuf,
    workers: Vec<Worker>,
    heard: mpsc::UnboundedReceiver<Heard>,
    to_heard: mpsc::UnboundedSender<Heard>,
}

struct Worker {
    order: WorkerOrder,
    child: Child,
    input: ChildStdin,
    /// How often the worker was replaced; reports of an earlier one no longer count.
    incarnation: u64,
}

struct Heard {
    place: usize,
    incarnation: u64,
    /// `None`: its output has ended.
    message: Option<WorkerMessage>,
}

impl Fleet {
    /// Starts one worker for each order, and waits until all of them are ready.
    pub(crate) async fn start(program: PathBuf, orders: Vec<WorkerOrder>) -> Result<Self> {
        let (to_heard, heard) = mpsc::unbounded_channel();
        let mut fleet = Self {
            program,
            workers: Vec::with_capacity(orders.len()),
            heard,
            to_heard,
        };
        for (place, order) in orders.into_iter().enumerate() {
            let worker = fleet.spawn(place, 0, order)?;
            fleet.workers.push(worker);
        }
        for _ in 0..fleet.workers.len() {
            let (place, message) = fleet.next().await?;
            ensure(message == WorkerMessage::Ready, || {
                format!("worker {place} sent {message:?} before it was ready")
            })?;
        }
        Ok(fleet)
    }

    fn spawn(&self, place: usize, incarnation: u64, order: WorkerOrder) -> Result<Worker> {
        let mut child = worker_process(&self.program, &order)?.spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take();
        let (Some(input), Some(output)) = (input, output) else {
            return Err(failure("a worker has no pipes"));
        };
        tokio::spawn(hear(output, place, incarnation, self.to_heard.clone()));
        Ok(Worker {
            order,
            child,
            input,
            incarnation,
        })
    }

    /// How many workers there are.
    pub(crate) fn len(&self) -> usize {
        self.workers.len()
    }

    fn worker(&mut self, place: usize) -> Result<&mut Worker> {
        let worker = self.workers.get_mut(place);
        worker.ok_or_else(|| failure(format!("no worker has place {place}")))
    }

    /// The next line of a worker that is alive.
    pub(crate) async fn next(&mut self) -> Result<(usize, WorkerMessage)> {
        loop {
            let heard = self.heard.recv().await;
            // INVARIANT: `self` has a sender, so the channel is open.
            let Some(heard) = heard else {
                return Err(failure("no worker is left"));
            };
            let worker = self.worker(heard.place)?;
            if worker.incarnation != heard.incarnation {
                continue;
            }
            let message = heard.message;
            let message =
                message.ok_or_else(|| failure(format!("worker {} ended", heard.place)))?;
            return Ok((heard.place, message));
        }
    }

    /// Tells a worker to begin a round.
    pub(crate) async fn go(&mut self, place: usize, round: u64) -> Result<()> {
        let line = format!("go {round}\n");
        let worker = self.worker(place)?;
        worker.input.write_all(line.as_bytes()).await?;
        Ok(worker.input.flush().await?)
    }

    /// Tells every worker.
    pub(crate) async fn go_all(&mut self, round: u64) -> Result<()> {
        for place in 0..self.len() {
            self.go(place, round).await?;
        }
        Ok(())
    }

    /// SIGKILL, and another worker instead, which reports when it is ready.
    pub(crate) async fn replace(&mut self, place: usize) -> Result<()> {
        let worker = self.worker(place)?;
        worker.child.kill().await?;
        let (order, incarnation) = (worker.order.clone(), worker.incarnation + 1);
        let replaced = self.spawn(place, incarnation, order)?;
        *self.worker(place)? = replaced;
        Ok(())
    }

    /// SIGSTOP (`"STOP"`) or SIGCONT (`"CONT"`).
    pub(crate) async fn signal(&mut self, place: usize, signal: &str) -> Result<()> {
        let id = self.process_id(place)?;
        send_signal(id, signal).await
    }

    /// The number of a worker's process.
    pub(crate) fn process_id(&mut self, place: usize) -> Result<u32> {
        let id = self.worker(place)?.child.id();
        id.ok_or_else(|| failure(format!("worker {place} has ended")))
    }
}

/// A worker that is not in the fleet: it starts, and is killed when this is dropped.
pub(crate) struct Starting {
    child: Child,
    /// Its standard input: it ends when this does.
    _input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

impl Starting {
    pub(crate) fn spawn(program: &Path, order: &WorkerOrder) -> Result<Self> {
        let mut child = worker_process(program, order)?.spawn()?;
        let input = child.stdin.take();
        let output = child.stdout.take();
        let output = output.ok_or_else(|| failure("a worker has no pipes"))?;
        Ok(Self {
            child,
            _input: input,
            output: BufReader::new(output).lines(),
        })
    }

    /// SIGSTOP (`"STOP"`) or SIGCONT (`"CONT"`).
    pub(crate) async fn signal(&self, signal: &str) -> Result<()> {
        let id = self.child.id();
        let id = id.ok_or_else(|| failure("a worker that starts has ended"))?;
        send_signal(id, signal).await
    }

    /// Waits until it is ready; longer than the limit is a failure.
    pub(crate) async fn ready(&mut self, limit: Duration) -> Result<()> {
        let line = tokio::time::timeout(limit, self.output.next_line()).await;
        let line = line.map_err(|_| {
            failure(format!(
                "a worker that starts is not ready after {} s",
                limit.as_secs()
            ))
        })?;
        let line = line?.ok_or_else(|| failure("a worker that starts has ended"))?;
        let message: WorkerMessage = serde_json::from_str(&line)?;
        ensure(message == WorkerMessage::Ready, || {
            format!("a worker that starts sent {message:?}")
        })
    }
}

fn worker_process(program: &Path, order: &WorkerOrder) -> Result<Command> {
    let mut command = Command::new(program);
    order.give_to(&mut command)?;
    command
        .arg("worker")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    Ok(command)
}

pub(crate) async fn send_signal(id: u32, signal: &str) -> Result<()> {
    let mut command = Command::new("kill");
    let status = command.args(["-s", signal, &id.to_string()]).status();
    ensure(status.await?.success(), || {
        format!("process {id} did not take the signal {signal}")
    })
}

/// Passes on a worker's reports, to its end. The last line of one that was killed may be cut.
async fn hear(
    output: ChildStdout,
    place: usize,
    incarnation: u64,
    to_heard: mpsc::UnboundedSender<Heard>,
) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let Ok(message) = serde_json::from_str(&line) else {
            break;
        };
        let message = Some(message);
        let heard = Heard {
            place,
            incarnation,
            message,
        };
        if to_heard.send(heard).is_err() {
            return;
        }
    }
    let _ = to_heard.send(Heard {
        place,
        incarnation,
        message: None,
    });
}
