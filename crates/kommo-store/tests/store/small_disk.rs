//! A file system of its own, small enough to be filled: a tmpfs, which root can mount.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

pub(crate) struct SmallDisk {
    /// Below it is the mount, which goes first.
    directory: TempDir,
}

impl SmallDisk {
    /// `None` if this user may not mount: then the test is left out.
    pub(crate) fn mount(size: &str) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path().join("disk");
        fs::create_dir(&at).unwrap();
        let options = format!("size={size},mode=700");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "kommo-test"])
            .arg(&at)
            .output();
        match mounted {
            Ok(done) if done.status.success() => Some(Self { directory }),
            _ => {
                // Not by `eprintln`, which a test that passes does not show.
                let _ = writeln!(
                    std::io::stderr(),
                    "left out: a small disk, which root can mount"
                );
                None
            }
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("disk")
    }

    /// Takes all room there is.
    pub(crate) fn fill(&self) {
        let mut file = fs::File::create(self.filler()).unwrap();
        for size in [65_536, 4_096, 1] {
            let bytes = vec![7; size];
            while file.write_all(&bytes).is_ok() {}
        }
    }

    pub(crate) fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    pub(crate) fn remount(&self, mode: &str) {
        run(Command::new("mount")
            .args(["-o", &format!("remount,{mode}")])
            .arg(self.path()));
    }
}

#[track_caller]
fn run(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {done:?}");
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a store of the test may have files open there.
        let path: &Path = &self.path();
        let _ = Command::new("umount").arg("-l").arg(path).output();
    }
}
