//! A batch: one JSON object a line, read in chunks, so that an archive of any size fits into
//! memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use base64ct::{Base64, Encoding};
use serde::de::DeserializeOwned;

use crate::failure::exit::Failure;
use crate::input::standard_input::is_dash;

/// Lines that are judged in one call.
const CHUNK_LINES: usize = 4096;

/// Bytes after which a chunk ends, whatever it has.
const CHUNK_BYTES: usize = 8 << 20;

/// A longer line is no request and no hook.
const LINE_LIMIT_BYTES: usize = 16 << 20;

/// The lines of a batch that are not read yet.
pub(crate) struct BatchLines {
    reader: Box<dyn BufRead>,
    length: Option<u64>,
    line: u64,
    bytes: u64,
}

/// A line that was read.
pub(crate) struct Line<T> {
    /// From 1, blank ones included.
    pub(crate) number: u64,
    pub(crate) entry: T,
}

impl BatchLines {
    /// Opens a file or, for `-`, standard input.
    pub(crate) fn open(file: &Path) -> Result<Self, Failure> {
        let (reader, length): (Box<dyn BufRead>, _) = if is_dash(file) {
            (Box::new(BufReader::new(io::stdin())), None)
        } else {
            let opened = File::open(file).map_err(|error| unreadable(&error))?;
            let length = opened.metadata().ok().filter(std::fs::Metadata::is_file);
            let length = length.map(|metadata| metadata.len());
            (Box::new(BufReader::with_capacity(1 << 18, opened)), length)
        };
        Ok(Self {
            reader,
            length,
            line: 0,
            bytes: 0,
        })
    }

    /// The bytes of the whole batch, if they are known.
    pub(crate) const fn length(&self) -> Option<u64> {
        self.length
    }

    /// The bytes that were read.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next lines, blank ones left out; none at the end.
    ///
    /// `entry` converts an object; its refusal is reported with the number of the line.
    pub(crate) fn next_chunk<D: DeserializeOwned, T>(
        &mut self,
        entry: impl Fn(D) -> Result<T, String>,
    ) -> Result<Vec<Line<T>>, Failure> {
        let mut chunk = Vec::new();
        let mut text = Vec::new();
        let end = self.bytes.saturating_add(CHUNK_BYTES as u64);
        while chunk.len() < CHUNK_LINES && self.bytes < end {
            text.clear();
            let mut limited = io::Read::take(&mut self.reader, LINE_LIMIT_BYTES as u64);
            let read = limited.read_until(b'\n', &mut text);
            let read = read.map_err(|error| unreadable(&error))?;
            if read == 0 {
                break;
            }
            self.line += 1;
            self.bytes = self.bytes.saturating_add(read as u64);
            if read == LINE_LIMIT_BYTES {
                return Err(self.refused("is longer than 16 MiB"));
            }
            if text.trim_ascii().is_empty() {
                continue;
            }
            // The position within the line, and never its text: it holds what people wrote.
            let object: D = serde_json::from_slice(&text).map_err(|error| {
                let what = if error.is_data() {
                    "lacks a field, or has one of another type"
                } else {
                    "is not one JSON object"
                };
                self.refused(&format!("{what} (column {})", error.column()))
            })?;
            let entry = entry(object).map_err(|why| self.refused(&why))?;
            chunk.push(Line {
                number: self.line,
                entry,
            });
        }
        Ok(chunk)
    }

    fn refused(&self, why: &str) -> Failure {
        Failure::usage(format!("line {} of the batch {why}", self.line))
    }
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::io(format!("cannot read the batch: {error}"))
}

/// The bytes of a body in Base64.
pub(crate) fn body(base64: &str) -> Result<Vec<u8>, String> {
    let decoded = Base64::decode_vec(base64);
    decoded.map_err(|_| "has a `body` that is not Base64 with its padding".to_owned())
}
