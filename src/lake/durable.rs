//! The one door to the disk: every call that changes state goes through here, is counted, and can be
//! made the last one (`BIDUI_CRASH_AT=k` aborts at the k-th), so that a test can crash at each.

#![expect(clippy::disallowed_methods, reason = "this is the door that the fences lead to")]

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use serde::Serialize;

use super::walk::hash_each;
use crate::error::{Error, Result};

static STEPS: AtomicU64 = AtomicU64::new(0);

/// The step at which to abort; 0 is never.
fn crash_at() -> u64 {
    static AT: OnceLock<u64> = OnceLock::new();
    *AT.get_or_init(|| {
        std::env::var("BIDUI_CRASH_AT").ok().and_then(|v| v.parse().ok()).unwrap_or(0)
    })
}

/// Counts one state-changing call; aborts the process when its turn has come.
fn step() {
    let number = STEPS.fetch_add(1, Ordering::SeqCst) + 1;
    if number == crash_at() {
        std::process::abort();
    }
}

/// Number of state-changing calls so far.
pub fn steps() -> u64 {
    STEPS.load(Ordering::SeqCst)
}

/// Creates a folder and its parents.
///
/// # Errors
/// The path and the cause.
pub fn create_dir_all(path: &Path) -> Result<()> {
    step();
    std::fs::create_dir_all(path).map_err(|e| Error::io("create the folder", path, &e))
}

/// Renames a file or folder and makes the new name durable.
///
/// # Errors
/// The path and the cause.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    step();
    std::fs::rename(from, to).map_err(|e| Error::io("rename", from, &e))?;
    sync_dir(to.parent().unwrap_or(Path::new(".")))
}

/// Removes a folder with all that is in it; a folder that is gone is fine.
///
/// # Errors
/// The path and the cause.
pub fn remove_dir_all(path: &Path) -> Result<()> {
    step();
    match std::fs::remove_dir_all(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path, &e)),
        _ => Ok(()),
    }
}

/// Writes a small file whole and makes it durable.
///
/// # Errors
/// The path and the cause.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = Writer::create(path)?;
    file.write_all(bytes).map_err(|e| Error::io("write", path, &e))?;
    file.finish()
}

/// Writes a value as a small file of JSON and makes it durable.
///
/// # Errors
/// The path and the cause.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let bytes = serde_json::to_vec_pretty(value)
        .map_err(|e| Error::bug(format!("{} cannot be JSON: {e}", path.display())))?;
    write(path, &bytes)
}

/// Copies a file's bytes and makes the copy durable; the BLAKE3 of what was copied.
///
/// # Errors
/// The path and the cause.
pub fn copy(from: &Path, to: &Path) -> Result<String> {
    let mut copy = Writer::create(to)?;
    let hash =
        hash_each(from, |bytes| copy.write_all(bytes).map_err(|e| Error::io("write", to, &e)))?;
    copy.finish()?;
    Ok(hash)
}

/// Gives a file that nobody changes any more another name beside its own; copies it where the file
/// system knows no such names.
///
/// # Errors
/// The path and the cause.
pub fn share(from: &Path, to: &Path) -> Result<()> {
    step();
    std::fs::hard_link(from, to).or_else(|_| copy(from, to).map(|_| ()))
}

/// Points the symbolic link `link` at `target` in one atomic step.
///
/// # Errors
/// The path and the cause.
pub fn point(link: &Path, target: &Path) -> Result<()> {
    let aside = link.with_extension("tmp");
    step();
    match std::fs::remove_file(&aside) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            return Err(Error::io("remove", &aside, &e));
        }
        _ => {}
    }
    step();
    std::os::unix::fs::symlink(target, &aside).map_err(|e| Error::io("link", &aside, &e))?;
    rename(&aside, link)
}

/// Makes the names in a folder durable.
///
/// # Errors
/// The path and the cause.
pub fn sync_dir(path: &Path) -> Result<()> {
    step();
    let dir = File::open(path).map_err(|e| Error::io("open the folder", path, &e))?;
    dir.sync_all().map_err(|e| Error::io("sync the folder", path, &e))
}

/// A buffered file whose bytes are durable after [`Writer::finish`]. Clones share the file, so
/// that a Parquet or CSV writer can own one.
#[derive(Clone)]
pub struct Writer {
    path: Arc<std::path::PathBuf>,
    file: Arc<Mutex<BufWriter<Counted>>>,
}

/// A file that counts its writes.
struct Counted(File);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        step();
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Writer {
    /// Creates a file, or empties the one that is there.
    ///
    /// # Errors
    /// The path and the cause.
    pub fn create(path: &Path) -> Result<Self> {
        step();
        let file = File::create(path).map_err(|e| Error::io("create", path, &e))?;
        let file = BufWriter::with_capacity(1 << 20, Counted(file));
        Ok(Self { path: Arc::new(path.to_owned()), file: Arc::new(Mutex::new(file)) })
    }

    /// The file's path, as it was created.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BufWriter<Counted>> {
        self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Flushes bytes that only this run reads: they need not outlive a crash.
    ///
    /// # Errors
    /// The path and the cause.
    pub fn close(self) -> Result<()> {
        self.lock().flush().map_err(|e| Error::io("write", &self.path, &e))
    }

    /// Flushes and makes the bytes durable.
    ///
    /// # Errors
    /// The path and the cause.
    pub fn finish(self) -> Result<()> {
        let mut file = self.lock();
        file.flush().map_err(|e| Error::io("write", &self.path, &e))?;
        step();
        file.get_ref().0.sync_all().map_err(|e| Error::io("sync", &self.path, &e))
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R3: a device takes bytes and cannot keep them, and in a folder of the kernel no name is kept.
    #[test]
    fn what_cannot_be_made_durable_is_an_error() {
        for done in [write(Path::new("/dev/null"), b"x"), sync_dir(Path::new("/proc"))] {
            let error = done.expect_err("nothing is durable there");
            assert!(error.exit_code() == 3 && error.message.contains("cannot sync"), "{error}");
        }
    }

    /// R4.
    #[test]
    fn a_full_disk_is_told_with_its_place_and_what_to_do() {
        let full = Path::new("/dev/full");
        let flushed = |end: fn(Writer) -> Result<()>| {
            let mut file = Writer::create(full)?;
            file.write_all(b"x").map_err(|e| Error::io("write", full, &e))?;
            end(file)
        };
        let copied = || {
            let home = tempfile::tempdir().expect("a folder");
            let file = home.path().join("file");
            write(&file, b"x")?;
            copy(&file, full)
        };
        let all = [write(full, b"x"), flushed(Writer::finish), flushed(Writer::close)];
        for done in all.into_iter().chain([copied().map(drop)]) {
            let error = done.expect_err("there is no room");
            assert!(error.exit_code() == 3 && error.message.contains("/dev/full"), "{error}");
            assert!(error.hints.iter().any(|hint| hint.contains("free some space")), "{error}");
        }
    }
}
