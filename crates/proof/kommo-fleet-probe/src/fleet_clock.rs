//! One virtual clock for many processes: eight bytes in a file, which the driver writes and every
//! worker reads.
//!
//! The driver moves it together with the clock of the sandbox, so that all of them agree. What a
//! worker calls a pause is short in real time: [`PACE`] virtual seconds pass in one.

use alloc::sync::Arc;
use core::time::Duration;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use kommo_keeper::{Clock, SystemClock};
use kommo_oauth::UnixSeconds;

/// How much faster the virtual clock runs than the wall.
pub const PACE: u32 = 50;

/// The driver's end: sets the time.
#[derive(Debug)]
pub struct ClockFile(File);

impl ClockFile {
    /// Makes the file with this time in it.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn create(path: &Path, now: u64) -> io::Result<Self> {
        let file = File::create(path)?;
        let clock = Self(file);
        clock.set(now)?;
        Ok(clock)
    }

    /// Sets the time. One write of eight bytes at the beginning of a page: a reader sees the old
    /// time or the new one.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn set(&self, now: u64) -> io::Result<()> {
        self.0.write_all_at(&now.to_le_bytes(), 0)
    }
}

/// A worker's end: both clocks of the keeper follow the file.
#[derive(Clone, Debug)]
pub struct FleetClock {
    file: Arc<File>,
    started: u64,
}

impl FleetClock {
    /// Opens the file.
    ///
    /// # Errors
    ///
    /// There is none, or it has no time.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = Arc::new(OpenOptions::new().read(true).open(path)?);
        let started = read(&file)?;
        Ok(Self { file, started })
    }

    /// INVARIANT: `open` has read eight bytes of this file, and it is never truncated. If reading
    /// still fails, the clock shows the time of the start.
    fn seconds(&self) -> u64 {
        read(&self.file).unwrap_or(self.started)
    }
}

fn read(file: &File) -> io::Result<u64> {
    let mut bytes = [0; 8];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(u64::from_le_bytes(bytes))
}

impl Clock for FleetClock {
    fn now(&self) -> UnixSeconds {
        UnixSeconds::new(self.seconds())
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.seconds().saturating_sub(self.started))
    }

    fn pause(&self, length: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(length / PACE)
    }

    fn random_bytes(&self) -> [u8; 16] {
        SystemClock::new().random_bytes()
    }
}
