//! Another process with the same store: this test program again, whose environment says what to do.
//!
//! The parent writes a command to a line, the child answers with a line. It ends when its input
//! ends.

use core::time::Duration;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use kommo_keeper::{GrantStore, Written};
use kommo_store::{Store, StoreSettings};

use crate::samples::{at, consented_again, key};

const ADDRESS: &str = "KOMMO_STORE_TEST_ADDRESS";
const TEST: &str = "child::a_process_that_obeys_its_parent";

/// A lock session that is silent this long is ended by the server.
pub(crate) const REQUEST_LIMIT: Duration = Duration::from_millis(400);

pub(crate) struct OtherProcess {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl OtherProcess {
    pub(crate) fn start(address: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", TEST, "--nocapture", "--test-threads", "1"])
            .env(ADDRESS, address)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            input,
            output,
        }
    }

    pub(crate) fn tell(&mut self, command: &str) {
        writeln!(self.input, "{command}").unwrap();
    }

    /// Blocks until the child has said so.
    pub(crate) fn answer(&mut self) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(
                self.output.read_line(&mut line).unwrap(),
                0,
                "the child ended"
            );
            // The test harness talks too.
            if let Some((_, answer)) = line.trim_end().split_once("> ") {
                return answer.to_owned();
            }
        }
    }

    pub(crate) fn ask(&mut self, command: &str) -> String {
        self.tell(command);
        self.answer()
    }

    #[cfg(all(unix, feature = "postgres"))]
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for OtherProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again and again, for half a minute at most.
pub(crate) async fn until_some<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..3_000 {
        if let Some(found) = ask().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen in half a minute");
}

/// Does nothing unless it was started by [`OtherProcess`], whose tests fail if this does.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_obeys_its_parent() {
    let Ok(address) = std::env::var(ADDRESS) else {
        return;
    };
    let mut settings = StoreSettings::new();
    settings.request_limit = REQUEST_LIMIT;
    obey(Store::open(&address, settings).await.unwrap()).await;
}

async fn obey(store: Store) {
    let mut lock = None;
    for line in std::io::stdin().lines() {
        let answer = match &*line.unwrap() {
            "lock" => {
                lock = store.try_lock(&key(1)).await.unwrap();
                if lock.is_some() { "locked" } else { "busy" }.to_owned()
            }
            "write" => {
                let grant = store.load(&key(1)).await.unwrap().unwrap();
                let moved = consented_again(grant, 500);
                match store.write(lock.as_mut(), &moved, at(9)).await {
                    Ok(Written::Confirmed(_)) => "confirmed".to_owned(),
                    Ok(_) => "conflict".to_owned(),
                    Err(error) => format!("error: {error}"),
                }
            }
            "write twenty" => write_twenty(&store).await.to_string(),
            "count" => match store.load(&key(1)).await.unwrap() {
                Some(grant) => grant.revision.get().to_string(),
                None => "none".to_owned(),
            },
            "close" => {
                store.close().await;
                "closed".to_owned()
            }
            other => panic!("unknown command {other}"),
        };
        println!("\n> {answer}");
    }
    drop(lock);
}

/// Twenty writes that were confirmed. Returns the number of conflicts on the way.
async fn write_twenty(store: &Store) -> u32 {
    let mut conflicts = 0;
    let mut confirmed = 0;
    while confirmed < 20 {
        let grant = store.load(&key(1)).await.unwrap().unwrap();
        let number = grant.revision.get();
        match store
            .write(None, &consented_again(grant, number), at(9))
            .await
            .unwrap()
        {
            Written::Confirmed(_) => confirmed += 1,
            _ => conflicts += 1,
        }
    }
    conflicts
}
