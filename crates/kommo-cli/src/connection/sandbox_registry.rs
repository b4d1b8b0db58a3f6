//! Where running sandboxes of this user are: a file for each, so that `init --sandbox` and `explain
//! --journal` find the control address, which nobody can guess, by the plain one.

use core::net::SocketAddr;
use std::io;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use crate::input::bounded;
use crate::input::private_file;

/// More than the addresses of one sandbox.
const FILE_BYTES: usize = 1 << 16;

/// What is known of a running sandbox.
#[derive(Debug, Deserialize)]
pub(crate) struct Registered {
    pub(crate) control_url: String,
    pub(crate) ca_file: Option<PathBuf>,
}

/// The entry of one sandbox; gone when the sandbox ends.
#[derive(Debug)]
pub(crate) struct Registration {
    file: PathBuf,
}

impl Registration {
    /// Writes down the addresses of a sandbox. One that was killed at the same address leaves its
    /// entry, which is replaced.
    pub(crate) fn write(address: SocketAddr, addresses: &Value) -> io::Result<Self> {
        let file = file_of(address).ok_or_else(|| {
            io::Error::other("neither XDG_STATE_HOME nor HOME is an absolute path")
        })?;
        if let Some(directory) = file.parent() {
            private_file::make_directory(directory)?;
        }
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        private_file::write_new(&file, addresses.to_string().as_bytes())?;
        Ok(Self { file })
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

/// The entry of the sandbox at this address.
pub(crate) fn find(address: SocketAddr) -> Option<Registered> {
    let bytes = bounded::read_file(&file_of(address)?, FILE_BYTES).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn file_of(address: SocketAddr) -> Option<PathBuf> {
    let directory = private_file::state_directory()?.join("sandboxes");
    let name = address.to_string().replace([':', '[', ']'], "_");
    Some(directory.join(format!("{name}.json")))
}
