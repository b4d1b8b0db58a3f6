//! The files of a data directory. Only their owner may read them: secrets are in them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::data::frame::{framed, frames};
use crate::error::DataError;

const LOCK: &str = "lock";
const DOCUMENT: &str = "state.json";
const NEW_DOCUMENT: &str = "state.json.new";

/// A directory that belongs to this process.
#[derive(Debug)]
pub(crate) struct DataDirectory {
    path: PathBuf,
    /// Locked; the operating system lets it go with the process.
    _lock: File,
    generation: u64,
    /// The log of this generation; none before the first document.
    log: Option<File>,
    /// How much of the log is whole and synced.
    log_bytes: u64,
    document_bytes: u64,
    /// A rename whose durability is not known: nothing may be appended before it is.
    unsynced: bool,
}

/// The changes of a log: one line each.
pub(crate) struct StoredChanges {
    pub(crate) path: PathBuf,
    bytes: Vec<u8>,
    payloads: Vec<core::ops::Range<usize>>,
}

impl StoredChanges {
    /// The lines, each with its place in the file.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let payloads = self.payloads.iter();
        payloads.flat_map(|payload| {
            let at = u64::try_from(payload.start).unwrap_or(u64::MAX);
            let lines = self.bytes.get(payload.clone()).unwrap_or_default();
            let lines = lines.split(|byte| *byte == b'\n');
            lines
                .filter(|line| !line.is_empty())
                .map(move |line| (at, line))
        })
    }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> DataError {
    let path = path.to_owned();
    |source| DataError::Io { path, source }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

impl DataDirectory {
    /// Takes the directory, which is made if it is not there. The document in it, if there is one.
    pub(crate) fn open(path: &Path) -> Result<(Self, Option<Vec<u8>>), DataError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(io_error(path))?;
        let lock_path = path.join(LOCK);
        let lock = options().create(true).truncate(false).open(&lock_path);
        let lock = lock.map_err(io_error(&lock_path))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => DataError::InUse {
                directory: path.to_owned(),
            },
            TryLockError::Error(error) => io_error(&lock_path)(error),
        })?;
        let document_path = path.join(DOCUMENT);
        let document = match fs::read(&document_path) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(io_error(&document_path)(error)),
        };
        let directory = Self {
            path: path.to_owned(),
            _lock: lock,
            generation: 0,
            log: None,
            log_bytes: 0,
            document_bytes: 0,
            unsynced: false,
        };
        Ok((directory, document))
    }

    pub(crate) fn document_path(&self) -> PathBuf {
        self.path.join(DOCUMENT)
    }

    fn log_path(&self, generation: u64) -> PathBuf {
        self.path.join(format!("changes-{generation}.log"))
    }

    /// The generation that the next document gets.
    pub(crate) const fn next_generation(&self) -> u64 {
        self.generation + 1
    }

    /// The changes since the document of this generation. What an interrupted write left after
    /// them is not among them.
    pub(crate) fn changes_since(&mut self, generation: u64) -> Result<StoredChanges, DataError> {
        self.generation = generation;
        let path = self.log_path(generation);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(io_error(&path)(error)),
        };
        match frames(&bytes) {
            Ok((payloads, _)) => Ok(StoredChanges {
                path,
                bytes,
                payloads,
            }),
            Err(at) => Err(DataError::Damaged {
                path,
                at: u64::try_from(at).unwrap_or(u64::MAX),
            }),
        }
    }

    /// Appends changes to the log and syncs them. After an error the log is as it was before.
    pub(crate) fn append(&mut self, payload: &[u8]) -> io::Result<()> {
        if self.unsynced {
            sync_directory(&self.path)?;
            self.unsynced = false;
        }
        let Some(log) = &mut self.log else {
            return Err(io::Error::other("no document was written yet"));
        };
        let frame = framed(payload);
        // What a failed attempt left goes first.
        log.set_len(self.log_bytes)?;
        log.seek(SeekFrom::Start(self.log_bytes))?;
        let written = log.write_all(&frame).and_then(|()| log.sync_data());
        if let Err(error) = written {
            let _ = log.set_len(self.log_bytes);
            return Err(error);
        }
        self.log_bytes += u64::try_from(frame.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// Whether the log is so long that a new document is worth its time.
    pub(crate) fn wants_document(&self) -> bool {
        const LEAST: u64 = 16 * 1024 * 1024;
        self.log_bytes > LEAST.max(self.document_bytes)
    }

    pub(crate) const fn has_changes(&self) -> bool {
        self.log_bytes > 0
    }

    /// Writes a new document in the place of the old one and its log. After an error both are as
    /// they were before.
    pub(crate) fn write_document(
        &mut self,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> io::Result<()> {
        let generation = self.next_generation();
        let (new, log_path) = (self.path.join(NEW_DOCUMENT), self.log_path(generation));
        let made = write_new(&new, write).and_then(|bytes| {
            let log = options().create(true).truncate(true).open(&log_path)?;
            log.sync_all()?;
            // The name of the log must be there before a document says that it is.
            sync_directory(&self.path)?;
            fs::rename(&new, self.document_path())?;
            Ok((bytes, log))
        });
        let (bytes, log) = match made {
            Ok(made) => made,
            Err(error) => {
                let _ = fs::remove_file(&new);
                let _ = fs::remove_file(&log_path);
                // Not again before the log is twice as long.
                self.document_bytes = self.log_bytes.saturating_mul(2);
                return Err(error);
            }
        };
        self.unsynced = true;
        self.log = Some(log);
        self.log_bytes = 0;
        self.document_bytes = bytes;
        self.generation = generation;
        sync_directory(&self.path)?;
        self.unsynced = false;
        self.remove_old_files();
        Ok(())
    }

    /// Logs of other generations: no document leads to them.
    fn remove_old_files(&self) {
        let Ok(entries) = fs::read_dir(&self.path) else {
            return;
        };
        let own = self.log_path(self.generation);
        for entry in entries.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_log = name.starts_with("changes-") && name.ends_with(".log");
            if is_log && entry.path() != own {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// The length of the file, which is synced.
fn write_new(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<u64> {
    let file = options().create(true).truncate(true).open(path)?;
    let mut file = BufWriter::with_capacity(256 * 1024, file);
    write(&mut file)?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

/// Makes names in the directory durable.
fn sync_directory(path: &Path) -> io::Result<()> {
    match cfg!(unix) {
        true => File::open(path)?.sync_all(),
        false => Ok(()),
    }
}
